//! Groups of arguments that several verbs share, and what they mean once resolved.

pub mod connect;
