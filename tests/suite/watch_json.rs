//! kvw watch as JSON lines.
