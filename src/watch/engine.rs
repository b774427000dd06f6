//! The loop: one channel, and the nearest deadline of whoever has one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use super::event::{Answered, Event, Flow, Observer, OutageKind, Poll, Trouble, Wake};
use super::filter::Filter;
use super::outages::Outages;
use super::poller::Poller;
use super::resume::{Resume, Saved};
use super::routes::{Deeds, Routes};
use super::standing::Standings;
use super::target::Target;
use super::withheld::MaxDelete;
use crate::exit::Exit;
use crate::handlers::{Around, Input, Report, Told};
use crate::model::{Batch, Change, Reason, Snapshot, TargetId};
use crate::process::{Groups, Signals, listen, reap};

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
    /// Whether nothing was ever handled before.
    pub fresh: bool,
    /// The end comes after this many batches.
    pub count: Option<u64>,
    /// With `count`: the handler's status is passed on.
    pub pass_status: bool,
    /// The end comes after this time; zero means one look.
    pub time: Option<Duration>,
    /// More deletes at once than this are held back.
    pub max_delete: Option<MaxDelete>,
    /// A Consul that looks reset is believed.
    pub accept_reset: bool,
}

/// How a watch comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closing {
    /// What runs may end, nothing more is started.
    Finishing,
    /// What is pending is still handed over.
    Draining,
    /// What runs is stopped.
    Stopping,
}

/// A watch at work.
pub struct Engine<'a> {
    plan: Plan,
    names: Vec<String>,
    standings: Standings,
    outages: Outages,
    routes: Routes,
    groups: Arc<Groups>,
    resume: Option<Resume>,
    observers: Vec<Box<dyn Observer + 'a>>,
    sender: SyncSender<Wake>,
    wakes: Receiver<Wake>,
    /// When the time of the plan is up.
    until: Option<Instant>,
    /// The initial batch, as long as not every target was seen.
    initial: Option<Batch>,
    batches: u64,
    /// Of the handlers' batches that ended, the first that is not 0.
    status: u8,
    closing: Option<(Closing, Ending)>,
}

/// What to return at the end.
type Ending = anyhow::Result<Exit>;

impl<'a> Engine<'a> {
    /// Nothing is watched yet. `groups` are those of the routes' handlers.
    pub fn new(
        plan: Plan,
        routes: Routes,
        groups: Arc<Groups>,
        resume: Option<Resume>,
        observers: Vec<Box<dyn Observer + 'a>>,
    ) -> Self {
        let (sender, wakes) = sync_channel(CHANNEL);
        let known = |id| match &resume {
            Some(resume) if plan.initial != Initial::Skip => resume.handled(id).clone(),
            _ => Snapshot::default(),
        };
        let standings = Standings::new(
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
            standings,
            outages: Outages::default(),
            routes,
            groups,
            resume,
            observers,
            sender,
            wakes,
            until: time.and_then(|time| Instant::now().checked_add(time)),
            initial: collects.then(|| Batch {
                reason,
                changes: Vec::new(),
            }),
            batches: 0,
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
    pub fn run(mut self, pollers: Vec<Poller>) -> anyhow::Result<Exit> {
        let nudge = self.sender.clone();
        // A full channel wakes the engine just as well.
        let nudge = move || drop(nudge.try_send(Wake::Signal));
        let signals = listen(&self.groups, nudge, || {})?;
        for poller in pollers {
            poller.start(self.sender.clone())?;
        }
        loop {
            let wake = self.next_wake();
            let now = Instant::now();
            if let Err(error) = self.turn(wake, &signals, now) {
                self.close(Closing::Stopping, Err(error), now);
            }
            if self.closing.is_some() && self.routes.idle() {
                return self.end();
            }
        }
    }

    fn next_wake(&self) -> Option<Wake> {
        let Some(deadline) = self.deadline(Instant::now()) else {
            return self.wakes.recv().ok();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        match self.wakes.recv_timeout(left) {
            Ok(wake) => Some(wake),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let observers = self.observers.iter().filter_map(|other| other.deadline());
        let until = self.until.filter(|_| self.closing.is_none());
        let saving = self.resume.as_ref().and_then(Resume::deadline);
        let deadlines = [until, saving, self.routes.deadline(now)];
        observers.chain(deadlines.into_iter().flatten()).min()
    }

    fn turn(&mut self, wake: Option<Wake>, signals: &Signals, now: Instant) -> anyhow::Result<()> {
        self.signals(signals, now)?;
        match wake {
            // What comes after the end is another watch's.
            Some(Wake::Polled(target, poll)) if self.closing.is_none() => {
                self.polled(target, poll, now)?;
            }
            Some(Wake::Polled(..) | Wake::Signal) | None => {}
        }
        self.drive(now, Routes::poll)?;
        if let Some(saved) = self
            .resume
            .as_mut()
            .map(|state| state.retry(now, fastrand::f64()))
        {
            self.saved(saved, now)?;
        }
        let mut at = 0;
        while let Some(observer) = self.observers.get_mut(at) {
            if observer.deadline().is_some_and(|due| due <= now) {
                let flow = observer.tick(now)?;
                self.flow(flow, now)?;
            }
            at += 1;
        }
        self.look_at_the_clock(now);
        Ok(())
    }

    fn signals(&mut self, signals: &Signals, now: Instant) -> anyhow::Result<()> {
        let taken = signals.take();
        if let Some(signal) = taken.stop {
            self.close(Closing::Stopping, Ok(Exit::Signal(signal)), now);
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
        if self.standings.synced() {
            let changes = self.standings.everything(SystemTime::now());
            let reason = Reason::Manual;
            self.give(Batch { reason, changes }, now)?;
        }
        Ok(())
    }

    fn polled(&mut self, target: TargetId, poll: Poll, now: Instant) -> anyhow::Result<()> {
        match poll {
            Poll::Answered(answered) => self.answered(target, *answered, now),
            Poll::Outage(trouble) => self.outage(target, &trouble, now),
            Poll::Ended(error) => Err(error.into()),
            Poll::Note(note) => self.tell(&Event::Note(target, &note), now),
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

    fn answered(
        &mut self,
        target: TargetId,
        answered: Answered,
        now: Instant,
    ) -> anyhow::Result<()> {
        let (index, keys) = (answered.snapshot.index(), answered.snapshot.len());
        let reset = self.resume.as_ref().is_some_and(|resume| {
            !self.plan.accept_reset && resume.looks_reset(target, &answered.snapshot, index)
        });
        if reset {
            return self.outage(target, &Trouble::Reset, now);
        }
        if let Some((kind, lasted)) = self.outages.end(target, now) {
            self.tell(&Event::Recovered(kind, lasted), now)?;
        }
        let anew = self.plan.initial == Initial::Run;
        let resume = self.resume.as_mut();
        let news = self.standings.take(target, &answered, resume, anew);
        for notice in &news.notices {
            self.tell(&Event::Withheld(target, notice), now)?;
        }
        if news.first {
            self.tell(
                &Event::Synced {
                    target,
                    index,
                    keys,
                },
                now,
            )?;
            if self.plan.initial == Initial::Skip {
                return self.adopt(target, now);
            }
        }
        self.changed(news.changes, now)
    }

    /// What is there at the start counts as handled.
    fn adopt(&mut self, target: TargetId, now: Instant) -> anyhow::Result<()> {
        let Some(resume) = &mut self.resume else {
            return Ok(());
        };
        let saved = resume.adopt(
            target,
            self.standings.admitted(target),
            now,
            fastrand::f64(),
        );
        self.saved(saved, now)
    }

    fn changed(&mut self, changes: Vec<Change>, now: Instant) -> anyhow::Result<()> {
        if !changes.is_empty() {
            self.tell(&Event::Changed(&changes), now)?;
        }
        let news = Batch {
            reason: Reason::Change,
            changes,
        };
        if let Some(initial) = self.initial.take() {
            let initial = initial.then(news, self.plan.locks);
            if !self.standings.synced() {
                self.initial = Some(initial);
                return Ok(());
            }
            let wanted = self.plan.initial == Initial::Run || !initial.changes.is_empty();
            return if wanted {
                self.give(initial, now)
            } else {
                Ok(())
            };
        }
        if news.changes.is_empty() {
            return Ok(());
        }
        if self.routes.is_empty() {
            // The lines are written.
            self.batches += 1;
            self.handled(&news, now)?;
            self.count(now);
            return Ok(());
        }
        self.give(news, now)
    }

    fn give(&mut self, batch: Batch, now: Instant) -> anyhow::Result<()> {
        self.drive(now, |routes, around| routes.give(batch, around))
    }

    /// Lets the handlers do something, and carries on what they did.
    fn drive(
        &mut self,
        now: Instant,
        deed: impl FnOnce(&mut Routes, &Around<'_>) -> Deeds,
    ) -> anyhow::Result<()> {
        let current = || self.standings.current();
        let around = Around {
            targets: &self.names,
            index: self.standings.index(),
            now,
            time: SystemTime::now(),
            current: &current,
        };
        for (route, told) in deed(&mut self.routes, &around) {
            self.told(route, &told, now)?;
        }
        Ok(())
    }

    fn told(&mut self, route: usize, told: &Told, now: Instant) -> anyhow::Result<()> {
        // Before anyone else: what was handled stays so whatever fails after it.
        if let Told::Handled(batch) = told {
            self.handled(batch, now)?;
        }
        self.tell(&Event::Handler { route, told }, now)?;
        match told {
            Told::Leave(code) => self.close(Closing::Stopping, Ok(exit_of(*code)), now),
            Told::Ended(report) if report.last => self.ended(report, now),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, report: &Report, now: Instant) {
        self.batches += 1;
        if self.status == 0 {
            self.status = report.code();
        }
        self.count(now);
    }

    fn count(&mut self, now: Instant) {
        if self.plan.count.is_some_and(|count| self.batches >= count) {
            self.close(Closing::Finishing, Ok(Exit::Yes), now);
        }
    }

    fn handled(&mut self, batch: &Batch, now: Instant) -> anyhow::Result<()> {
        let Some(resume) = &mut self.resume else {
            return Ok(());
        };
        let saved = resume.save(batch, now, fastrand::f64());
        self.saved(saved, now)
    }

    fn saved(&mut self, saved: Saved, now: Instant) -> anyhow::Result<()> {
        match saved {
            Saved::Yes | Saved::NotYet => Ok(()),
            Saved::Again => self.tell(&Event::Saved(None), now),
            Saved::Failed(failure) => self.tell(&Event::Saved(Some(&failure)), now),
        }
    }

    fn tell(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<()> {
        // By place: what an observer asks for may be the end of all of them.
        let mut at = 0;
        while let Some(observer) = self.observers.get_mut(at) {
            let flow = observer.event(event, now)?;
            self.flow(flow, now)?;
            at += 1;
        }
        Ok(())
    }

    fn flow(&mut self, flow: Flow, now: Instant) -> anyhow::Result<()> {
        match flow {
            Flow::Continue => {}
            Flow::RunHandler => self.run_now(now)?,
            Flow::Stop(exit) => self.close(Closing::Stopping, Ok(exit), now),
        }
        Ok(())
    }

    /// Ends the watch when its time is up, or when one look was asked for and was had.
    fn look_at_the_clock(&mut self, now: Instant) {
        if self.closing.is_some() {
            return;
        }
        let unseen = self.standings.unseen();
        let outages: Vec<_> = unseen.map(|target| self.outages.of(target.id)).collect();
        let one_look = self.plan.time == Some(Duration::ZERO);
        let looked = one_look && outages.iter().all(Option::is_some);
        if !looked && self.until.is_none_or(|until| now < until) {
            return;
        }
        // What was not seen in time was not watched.
        let exit = if outages.is_empty() {
            Exit::Yes
        } else if outages.contains(&Some(OutageKind::Rights)) {
            Exit::Denied
        } else {
            Exit::Trouble
        };
        self.close(Closing::Draining, Ok(exit), now);
    }

    /// Begins the end; a sharper one takes the place of a softer one that is under way.
    fn close(&mut self, how: Closing, ending: Ending, now: Instant) {
        if self
            .closing
            .as_ref()
            .is_some_and(|(under_way, _)| *under_way >= how)
        {
            return;
        }
        if ending.is_err() {
            // Who failed to show something will fail again.
            self.observers.clear();
        }
        self.closing = Some((how, ending));
        let input = match how {
            Closing::Finishing => Input::Finish,
            Closing::Draining => Input::Drain,
            Closing::Stopping => Input::Stop,
        };
        if let Err(error) = self.drive(now, |routes, around| routes.all(&input, around)) {
            self.close(Closing::Stopping, Err(error), now);
        }
    }

    fn end(mut self) -> Ending {
        let exit = match self.closing.take() {
            Some((_, ending)) => ending?,
            None => Exit::Yes,
        };
        if let Some(Err(failure)) = self.resume.take().map(Resume::close) {
            if !matches!(exit, Exit::Signal(_)) {
                return Err(failure.into());
            }
            self.tell(&Event::Saved(Some(&failure)), Instant::now())?;
        }
        Ok(match (exit, self.plan.count) {
            (Exit::Yes, Some(count)) if self.batches < count => Exit::No,
            (Exit::Yes, Some(_)) if self.plan.pass_status => exit_of(self.status),
            (exit, _) => exit,
        })
    }
}

fn exit_of(code: u8) -> Exit {
    match code {
        0 => Exit::Yes,
        code => Exit::Child(code),
    }
}
