//! The process groups of all running children.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::process::{Child as StdChild, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, kill_process, kill_process_group};

use super::ChildStatus;
use super::descendants::{ProcessKey, descendants, members, outside_groups, own_children};
use super::guard::{Guard, MARK};
use super::memory;

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
    /// The runs by the id of their group.
    live: HashMap<Pid, LiveRun>,
    /// The processes outside the groups, each with its run, if that is known. Empty where daemons are
    /// kept.
    outside: HashMap<ProcessKey, Option<Pid>>,
    /// The children that kvw had before its first run, and that no run has started: a shell may have
    /// become kvw. `None` where daemons are kept.
    foreign: Option<HashSet<Pid>>,
    /// The child in kvw's own group. Of what is below it, only the members of that group end with it.
    in_own_group: Option<Pid>,
    /// Starts a guard, if there is to be one.
    starter: Option<fn() -> io::Result<Guard>>,
    /// The guard. Where it is missing, the next line starts one.
    guard: Option<Guard>,
    /// The time of [`boot_time`](super::boot_time) at which all groups must be gone.
    deadline: Option<Duration>,
    /// The number of guards in a row that ended early.
    early_ends: u32,
    marks: Marks,
}

/// A run that is not over.
#[derive(Default)]
struct LiveRun {
    /// The status of a leader that [`reap`](super::reap) has reaped.
    status: Option<ChildStatus>,
    /// The mark in its environment, where there is a guard.
    mark: Option<String>,
    /// Whether its group is gone, so that the id may be another's.
    group_gone: bool,
}

/// The marks by which the guard finds children that it does not know yet.
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

    /// Sets the time of [`boot_time`](super::boot_time) at which the guard kills all groups, those that
    /// are started later included, although this process lives: it may be stopped, or stuck. A new time
    /// takes the place of the last one, `None` takes it away.
    pub fn set_deadline(&self, deadline: Option<Duration>) {
        let mut inner = self.lock();
        if inner.deadline != deadline {
            inner.deadline = deadline;
            inner.notify_guard(format_args!("{}", deadline_line(deadline)));
        }
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

    /// Kills all groups, and what left them where daemons are ended. A group that is started later is
    /// not killed: the caller is about to end the process.
    pub(super) fn kill_all(&self) {
        self.signal_all(Signal::KILL);
        let mut inner = self.lock();
        inner.observe();
        for key in inner.outside.keys() {
            let _ = kill_process(key.id, Signal::KILL);
        }
    }

    /// Looks for processes outside the groups, and lets the guard know them.
    pub(super) fn observe(&self) {
        self.lock().observe();
    }

    /// Returns the processes that a run has outside its group. Those of unknown origin are the last
    /// run's.
    pub(super) fn outside_of(&self, run: Pid) -> Vec<ProcessKey> {
        let mut inner = self.lock();
        inner.observe();
        let is_last = inner.live.keys().all(|other| *other == run);
        let all = inner.outside.iter();
        let of_run = all.filter(|(_, of)| of.map_or(is_last, |of| of == run));
        of_run.map(|(key, _)| *key).collect()
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
        for (id, run) in &self.lock().live {
            if !run.group_gone {
                let _ = kill_process_group(*id, signal);
            }
        }
    }

    /// Starts a child and adds its group under one lock, so that [`ProcessGroups::kill_all`] misses none.
    /// `ends_daemons` says whether the run ends with what it has outside its group.
    pub(super) fn spawn(
        &self,
        command: &mut Command,
        ends_daemons: bool,
    ) -> io::Result<(StdChild, Pid)> {
        let mut inner = self.lock();
        if ends_daemons {
            inner.find_foreign();
        }
        let mark = inner.starter.is_some().then(|| inner.marks.next());
        if let Some(mark) = &mark {
            command.env(MARK, mark);
            inner.notify_guard(format_args!("?{mark}"));
        }
        match memory::spawn(command) {
            Ok(child) => {
                let id = Pid::from_child(&child);
                let run = LiveRun {
                    mark,
                    ..LiveRun::default()
                };
                inner.live.insert(id, run);
                inner.notify_guard(format_args!("+{id}"));
                Ok((child, id))
            }
            Err(error) => {
                inner.notify_guard(format_args!("."));
                Err(error)
            }
        }
    }

    /// Starts the one child that is in the group of kvw itself. The guard gets it as a process: a kill of
    /// its group would hit others.
    pub(super) fn spawn_in_own_group(&self, command: &mut Command) -> io::Result<Pid> {
        let mut inner = self.lock();
        inner.find_foreign();
        let id = Pid::from_child(&memory::spawn(command)?);
        let run = LiveRun {
            group_gone: true,
            ..LiveRun::default()
        };
        inner.live.insert(id, run);
        inner.in_own_group = Some(id);
        inner.observe();
        Ok(id)
    }

    /// Takes the end of a run's group. What the run has outside may live.
    pub(super) fn end_group(&self, id: Pid) {
        let mut inner = self.lock();
        if let Some(run) = inner.live.get_mut(&id) {
            run.group_gone = true;
        }
        inner.notify_guard(format_args!("-{id}"));
    }

    /// Removes a run that is over.
    pub(super) fn remove(&self, id: Pid) {
        let mut inner = self.lock();
        inner.live.remove(&id);
        inner.notify_guard(format_args!("-{id}"));
    }

    /// Takes the status of a reaped child. It is kept for its owner, if the child leads a group; the
    /// guard is replaced.
    pub(super) fn take_reaped(&self, id: Pid, status: ChildStatus) {
        let mut inner = self.lock();
        if let Some(run) = inner.live.get_mut(&id) {
            run.status = Some(status);
        }
        if let Some(foreign) = &mut inner.foreign {
            foreign.remove(&id);
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
        self.lock().live.get(&id)?.status
    }

    fn lock(&self) -> MutexGuard<'_, GroupTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupTable {
    /// Keeps the children that are there before the first run.
    fn find_foreign(&mut self) {
        if self.foreign.is_none() {
            let guard = self.guard.as_ref().map(Guard::id);
            let children = own_children().into_iter();
            self.foreign = Some(children.filter(|id| Some(*id) != guard).collect());
        }
    }

    /// Lists what is outside the groups, if daemons are ended, and sends the guard what has changed.
    fn observe(&mut self) {
        let Some(foreign) = &self.foreign else { return };
        let guard = self.guard.as_ref().map(Guard::id);
        let spared = foreign.iter().copied().chain(guard).collect();
        let live = self.live.iter().filter(|(_, run)| !run.group_gone);
        let runs: HashSet<Pid> = live.map(|(id, _)| *id).collect();
        let run_by_mark = |id| match self.live.len() {
            // There is no other one that it could belong to.
            0 | 1 => None,
            _ => self.run_by_mark(id),
        };
        let tree = descendants(&spared);
        let outside = match self.in_own_group {
            Some(child) => members(&tree, getpgrp(), child),
            None => outside_groups(&tree, &runs, &self.outside, run_by_mark),
        };
        let before = std::mem::replace(&mut self.outside, outside);
        let new = self.outside.keys().filter(|key| !before.contains_key(key));
        let ended = before.keys().filter(|key| !self.outside.contains_key(key));
        let lines: Vec<_> = new
            .map(|ProcessKey { id, started }| format!("*{id} {started}"))
            .chain(ended.map(|ProcessKey { id, started }| format!("~{id} {started}")))
            .collect();
        for line in lines {
            self.notify_guard(format_args!("{line}"));
        }
    }

    /// Returns the run whose mark a process has in its environment.
    fn run_by_mark(&self, process: Pid) -> Option<Pid> {
        let environment = std::fs::read(format!("/proc/{process}/environ")).ok()?;
        let marked = environment
            .split(|byte| *byte == 0)
            .find_map(|variable| variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))?;
        let runs = self.live.iter();
        let mut runs = runs.filter(|(_, run)| {
            run.mark
                .as_ref()
                .is_some_and(|mark| mark.as_bytes() == marked)
        });
        runs.next().map(|(id, _)| *id)
    }

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
            let _ = guard.send(format_args!("{}", deadline_line(self.deadline)));
            for (id, _) in self.live.iter().filter(|(_, run)| !run.group_gone) {
                let _ = guard.send(format_args!("+{id}"));
            }
            for ProcessKey { id, started } in self.outside.keys() {
                let _ = guard.send(format_args!("*{id} {started}"));
            }
        }
        self.guard.is_some()
    }
}

/// Returns the line that sets the guard's deadline, rounded down.
fn deadline_line(deadline: Option<Duration>) -> String {
    deadline.map_or_else(|| "!".to_owned(), |time| format!("!{}", time.as_millis()))
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
