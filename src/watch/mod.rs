//! Blocking queries to batches: what is watched, what was seen, what of it is believed, and what
//! was handled. Knows nothing of who looks on.

mod cursor;
mod engine;
mod event;
mod filter;
mod floor;
mod look;
mod outages;
mod plan;
mod poller;
mod probe;
mod proof;
mod resume;
mod routes;
mod standing;
mod target;
mod withheld;

pub use crate::handlers::{Outcome, Report, Told, Why as StopWhy};
pub use crate::process::Status;
pub use engine::Engine;
pub use event::{Account, Event, Flow, Note, Observer, OutageKind, Trouble};
pub use filter::{Filter, Glob};
pub use look::{LANES, Limits, look_at};
pub use plan::{Initial, Plan};
pub use poller::Poller;
pub use probe::Consistent;
pub use resume::{Identity, Keep, Opened, Resume};
pub use routes::Routes;
pub use target::{Target, What};
pub use withheld::{MaxDelete, Notice, Why};
