//! Child processes, their groups, signals and orphans. Knows nothing of why a child is run.
//!
//! How a caller that waits on one channel uses it:
//!
//! 1. [`Groups::new`] once, and [`Groups::start_guard`] where children will be run at all; then
//!    [`listen`], whose wake puts a wake-up into the channel.
//! 2. At each turn of its loop it takes what came from [`Signals::take`]. On `child`, each
//!    [`Child::poll`] first, then [`reap`].
//! 3. [`Child::start`], [`Child::signal`], [`Child::stop`], [`Child::kill`] as it decides.
//!    [`Child::poll`] says once that the child has ended, and only when its whole group is gone.
//!    While a group lingers, [`Child::deadline`] asks to be polled without a signal.

mod child;
mod command;
mod guard;
mod reaper;
mod signal;
mod signals;

pub use child::{Child, Status};
pub use command::{ChildStdin, Command, Program, Stdout};
pub use guard::{Groups, run_as_guard};
pub use reaper::{reap, take_orphans};
pub use signal::Signal;
pub use signals::{Signals, listen};
