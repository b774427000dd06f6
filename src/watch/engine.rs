//! The loop: one channel, and the nearest deadline of whoever has one.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use super::event::{Answered, Event, Flow, Observer, Poll, Trouble, Wake};
use super::filter::Filter;
use super::outages::Outages;
use super::poller::Poller;
use super::target::{Target, owner};
use super::withheld::{MaxDelete, Withheld};
use crate::exit::Exit;
use crate::model::{Change, Continuity, Snapshot, TargetId, between};

/// Answers that wait for the engine. More would only be older ones.
const CHANNEL: usize = 64;

/// What is made of what is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// It is told as created.
    Run,
    /// It is where telling begins.
    Skip,
    /// What differs from what was handled is told.
    IfChanged,
}

/// What a watch is to do.
#[derive(Debug)]
pub struct Plan {
    /// What is watched.
    pub targets: Vec<Target>,
    /// What of it is told, and to whom.
    pub filter: Filter,
    /// Whether taking and releasing a lock is a change.
    pub locks: bool,
    /// What is made of what is there at the start.
    pub initial: Initial,
    /// The end comes after this many batches.
    pub count: Option<u64>,
    /// The end comes after this time.
    pub time: Option<Duration>,
    /// More deletes at once than this are held back.
    pub max_delete: Option<MaxDelete>,
}

/// Where one target stands.
#[derive(Debug)]
struct Standing {
    /// What was last let through.
    admitted: Snapshot,
    withheld: Withheld,
    synced: bool,
}

/// A watch at work.
pub struct Engine<'a> {
    plan: Plan,
    standings: Vec<Standing>,
    outages: Outages,
    observers: Vec<Box<dyn Observer + 'a>>,
    sender: SyncSender<Wake>,
    wakes: Receiver<Wake>,
    /// When the time of the plan is up.
    until: Option<Instant>,
    batches: u64,
    leaving: Option<Exit>,
}

impl<'a> Engine<'a> {
    /// Nothing is watched yet.
    pub fn new(plan: Plan, observers: Vec<Box<dyn Observer + 'a>>) -> Self {
        let (sender, wakes) = sync_channel(CHANNEL);
        let standing = |_: &Target| Standing {
            admitted: Snapshot::default(),
            withheld: Withheld::new(plan.max_delete),
            synced: false,
        };
        Engine {
            standings: plan.targets.iter().map(standing).collect(),
            outages: Outages::default(),
            observers,
            sender,
            wakes,
            until: plan.time.and_then(|time| Instant::now().checked_add(time)),
            batches: 0,
            leaving: None,
            plan,
        }
    }

    /// Starts the pollers, and watches until something ends it.
    ///
    /// # Errors
    /// When an observer fails, the system has no threads to give, or the command line turns out
    /// to be wrong.
    pub fn run(mut self, pollers: Vec<Poller>) -> anyhow::Result<Exit> {
        for poller in pollers {
            poller.start(self.sender.clone())?;
        }
        loop {
            let wake = self.next_wake();
            let now = Instant::now();
            if let Some(wake) = wake {
                self.woken(wake, now)?;
            }
            self.ticks(now)?;
            if let Some(exit) = self.exit(now) {
                return Ok(exit);
            }
        }
    }

    fn next_wake(&self) -> Option<Wake> {
        let Some(deadline) = self.deadline() else {
            return self.wakes.recv().ok();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        match self.wakes.recv_timeout(left) {
            Ok(wake) => Some(wake),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let observers = self.observers.iter().filter_map(|other| other.deadline());
        observers.chain(self.until).min()
    }

    fn woken(&mut self, wake: Wake, now: Instant) -> anyhow::Result<()> {
        match wake {
            Wake::Polled(target, Poll::Answered(answered)) => self.answered(target, *answered),
            Wake::Polled(target, Poll::Outage(trouble)) => self.outage(target, &trouble, now),
            Wake::Polled(_, Poll::Ended(error)) => Err(error.into()),
            Wake::Polled(target, Poll::Note(note)) => self.tell(&Event::Note(target, &note), now),
        }
    }

    fn outage(&mut self, target: TargetId, trouble: &Trouble, now: Instant) -> anyhow::Result<()> {
        let turn = self.outages.begin(target, trouble.kind(), now);
        if let Some((kind, lasted)) = turn.ended {
            self.tell(&Event::Recovered(kind, lasted), now)?;
        }
        if turn.begun {
            self.tell(&Event::Outage(target, trouble), now)?;
        }
        Ok(())
    }

    fn answered(&mut self, target: TargetId, answered: Answered) -> anyhow::Result<()> {
        let now = answered.instant;
        if let Some((kind, lasted)) = self.outages.end(target, now) {
            self.tell(&Event::Recovered(kind, lasted), now)?;
        }
        let standing = &mut self.standings[usize::from(target.0)];
        let admitted =
            standing
                .withheld
                .admit(&standing.admitted, &answered.snapshot, &answered.unproven);
        let first = !std::mem::replace(&mut standing.synced, true);
        let before = std::mem::replace(&mut standing.admitted, admitted.snapshot.clone());
        for notice in &admitted.notices {
            self.tell(&Event::Withheld(target, notice), now)?;
        }
        if first {
            let (index, keys) = (answered.snapshot.index(), answered.snapshot.len());
            self.tell(
                &Event::Synced {
                    target,
                    index,
                    keys,
                },
                now,
            )?;
            if self.plan.initial == Initial::Skip {
                return Ok(());
            }
        }
        let after = &admitted.snapshot;
        let changes = self.between(target, &before, after, answered.continuity, answered.at);
        if !changes.is_empty() {
            self.tell(&Event::Changed(&changes), now)?;
            self.batches += 1;
        }
        Ok(())
    }

    /// What is told of the way from one snapshot to the next.
    fn between(
        &self,
        target: TargetId,
        before: &Snapshot,
        after: &Snapshot,
        continuity: Continuity,
        at: SystemTime,
    ) -> Vec<Change> {
        let mut changes = between(target, before, after, continuity, self.plan.locks, at);
        let alone = self.plan.targets.len() == 1;
        changes.retain(|change| {
            (alone || owner(&self.plan.targets, change.key()) == Some(target))
                && self.plan.filter.admits(change.key())
        });
        changes
    }

    fn ticks(&mut self, now: Instant) -> anyhow::Result<()> {
        for at in 0..self.observers.len() {
            if self.observers[at].deadline().is_some_and(|due| due <= now) {
                let flow = self.observers[at].tick(now)?;
                self.flow(flow);
            }
        }
        Ok(())
    }

    fn tell(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<()> {
        for at in 0..self.observers.len() {
            let flow = self.observers[at].event(event, now)?;
            self.flow(flow);
        }
        Ok(())
    }

    fn flow(&mut self, flow: Flow) {
        match flow {
            Flow::Continue | Flow::RunHandler => {}
            Flow::Stop(exit) => self.leaving = Some(exit),
        }
    }

    fn exit(&self, now: Instant) -> Option<Exit> {
        let counted = self.plan.count.is_some_and(|count| self.batches >= count);
        let over = self.until.is_some_and(|until| until <= now);
        let ended = if counted {
            Some(Exit::Yes)
        } else if over {
            Some(if self.plan.count.is_some() {
                Exit::No
            } else {
                Exit::Yes
            })
        } else {
            None
        };
        self.leaving.or(ended)
    }
}
