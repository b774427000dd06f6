//! The live view of a watch: the tree of keys, what changed, and how the handlers fare, on a whole terminal.
//!
//! It is an observer of the watch, and must not know HTTP.
//!
//! - `state`: what is shown and what keys do, a pure function of events, keys and time. `tree`: rows of keys,
//!   folded by folder. `draw`: the state on a buffer.
//! - `keyboard`: bytes to keys. `screen`: the terminal, taken and given back. `view`: the observer, which puts
//!   them together.

mod draw;
mod keyboard;
mod screen;
mod state;
mod tree;
mod view;

pub use screen::{HOOKS, restore};
pub use view::{LiveInput, LiveSetup, LiveView};
