//! The verbs, one file each: the arguments, whose doc comments are the help, and `run`. A verb must not know
//! another; what two of them share stands in `args` or below.

#![allow(clippy::needless_pass_by_value, reason = "a verb owns its arguments")]

pub mod apply;
pub mod completions;
pub mod cp;
pub mod delete;
pub mod dev;
pub mod diff;
pub mod edit;
pub mod elect;
pub mod env;
pub mod export;
pub mod get;
pub mod help;
pub mod import;
pub mod lock;
pub mod ls;
pub mod man;
pub mod mv;
pub mod put;
pub mod run;
pub mod session;
pub mod status;
pub mod tree;
pub mod txn;
pub mod undo;
pub mod wait;
pub mod watch;
