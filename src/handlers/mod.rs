//! What runs when keys change: a route's queue, which decides, and its handler, which does. Knows
//! no Consul and no HTTP.
//!
//! How an engine drives it, one [`Handler`] a route:
//!
//! 1. News of the route goes in as [`QueueInput::Changes`]: the difference from what went in before,
//!    never from what was handled, which the handler knows itself. The initial batch is one batch
//!    with [`Reason::Initial`](crate::model::Reason), with all entries as created, empty for an
//!    empty target. USR1 is [`QueueInput::Run`] with all entries as created.
//! 2. When the signal thread says `child`, [`Handler::poll`] for each, then
//!    [`reap`](crate::process::reap). At [`Handler::deadline`], [`Handler::poll`] too.
//! 3. What comes back is to be carried out in order: [`HandlerEvent::Handled`] goes into memory and state
//!    file; [`HandlerEvent::Ended`] is for observers, `--once` and `--count`; the rest is for observers.
//! 4. At an end after so many batches (`--once`, `--count`): [`QueueInput::Finish`]. At one that hands over
//!    what is pending (`--for`): [`QueueInput::Drain`]. At INT,
//!    TERM or HUP, or when the rest should not be waited for: [`QueueInput::Stop`]. Then go on polling
//!    until all are [`Handler::idle`].

mod backlog;
mod debounce;
mod environment;
mod policy;
mod queue;
mod run;

pub use policy::{OnBusy, OnFail, Policies};
pub use queue::{QueueInput, RunOutcome, StopReason};
pub use run::{
    Acknowledge, Handler, HandlerContext, HandlerEvent, HandlerSpec, RunReport, StdinFormat,
    WatchedState,
};
