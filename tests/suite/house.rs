//! Imports run one way.
