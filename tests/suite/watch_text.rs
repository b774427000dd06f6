//! kvw watch as text.
