//! What others on this machine may see of the memory of this process.

use std::io;
use std::process::{Child, Command};
use std::sync::Mutex;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit of core files that this process was started with, which children get; `None` while it was
/// not changed. Locked while a child starts.
static CORE_LIMIT: Mutex<Option<Rlimit>> = Mutex::new(None);

/// Keeps the memory of this process out of core files.
pub fn disable_core_files() {
    let limit = getrlimit(Resource::Core);
    if limit.current == Some(0) {
        return;
    }
    if set_core_limit(&limit, Some(0)).is_ok() {
        *lock() = Some(limit);
    }
}

/// Keeps other processes of the same user from reading the memory and the environment of this one, which
/// hold a secret.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where the system does not know it, it is as before.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Starts a child with the limit of core files that this process was started with.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let inherited = lock();
    let Some(limit) = &*inherited else {
        return command.spawn();
    };
    // A child inherits the limit as it is while it starts. Where it cannot be raised again, the child has
    // none: that is no reason not to start it.
    let _ = setrlimit(Resource::Core, *limit);
    let child = command.spawn();
    let _ = set_core_limit(limit, Some(0));
    child
}

fn set_core_limit(limit: &Rlimit, current: Option<u64>) -> io::Result<()> {
    let lowered = Rlimit {
        current,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Core, lowered)?)
}

fn lock() -> std::sync::MutexGuard<'static, Option<Rlimit>> {
    CORE_LIMIT
        .lock()
        .expect("a panic aborts the process, so no lock is ever poisoned")
}
