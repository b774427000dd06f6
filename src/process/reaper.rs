//! Orphans: descendants whose parents have died, which the kernel hands to kvw.

use rustix::process::{WaitOptions, wait};

use super::{ChildStatus, ProcessGroups};

/// Makes this process the subreaper of its descendants, so that it can reap the members of a group
/// whose parent is gone. Linux only; elsewhere the init process reaps them.
pub fn take_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Reaps all other children that have ended: orphans that left their group, and in a container, as
/// process 1, all orphans. Must be called after each [`Child::poll`](super::Child::poll); a leader
/// that ends in between is reaped here, and its status is kept for its owner. A guard that has ended is
/// replaced, and one that was stopped is continued.
pub fn reap(groups: &ProcessGroups) {
    while let Ok(Some((id, status))) = wait(WaitOptions::NOHANG) {
        let status = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => ChildStatus::Exited(code),
            (None, Some(signal)) => ChildStatus::Killed(signal),
            (None, None) => continue,
        };
        groups.take_reaped(id, status);
    }
    groups.wake_guard();
}
