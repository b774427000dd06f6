//! One child at a time, in a process group of its own, from its start until the whole group is
//! gone.
//!
//! ```text
//! Idle ── start ──► Running ── leader ended: kill the group ──► Sweeping ── group gone ──► Idle
//!                      │ stop                                      ▲
//!                      └────► Stopping ── leader ended, or kill ───┘
//! ```
//!
//! The leader's end is *peeked*: as long as it is not reaped, its id, which is the group's, cannot
//! be given to anyone else, and the kill meets nobody but what the leader left behind. After a
//! stop the members have the same grace as their leader: only [`Child::kill`] ends it.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal as Raw, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group,
    test_kill_process_group, waitid,
};

use signal_hook::low_level::signal_name;

use super::{ChildStdin, Command, Groups, Signal};

/// How often a lingering group is looked at where no signal tells of its end: members whose
/// parent is alive and not ours.
const SWEEP: Duration = Duration::from_millis(20);

/// How long a killed group is waited for. What is then still there hangs in the kernel, and
/// never comes back to run a line of its program.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a pipe holds on Linux.
const PIPE: usize = 64 * 1024;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// With this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It never began: 127 where the program is not there, else 126, as in a shell.
    Unstarted(u8),
}

impl Status {
    /// What a start failed with.
    pub fn unstarted(error: &io::Error) -> Self {
        Status::Unstarted(match error.kind() {
            io::ErrorKind::NotFound => 127,
            _ => 126,
        })
    }

    /// Whether it returned 0.
    pub fn success(self) -> bool {
        self == Status::Exited(0)
    }

    /// Returns the code of a process that exited.
    pub fn exit_code(self) -> Option<i32> {
        match self {
            Status::Exited(code) => Some(code),
            Status::Killed(_) | Status::Unstarted(_) => None,
        }
    }

    /// Returns the signal that killed the process.
    pub fn signal(self) -> Option<i32> {
        match self {
            Status::Killed(signal) => Some(signal),
            Status::Exited(_) | Status::Unstarted(_) => None,
        }
    }

    /// As a shell tells it: the code, or 128+n for death by signal n.
    pub fn code(self) -> u8 {
        let code = match self {
            Status::Exited(code) => code,
            Status::Killed(signal) => 128 + signal,
            Status::Unstarted(code) => code.into(),
        };
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for Status {
    /// After the name of what ended: `exited with 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Exited(code) => write!(f, "exited with {code}"),
            Status::Killed(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "died of {name}"),
                None => write!(f, "died of signal {signal}"),
            },
            Status::Unstarted(_) => f.write_str("could not be started"),
        }
    }
}

impl From<ExitStatus> for Status {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => Status::Exited(code),
            None => Status::Killed(status.signal().unwrap_or_default()),
        }
    }
}

impl From<WaitIdStatus> for Status {
    fn from(status: WaitIdStatus) -> Self {
        match status.exit_status() {
            Some(code) => Status::Exited(code),
            None => Status::Killed(status.terminating_signal().unwrap_or_default()),
        }
    }
}

/// A child that has ended, with its whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How the leader ended.
    pub status: Status,
    /// From its start to the leader's end.
    pub took: Duration,
}

/// A place for one child at a time. Dropped, it kills what runs.
pub struct Child {
    groups: Arc<Groups>,
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
    /// The leader is gone and reaped.
    Sweeping {
        group: Pid,
        ended: Ended,
        /// When the group was killed; before that it may still end in peace.
        killed: Option<Instant>,
    },
}

impl Child {
    /// Nothing runs yet.
    pub fn new(groups: Arc<Groups>) -> Self {
        Child {
            groups,
            state: ChildState::Idle,
        }
    }

    /// Starts it. Its document is written by a thread of its own, which does not mind a child
    /// that never reads it.
    ///
    /// # Errors
    /// When the program is not there or may not be run, or the system has no room for it.
    ///
    /// # Panics
    /// When the last child has not ended, which its owner was not told yet.
    pub fn start(&mut self, command: Command, now: Instant) -> io::Result<()> {
        assert!(self.idle(), "a child is started after the last one's end");
        let (mut process, group) = self.groups.spawn(&mut command.build()?)?;
        self.state = ChildState::Running { group, since: now };
        if let (ChildStdin::Document(write), Some(pipe)) = (command.input, process.stdin.take()) {
            let writing = thread::Builder::new()
                .name("stdin".to_owned())
                .spawn(move || {
                    let mut pipe = BufWriter::with_capacity(PIPE, pipe);
                    let _ = write(&mut pipe).and_then(|()| pipe.flush());
                });
            // It runs, but must not take an empty stdin for its document.
            if writing.is_err() {
                self.kill(now);
            }
        }
        Ok(())
    }

    /// Whether there is none.
    pub fn idle(&self) -> bool {
        matches!(self.state, ChildState::Idle)
    }

    /// The leader's process id, while it lives.
    pub fn id(&self) -> Option<u32> {
        match self.state {
            ChildState::Running { group, .. } | ChildState::Stopping { group, .. } => {
                Some(group.as_raw_nonzero().get().unsigned_abs())
            }
            ChildState::Idle | ChildState::Sweeping { .. } => None,
        }
    }

    /// Sends the group a signal. Says whether there was somebody to hear it: false when the
    /// leader has ended, even where that was not told yet.
    pub fn signal(&mut self, signal: Signal) -> bool {
        match self.state {
            ChildState::Running { group, .. } | ChildState::Stopping { group, .. } => {
                self.peek(group).is_none() && kill_process_group(group, signal.raw()).is_ok()
            }
            ChildState::Idle | ChildState::Sweeping { .. } => false,
        }
    }

    /// Asks the group to end. It is then the caller's to [`Child::kill`] it when its time is up.
    pub fn stop(&mut self, signal: Signal) {
        if let ChildState::Running { group, since } = self.state {
            let _ = kill_process_group(group, signal.raw());
            // A stopped process hears nothing but this.
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
                // As `Running`, so that the leader's end sweeps the rest at once.
                self.state = ChildState::Running {
                    group: *group,
                    since: *since,
                };
            }
            ChildState::Sweeping { group, killed, .. } => {
                // Members that are left are our children or have a parent among them: the id is
                // theirs until they are reaped, which is done here and nowhere else.
                let _ = kill_process_group(*group, Raw::KILL);
                killed.get_or_insert(now);
            }
        }
    }

    /// Looks whether it has ended; tells it once, when the whole group is gone. To be called on
    /// SIGCHLD and at the [`Child::deadline`].
    pub fn poll(&mut self, now: Instant) -> Option<Ended> {
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
                ended: Ended {
                    status,
                    // Not `now`: a run may begin and end within one turn of the caller.
                    took: since.elapsed(),
                },
                killed: (!stopping).then_some(now),
            };
        }
        self.sweep(now)
    }

    /// When to poll without having been told of an end.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        matches!(self.state, ChildState::Sweeping { .. }).then(|| now + SWEEP)
    }

    /// The leader's status if it has ended; it stays to be reaped.
    fn peek(&self, group: Pid) -> Option<Status> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(group), options) {
            Ok(status) => status.map(Status::from),
            // Already reaped by `reap`, which keeps the status of a leader.
            Err(Errno::CHILD) => self.groups.status(group),
            Err(_) => None,
        }
    }

    /// Reaps what has ended of the group.
    fn sweep(&mut self, now: Instant) -> Option<Ended> {
        let ChildState::Sweeping {
            group,
            ended,
            killed,
        } = self.state
        else {
            return None;
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        while let Ok(Some(_)) = waitid(WaitId::Pgid(Some(group)), options) {}
        // An error is "no such group", or "not permitted" where only processes of another user
        // are left, which we cannot end.
        let gone = test_kill_process_group(group).is_err();
        if !gone && killed.is_none_or(|killed| now < killed + PATIENCE) {
            return None;
        }
        self.groups.release(group);
        self.state = ChildState::Idle;
        Some(ended)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill(Instant::now());
    }
}

#[cfg(test)]
mod tests;
