//! Locks: how one is taken, held and released, compatible with `consul lock`.
//!
//! - `lease`: until when a holder may act, as pure rules. `clock`: the clock of a lease.

mod lease;

pub use lease::{BootTime, Lease, LeaseAction, LeaseInput, LeaseTimes, LostReason, MARGIN};
