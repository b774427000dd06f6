//! What several verbs share: groups of arguments, how they are resolved into values for the rooms below, and what is
//! done alike with them. This room must not know which verb it works for.
//!
//! - the command line as a whole: `global`, `leading`, `one_dash`, `unknown_flag`, `other_tools`, `misplaced_handler`,
//!   `complete`, `topics`;
//! - the connection: `connect`, `address`, `proxy`, `env`, `blocking`;
//! - what is typed: `key`, `key_mapping`, `nearby`, `scope`, `cas`, `input`, `session_id`, `duration`, `size`, `choice`,
//!   `output`; `quote` writes it again, `confirm` asks about it;
//! - programs: `program`, `handler`, `holding` (under a lock), `check_runner` and `value_check`;
//! - keys as an environment: `variables`, `fallback`;
//! - plans: `desired` (what sources say), `applying`, `copying`.

pub mod address;
pub mod applying;
pub mod blocking;
pub mod cas;
pub mod check_runner;
pub mod choice;
pub mod complete;
pub mod confirm;
pub mod connect;
pub mod copying;
pub mod desired;
pub mod duration;
pub mod env;
pub mod fallback;
pub mod global;
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
pub mod program;
mod proxy;
mod quote;
pub mod scope;
pub mod session_id;
pub mod size;
pub mod topics;
pub mod unknown_flag;
pub mod value_check;
pub mod variables;
