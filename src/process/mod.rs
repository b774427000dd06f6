//! Child processes, their process groups, signals and orphans.
//!
//! This room must not know why a child is run.
//!
//! A caller that waits on one channel uses it so:
//!
//! 1. [`ProcessGroups::new`] once, and [`ProcessGroups::start_guard`] if it runs children at all; then
//!    [`listen`], with a `wake` that sends a message into the channel.
//! 2. At each turn of its loop, [`Signals::take`]. On `child`, each [`Child::poll`] first, then
//!    [`reap`].
//! 3. [`Child::start`], [`Child::signal`], [`Child::stop`], [`Child::kill`] as it decides.
//!    [`Child::poll`] returns what happened to the child, and its end only when its whole group is gone,
//!    and where daemons are ended what left the group too.
//!    While members of the group are left, [`Child::deadline`] asks for a poll without a signal.
//!
//! - `command`: what to run. `child`: one child from its start to the end of its group. `status`:
//!   how it ended. `stdin_writer`: its document. `start_error`: why it, or a thread, could not be started.
//! - `foreground`: a child in the group of kvw itself, which has the terminal.
//! - `service`: the one child of a command that exists to run it; `service_signals`: the signals that it gets.
//! - `groups`: all groups that live. `descendants`: what is outside them. `guard`: the process that kills them if kvw dies.
//! - `clock`: a clock that goes on while the machine is suspended. `file_limit`: the limit of the size of files. `memory`: what others see of this process, core files.
//! - `reaper`: orphans. `signal`: names of signals. `signals`: the signal thread.

mod child;
mod clock;
mod command;
mod descendants;
mod file_limit;
mod foreground;
mod groups;
mod guard;
mod memory;
mod reaper;
mod service;
mod service_signals;
mod signal;
mod signals;
mod start_error;
mod status;
mod stdin_writer;

pub use child::{Child, ChildEvent, ChildExit, SweepPolicy};
pub use clock::boot_time;
pub use command::{ChildCommand, Program, StdinSource, Stdout};
pub use file_limit::survive_file_limit;
pub use foreground::ForegroundChild;
pub use groups::ProcessGroups;
pub use guard::run_as_guard;
pub use memory::{disable_core_files, hide_memory};
pub use reaper::{reap, take_orphans};
pub use service::{ServiceChild, ServiceEvent};
pub use service_signals::{ServiceSignals, listen_for_service};
pub use signal::{Signal, name_of_signal};
pub use signals::{Signals, TerminalHooks, listen, listen_on_terminal, pass_signals};
pub use start_error::{StartFault, describe_unstarted, is_program, process_error, thread_error};
pub use status::ChildStatus;
