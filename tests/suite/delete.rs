//! kvw delete
