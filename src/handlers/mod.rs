//! What runs when keys change: a route's queue, which decides, and its handler, which does. Knows
//! no Consul and no HTTP.
//!
//! How an engine drives it, one [`Handler`] a route:
//!
//! 1. News of the route goes in as [`Input::Changes`]: the difference from what went in before,
//!    never from what was handled, which the handler knows itself. The initial batch is one batch
//!    with [`Reason::Initial`](crate::model::Reason), with all entries as created, empty for an
//!    empty target. USR1 is [`Input::Run`] with all entries as created.
//! 2. When the signal thread says `child`, [`Handler::poll`] for each, then
//!    [`reap`](crate::process::reap). At [`Handler::deadline`], [`Handler::poll`] too.
//! 3. What comes back is to be carried out in order: [`Told::Handled`] goes into memory and state
//!    file; [`Told::Ended`] is for observers, `--once` and `--count`; the rest is for observers.
//! 4. At an end after so many batches (`--once`, `--count`): [`Input::Finish`]. At one that hands over
//!    what is pending (`--for`): [`Input::Drain`]. At INT,
//!    TERM or HUP, or when the rest should not be waited for: [`Input::Stop`]. Then go on polling
//!    until all are [`Handler::idle`].

mod backlog;
mod debounce;
mod environment;
mod policy;
mod queue;
mod run;

pub use policy::{OnBusy, OnFail, Policies};
pub use queue::{Input, Outcome, Why};
pub use run::{Around, Current, Handler, Recorder, Report, Spec, Stdin, Told};
