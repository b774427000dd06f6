//! How long tests wait, and for what. Nothing sleeps for luck: each wait has a condition and a
//! deadline.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::processes::{is_alive, is_stopped};

/// How long something that must happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long stdout must stay silent to show that nothing happens. Wake-ups take milliseconds.
pub const SILENCE: Duration = Duration::from_millis(400);

/// The pause after which a second signal is a request of its own. kvw takes two within a moment as
/// one, so the time itself is what has to pass.
pub const SECOND_SIGNAL: Duration = Duration::from_millis(150);

/// Flags of a lock with short times: the right ends 2 s after the last answer, and the next holder follows 3 s
/// after it.
pub const SHORT_LEASE: [&str; 6] = [
    "--ttl",
    "10s",
    "--lock-delay",
    "3s",
    "--stop-timeout",
    "500ms",
];

/// Waits until the condition gives something, and returns that.
#[track_caller]
pub fn wait_for<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, condition)
}

/// Waits until the condition gives something, by a deadline of the caller's own.
#[track_caller]
pub fn wait_within<T>(within: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a file is there.
#[track_caller]
pub fn wait_for_file(path: &Path) {
    wait_for(&path.display().to_string(), || path.exists().then_some(()));
}

/// Waits until a file ends in a complete line, and returns its text without the last newline.
#[track_caller]
pub fn wait_for_text(path: &Path) -> String {
    wait_for(&path.display().to_string(), || {
        let text = std::fs::read_to_string(path).ok()?;
        Some(text.strip_suffix('\n')?.to_owned())
    })
}

/// Waits until a process is gone, or is a zombie.
#[track_caller]
pub fn wait_for_exit(pid: u32) {
    wait_for(&format!("the end of process {pid}"), || {
        (!is_alive(pid)).then_some(())
    });
}

/// Waits until a process is stopped with all its threads, or no longer. The signal alone is no proof: a
/// thread goes on until it notices.
#[track_caller]
pub fn wait_for_stop(pid: u32, stopped: bool) {
    wait_for(&format!("the stop or the continuation of {pid}"), || {
        (is_stopped(pid) == stopped).then_some(())
    });
}
