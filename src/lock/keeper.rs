//! Keeps a lock: takes it, runs a command while it is held, and releases it when nothing of the command
//! is left. The rules stand in [`Lease`]; here are threads, clocks and processes.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::contender::{Contender, ContenderProgress, ContentionError, Grant, SessionSource};
use super::exclusive::LockObstacle;
use super::heartbeat::{EarlyWarning, Heartbeat, start_thread};
use super::kind::LockKind;
use super::lease::{BootTime, Lease, LeaseAction, LeaseInput, LeaseTimes, LostReason};
use crate::consul::{Client, Error};
use crate::process::{
    Child, ChildCommand, ChildEvent, ChildExit, ProcessGroups, Signal, Signals, SweepPolicy,
    boot_time, reap,
};

/// How often the clock is read at least: the time-out of a wait does not count the time in which the
/// machine is suspended.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// How a lock is kept.
#[derive(Clone)]
pub struct LockPlan {
    /// The lock.
    pub lock: LockKind,
    /// The session.
    pub session: SessionSource,
    /// The times of the lease.
    pub times: LeaseTimes,
    /// The signal that asks the command to end.
    pub stop_signal: Signal,
    /// How long what the command leaves in its group may take to end by itself.
    pub linger: Duration,
}

/// What a keeper reports while it works.
#[derive(Debug)]
pub enum LockReport<'a> {
    /// It waits for this to pass.
    Waiting(&'a LockObstacle),
    /// Consul does not answer a contender.
    Failing(&'a Error),
    /// It holds the lock.
    Holding(&'a Grant),
    /// Consul has not answered for this time, or only with this error; the command is stopped after that one.
    Silent(Duration, Duration, Option<&'a Error>),
    /// Consul answers again.
    Recovered,
    /// The lock is lost, and the command is being ended.
    Lost(LostReason),
    /// What the command left behind had to be ended: so many processes.
    LeftBehind(usize),
    /// The lock was released.
    Released,
    /// The lock could not be released.
    NotReleased(&'a Error),
}

/// How the contention for a lock ended.
#[derive(Debug)]
pub enum Contention {
    /// The lock is taken.
    Taken(Grant),
    /// It was not to be had in time: this was last in the way, if anything was seen.
    Refused(Option<LockObstacle>),
    /// A signal of this number asked to end.
    Signal(i32),
    /// It is not to be had at all.
    Failed(ContentionError),
}

/// How the time of holding a lock ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HoldEnd {
    /// How the command ended; `None` without one.
    pub exit: Option<ChildExit>,
    /// Why the lock was lost, if that ended the command.
    pub lost: Option<LostReason>,
    /// The signal that asked to end.
    pub signal: Option<i32>,
}

/// What wakes a keeper.
pub(super) enum KeeperMessage {
    Signal,
    Progress(ContenderProgress),
    /// The number is that of the time of holding that asked.
    Renewed(u64, BootTime, Result<bool, Error>),
    Read(u64, BootTime, Result<bool, Error>),
    MayHaveChanged,
    StdinClosed,
}

/// Wakes a keeper when a signal arrives.
#[derive(Clone)]
pub struct KeeperWaker(Sender<KeeperMessage>);

impl KeeperWaker {
    /// Wakes it.
    pub fn wake(&self) {
        // It may have ended.
        let _ = self.0.send(KeeperMessage::Signal);
    }
}

/// A keeper of one lock.
pub struct Keeper<'a> {
    client: Client,
    /// The same server, with short times: a request that hangs must not take the time of the next.
    heartbeat: Client,
    plan: LockPlan,
    groups: Arc<ProcessGroups>,
    signals: Arc<Signals>,
    messages: Receiver<KeeperMessage>,
    sender: Sender<KeeperMessage>,
    /// How many times the lock was held.
    holds: u64,
    report: &'a mut dyn FnMut(LockReport<'_>),
}

/// Creates the channel of a keeper: its waker is needed before the signals are.
pub struct KeeperChannel {
    messages: Receiver<KeeperMessage>,
    sender: Sender<KeeperMessage>,
}

impl KeeperChannel {
    /// Creates the channel.
    pub fn new() -> Self {
        let (sender, messages) = channel();
        KeeperChannel { messages, sender }
    }

    /// Returns what wakes the keeper.
    pub fn waker(&self) -> KeeperWaker {
        KeeperWaker(self.sender.clone())
    }
}

/// One time of holding a lock.
struct Hold {
    lease: Lease,
    /// The command; idle without one, and when nothing of it is left.
    child: Child,
    heartbeat: Heartbeat,
    /// When a command that was asked to end by a signal is killed.
    kill_at: Option<Instant>,
    /// Whether the lock is to be released.
    released: bool,
    /// What Consul last answered instead of the lock's state.
    last_error: Option<Error>,
    end: HoldEnd,
}

impl Hold {
    /// Keeps the error of an answer, for what is said of it.
    fn failed(&mut self, error: Error) -> LeaseInput {
        self.last_error = Some(error);
        LeaseInput::Error
    }

    /// Starts the command, unless it would be late already: then the lock is lost.
    fn start(&mut self, command: ChildCommand, grant: &Grant) -> Result<(), HoldError> {
        let now = BootTime(boot_time());
        if self
            .lease
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            let slept = now.since(grant.taken.sent);
            self.end.lost = Some(LostReason::Overslept(slept));
            self.released = true;
            return Ok(());
        }
        let started = self.child.start(command, Instant::now());
        started.map_err(HoldError::Start)
    }

    /// Looks at the clock and at the command, and returns what follows.
    fn tick(&mut self) -> Vec<LeaseAction> {
        let mut actions = self.lease.step(LeaseInput::Tick(BootTime(boot_time())));
        if self.kill_at.is_some_and(|at| at <= Instant::now()) {
            self.child.kill(Instant::now());
            self.kill_at = None;
        }
        while let Some(event) = self.child.poll(Instant::now()) {
            if let ChildEvent::Exited(exit) = event {
                self.end.exit = Some(exit);
                actions.extend(self.lease.step(LeaseInput::ChildEnded));
            }
        }
        actions
    }

    /// Returns how long a message may be waited for.
    fn wait_time(&self) -> Duration {
        let now = Instant::now();
        let deadlines = [self.child.deadline(now), self.kill_at];
        let deadlines = deadlines.into_iter().flatten();
        let left = deadlines.map(|at| at.saturating_duration_since(now));
        let due = self.lease.due();
        let due = due.map(|due| due.since(BootTime(boot_time())));
        left.chain(due).fold(CLOCK_INTERVAL, Duration::min)
    }
}

impl<'a> Keeper<'a> {
    /// Creates a keeper that does nothing yet.
    pub fn new(
        channel: KeeperChannel,
        client: Client,
        heartbeat: Client,
        plan: LockPlan,
        groups: Arc<ProcessGroups>,
        signals: Arc<Signals>,
        report: &'a mut dyn FnMut(LockReport<'_>),
    ) -> Self {
        Keeper {
            client,
            heartbeat,
            plan,
            groups,
            signals,
            messages: channel.messages,
            sender: channel.sender,
            holds: 0,
            report,
        }
    }

    /// Contends for the lock until it is taken, for this time at most; zero tries once. What is not
    /// taken leaves no session behind.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn acquire(&mut self, timeout: Option<Duration>) -> anyhow::Result<Contention> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let stopped = Arc::new(AtomicBool::new(false));
        let contender = Contender {
            client: self.client.clone(),
            lock: self.plan.lock.clone(),
            session: self.plan.session.clone(),
            once: timeout == Some(Duration::ZERO),
            // It was answered before.
            patient: self.holds > 0,
            stopped: Arc::clone(&stopped),
        };
        let once = contender.once;
        let sender = self.sender.clone();
        start_thread("contender", move || {
            contender.run(|progress| drop(sender.send(KeeperMessage::Progress(progress))));
        })?;
        let (mut session, mut obstacle) = (None, None);
        let refused = loop {
            let left = match until {
                Some(until) if !once => until.saturating_duration_since(Instant::now()),
                _ => Duration::MAX,
            };
            match self.receive(left) {
                Some(KeeperMessage::Progress(ContenderProgress::Taken(grant))) => {
                    (self.report)(LockReport::Holding(&grant));
                    return Ok(Contention::Taken(grant));
                }
                Some(KeeperMessage::Progress(ContenderProgress::Session(id))) => session = Some(id),
                Some(KeeperMessage::Progress(ContenderProgress::Waiting(seen))) => {
                    if once {
                        break Contention::Refused(Some(seen));
                    }
                    (self.report)(LockReport::Waiting(&seen));
                    obstacle = Some(seen);
                }
                Some(KeeperMessage::Progress(ContenderProgress::Failing(error))) => {
                    (self.report)(LockReport::Failing(&error));
                }
                Some(KeeperMessage::Progress(ContenderProgress::Failed(error))) => {
                    break Contention::Failed(error);
                }
                Some(KeeperMessage::Signal) => {
                    if let Some(signal) = self.signals.take().stop {
                        break Contention::Signal(signal);
                    }
                }
                Some(_) => {}
                None => break Contention::Refused(obstacle),
            }
        };
        stopped.store(true, Ordering::SeqCst);
        if let Some(session) = session {
            // It may be taken in this very moment: then it is released, without a lock delay.
            let _ = self.plan.lock.withdraw(&self.heartbeat, &session);
            self.destroy(&session);
        }
        Ok(refused)
    }

    /// Waits for this time, or for a signal that asks to end, whose number it returns.
    pub fn pause(&self, time: Duration) -> Option<i32> {
        let until = Instant::now() + time;
        loop {
            // What a hold that is over left unread is no matter any more.
            self.receive(until.saturating_duration_since(Instant::now()))?;
            if let Some(signal) = self.signals.take().stop {
                return Some(signal);
            }
        }
    }

    /// Waits for a message, for this time at most.
    fn receive(&self, time: Duration) -> Option<KeeperMessage> {
        if time == Duration::MAX {
            // The keeper itself holds a sender.
            return self.messages.recv().ok();
        }
        self.messages.recv_timeout(time).ok()
    }

    /// Holds the lock while a command runs, or without one until stdin ends or a signal comes. When this
    /// returns, nothing of the command is left, and the lock is still to be released.
    ///
    /// # Errors
    /// When the command cannot be started, and when no thread can be.
    pub fn hold(
        &mut self,
        grant: &Grant,
        command: Option<ChildCommand>,
    ) -> Result<HoldEnd, HoldError> {
        self.holds += 1;
        let (client, lock) = (&self.heartbeat, &self.plan.lock);
        let heartbeat = Heartbeat::start(client, lock, &grant.session, self.holds, &self.sender)?;
        let warning = EarlyWarning::start(&self.client, lock, grant, &self.sender)?;
        let policy = SweepPolicy {
            linger: self.plan.linger,
            stop_timeout: self.plan.times.stop_timeout,
            ends_daemons: false,
        };
        let mut hold = Hold {
            lease: Lease::new(self.plan.times, grant.renewed, grant.taken.sent),
            child: Child::new(Arc::clone(&self.groups), policy),
            heartbeat,
            kill_at: None,
            released: false,
            last_error: None,
            end: HoldEnd::default(),
        };
        // Before the command is started: from its first moment on the guard knows when it must be gone.
        self.move_deadline(&hold);
        let started = match command {
            Some(command) => hold.start(command, grant),
            None => self.watch_stdin(),
        };
        if started.is_ok() {
            self.keep(&mut hold);
        }
        drop(warning);
        // A guard that is stopped would kill the next command by the old deadline.
        self.groups.set_deadline(None);
        started?;
        if let Some(exit) = hold.end.exit.filter(|exit| exit.left_behind > 0) {
            (self.report)(LockReport::LeftBehind(exit.left_behind));
        }
        Ok(hold.end)
    }

    /// Ends the time of holding with stdin.
    fn watch_stdin(&self) -> Result<(), HoldError> {
        let sender = self.sender.clone();
        start_thread("stdin", move || {
            let mut stdin = std::io::stdin().lock();
            while matches!(stdin.read(&mut [0; 4096]), Ok(1..)) {}
            let _ = sender.send(KeeperMessage::StdinClosed);
        })?;
        Ok(())
    }

    /// Does what the lease, the command and the messages ask for, until the lock is to be released.
    fn keep(&mut self, hold: &mut Hold) {
        while !hold.released {
            let actions = hold.tick();
            reap(&self.groups);
            self.act(hold, actions);
            if !hold.released {
                self.take_message(hold);
            }
        }
    }

    fn take_message(&mut self, hold: &mut Hold) {
        match self.receive(hold.wait_time()) {
            Some(KeeperMessage::Renewed(number, sent, answer)) if number == self.holds => {
                let input = match answer {
                    Ok(true) => LeaseInput::RenewOk(sent),
                    Ok(false) => LeaseInput::RenewGone,
                    Err(error) => hold.failed(error),
                };
                self.take_answer(hold, input);
            }
            Some(KeeperMessage::Read(number, sent, answer)) if number == self.holds => {
                let input = match answer {
                    Ok(true) => LeaseInput::SeenHeld(sent),
                    Ok(false) => LeaseInput::SeenOther(sent),
                    Err(error) => hold.failed(error),
                };
                self.take_answer(hold, input);
            }
            Some(KeeperMessage::MayHaveChanged) => {
                hold.lease.step(LeaseInput::Hint);
            }
            Some(KeeperMessage::StdinClosed) => hold.released = hold.child.is_idle(),
            Some(KeeperMessage::Signal) => self.take_signals(hold),
            // An answer that was asked for before the lock was lost and taken again.
            Some(KeeperMessage::Renewed(..) | KeeperMessage::Read(..))
            | Some(KeeperMessage::Progress(_))
            | None => {}
        }
    }

    /// Takes an answer, and moves the guard's deadline.
    fn take_answer(&mut self, hold: &mut Hold, input: LeaseInput) {
        let actions = hold.lease.step(input);
        self.act(hold, actions);
        self.move_deadline(hold);
    }

    fn take_signals(&mut self, hold: &mut Hold) {
        let taken = self.signals.take();
        for signal in taken.forwarded {
            hold.child.signal_leader(signal);
        }
        if let Some(signal) = taken.stop {
            hold.end.signal = Some(signal);
            hold.released = hold.child.is_idle();
            hold.child.stop(self.plan.stop_signal);
            hold.kill_at = Some(Instant::now() + self.plan.times.stop_timeout);
        }
    }

    /// Does what the lease asks for.
    fn act(&mut self, hold: &mut Hold, actions: Vec<LeaseAction>) {
        for action in actions {
            match action {
                LeaseAction::Renew => hold.heartbeat.renew(),
                LeaseAction::Read => hold.heartbeat.read(),
                LeaseAction::Warn(silent, left) => {
                    let error = hold.last_error.as_ref();
                    (self.report)(LockReport::Silent(silent, left, error));
                }
                LeaseAction::Recovered => (self.report)(LockReport::Recovered),
                LeaseAction::Lost(reason) => {
                    // A command that was being ended by a signal ends by that.
                    if hold.end.signal.is_none() {
                        hold.end.lost = Some(reason);
                    }
                    (self.report)(LockReport::Lost(reason));
                    hold.released = hold.child.is_idle();
                }
                LeaseAction::Stop => hold.child.stop(self.plan.stop_signal),
                LeaseAction::Kill => hold.child.kill(Instant::now()),
                LeaseAction::Release => hold.released = true,
            }
        }
    }

    fn move_deadline(&self, hold: &Hold) {
        let deadline = hold.lease.deadline();
        self.groups.set_deadline(deadline.map(|time| time.0));
    }

    /// Releases the lock, and ends the own session.
    pub fn release(&mut self, grant: &Grant) {
        match self
            .plan
            .lock
            .release(&self.heartbeat, &grant.session, grant.taken.flags)
        {
            Ok(true) => (self.report)(LockReport::Released),
            // It was lost.
            Ok(false) => {}
            Err(error) => (self.report)(LockReport::NotReleased(&error)),
        }
        self.destroy(&grant.session);
    }

    /// Ends a session that is the keeper's own. One that cannot be ended runs out.
    fn destroy(&self, session: &str) {
        if let SessionSource::Own(..) = self.plan.session {
            if let Err(error) = self.heartbeat.destroy_session(session) {
                log::info!("{error}");
            }
        }
    }
}

/// Why a lock that was taken is not held.
#[derive(Debug)]
pub enum HoldError {
    /// The command cannot be started.
    Start(std::io::Error),
    /// Something else failed.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for HoldError {
    fn from(error: anyhow::Error) -> Self {
        HoldError::Other(error)
    }
}
