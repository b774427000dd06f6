//! Groups of arguments that several verbs share, and what they mean once resolved.

mod address;
pub mod complete;
pub mod connect;
pub mod duration;
pub mod env;
pub mod handler;
pub mod input;
pub mod key;
pub mod output;
mod proxy;
pub mod tree;
