//! A child in the process group of kvw itself, as a terminal needs it, from its start until what it
//! leaves in the group is gone. What has left the group is a daemon and lives on.

use std::collections::HashSet;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::descendants::ProcessKey;
use super::{ChildStatus, ProcessGroups, SweepPolicy, reap};

/// How often processes below the child are looked for while it runs, so that the guard knows them.
const OBSERVE_INTERVAL: Duration = Duration::from_millis(250);

/// How often the rest is checked after the child's end.
const SWEEP_INTERVAL: Duration = Duration::from_millis(20);

/// How long to wait for the end of killed processes.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// A child in the process group of kvw.
pub struct ForegroundChild {
    groups: Arc<ProcessGroups>,
    id: Pid,
    policy: SweepPolicy,
    /// Whether a signal asked it to end.
    stopping: bool,
    /// Whether it was killed: what it leaves behind is killed too.
    killed: bool,
    ended: Option<(ChildStatus, ForegroundRest)>,
    /// The processes that were asked to end.
    asked: HashSet<ProcessKey>,
}

/// What the rest of the child's processes waits for.
#[derive(Debug, Clone, Copy)]
enum ForegroundRest {
    /// They may end by themselves until this time.
    Lingering(Instant),
    /// They were asked to end, and are killed at this time.
    Terminating(Instant),
    /// They were killed, and are given up at this time.
    Killed(Instant),
}

impl ForegroundChild {
    /// Starts a child.
    ///
    /// # Errors
    /// When the program is missing or may not be run, or the system refuses a new process.
    pub fn start(
        groups: Arc<ProcessGroups>,
        command: &mut Command,
        policy: SweepPolicy,
    ) -> io::Result<Self> {
        let id = groups.spawn_in_own_group(command)?;
        Ok(ForegroundChild {
            groups,
            id,
            policy,
            stopping: false,
            killed: false,
            ended: None,
            asked: HashSet::new(),
        })
    }

    /// Passes on a signal that asks to end, or another one.
    pub fn signal(&mut self, signal: i32, asks_to_end: bool) {
        // It is reaped by `poll` only.
        let lives = self.ended.is_none() && self.groups.status(self.id).is_none();
        if let Some(signal) = Signal::from_named_raw(signal).filter(|_| lives) {
            let _ = kill_process(self.id, signal);
        }
        if asks_to_end {
            self.request_end(Instant::now());
        }
    }

    /// Kills the child, and what it leaves behind.
    pub fn kill(&mut self, now: Instant) {
        self.killed = true;
        self.signal(Signal::KILL.as_raw(), false);
        if let Some((_, rest)) = &mut self.ended {
            *rest = ForegroundRest::Killed(now + KILL_TIMEOUT);
        }
    }

    /// Whether a signal has stopped the child since the last call, as job control does.
    pub fn take_stop(&self) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        self.ended.is_none() && matches!(waitid(WaitId::Pid(self.id), options), Ok(Some(_)))
    }

    /// Takes a request to end that the child has got too. It leaves the rest less time.
    pub fn request_end(&mut self, now: Instant) {
        self.stopping = true;
        if let Some((_, rest)) = &mut self.ended {
            *rest = match *rest {
                ForegroundRest::Lingering(_) => {
                    ForegroundRest::Terminating(now + self.policy.stop_timeout)
                }
                ForegroundRest::Terminating(_) => ForegroundRest::Killed(now + KILL_TIMEOUT),
                killed @ ForegroundRest::Killed(_) => killed,
            };
        }
    }

    /// Reaps, and returns the child's status when nothing of it is left. Must be called on SIGCHLD and
    /// after the time of [`ForegroundChild::interval`].
    pub fn poll(&mut self, now: Instant) -> Option<ChildStatus> {
        reap(&self.groups);
        let (status, rest) = match self.ended {
            Some(ended) => ended,
            None => {
                let Some(status) = self.groups.status(self.id) else {
                    self.groups.observe();
                    return None;
                };
                let rest = match (self.killed, self.stopping) {
                    (true, _) => ForegroundRest::Killed(now + KILL_TIMEOUT),
                    (_, true) => ForegroundRest::Terminating(now + self.policy.stop_timeout),
                    (_, false) => ForegroundRest::Lingering(now + self.policy.linger),
                };
                (status, rest)
            }
        };
        let left = self.groups.outside_of(self.id);
        let is_over = matches!(rest, ForegroundRest::Killed(until) if until <= now);
        if left.is_empty() || is_over {
            self.groups.remove(self.id);
            return Some(status);
        }
        let rest = match rest {
            ForegroundRest::Lingering(until) if until <= now => {
                ForegroundRest::Terminating(now + self.policy.stop_timeout)
            }
            ForegroundRest::Terminating(until) if until <= now => {
                ForegroundRest::Killed(now + KILL_TIMEOUT)
            }
            other => other,
        };
        for process in left {
            match rest {
                ForegroundRest::Terminating(_) if self.asked.insert(process) => {
                    let _ = kill_process(process.id, Signal::TERM);
                    let _ = kill_process(process.id, Signal::CONT);
                }
                ForegroundRest::Lingering(_) | ForegroundRest::Terminating(_) => {}
                ForegroundRest::Killed(_) => _ = kill_process(process.id, Signal::KILL),
            }
        }
        self.ended = Some((status, rest));
        None
    }

    /// Returns the time until the next poll without a signal.
    pub fn interval(&self) -> Duration {
        match self.ended {
            None => OBSERVE_INTERVAL,
            Some(_) => SWEEP_INTERVAL,
        }
    }
}
