//! kvw status
