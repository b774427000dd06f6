//! Orphans: processes whose parents died and that were handed to us.

use rustix::process::{WaitOptions, wait};

use super::{Groups, Status};

/// Makes this process the parent of its descendants' orphans, so that the members of a group are
/// ours to reap when their parent is gone. Linux only; elsewhere they go to the init process,
/// which reaps them.
pub fn take_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Reaps whoever has ended and is nobody's: orphans that left their group, and as process 1 of a
/// container everything that is handed to it. To be called after the owners of children have
/// looked at theirs; a leader that ends in between is reaped here and its status kept for them.
pub fn reap(groups: &Groups) {
    while let Ok(Some((id, status))) = wait(WaitOptions::NOHANG) {
        let status = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Status::Exited(code),
            (None, Some(signal)) => Status::Killed(signal),
            (None, None) => continue,
        };
        groups.reaped(id, status);
    }
}
