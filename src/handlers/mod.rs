//! What runs when keys change: the queue of each route, which decides, and its handler, which runs
//! children. Must not know Consul, HTTP, or who observes.
//!
//! How an engine drives it, with one [`Handler`] per route:
//!
//! 1. Changes of the route go in as [`QueueInput::Changes`]: the difference from what went in before,
//!    never from what was handled, which the handler keeps itself. The initial batch is one batch
//!    with [`Reason::Initial`](crate::model::Reason) and all entries as created, empty for an
//!    empty target. USR1 is [`QueueInput::Run`] with all entries as created.
//! 2. On SIGCHLD and at [`Handler::deadline`], [`Handler::poll`] for each handler, then
//!    [`reap`](crate::process::reap).
//! 3. A run that is about to begin and a batch that was handled go to the [`AcknowledgeLog`] of the
//!    [`HandlerContext`], in the order in which they happen. The [`HandlerEvent`]s that come back are
//!    for observers and for the end of the watch: `--once`, `--count`, `--on-fail exit`.
//! 4. An end after so many batches (`--once`, `--count`) is [`QueueInput::Finish`]; one that hands
//!    over what is pending (`--for`) is [`QueueInput::Drain`]; INT, TERM, HUP and errors are
//!    [`QueueInput::Stop`]. Then polling goes on until all are [`Handler::is_idle`].

mod backlog;
mod check;
mod debounce;
mod environment;
mod event;
mod feedback;
mod policy;
mod queue;
mod run;
mod stdin;

pub use check::{check_command, value_command};
pub use debounce::Debounce;
pub use event::{HandlerEvent, RunReport};
pub use policy::{Daemons, OnBusy, OnExit, OnFail, Policies};
pub use queue::{QueueInput, RunOutcome, StopReason};
pub use run::{AcknowledgeLog, Handler, HandlerContext, HandlerSpec, StartVariables};
pub use stdin::{StdinFormat, WatchedState};
