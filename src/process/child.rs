//! A child in a process group of its own, from its start until the whole group is gone.
//!
//! ```text
//! Idle ── start ──► Running ── leader ended: kill the group ──► Sweeping ── group gone ──► Idle
//!                      │ stop                                      ▲
//!                      └────► Stopping ── leader ended, or kill ───┘
//! ```
//!
//! The leader's end is *peeked*: as long as it is not reaped, the kernel does not reuse its id, which is
//! the id of the group, and the kill hits only processes that the leader left behind. After a stop the
//! members have the same grace period as their leader: only [`Child::kill`] ends it.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal as Raw, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group,
    test_kill_process_group, waitid,
};

use signal_hook::low_level::signal_name;

use super::{ChildCommand, ProcessGroups, Signal, StdinSource};

/// How often the rest of a group is checked, because no signal reports the end of members whose parent
/// is alive and not kvw.
const SWEEP_INTERVAL: Duration = Duration::from_millis(20);

/// How long to wait for the end of a killed group. A process that is left after that hangs in the
/// kernel and never returns to its program.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// The capacity of a pipe on Linux.
const PIPE_CAPACITY: usize = 64 * 1024;

/// The exit status of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildStatus {
    /// The child exited with this code.
    Exited(i32),
    /// The child was killed by this signal.
    Killed(i32),
    /// The child could not be started: 127 where the program was not found, else 126, as in a shell.
    Unstarted(u8),
}

impl ChildStatus {
    /// Returns the status for the error of a start.
    pub fn unstarted(error: &io::Error) -> Self {
        ChildStatus::Unstarted(match error.kind() {
            io::ErrorKind::NotFound => 127,
            _ => 126,
        })
    }

    /// Whether the child exited with 0.
    pub fn success(self) -> bool {
        self == ChildStatus::Exited(0)
    }

    /// Returns the code as a shell does: the exit code, or 128+n for death by signal n.
    pub fn code(self) -> u8 {
        let code = match self {
            ChildStatus::Exited(code) => code,
            ChildStatus::Killed(signal) => 128 + signal,
            ChildStatus::Unstarted(code) => code.into(),
        };
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for ChildStatus {
    /// Formats the status to follow the name of the program: `exited with 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChildStatus::Exited(code) => write!(f, "exited with {code}"),
            ChildStatus::Killed(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "died of {name}"),
                None => write!(f, "died of signal {signal}"),
            },
            ChildStatus::Unstarted(_) => f.write_str("could not be started"),
        }
    }
}

impl From<WaitIdStatus> for ChildStatus {
    fn from(status: WaitIdStatus) -> Self {
        match status.exit_status() {
            Some(code) => ChildStatus::Exited(code),
            None => ChildStatus::Killed(status.terminating_signal().unwrap_or_default()),
        }
    }
}

/// The end of a child and its whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildExit {
    /// The status of the leader.
    pub status: ChildStatus,
    /// The time from the start to the leader's end.
    pub took: Duration,
}

/// A runner of one child at a time, which kills the running child when dropped.
pub struct Child {
    groups: Arc<ProcessGroups>,
    state: ChildState,
}

enum ChildState {
    Idle,
    Running {
        group: Pid,
        since: Instant,
    },
    Stopping {
        group: Pid,
        since: Instant,
    },
    /// The leader has ended; members of its group may be left.
    Sweeping {
        group: Pid,
        exit: ChildExit,
        /// The time when the group was killed; `None` during the grace period of a stop.
        killed: Option<Instant>,
    },
}

impl Child {
    /// Creates a runner without a child.
    pub fn new(groups: Arc<ProcessGroups>) -> Self {
        Child {
            groups,
            state: ChildState::Idle,
        }
    }

    /// Starts a child. A thread of its own writes the document, and ignores a child that never reads
    /// it.
    ///
    /// # Errors
    /// When the program is missing or may not be run, or the system refuses a new process.
    ///
    /// # Panics
    /// When [`Child::poll`] has not returned the end of the last child.
    pub fn start(&mut self, command: ChildCommand, now: Instant) -> io::Result<()> {
        assert!(
            self.is_idle(),
            "a child is started after the last one's end"
        );
        let (mut process, group) = self.groups.spawn(&mut command.build()?)?;
        self.state = ChildState::Running { group, since: now };
        if let (StdinSource::Document(write), Some(pipe)) = (command.input, process.stdin.take()) {
            let writer = thread::Builder::new()
                .name("stdin".to_owned())
                .spawn(move || {
                    let mut pipe = BufWriter::with_capacity(PIPE_CAPACITY, pipe);
                    let _ = write(&mut pipe).and_then(|()| pipe.flush());
                });
            // The child must not take an empty stdin for its document.
            if writer.is_err() {
                self.kill(now);
            }
        }
        Ok(())
    }

    /// Whether no child runs.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, ChildState::Idle)
    }

    /// Returns the leader's process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        match self.state {
            ChildState::Running { group, .. } | ChildState::Stopping { group, .. } => {
                Some(group.as_raw_nonzero().get().unsigned_abs())
            }
            ChildState::Idle | ChildState::Sweeping { .. } => None,
        }
    }

    /// Sends the group a signal. Returns false when the leader has ended, even if [`Child::poll`] has
    /// not returned that yet.
    pub fn signal(&mut self, signal: Signal) -> bool {
        match self.state {
            ChildState::Running { group, .. } | ChildState::Stopping { group, .. } => {
                self.peek(group).is_none() && kill_process_group(group, signal.raw()).is_ok()
            }
            ChildState::Idle | ChildState::Sweeping { .. } => false,
        }
    }

    /// Asks the group to end. The caller must [`Child::kill`] it at the end of the grace period.
    pub fn stop(&mut self, signal: Signal) {
        if let ChildState::Running { group, since } = self.state {
            let _ = kill_process_group(group, signal.raw());
            // A stopped process reacts to no other signal.
            let _ = kill_process_group(group, Raw::CONT);
            self.state = ChildState::Stopping { group, since };
        }
    }

    /// Kills the group.
    pub fn kill(&mut self, now: Instant) {
        match &mut self.state {
            ChildState::Idle => {}
            ChildState::Running { group, since } | ChildState::Stopping { group, since } => {
                let _ = kill_process_group(*group, Raw::KILL);
                // `Running`, so that the leader's end kills the rest of the group at once.
                self.state = ChildState::Running {
                    group: *group,
                    since: *since,
                };
            }
            ChildState::Sweeping { group, killed, .. } => {
                // The remaining members are children of kvw or of each other: they keep the id of the
                // group until they are reaped, which only happens here.
                let _ = kill_process_group(*group, Raw::KILL);
                killed.get_or_insert(now);
            }
        }
    }

    /// Checks whether the child has ended, and returns its end once, when the whole group is gone. Must
    /// be called on SIGCHLD and at the [`Child::deadline`].
    pub fn poll(&mut self, now: Instant) -> Option<ChildExit> {
        if let ChildState::Running { group, since } | ChildState::Stopping { group, since } =
            self.state
        {
            let status = self.peek(group)?;
            let stopping = matches!(self.state, ChildState::Stopping { .. });
            if !stopping {
                let _ = kill_process_group(group, Raw::KILL);
            }
            self.state = ChildState::Sweeping {
                group,
                exit: ChildExit {
                    status,
                    // Not `now`: a run may start and end within one turn of the caller's loop.
                    took: since.elapsed(),
                },
                killed: (!stopping).then_some(now),
            };
        }
        self.sweep(now)
    }

    /// Returns the time of the next poll without a signal.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        matches!(self.state, ChildState::Sweeping { .. }).then(|| now + SWEEP_INTERVAL)
    }

    /// Returns the leader's status if it has ended, without reaping it.
    fn peek(&self, group: Pid) -> Option<ChildStatus> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(group), options) {
            Ok(status) => status.map(ChildStatus::from),
            // `reap` has reaped it and kept its status.
            Err(Errno::CHILD) => self.groups.status(group),
            Err(_) => None,
        }
    }

    /// Reaps the members of the group that have ended.
    fn sweep(&mut self, now: Instant) -> Option<ChildExit> {
        let ChildState::Sweeping {
            group,
            exit,
            killed,
        } = self.state
        else {
            return None;
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        while let Ok(Some(_)) = waitid(WaitId::Pgid(Some(group)), options) {}
        // An error is "no such group", or "not permitted" where only processes of another user are
        // left, which kvw cannot kill.
        let gone = test_kill_process_group(group).is_err();
        if !gone && killed.is_none_or(|killed| now < killed + KILL_TIMEOUT) {
            return None;
        }
        self.groups.remove(group);
        self.state = ChildState::Idle;
        Some(exit)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill(Instant::now());
    }
}

#[cfg(test)]
mod tests;
