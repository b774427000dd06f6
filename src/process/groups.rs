//! The process groups of all running children.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::process::{Child as StdChild, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::ChildStatus;
use super::guard::{Guard, MARK};

/// A guard that ends sooner than this after its start has ended early.
const EARLY_END: Duration = Duration::from_secs(1);

/// How many guards in a row may end early and are replaced at once. The next one is started with
/// the next line: where no guard can live, kvw would start one after the other.
const EARLY_ENDS: u32 = 5;

/// The process groups of all running children, and the guard that knows them.
#[derive(Default)]
pub struct ProcessGroups {
    table: Mutex<GroupTable>,
    /// Whether all groups are being stopped and continued together with kvw.
    suspended: AtomicBool,
    forwards_signals: AtomicBool,
}

#[derive(Default)]
struct GroupTable {
    /// The groups by id, with the status of a leader that [`reap`](super::reap) has reaped.
    live: HashMap<Pid, Option<ChildStatus>>,
    /// Starts a guard, if there is to be one.
    starter: Option<fn() -> io::Result<Guard>>,
    /// The guard. Where it is missing, the next line starts one.
    guard: Option<Guard>,
    /// The number of guards in a row that ended early.
    early_ends: u32,
    marks: Marks,
}

/// The marks by which the guard finds children that it was not told of yet.
struct Marks {
    /// The random part of all marks of this process.
    id: u64,
    /// The number of marks given.
    given: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Marks {
            id: fastrand::u64(..),
            given: 0,
        }
    }
}

impl Marks {
    /// Returns a mark that no other process has in its environment.
    fn next(&mut self) -> String {
        self.given += 1;
        format!("{:016x}-{}", self.id, self.given)
    }
}

impl ProcessGroups {
    /// Creates an empty table without a guard.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Starts the guard process, unless it runs already.
    ///
    /// # Errors
    /// When the binary of kvw cannot be started again. Everything else works without a guard; only
    /// `kill -9` would leave children behind.
    pub fn start_guard(&self) -> io::Result<()> {
        self.start_guard_by(Guard::start)
    }

    fn start_guard_by(&self, starter: fn() -> io::Result<Guard>) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.guard.is_none() {
            inner.guard = Some(starter()?);
            inner.starter = Some(starter);
        }
        Ok(())
    }

    /// Continues the guard if it was stopped.
    pub(super) fn wake_guard(&self) {
        if let Some(guard) = &self.lock().guard {
            guard.wake();
        }
    }

    /// Asks [`listen`](super::listen) to keep the signals that a service may react to.
    pub fn forward_signals(&self) {
        self.forwards_signals.store(true, Ordering::SeqCst);
    }

    pub(super) fn forwards_signals(&self) -> bool {
        self.forwards_signals.load(Ordering::SeqCst)
    }

    /// Kills all groups. A group that is started later is not killed: the caller is about to end the
    /// process.
    pub(super) fn kill_all(&self) {
        self.signal_all(Signal::KILL);
    }

    /// Stops all groups, calls `stop_self`, which stops kvw and returns when it is continued, and
    /// continues all groups.
    pub(super) fn suspend(&self, stop_self: impl FnOnce()) {
        self.suspended.store(true, Ordering::SeqCst);
        self.signal_all(Signal::STOP);
        stop_self();
        self.signal_all(Signal::CONT);
        self.suspended.store(false, Ordering::SeqCst);
    }

    /// Whether [`ProcessGroups::suspend`] is under way: a stopped child was stopped by that.
    pub(super) fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::SeqCst)
    }

    fn signal_all(&self, signal: Signal) {
        for id in self.lock().live.keys() {
            let _ = kill_process_group(*id, signal);
        }
    }

    /// Starts a child and adds its group under one lock, so that [`ProcessGroups::kill_all`] misses none.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<(StdChild, Pid)> {
        let mut inner = self.lock();
        if inner.starter.is_some() {
            let mark = inner.marks.next();
            command.env(MARK, &mark);
            inner.notify_guard(format_args!("?{mark}"));
        }
        match command.spawn() {
            Ok(child) => {
                let id = Pid::from_child(&child);
                inner.live.insert(id, None);
                inner.notify_guard(format_args!("+{id}"));
                Ok((child, id))
            }
            Err(error) => {
                inner.notify_guard(format_args!("."));
                Err(error)
            }
        }
    }

    /// Removes a group that is gone.
    pub(super) fn remove(&self, id: Pid) {
        let mut inner = self.lock();
        inner.live.remove(&id);
        inner.notify_guard(format_args!("-{id}"));
    }

    /// Takes the status of a reaped child. It is kept for its owner, if the child leads a group; the
    /// guard is replaced.
    pub(super) fn take_reaped(&self, id: Pid, status: ChildStatus) {
        let mut inner = self.lock();
        if let Some(slot) = inner.live.get_mut(&id) {
            *slot = Some(status);
        }
        if let Some(guard) = inner.guard.take_if(|guard| guard.id() == id) {
            let early = guard.age() < EARLY_END;
            guard.forget();
            inner.early_ends = if early { inner.early_ends + 1 } else { 0 };
            if inner.early_ends <= EARLY_ENDS {
                inner.replace_guard();
            }
        }
    }

    /// Returns the status of a leader that [`reap`](super::reap) has reaped.
    pub(super) fn status(&self, id: Pid) -> Option<ChildStatus> {
        self.lock().live.get(&id).copied().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, GroupTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupTable {
    /// Sends the guard a line. A guard that has ended or does not read is replaced.
    fn notify_guard(&mut self, line: fmt::Arguments<'_>) {
        let sent = self.guard.as_mut().map(|guard| guard.send(line));
        if !matches!(sent, Some(Ok(()))) && self.replace_guard() {
            let _ = self.guard.as_mut().map(|guard| guard.send(line));
        }
    }

    /// Starts another guard, which gets all groups. Returns false where there is to be none, or where it
    /// cannot be started; then the next line tries again.
    fn replace_guard(&mut self) -> bool {
        if let Some(guard) = self.guard.take() {
            guard.discard();
        }
        self.guard = self.starter.and_then(|start| start().ok());
        if let Some(guard) = &mut self.guard {
            for id in self.live.keys() {
                let _ = guard.send(format_args!("+{id}"));
            }
        }
        self.guard.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deaf_guard() -> io::Result<Guard> {
        Guard::start_program(Command::new("sleep").arg("1000"))
    }

    fn guard_of(groups: &ProcessGroups) -> Option<Pid> {
        groups.lock().guard.as_ref().map(Guard::id)
    }

    #[test]
    fn a_guard_that_does_not_read_is_replaced_when_its_pipe_is_full() {
        let groups = ProcessGroups::new();
        groups.start_guard_by(deaf_guard).unwrap();
        let first = guard_of(&groups);
        // More than any pipe holds: thousands of runs.
        let replaced = (0..1 << 20).find(|_| {
            groups.remove(Pid::INIT);
            guard_of(&groups) != first
        });
        assert!(replaced.is_some() && guard_of(&groups).is_some());
    }

    #[test]
    fn guards_that_end_early_one_after_the_other_are_replaced_with_the_next_line() {
        let groups = ProcessGroups::new();
        groups.start_guard_by(deaf_guard).unwrap();
        let end = |groups: &ProcessGroups| {
            let id = guard_of(groups).unwrap();
            rustix::process::kill_process(id, Signal::KILL).unwrap();
            rustix::process::waitpid(Some(id), rustix::process::WaitOptions::empty()).unwrap();
            groups.take_reaped(id, ChildStatus::Killed(9));
        };
        for _ in 0..EARLY_ENDS {
            end(&groups);
            assert!(guard_of(&groups).is_some());
        }
        end(&groups);
        assert_eq!(guard_of(&groups), None);
        groups.remove(Pid::INIT);
        assert!(guard_of(&groups).is_some());
    }
}
