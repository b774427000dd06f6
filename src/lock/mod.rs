//! Locks: how one is taken, held and released, compatible with `consul lock`.
//!
//! This room must not know why a lock is held, nor what is printed.
//!
//! - `lease`: until when a holder may act, as pure rules.
//! - `layout`: keys, flags and values of locks. `exclusive`: a lock with one holder. `limited`: one with
//!   several. `kind`: either.
//! - `contender`: waits for a lock. `keeper`: holds one while a command runs. `heartbeat`: the threads that renew and read for it.

mod contender;
mod exclusive;
mod heartbeat;
mod keeper;
mod kind;
mod layout;
mod lease;
mod limited;

pub use contender::{ContentionError, Grant, SessionSource};
pub use exclusive::{ExclusiveLock, LockObstacle, LockView};
pub use keeper::{
    Contention, HoldEnd, HoldError, Keeper, KeeperChannel, KeeperWaker, LockPlan, LockReport,
};
pub use kind::LockKind;
pub use layout::{HolderNote, LockHolder, lock_key, note_time};
pub use lease::{LeaseTimes, LostReason, MARGIN};
pub use limited::LimitedLock;
