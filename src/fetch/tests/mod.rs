//! The walk against a fake Consul: cases that once went wrong, and random histories.

mod cases;
pub(super) mod fake;
mod properties;
