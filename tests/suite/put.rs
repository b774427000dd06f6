//! kvw put
