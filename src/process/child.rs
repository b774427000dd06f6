//! A child in a process group of its own, from its start until the whole group is gone.
//!
//! ```text
//! Idle ── start ──► Running ── leader ended ──► Sweeping ── group gone ──► Idle
//!                      │ stop                      ▲
//!                      └────► Stopping ── leader ended, or kill
//! ```
//!
//! The leader's end is *peeked*: as long as it is not reaped, the kernel does not reuse its id, which is
//! the id of the group, and a signal hits only processes that the leader left behind.
//!
//! A leader that ends by itself may have left members that are about to go: a daemon that calls
//! `setsid` a moment after its parent has ended, a log writer behind a pipe that reads to its end. They
//! have a time to linger; then the group gets TERM, and KILL after the stop time-out. After a stop the
//! members have the same grace period as their leader: only [`Child::kill`] ends it.
//!
//! What has left the group is a daemon. Where daemons are kept, the run does not know them; where they are
//! ended, they are part of the rest: the run is over when they are gone too. They get their TERM after
//! the group is gone, because a server ends its own workers in order.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal as Raw, WaitId, WaitIdOptions, kill_process, kill_process_group,
    test_kill_process_group, waitid,
};

use super::descendants::ProcessKey;
use super::stdin_writer::StdinWriter;
use super::{ChildCommand, ChildStatus, ProcessGroups, Signal, StdinSource};

/// How often the rest of a group is checked, because no signal reports the end of members whose parent
/// is alive and not kvw, nor that a member left the group.
const SWEEP_INTERVAL: Duration = Duration::from_millis(20);

/// How often the rest of a group is checked right after the leader's end, when most members go.
const FIRST_SWEEP_INTERVAL: Duration = Duration::from_millis(1);

/// How long after the leader's end the rest is checked at the first interval.
const FIRST_SWEEPS: Duration = Duration::from_millis(30);

/// How long to wait for the end of a killed group. A process that is left after that hangs in the
/// kernel and never returns to its program.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// How often processes outside the group of a run are looked for while it runs, so that the guard
/// knows them.
const OBSERVE_INTERVAL: Duration = Duration::from_millis(250);

/// What a run's leader may leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepPolicy {
    /// The time to become empty by itself, before it gets TERM.
    pub linger: Duration,
    /// The time from TERM to KILL.
    pub stop_timeout: Duration,
    /// Whether the run ends with what it has outside its group. On Linux only: elsewhere it is not
    /// known.
    pub ends_daemons: bool,
}

/// Something that happened to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildEvent {
    /// A signal of this number stopped the leader, as job control does.
    Stopped(i32),
    /// The leader has ended by itself, and members of its group are left.
    Returned,
    /// The leader has ended, and its whole group is gone.
    Exited(ChildExit),
}

/// The end of a child and its whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildExit {
    /// The status of the leader.
    pub status: ChildStatus,
    /// The time from the start to the leader's end.
    pub took: Duration,
    /// The number of processes that the leader left behind and that had to be ended.
    pub left_behind: usize,
}

/// A runner of one child at a time, which kills the running child when dropped.
pub struct Child {
    groups: Arc<ProcessGroups>,
    policy: SweepPolicy,
    state: ChildState,
    /// When to look for processes outside the group again.
    observe_at: Option<Instant>,
    /// What writes the stdin of the run, until the run is over.
    stdin: Option<StdinWriter>,
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
    /// The group was killed, and its leader has not ended yet.
    Killing {
        group: Pid,
        since: Instant,
    },
    /// The leader has ended; members of its group may be left.
    Sweeping {
        group: Pid,
        exit: ChildExit,
        sweep: Sweep,
        remainder: Remainder,
    },
}

/// What is known of the rest of a run.
#[derive(Default)]
struct Remainder {
    /// Whether the group is gone, so that its id may be another's.
    group_gone: bool,
    /// The processes outside the group that were asked to end.
    asked: HashSet<ProcessKey>,
}

/// What the rest of a group waits for.
#[derive(Debug, Clone, Copy)]
enum Sweep {
    /// The leader ended by itself at this time: the members may end, or leave the group.
    Lingering(Instant),
    /// The members were asked to end, and are killed at this time.
    Terminating(Instant),
    /// The members were asked to end with their leader, and are killed by [`Child::kill`].
    Grace,
    /// The members were killed at this time.
    Killed(Instant),
}

impl Child {
    /// Creates a runner without a child.
    pub fn new(groups: Arc<ProcessGroups>, policy: SweepPolicy) -> Self {
        Child {
            groups,
            policy,
            state: ChildState::Idle,
            observe_at: None,
            stdin: None,
        }
    }

    /// Starts a child. A thread of its own writes the document, until the run is over, and ignores a
    /// child that never reads it.
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
        if self.policy.ends_daemons {
            // What was ended stays a zombie until it is reaped, and `kill -0 $(cat PIDFILE)`, with which a
            // service looks for another one of itself, takes it for alive.
            super::reap(&self.groups);
        }
        let mut built = command.build()?;
        // The thread first: a child must not take an empty stdin for its document.
        let writer = match command.input {
            StdinSource::Document(write) => Some(StdinWriter::start(write)?),
            StdinSource::Null | StdinSource::Inherit => None,
        };
        let (mut process, group) = self.groups.spawn(&mut built, self.policy.ends_daemons)?;
        self.state = ChildState::Running { group, since: now };
        if let (Some(writer), Some(pipe)) = (&writer, process.stdin.take()) {
            writer.write_to(pipe);
        }
        self.stdin = writer;
        self.observe_at = self.policy.ends_daemons.then_some(now + OBSERVE_INTERVAL);
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
            ChildState::Idle | ChildState::Killing { .. } | ChildState::Sweeping { .. } => None,
        }
    }

    /// Returns the id of the run's group, which may be gone.
    fn group(&self) -> Option<Pid> {
        match self.state {
            ChildState::Idle => None,
            ChildState::Running { group, .. }
            | ChildState::Stopping { group, .. }
            | ChildState::Killing { group, .. }
            | ChildState::Sweeping { group, .. } => Some(group),
        }
    }

    /// Sends the group a signal. Returns false when the leader has ended, even if [`Child::poll`] has
    /// not returned that yet.
    pub fn signal(&mut self, signal: Signal) -> bool {
        match self.state {
            ChildState::Running { group, .. } | ChildState::Stopping { group, .. } => {
                self.peek(group).is_none() && kill_process_group(group, signal.raw()).is_ok()
            }
            ChildState::Idle | ChildState::Killing { .. } | ChildState::Sweeping { .. } => false,
        }
    }

    /// Sends a signal to the leader alone: one that was meant for the service itself would stop or end
    /// the children that do not react to it.
    pub fn signal_leader(&mut self, signal: Signal) {
        if let ChildState::Running { group, .. } = self.state {
            let _ = kill_process(group, signal.raw());
        }
    }

    /// Continues a leader that was stopped, and its group.
    pub fn resume(&mut self) {
        if let ChildState::Running { group, .. } | ChildState::Stopping { group, .. } = self.state {
            let _ = kill_process_group(group, Raw::CONT);
        }
    }

    /// Asks the group to end. The caller must [`Child::kill`] it at the end of the grace period.
    pub fn stop(&mut self, signal: Signal) {
        if self.policy.ends_daemons {
            // While parents live that tell whose they are.
            self.groups.observe();
        }
        match &mut self.state {
            ChildState::Running { group, since } => {
                request_end(*group, signal.raw());
                self.state = ChildState::Stopping {
                    group: *group,
                    since: *since,
                };
            }
            ChildState::Sweeping {
                group,
                sweep: sweep @ Sweep::Lingering(_),
                remainder,
                ..
            } => {
                if !remainder.group_gone {
                    request_end(*group, signal.raw());
                }
                *sweep = Sweep::Grace;
            }
            ChildState::Idle
            | ChildState::Stopping { .. }
            | ChildState::Killing { .. }
            | ChildState::Sweeping { .. } => {}
        }
    }

    /// Kills the group.
    pub fn kill(&mut self, now: Instant) {
        match &mut self.state {
            ChildState::Idle | ChildState::Killing { .. } => {}
            ChildState::Running { group, since } | ChildState::Stopping { group, since } => {
                let _ = kill_process_group(*group, Raw::KILL);
                self.state = ChildState::Killing {
                    group: *group,
                    since: *since,
                };
            }
            ChildState::Sweeping {
                group,
                sweep,
                remainder,
                ..
            } => {
                // The remaining members are children of kvw or of each other: they keep the id of the
                // group until they are reaped, which only happens here.
                if !remainder.group_gone {
                    let _ = kill_process_group(*group, Raw::KILL);
                }
                if !matches!(sweep, Sweep::Killed(_)) {
                    *sweep = Sweep::Killed(now);
                }
            }
        }
    }

    /// Checks what has happened to the child. Returns each event once; [`ChildEvent::Exited`] is the
    /// last, when the whole group is gone. Must be called until it returns `None`, on SIGCHLD and at
    /// the [`Child::deadline`].
    pub fn poll(&mut self, now: Instant) -> Option<ChildEvent> {
        if self.observe_at.is_some_and(|due| due <= now) {
            self.groups.observe();
            self.observe_at = Some(now + OBSERVE_INTERVAL);
        }
        let (group, since) = match self.state {
            ChildState::Idle => return None,
            ChildState::Sweeping { .. } => return self.sweep(now),
            ChildState::Running { group, since }
            | ChildState::Stopping { group, since }
            | ChildState::Killing { group, since } => (group, since),
        };
        let Some(status) = self.peek(group) else {
            return self.stopping_signal(group).map(ChildEvent::Stopped);
        };
        let by_itself = matches!(self.state, ChildState::Running { .. });
        let sweep = match self.state {
            ChildState::Running { .. } => Sweep::Lingering(now),
            ChildState::Stopping { .. } => Sweep::Grace,
            ChildState::Idle | ChildState::Killing { .. } | ChildState::Sweeping { .. } => {
                // What was started in the moment of the first kill.
                let _ = kill_process_group(group, Raw::KILL);
                Sweep::Killed(now)
            }
        };
        self.state = ChildState::Sweeping {
            group,
            exit: ChildExit {
                status,
                // Not `now`: a run may start and end within one turn of the caller's loop.
                took: since.elapsed(),
                left_behind: 0,
            },
            sweep,
            remainder: Remainder::default(),
        };
        self.sweep(now)
            .or(by_itself.then_some(ChildEvent::Returned))
    }

    /// Returns the time of the next poll without a signal.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let ChildState::Sweeping { sweep, .. } = &self.state else {
            return self.observe_at;
        };
        let next = now + SWEEP_INTERVAL;
        Some(match *sweep {
            Sweep::Lingering(since) if now < since + FIRST_SWEEPS => now + FIRST_SWEEP_INTERVAL,
            Sweep::Lingering(since) => next.min(since + self.policy.linger),
            Sweep::Terminating(kill) => next.min(kill),
            Sweep::Grace | Sweep::Killed(_) => next,
        })
    }

    /// Returns the signal that stopped the leader, once. Not while kvw itself stops and continues all
    /// groups.
    fn stopping_signal(&self, group: Pid) -> Option<i32> {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if self.groups.is_suspended() {
            return None;
        }
        let status = waitid(WaitId::Pid(group), options).ok().flatten()?;
        status.stopping_signal()
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

    /// Reaps the members of the group that have ended, and ends those that stay for too long.
    fn sweep(&mut self, now: Instant) -> Option<ChildEvent> {
        let ChildState::Sweeping {
            group,
            exit,
            sweep,
            remainder,
        } = &mut self.state
        else {
            return None;
        };
        let group = *group;
        if !remainder.group_gone {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            while let Ok(Some(_)) = waitid(WaitId::Pgid(Some(group)), options) {}
            // An error is "no such group", or "not permitted" where only processes of another user are
            // left, which kvw cannot kill.
            remainder.group_gone = test_kill_process_group(group).is_err();
            if remainder.group_gone {
                self.groups.end_group(group);
            }
        }
        let daemons = match self.policy.ends_daemons {
            true => self.groups.outside_of(group),
            false => Vec::new(),
        };
        let mut gone = remainder.group_gone && daemons.is_empty();
        match *sweep {
            _ if gone => {}
            Sweep::Lingering(since) if now >= since + self.policy.linger => {
                // Members that have ended and that their parent has not reaped need no signal.
                let members = match remainder.group_gone {
                    true => 0,
                    false => count_members(group).unwrap_or(1),
                };
                if members > 0 {
                    request_end(group, Raw::TERM);
                }
                remainder.ask(&daemons);
                exit.left_behind = members + daemons.len();
                gone = exit.left_behind == 0;
                *sweep = Sweep::Terminating(now + self.policy.stop_timeout);
            }
            Sweep::Terminating(kill) if now >= kill => {
                remainder.kill(group, &daemons);
                *sweep = Sweep::Killed(now);
            }
            Sweep::Killed(at) => {
                // Again, for what was started in the moment of the kill.
                remainder.kill(group, &daemons);
                gone = now >= at + KILL_TIMEOUT;
            }
            Sweep::Terminating(_) => remainder.ask(&daemons),
            Sweep::Grace if remainder.group_gone => remainder.ask(&daemons),
            Sweep::Lingering(_) | Sweep::Grace => {}
        }
        if !gone {
            return None;
        }
        let exit = *exit;
        self.groups.remove(group);
        self.state = ChildState::Idle;
        self.stdin = None;
        self.observe_at = None;
        Some(ChildEvent::Exited(exit))
    }
}

impl Remainder {
    /// Asks processes outside the group to end, each once.
    fn ask(&mut self, daemons: &[ProcessKey]) {
        for daemon in daemons {
            if self.asked.insert(*daemon) {
                let _ = kill_process(daemon.id, Raw::TERM);
                let _ = kill_process(daemon.id, Raw::CONT);
            }
        }
    }

    /// Kills all that is left.
    fn kill(&self, group: Pid, daemons: &[ProcessKey]) {
        if !self.group_gone {
            let _ = kill_process_group(group, Raw::KILL);
        }
        for daemon in daemons {
            let _ = kill_process(daemon.id, Raw::KILL);
        }
    }
}

/// Asks a group to end. A stopped process reacts to no other signal, so it is continued.
fn request_end(group: Pid, signal: Raw) {
    let _ = kill_process_group(group, signal);
    let _ = kill_process_group(group, Raw::CONT);
}

/// Returns the number of processes of a group that have not ended; `None` where `/proc` is missing.
fn count_members(group: Pid) -> Option<usize> {
    let folders = std::fs::read_dir("/proc").ok()?;
    let members = folders.flatten().filter(|folder| {
        let stat = std::fs::read_to_string(folder.path().join("stat")).unwrap_or_default();
        // `pid (name) state ppid pgrp …`: the name may hold anything.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = fields.split_whitespace().take(3).collect();
        let [state, _, of_group] = fields[..] else {
            return false;
        };
        !matches!(state, "Z" | "X") && of_group == group.as_raw_nonzero().to_string()
    });
    Some(members.count())
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill(Instant::now());
        if let Some(group) = self.group().filter(|_| self.policy.ends_daemons) {
            for daemon in self.groups.outside_of(group) {
                let _ = kill_process(daemon.id, Raw::KILL);
            }
        }
    }
}

#[cfg(test)]
mod tests;
