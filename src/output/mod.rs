//! shapes times formats
