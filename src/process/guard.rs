//! The groups that live, and who ends them when kvw cannot.
//!
//! A process of our own, started from our own binary, reads group ids from a pipe: `+ID` lives,
//! `-ID` is gone. At the end of the pipe, that is when kvw is gone for whatever reason, it kills
//! the groups that are left. A parent-death signal would reach the direct child only.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child as StdChild, ChildStdin, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

use super::Status;

/// The first word of the guard's command line, by which it knows what it is. Not `kvw…`: a
/// `pkill -9 kvw` must leave it alive, it is what it is there for.
const NAME: &str = "handler-guard";

/// The process groups of all children that run.
#[derive(Default)]
pub struct Groups(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// By id; with the leader's end where it was reaped in passing.
    live: HashMap<Pid, Option<Status>>,
    guard: Option<Guard>,
}

impl Groups {
    /// None yet, and no guard.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Starts the guard process, once.
    ///
    /// # Errors
    /// When our own binary cannot be started again. Everything else works without a guard; only
    /// `kill -9` would leave children behind.
    pub fn start_guard(&self) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.guard.is_none() {
            inner.guard = Some(Guard::start()?);
        }
        Ok(())
    }

    /// Kills all that live. What starts later is not met; who calls this is about to die.
    pub(super) fn kill_all(&self) {
        for id in self.lock().live.keys() {
            let _ = kill_process_group(*id, Signal::KILL);
        }
    }

    /// Starts a child and holds its group, in one: whoever kills all groups waits for it.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<(StdChild, Pid)> {
        let mut inner = self.lock();
        let child = command.spawn()?;
        let id = Pid::from_child(&child);
        inner.live.insert(id, None);
        inner.tell('+', id);
        Ok((child, id))
    }

    /// The group is gone.
    pub(super) fn release(&self, id: Pid) {
        let mut inner = self.lock();
        inner.live.remove(&id);
        inner.tell('-', id);
    }

    /// A child was reaped: if it leads a group, its status is kept for the owner.
    pub(super) fn reaped(&self, id: Pid, status: Status) {
        if let Some(slot) = self.lock().live.get_mut(&id) {
            *slot = Some(status);
        }
    }

    /// The status of a leader that was reaped in passing.
    pub(super) fn status(&self, id: Pid) -> Option<Status> {
        self.lock().live.get(&id).copied().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Tells the guard. One that was killed is replaced, and told everything.
    fn tell(&mut self, sign: char, id: Pid) {
        let Some(guard) = &mut self.guard else { return };
        if guard.tell(sign, id).is_ok() {
            return;
        }
        self.guard = Guard::start().ok();
        if let Some(guard) = &mut self.guard {
            for id in self.live.keys() {
                let _ = guard.tell('+', *id);
            }
        }
    }
}

/// The guard process, seen from kvw. Dropped, it ends.
struct Guard {
    process: StdChild,
    pipe: Option<ChildStdin>,
}

impl Guard {
    fn start() -> io::Result<Self> {
        // The link names the running binary even when the file was replaced since.
        let own = if cfg!(target_os = "linux") {
            "/proc/self/exe".into()
        } else {
            std::env::current_exe()?
        };
        // A group of its own, so that what kills ours spares it; nothing of ours held open.
        let mut process = Command::new(own)
            .arg0(NAME)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = process.stdin.take();
        Ok(Guard { process, pipe })
    }

    fn tell(&mut self, sign: char, id: Pid) -> io::Result<()> {
        let line = format!("{sign}{}\n", id.as_raw_nonzero());
        match &mut self.pipe {
            Some(pipe) => pipe.write_all(line.as_bytes()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.process.wait();
    }
}

/// Whether this process was started as a guard, and then its whole life. To be asked first of all:
/// a guard parses no arguments and reads no environment.
pub fn run_as_guard() -> bool {
    let guard = std::env::args_os().next().as_deref() == Some(OsStr::new(NAME));
    if guard {
        // What `killall kvw` looks at.
        let _ = std::fs::write("/proc/self/comm", NAME);
        // Caught and left lying: whoever stops kvw must not stop its guard first.
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE] {
            let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
        }
        for id in left_at_end(io::stdin().lock()) {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
    guard
}

/// The groups that live when the pipe ends.
fn left_at_end(pipe: impl BufRead) -> HashSet<Pid> {
    let mut live = HashSet::new();
    for line in pipe.lines().map_while(Result::ok) {
        let Some((sign, id)) = line.split_at_checked(1) else {
            continue;
        };
        // 1 would be every process there is.
        let id = id.parse().ok().filter(|id| *id > 1).and_then(Pid::from_raw);
        match (sign, id) {
            ("+", Some(id)) => _ = live.insert(id),
            ("-", Some(id)) => _ = live.remove(&id),
            _ => {}
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Vec<i32> {
        let left = left_at_end(text.as_bytes());
        let mut left: Vec<_> = left.iter().map(|id| id.as_raw_nonzero().get()).collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn what_was_released_is_not_killed() {
        assert_eq!(left("+10\n+11\n-10\n+12\n"), [11, 12]);
        assert_eq!(left("+10\n-10\n"), [0; 0]);
    }

    #[test]
    fn a_line_that_is_none_kills_nobody() {
        assert_eq!(left("\n+\n+0\n+1\n+-5\n+x\n10\nä9\n"), [0; 0]);
    }
}
