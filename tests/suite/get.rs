//! kvw get
