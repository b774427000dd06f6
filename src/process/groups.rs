//! The process groups of all running children.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::process::{Child as StdChild, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::ChildStatus;
use super::guard::{Guard, MARK};
use super::memory;

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
    guard: Option<Guard>,
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
        let mut inner = self.lock();
        if inner.guard.is_none() {
            inner.guard = Some(Guard::start()?);
        }
        Ok(())
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
        if let Some(mark) = inner.guard.as_mut().map(Guard::next_mark) {
            command.env(MARK, &mark);
            inner.notify_guard(format_args!("?{mark}"));
        }
        match memory::spawn(command) {
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

    /// Keeps the status of a reaped child for its owner, if it leads a group.
    pub(super) fn keep_status(&self, id: Pid, status: ChildStatus) {
        if let Some(slot) = self.lock().live.get_mut(&id) {
            *slot = Some(status);
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
    /// Sends the guard a line. A guard that was killed is replaced, and gets all groups first.
    fn notify_guard(&mut self, line: fmt::Arguments<'_>) {
        let Some(guard) = &mut self.guard else { return };
        if guard.send(line).is_ok() {
            return;
        }
        self.guard = Guard::start().ok();
        if let Some(guard) = &mut self.guard {
            for id in self.live.keys() {
                let _ = guard.send(format_args!("+{id}"));
            }
            let _ = guard.send(line);
        }
    }
}
