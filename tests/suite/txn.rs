//! kvw txn
