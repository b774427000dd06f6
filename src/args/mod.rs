//! Groups of arguments that several verbs share, and how they are resolved.

pub mod address;
pub mod blocking;
pub mod cas;
pub mod choice;
pub mod complete;
pub mod connect;
pub mod duration;
pub mod env;
pub mod fallback;
pub mod handler;
pub mod holding;
pub mod input;
pub mod key;
pub mod key_mapping;
pub mod leading;
mod misplaced_handler;
pub mod nearby;
pub mod one_dash;
pub mod other_tools;
pub mod output;
mod proxy;
mod quote;
pub mod scope;
pub mod size;
pub mod topics;
pub mod variables;
