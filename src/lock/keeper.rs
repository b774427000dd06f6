//! Keeps a lock: takes it, runs a command while it is held, and releases it when nothing of the command
//! is left. The rules stand in [`Lease`]; here are threads, clocks and processes.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::contender::{Contender, ContenderProgress, ContentionError, Grant, SessionSource};
use super::exclusive::LockObstacle;
use super::kind::LockKind;
use super::lease::{BootTime, Lease, LeaseAction, LeaseInput, LeaseTimes, LostReason};
use crate::consul::{Block, Client, Error};
use crate::model::Index;
use crate::process::{
    Child, ChildCommand, ChildEvent, ChildExit, ProcessGroups, Signal, Signals, SweepPolicy,
    boot_time, thread_error,
};

/// How often the clock is read at least: the time-out of a wait does not count the time in which the
/// machine is suspended.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// How long the early warning waits for a change, and after an error.
const WATCH_WAIT: Duration = Duration::from_secs(60);
const WATCH_PAUSE: Duration = Duration::from_secs(1);

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldEnd {
    /// How the command ended; `None` without one.
    pub exit: Option<ChildExit>,
    /// Why the lock was lost, if that ended the command.
    pub lost: Option<LostReason>,
    /// The signal that asked to end.
    pub signal: Option<i32>,
}

/// What wakes a keeper.
enum KeeperMessage {
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
        let mut lease = Lease::new(self.plan.times, grant.renewed, grant.taken.sent);
        let asks = self.start_heartbeat(&grant.session)?;
        let over = Arc::new(AtomicBool::new(false));
        self.start_watch(grant, &over)?;
        let policy = SweepPolicy {
            linger: self.plan.linger,
            stop_timeout: self.plan.times.stop_timeout,
            ends_daemons: false,
        };
        let mut child = Child::new(Arc::clone(&self.groups), policy);
        // Before the command is started: from its first moment on the guard knows when it must be gone.
        self.groups
            .set_deadline(lease.deadline().map(|time| time.0));
        let has_command = command.is_some();
        match command {
            Some(command) => {
                // A command must not be started that would be late already.
                let late = lease
                    .deadline()
                    .is_some_and(|deadline| deadline <= BootTime(boot_time()));
                if !late {
                    if let Err(error) = child.start(command, Instant::now()) {
                        self.groups.set_deadline(None);
                        over.store(true, Ordering::SeqCst);
                        return Err(HoldError::Start(error));
                    }
                }
            }
            None => {
                let sender = self.sender.clone();
                start_thread("stdin", move || {
                    let mut stdin = std::io::stdin().lock();
                    while matches!(stdin.read(&mut [0; 4096]), Ok(1..)) {}
                    let _ = sender.send(KeeperMessage::StdinClosed);
                })?;
            }
        }
        let mut end = HoldEnd {
            exit: None,
            lost: None,
            signal: None,
        };
        // When a command that was asked to end by a signal is killed.
        let mut kill_at: Option<Instant> = None;
        let mut released = has_command && child.is_idle();
        let mut last_error = None;
        if released {
            let slept = BootTime(boot_time()).since(grant.taken.sent);
            end.lost = Some(LostReason::Overslept(slept));
        }
        while !released {
            let now = BootTime(boot_time());
            let mut actions = lease.step(LeaseInput::Tick(now));
            if kill_at.is_some_and(|at| at <= Instant::now()) {
                child.kill(Instant::now());
                kill_at = None;
            }
            while let Some(event) = child.poll(Instant::now()) {
                if let ChildEvent::Exited(exit) = event {
                    end.exit = Some(exit);
                    actions.extend(lease.step(LeaseInput::ChildEnded));
                }
            }
            crate::process::reap(&self.groups);
            for action in actions {
                match action {
                    LeaseAction::Renew => _ = asks.renew.try_send(()),
                    LeaseAction::Read => _ = asks.read.try_send(()),
                    LeaseAction::Warn(silent, left) => {
                        (self.report)(LockReport::Silent(silent, left, last_error.as_ref()));
                    }
                    LeaseAction::Recovered => (self.report)(LockReport::Recovered),
                    LeaseAction::Lost(reason) => {
                        // A command that was being ended by a signal ends by that.
                        if end.signal.is_none() {
                            end.lost = Some(reason);
                        }
                        (self.report)(LockReport::Lost(reason));
                        released = !has_command;
                    }
                    LeaseAction::Stop => child.stop(self.plan.stop_signal),
                    LeaseAction::Kill => child.kill(Instant::now()),
                    LeaseAction::Release => released = true,
                }
            }
            if released {
                break;
            }
            let due = lease.due().map(|due| due.since(BootTime(boot_time())));
            let now = Instant::now();
            let dues = [
                child
                    .deadline(now)
                    .map(|at| at.saturating_duration_since(now)),
                kill_at.map(|at| at.saturating_duration_since(now)),
                due,
                Some(CLOCK_INTERVAL),
            ];
            let wait = dues.into_iter().flatten().min().unwrap_or(CLOCK_INTERVAL);
            match self.receive(wait) {
                Some(KeeperMessage::Renewed(hold, sent, answer)) if hold == self.holds => {
                    let input = match answer {
                        Ok(true) => LeaseInput::RenewOk(sent),
                        Ok(false) => LeaseInput::RenewGone,
                        Err(error) => {
                            last_error = Some(error);
                            LeaseInput::Error
                        }
                    };
                    self.take(&mut lease, input, &mut child, &mut end, &mut released);
                }
                Some(KeeperMessage::Read(hold, sent, answer)) if hold == self.holds => {
                    let input = match answer {
                        Ok(true) => LeaseInput::SeenHeld(sent),
                        Ok(false) => LeaseInput::SeenOther(sent),
                        Err(error) => {
                            last_error = Some(error);
                            LeaseInput::Error
                        }
                    };
                    self.take(&mut lease, input, &mut child, &mut end, &mut released);
                }
                Some(KeeperMessage::MayHaveChanged) => {
                    lease.step(LeaseInput::Hint);
                }
                Some(KeeperMessage::StdinClosed) => released = !has_command,
                Some(KeeperMessage::Signal) => {
                    let taken = self.signals.take();
                    for signal in taken.forwarded {
                        child.signal_leader(signal);
                    }
                    if let Some(signal) = taken.stop {
                        end.signal = Some(signal);
                        released = !has_command;
                        child.stop(self.plan.stop_signal);
                        kill_at = Some(Instant::now() + self.plan.times.stop_timeout);
                    }
                }
                // An answer that was asked for before the lock was lost and taken again.
                Some(KeeperMessage::Renewed(..) | KeeperMessage::Read(..))
                | Some(KeeperMessage::Progress(_))
                | None => {}
            }
        }
        over.store(true, Ordering::SeqCst);
        if let Some(exit) = end.exit.filter(|exit| exit.left_behind > 0) {
            (self.report)(LockReport::LeftBehind(exit.left_behind));
        }
        // A guard that is stopped would kill the next command by the old deadline.
        self.groups.set_deadline(None);
        Ok(end)
    }

    /// Takes an answer, and moves the guard's deadline.
    fn take(
        &mut self,
        lease: &mut Lease,
        input: LeaseInput,
        child: &mut Child,
        end: &mut HoldEnd,
        released: &mut bool,
    ) {
        for action in lease.step(input) {
            match action {
                LeaseAction::Lost(reason) => {
                    if end.signal.is_none() {
                        end.lost = Some(reason);
                    }
                    (self.report)(LockReport::Lost(reason));
                    *released = child.is_idle();
                }
                LeaseAction::Stop => child.stop(self.plan.stop_signal),
                LeaseAction::Kill => child.kill(Instant::now()),
                LeaseAction::Recovered => (self.report)(LockReport::Recovered),
                LeaseAction::Renew
                | LeaseAction::Read
                | LeaseAction::Warn(..)
                | LeaseAction::Release => {}
            }
        }
        self.groups
            .set_deadline(lease.deadline().map(|time| time.0));
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

    /// Starts the threads that renew and read when they are asked to.
    fn start_heartbeat(&self, session: &str) -> anyhow::Result<Heartbeat> {
        let hold = self.holds;
        let (renew, renewals) = sync_channel::<()>(1);
        let (read, reads) = sync_channel::<()>(1);
        let (client, sender, id) = (
            self.heartbeat.clone(),
            self.sender.clone(),
            session.to_owned(),
        );
        start_thread("renewal", move || {
            while renewals.recv().is_ok() {
                let sent = BootTime(boot_time());
                let answer = client.renew_session(&id).map(|session| session.is_some());
                let _ = sender.send(KeeperMessage::Renewed(hold, sent, answer));
            }
        })?;
        let (client, sender, id) = (
            self.heartbeat.clone(),
            self.sender.clone(),
            session.to_owned(),
        );
        let lock = self.plan.lock.clone();
        start_thread("proof", move || {
            while reads.recv().is_ok() {
                let sent = BootTime(boot_time());
                let answer = lock.is_held(&client, &id);
                let _ = sender.send(KeeperMessage::Read(hold, sent, answer));
            }
        })?;
        Ok(Heartbeat { renew, read })
    }

    /// Starts the thread that waits for a change of the key: an early warning, which proves nothing.
    fn start_watch(&self, grant: &Grant, over: &Arc<AtomicBool>) -> anyhow::Result<()> {
        let (client, sender) = (self.client.clone(), self.sender.clone());
        let (lock, session) = (self.plan.lock.clone(), grant.session.clone());
        let (over, mut since) = (Arc::clone(over), grant.taken.fence);
        start_thread("early-warning", move || {
            while !over.load(Ordering::SeqCst) {
                let block = Block {
                    since: Index(since.0.max(1)),
                    wait: WATCH_WAIT,
                };
                let Ok(reply) = client.get_blocking(lock.key(), block) else {
                    thread::sleep(WATCH_PAUSE);
                    continue;
                };
                let held = reply
                    .value
                    .is_some_and(|entry| lock.shows(&entry, &session));
                let index = reply.meta.index.unwrap_or(Index(1));
                if !held && sender.send(KeeperMessage::MayHaveChanged).is_err() {
                    return;
                }
                if !held || index < since {
                    thread::sleep(WATCH_PAUSE);
                }
                since = index;
            }
        })
    }
}

/// Asks for a renewal and a read. Asking again while one is out does nothing.
struct Heartbeat {
    renew: SyncSender<()>,
    read: SyncSender<()>,
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

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| thread_error("for a lock", &error))?;
    Ok(())
}
