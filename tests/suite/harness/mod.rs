//! What every test stands on: servers, the program, and a server that misbehaves on purpose.

mod agent;
#[allow(
    dead_code,
    reason = "the unit tests of the client use it too, and all of it"
)]
mod faulty;
mod kvw;
mod running;
mod signals;
mod wire;

pub use agent::{Agent, MASTER, Scope, not_tried, request, try_request};
pub use faulty::{Faulty, On, Script};
pub use kvw::{Kvw, Output};
pub use running::Running;
pub use wire::{Reply, Wire};
