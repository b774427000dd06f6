//! The loop: one channel, and the nearest deadline of whoever has one.

mod dispatch;
mod polls;
mod shutdown;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Instant, SystemTime};

use self::shutdown::{Ending, ShutdownMode};
use super::event::{Event, Flow, Observer};
use super::outages::Outages;
use super::plan::{Initial, Plan};
use super::poll_event::Message;
use super::poller::PollerConfig;
use super::routes::Routes;
use super::target_state::TargetStates;
use crate::exit::Exit;
use crate::model::{Batch, Reason, Snapshot};
use crate::process::{ProcessGroups, Signals, listen, reap};
use crate::state_file::StateFile;

/// Answers that wait for the engine. More would only be older ones.
const CHANNEL: usize = 64;

/// A watch at work.
pub struct Engine<'a> {
    plan: Plan,
    names: Vec<String>,
    target_states: TargetStates,
    outages: Outages,
    routes: Routes,
    groups: Arc<ProcessGroups>,
    state_file: Option<StateFile>,
    observers: Vec<Box<dyn Observer + 'a>>,
    sender: SyncSender<Message>,
    wakes: Receiver<Message>,
    /// When the time of the plan is up.
    until: Option<Instant>,
    /// The initial batch, as long as not every target was seen.
    initial: Option<Batch>,
    batches: u64,
    /// Whether something was printed that is not counted yet.
    uncounted: bool,
    /// Of the handlers' batches that ended, the first that is not 0.
    status: u8,
    closing: Option<(ShutdownMode, Ending)>,
}

impl<'a> Engine<'a> {
    /// Nothing is watched yet. `groups` are those of the routes' handlers.
    pub fn new(
        plan: Plan,
        routes: Routes,
        groups: Arc<ProcessGroups>,
        state_file: Option<StateFile>,
        observers: Vec<Box<dyn Observer + 'a>>,
    ) -> Self {
        let (sender, wakes) = sync_channel(CHANNEL);
        let known = |id| match &state_file {
            Some(state_file) if plan.initial != Initial::Skip => state_file.at_start(id),
            _ => Snapshot::default(),
        };
        let target_states = TargetStates::new(
            plan.targets.clone(),
            plan.filter.clone(),
            plan.locks,
            plan.max_delete,
            known,
        );
        let time = plan.time.filter(|time| !time.is_zero());
        let collects = !routes.is_empty() && plan.initial != Initial::Skip;
        let anew = plan.initial == Initial::Run || plan.fresh;
        let reason = if anew {
            Reason::Initial
        } else {
            Reason::Change
        };
        Engine {
            names: plan
                .targets
                .iter()
                .map(|target| target.name().to_owned())
                .collect(),
            target_states,
            outages: Outages::default(),
            routes,
            groups,
            state_file,
            observers,
            sender,
            wakes,
            until: time.and_then(|time| Instant::now().checked_add(time)),
            initial: collects.then(|| Batch {
                reason,
                changes: Vec::new(),
            }),
            batches: 0,
            uncounted: false,
            status: 0,
            closing: None,
            plan,
        }
    }

    /// Starts signal thread and pollers, and watches until something ends it.
    ///
    /// # Errors
    /// When an observer fails, the system has no threads to give, or the command line turns out
    /// to be wrong.
    pub fn run(mut self, pollers: Vec<PollerConfig>) -> anyhow::Result<Exit> {
        let wake = self.sender.clone();
        // A full channel wakes the engine just as well.
        let wake = move || drop(wake.try_send(Message::Signal));
        let signals = listen(&self.groups, wake, || {})?;
        for poller in pollers {
            poller.start(self.sender.clone())?;
        }
        loop {
            let wake = self.next_wake();
            let now = Instant::now();
            if let Err(error) = self.turn(wake, &signals, now) {
                self.close(ShutdownMode::Stopping, Err(error), now);
            }
            if self.closing.is_some() && self.routes.idle() {
                return self.end(now);
            }
        }
    }

    fn next_wake(&self) -> Option<Message> {
        let Some(deadline) = self.deadline(Instant::now()) else {
            return self.wakes.recv().ok();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        self.wakes.recv_timeout(left).ok()
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let observers = self.observers.iter().filter_map(|other| other.deadline());
        let own = self.own_deadline().filter(|_| self.closing.is_none());
        let saving = self.state_file.as_ref().and_then(StateFile::deadline);
        let deadlines = [own, saving, self.routes.deadline(now)];
        observers.chain(deadlines.into_iter().flatten()).min()
    }

    fn turn(
        &mut self,
        wake: Option<Message>,
        signals: &Signals,
        now: Instant,
    ) -> anyhow::Result<()> {
        self.signals(signals, now)?;
        match wake {
            // What comes after the end is another watch's.
            Some(Message::Polled(target, poll)) if self.closing.is_none() => {
                self.polled(target, poll, now)?;
            }
            Some(Message::Polled(..) | Message::Signal) | None => {}
        }
        self.drive(now, Routes::poll)?;
        if let Some(state_file) = &mut self.state_file {
            let saved = state_file.retry(now, fastrand::f64());
            self.saved(saved, now)?;
        }
        self.observe(now, |observer| match observer.deadline() {
            Some(due) if due <= now => observer.tick(now),
            _ => Ok(Flow::Continue),
        })?;
        self.look_at_the_clock(now);
        Ok(())
    }

    fn signals(&mut self, signals: &Signals, now: Instant) -> anyhow::Result<()> {
        let taken = signals.take();
        if let Some(signal) = taken.stop {
            self.close(ShutdownMode::Stopping, Ok(Exit::Signal(signal)), now);
        }
        if taken.child {
            self.drive(now, Routes::poll)?;
            reap(&self.groups);
        }
        if taken.run {
            self.run_now(now)?;
        }
        Ok(())
    }

    /// Runs every handler with all there is, as far as all of it was seen: a part could be taken
    /// for the whole.
    fn run_now(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.target_states.synced() {
            let changes = self.target_states.everything(SystemTime::now());
            let reason = Reason::Manual;
            self.give(Batch { reason, changes }, true, now)?;
        }
        Ok(())
    }

    fn tell(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<()> {
        self.observe(now, |observer| observer.event(event, now))
    }

    /// Asks each observer. One that fails is asked no more: it would fail again.
    fn observe(
        &mut self,
        now: Instant,
        mut ask: impl FnMut(&mut dyn Observer) -> anyhow::Result<Flow>,
    ) -> anyhow::Result<()> {
        // By place: what an observer asks for may come back to here.
        let mut at = 0;
        while let Some(observer) = self.observers.get_mut(at) {
            match ask(observer.as_mut()) {
                Ok(Flow::Continue) => at += 1,
                Ok(Flow::Stop(exit)) => {
                    self.close(ShutdownMode::Stopping, Ok(exit), now);
                    at += 1;
                }
                Err(error) => {
                    drop(self.observers.remove(at));
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
