//! who looks on
