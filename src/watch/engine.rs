//! The loop of a watch: one channel of messages, and the nearest deadline.

mod dispatch;
mod polls;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use super::event::{Event, Flow, Observer};
use super::outages::Outages;
use super::plan::{Initial, Plan};
use super::poll_event::Message;
use super::poller::PollerConfig;
use super::routes::Routes;
use super::shutdown::{Shutdown, ShutdownMode, ShutdownStep};
use super::target_state::TargetStates;
use crate::exit::Exit;
use crate::model::{Batch, Reason, Snapshot};
use crate::process::{ProcessGroups, Signals, TerminalHooks, listen, listen_on_terminal, reap};
use crate::state_file::StateFile;

/// The number of messages that wait for the engine. More would only be older ones.
const CHANNEL: usize = 64;

/// A running watch.
pub struct Engine<'a> {
    plan: Plan,
    /// The targets' names, in the order of their ids.
    names: Vec<String>,
    target_states: TargetStates,
    outages: Outages,
    routes: Routes,
    groups: Arc<ProcessGroups>,
    state_file: Option<StateFile>,
    observers: Vec<Box<dyn Observer + 'a>>,
    sender: SyncSender<Message>,
    messages: Receiver<Message>,
    /// The initial batch, until every target was seen.
    initial: Option<Batch>,
    /// Whether changes were printed that are not counted as a batch yet.
    uncounted: bool,
    shutdown: Shutdown,
    terminal: Option<TerminalHooks>,
}

impl<'a> Engine<'a> {
    /// An engine that watches nothing yet. `groups` are those of the routes' handlers.
    pub fn new(
        plan: Plan,
        routes: Routes,
        groups: Arc<ProcessGroups>,
        state_file: Option<StateFile>,
        observers: Vec<Box<dyn Observer + 'a>>,
    ) -> Self {
        let (sender, messages) = sync_channel(CHANNEL);
        let known = |id| match &state_file {
            Some(state_file) if plan.initial != Initial::Skip => state_file.at_start(id),
            _ => Snapshot::default(),
        };
        let target_states = TargetStates::new(
            plan.targets.clone(),
            plan.filter.clone(),
            plan.locks,
            plan.per_target,
            plan.max_delete,
            known,
        );
        let collects = !routes.is_empty() && plan.initial != Initial::Skip;
        let reason = if plan.initial == Initial::Run || plan.fresh {
            Reason::Initial
        } else {
            Reason::Change
        };
        let names = plan.targets.iter().map(|target| target.name().to_owned());
        Engine {
            names: names.collect(),
            target_states,
            outages: Outages::default(),
            routes,
            groups,
            state_file,
            observers,
            sender,
            messages,
            initial: collects.then(|| Batch {
                reason,
                changes: Vec::new(),
            }),
            uncounted: false,
            shutdown: Shutdown::new(&plan, Instant::now()),
            terminal: None,
            plan,
        }
    }

    /// Returns what wakes the engine from another thread: each observer takes what is due for it. A full
    /// channel wakes it just as well.
    pub fn waker(&self) -> impl Fn() + Clone + Send + 'static {
        let sender = self.sender.clone();
        move || drop(sender.try_send(Message::Wake))
    }

    /// Adds an observer that comes before the others.
    pub fn add_observer(&mut self, observer: Box<dyn Observer + 'a>) {
        self.observers.insert(0, observer);
    }

    /// Takes the whole terminal, which is given back before the process stops or dies.
    pub fn take_terminal(&mut self, hooks: TerminalHooks) {
        self.terminal = Some(hooks);
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
        if self.routes.has_service() {
            self.groups.forward_signals();
        }
        let signals = match self.terminal {
            Some(hooks) => listen_on_terminal(&self.groups, wake, hooks)?,
            None => listen(&self.groups, wake, || {})?,
        };
        for poller in pollers {
            poller.start(self.sender.clone())?;
        }
        loop {
            let message = self.next_message();
            let now = Instant::now();
            if let Err(error) = self.step(message, &signals, now) {
                self.shut_down(ShutdownMode::Stop, Err(error), now);
            }
            if self.shutdown.is_under_way() && self.routes.is_idle() {
                return self.end(now);
            }
        }
    }

    fn next_message(&self) -> Option<Message> {
        let Some(deadline) = self.deadline(Instant::now()) else {
            return self.messages.recv().ok();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        self.messages.recv_timeout(left).ok()
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let observers = self.observers.iter().filter_map(|other| other.deadline());
        let deadlines = [
            self.shutdown.deadline(&self.outages),
            self.state_file.as_ref().and_then(StateFile::deadline),
            self.routes.deadline(now),
        ];
        observers.chain(deadlines.into_iter().flatten()).min()
    }

    fn step(
        &mut self,
        message: Option<Message>,
        signals: &Signals,
        now: Instant,
    ) -> anyhow::Result<()> {
        self.take_signals(signals, now)?;
        // A signal may be that the terminal has another size.
        let woken = matches!(message, Some(Message::Wake | Message::Signal));
        match message {
            // What comes during a shutdown is left to the next watch.
            Some(Message::Polled(target, poll)) if !self.shutdown.is_under_way() => {
                self.take_poll(target, poll, now)?;
            }
            Some(Message::Polled(..) | Message::Signal | Message::Wake) | None => {}
        }
        self.drive(now, Routes::poll)?;
        self.save(now, |state_file, random| state_file.retry(now, random))?;
        if woken {
            self.call_observers(now, |observer| observer.wake(now))?;
        }
        self.call_observers(now, |observer| match observer.deadline() {
            Some(due) if due <= now => observer.tick(now),
            _ => Ok(Flow::Continue),
        })?;
        self.check_deadlines(now);
        Ok(())
    }

    fn take_signals(&mut self, signals: &Signals, now: Instant) -> anyhow::Result<()> {
        let taken = signals.take();
        if let Some(signal) = taken.stop {
            self.shut_down(ShutdownMode::Stop, Ok(Exit::Signal(signal)), now);
        }
        if taken.child {
            self.drive(now, Routes::poll)?;
            reap(&self.groups);
        }
        for signal in taken.forwarded {
            self.routes.forward(signal);
        }
        if taken.run {
            self.run_now(now)?;
        }
        Ok(())
    }

    /// Shuts the watch down when its time is up, an outage has lasted too long, or the one fetch that
    /// was asked for is done.
    fn check_deadlines(&mut self, now: Instant) {
        let unseen: Vec<_> = self.target_states.unseen().collect();
        if let Some((mode, ending)) = self.shutdown.due(now, &self.outages, &unseen) {
            self.shut_down(mode, ending, now);
        }
    }

    /// Begins the shutdown, or escalates the one under way.
    fn shut_down(&mut self, mode: ShutdownMode, ending: anyhow::Result<Exit>, now: Instant) {
        match self.shutdown.begin(mode, ending) {
            ShutdownStep::Unchanged => return,
            ShutdownStep::Escalated => {}
            ShutdownStep::Begun => {
                if let Err(error) = self.notify(&Event::Leaving, now) {
                    self.shut_down(ShutdownMode::Stop, Err(error), now);
                }
            }
        }
        let input = mode.queue_input();
        if let Err(error) = self.drive(now, |routes, context| routes.step_all(&input, context)) {
            self.shut_down(ShutdownMode::Stop, Err(error), now);
        }
    }

    /// Ends the watch, after all handlers are idle.
    fn end(mut self, now: Instant) -> anyhow::Result<Exit> {
        let saved = self.state_file.take().map_or(Ok(()), StateFile::close);
        let notified = self.notify(&Event::Left, now);
        let exit = self.shutdown.take_ending()?;
        if let (Exit::Signal(_), Err(failure)) = (exit, &saved) {
            // The process dies of the signal, whatever else went wrong.
            self.notify(&Event::Saved(Some(failure)), now)?;
            return Ok(exit);
        }
        saved?;
        notified?;
        Ok(self.shutdown.exit(exit))
    }

    fn notify(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<()> {
        self.call_observers(now, |observer| observer.event(event, now))
    }

    /// Calls each observer. One that fails is called no more: it would fail again.
    fn call_observers(
        &mut self,
        now: Instant,
        mut call: impl FnMut(&mut dyn Observer) -> anyhow::Result<Flow>,
    ) -> anyhow::Result<()> {
        // By place: a shutdown that an observer asks for comes back to here.
        let mut at = 0;
        while let Some(observer) = self.observers.get_mut(at) {
            match call(observer.as_mut()) {
                Ok(Flow::Continue) => at += 1,
                Ok(Flow::RunHandlers) => {
                    at += 1;
                    if !self.shutdown.is_under_way() {
                        self.run_now(now)?;
                    }
                }
                Ok(Flow::Stop(exit)) => {
                    self.shut_down(ShutdownMode::Stop, Ok(exit), now);
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
