//! Blocking queries to batches: one poller per target, the proof that a vanished key was deleted,
//! and the engine, which dispatches changes to handlers, acknowledges what they handled and notifies
//! observers. Must not know the terminal, output formats, or who observes.

mod consistent_reader;
mod cursor;
mod engine;
mod event;
mod outages;
mod plan;
mod poll_event;
mod poller;
mod proof;
mod routes;
mod shutdown;
mod target_state;
mod wait_time;
mod withheld;

pub use engine::Engine;
pub use event::{AnswerSummary, Event, Flow, Observer, UnmatchedGlob};
pub use outages::Outages;
pub use plan::{Initial, Plan};
pub use poll_event::{Advice, Message, OutageCause, OutageKind, PollEvent, TargetAnswer};
pub use poller::PollerConfig;
pub use routes::{Route, RouteId, Routes, WaitingChanges};
pub use target_state::TargetStates;
pub use wait_time::{SharedWait, ShortenedWait};
pub use withheld::{WithheldChange, WithheldReason};
