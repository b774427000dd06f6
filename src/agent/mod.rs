//! the embedded dev agent
