//! blocking queries to batches
