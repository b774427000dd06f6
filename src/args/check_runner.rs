//! The commands of `--then` and `--check`, from their start until nothing of them is left.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::applying::StopSignals;
use super::program::guard;
use crate::process::{
    Child, ChildCommand, ChildEvent, ChildStatus, ProcessGroups, Signal, SweepPolicy, reap,
};
use crate::term::Ui;

/// The time from TERM to KILL.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The time for what a check leaves in its group to end by itself.
const LINGER: Duration = Duration::from_millis(200);

/// How a check ended.
#[derive(Debug)]
pub enum CheckEnd {
    /// It ended by itself.
    Exited(ChildStatus),
    /// It was stopped at the end of its time.
    TimedOut,
    /// It was stopped because kvw was asked to end.
    Signal(i32),
}

/// A runner of checks, one after another.
pub struct CheckRunner {
    groups: Arc<ProcessGroups>,
    /// The signal that asks kvw to end, if one has come.
    stop: Box<dyn Fn() -> Option<i32>>,
    wake: Receiver<()>,
    /// Whether what a check puts outside its group ends with it.
    ends_daemons: bool,
    /// Whether the guard runs, which ends a check when kvw cannot.
    prepared: bool,
}

impl CheckRunner {
    /// Listens for signals.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new() -> io::Result<Self> {
        let (send, wake): (SyncSender<()>, _) = sync_channel(1);
        let signals = StopSignals::listen(move || {
            // A full channel wakes too.
            let _ = send.try_send(());
        })?;
        let groups = signals.groups.clone();
        let stop = move || signals.stop();
        Ok(CheckRunner {
            ends_daemons: true,
            ..CheckRunner::with_signals(groups, stop, wake)
        })
    }

    /// A runner for a command that listens for signals itself: `stop` returns the one that asks to end, and
    /// `wake` has a message when one came, also CHLD. What leaves the group of a check is left alone: it
    /// may be what another program of the command's has started.
    pub fn with_signals(
        groups: Arc<ProcessGroups>,
        stop: impl Fn() -> Option<i32> + 'static,
        wake: Receiver<()>,
    ) -> Self {
        CheckRunner {
            groups,
            stop: Box::new(stop),
            wake,
            ends_daemons: false,
            prepared: false,
        }
    }

    /// Returns the signal that asks kvw to end, if one has come.
    pub fn stop(&self) -> Option<i32> {
        (self.stop)()
    }

    /// Waits, or until a signal asks to end.
    pub fn wait(&self, time: Duration) -> Option<i32> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if let Some(signal) = self.stop() {
                return Some(signal);
            }
            if left.is_zero() || !self.sleep(left) {
                return None;
            }
        }
    }

    /// Sleeps until a signal or for this time; `false` where no signal can come any more.
    fn sleep(&self, time: Duration) -> bool {
        !matches!(
            self.wake.recv_timeout(time),
            Err(RecvTimeoutError::Disconnected)
        )
    }

    /// Runs a check to its end: nothing that it started is left then.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(
        &mut self,
        ui: &Ui,
        command: ChildCommand,
        timeout: Duration,
    ) -> io::Result<(CheckEnd, Duration)> {
        self.prepare(ui);
        let groups = self.groups.clone();
        let policy = SweepPolicy {
            linger: LINGER,
            stop_timeout: STOP_TIMEOUT,
            ends_daemons: self.ends_daemons,
        };
        let mut child = Child::new(groups.clone(), policy);
        let started = Instant::now();
        child.start(command, started)?;
        // Why it was asked to end, and when it is killed.
        let mut stopping: Option<(CheckEnd, Instant)> = None;
        loop {
            let now = Instant::now();
            while let Some(event) = child.poll(now) {
                if let ChildEvent::Exited(exit) = event {
                    let end = match stopping {
                        Some((end, _)) => end,
                        None => CheckEnd::Exited(exit.status),
                    };
                    return Ok((end, exit.took));
                }
            }
            reap(&groups);
            let out_of_time = now >= started + timeout;
            let wake_at = match &stopping {
                Some((_, kill)) if now >= *kill => {
                    child.kill(now);
                    None
                }
                Some((_, kill)) => Some(*kill),
                None => {
                    let end = match self.stop() {
                        Some(signal) => Some(CheckEnd::Signal(signal)),
                        None => out_of_time.then_some(CheckEnd::TimedOut),
                    };
                    match end {
                        None => Some(started + timeout),
                        Some(end) => {
                            child.stop(Signal::TERM);
                            stopping = Some((end, now + STOP_TIMEOUT));
                            continue;
                        }
                    }
                }
            };
            let deadlines = [wake_at, child.deadline(now)];
            let next = deadlines.into_iter().flatten().min();
            let next = next.unwrap_or(now + Duration::from_millis(20));
            self.sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn prepare(&mut self, ui: &Ui) {
        if std::mem::replace(&mut self.prepared, true) {
            return;
        }
        guard(ui, &self.groups, "the check");
    }
}
