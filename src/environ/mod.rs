//! The environment of a program from keys: which variable a key becomes, which are refused, what the
//! program gets in the end, and the forms in which variables are printed. Pure: must not know Consul,
//! the terminal, or how a program is started.
//!
//! - `names`: keys to names, and the names that are refused. `rules`: keys and values to variables.
//! - `effective`: variables and what is inherited. `format`: variables as text.

mod effective;
mod format;
mod names;
mod rules;

pub use effective::{Inheritance, differing_names, effective};
pub use format::EnvFormat;
pub use names::{NameStyle, check_name};
pub use rules::{EnvError, EnvRules, EnvSource, Variables};
