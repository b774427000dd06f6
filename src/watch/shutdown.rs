//! What ends a watch, how it ends, and with which exit code. Pure: time comes in as an argument.

use std::time::{Duration, Instant};

use super::outages::Outages;
use super::plan::Plan;
use super::poll_event::OutageKind;
use crate::exit::{Exit, Failure};
use crate::handlers::QueueInput;
use crate::model::TargetId;

/// How a watch ends, in the order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShutdownMode {
    /// What runs may end, nothing more is started.
    Finish,
    /// What is pending is still handed over.
    Drain,
    /// What runs is stopped.
    Stop,
}

impl ShutdownMode {
    /// The input that brings a handler's queue into this mode.
    pub fn queue_input(self) -> QueueInput {
        match self {
            ShutdownMode::Finish => QueueInput::Finish,
            ShutdownMode::Drain => QueueInput::Drain,
            ShutdownMode::Stop => QueueInput::Stop,
        }
    }
}

/// What [`Shutdown::begin`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutdownStep {
    /// The shutdown has begun.
    Begun,
    /// It was under way, and goes on in a severer mode.
    Escalated,
    /// It was under way in this mode or a severer one.
    Unchanged,
}

/// The end of a watch: what brings it about, and what is known of it once it is under way.
#[derive(Debug)]
pub struct Shutdown {
    count: Option<u64>,
    pass_status: bool,
    one_fetch: bool,
    until: Option<Instant>,
    max_outage: Option<Duration>,
    /// The batches that were handled, failed or printed.
    batches: u64,
    /// The first status of a handler's batch that is not 0.
    status: u8,
    under_way: Option<(ShutdownMode, anyhow::Result<Exit>)>,
}

impl Shutdown {
    /// The shutdown of a watch that starts now.
    pub fn new(plan: &Plan, now: Instant) -> Self {
        let time = plan.time.filter(|time| !time.is_zero());
        Shutdown {
            count: plan.count,
            pass_status: plan.pass_status,
            one_fetch: plan.time == Some(Duration::ZERO),
            until: time.and_then(|time| now.checked_add(time)),
            max_outage: plan.max_outage,
            batches: 0,
            status: 0,
            under_way: None,
        }
    }

    /// Whether it is under way.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// The time at which [`Shutdown::due`] may have something to say; `None` once it is under way.
    pub fn deadline(&self, outages: &Outages) -> Option<Instant> {
        if self.is_under_way() {
            return None;
        }
        let given_up = self.given_up(outages).map(|(due, _)| due);
        self.until.into_iter().chain(given_up).min()
    }

    /// Returns the end that is due: when time is up, when an outage has lasted too long, or when
    /// one fetch was asked for and every target was seen or cannot be. `unseen` are the targets that
    /// were not seen yet.
    pub fn due(
        &self,
        now: Instant,
        outages: &Outages,
        unseen: &[TargetId],
    ) -> Option<(ShutdownMode, anyhow::Result<Exit>)> {
        if self.is_under_way() {
            return None;
        }
        if let Some((_, kind)) = self.given_up(outages).filter(|(due, _)| *due <= now) {
            return Some((ShutdownMode::Stop, Err(self.outage_failure(kind).into())));
        }
        let looked = unseen
            .iter()
            .all(|target| outages.latest(*target).is_some());
        let over = (self.one_fetch && looked) || self.until.is_some_and(|until| until <= now);
        over.then(|| (ShutdownMode::Drain, exit_in_time(outages, unseen)))
    }

    /// Begins the shutdown. A severer mode replaces the one that is under way, together with
    /// its ending.
    pub fn begin(&mut self, mode: ShutdownMode, ending: anyhow::Result<Exit>) -> ShutdownStep {
        let step = match &self.under_way {
            None => ShutdownStep::Begun,
            Some((other, _)) if *other < mode => ShutdownStep::Escalated,
            Some(_) => return ShutdownStep::Unchanged,
        };
        self.under_way = Some((mode, ending));
        step
    }

    /// Counts a batch whose runs are over, with the handler's status. Returns whether `--count` is
    /// reached.
    pub fn count_batch(&mut self, status: u8) -> bool {
        self.batches += 1;
        if self.status == 0 {
            self.status = status;
        }
        self.count.is_some_and(|count| self.batches >= count)
    }

    /// Takes the ending with which the shutdown began.
    pub fn take_ending(&mut self) -> anyhow::Result<Exit> {
        self.under_way
            .take()
            .map_or(Ok(Exit::Yes), |(_, ending)| ending)
    }

    /// Returns the exit of the whole watch: a `--count` that was not reached is a no, and with
    /// `--once` and for a single look the handler's status is passed on.
    pub fn exit(&self, ending: Exit) -> Exit {
        match (ending, self.count) {
            (Exit::Yes, Some(count)) if self.batches < count => Exit::No,
            (Exit::Yes, _) if self.pass_status => Exit::from_status(self.status),
            (exit, _) => exit,
        }
    }

    /// The time at which an outage will have lasted too long, and its kind.
    fn given_up(&self, outages: &Outages) -> Option<(Instant, OutageKind)> {
        let longest = self.max_outage?;
        let (since, kind) = outages.oldest()?;
        Some((since.checked_add(longest)?, kind))
    }

    fn outage_failure(&self, kind: OutageKind) -> Failure {
        let lasted = humantime::format_duration(self.max_outage.unwrap_or_default());
        let (exit, what) = match kind {
            OutageKind::Consul | OutageKind::Tls => {
                (Exit::Unavailable, "Consul gave no usable answer")
            }
            OutageKind::Rights => (Exit::Denied, "no read permission"),
            OutageKind::Reset => (Exit::Unavailable, "Consul has looked reset"),
        };
        Failure::new(exit, format!("watching: {what} for {lasted}"))
    }
}

/// The exit of a watch whose time is up: a target that was not seen by then was not watched. Outages
/// were reported when they began; a query that is still held, or an answer that is still coming, was
/// not.
fn exit_in_time(outages: &Outages, unseen: &[TargetId]) -> anyhow::Result<Exit> {
    let kinds = || unseen.iter().map(|target| outages.latest(*target));
    let silent = kinds().filter(Option::is_none).count();
    if unseen.is_empty() {
        Ok(Exit::Yes)
    } else if kinds().any(|kind| kind == Some(OutageKind::Rights)) {
        Ok(Exit::Denied)
    } else if silent == 0 {
        Ok(Exit::Unavailable)
    } else {
        let targets = match silent {
            1 => "1 target".to_owned(),
            many => format!("{many} targets"),
        };
        let text = format!("watching: time is up, and Consul has not answered yet for {targets}");
        Err(Failure::new(Exit::Unavailable, text).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TargetId = TargetId(0);
    const SECOND: Duration = Duration::from_secs(1);

    fn shutdown(now: Instant, change: impl FnOnce(&mut Plan)) -> Shutdown {
        let mut plan = Plan::new(Vec::new());
        change(&mut plan);
        Shutdown::new(&plan, now)
    }

    fn due(
        shutdown: &Shutdown,
        now: Instant,
        outages: &Outages,
        unseen: &[TargetId],
    ) -> Option<(ShutdownMode, Result<Exit, String>)> {
        let (mode, ending) = shutdown.due(now, outages, unseen)?;
        Some((mode, ending.map_err(|error| error.to_string())))
    }

    #[test]
    fn time_drains_and_what_was_not_seen_by_then_was_not_watched() {
        let (now, mut outages) = (Instant::now(), Outages::default());
        let shutdown = shutdown(now, |plan| plan.time = Some(SECOND));
        assert_eq!(shutdown.deadline(&outages), Some(now + SECOND));
        assert_eq!(due(&shutdown, now, &outages, &[]), None);
        let later = now + SECOND;
        let drain = |exit| Some((ShutdownMode::Drain, Ok(exit)));
        assert_eq!(due(&shutdown, later, &outages, &[]), drain(Exit::Yes));
        let silent = "watching: time is up, and Consul has not answered yet for 1 target";
        assert_eq!(
            due(&shutdown, later, &outages, &[A]),
            Some((ShutdownMode::Drain, Err(silent.to_owned())))
        );
        outages.begin(A, OutageKind::Consul, now);
        assert_eq!(
            due(&shutdown, later, &outages, &[A]),
            drain(Exit::Unavailable)
        );
        outages.begin(A, OutageKind::Rights, now);
        assert_eq!(due(&shutdown, later, &outages, &[A]), drain(Exit::Denied));
    }

    #[test]
    fn one_fetch_ends_when_every_target_was_seen_or_cannot_be() {
        let (now, mut outages) = (Instant::now(), Outages::default());
        let shutdown = shutdown(now, |plan| plan.time = Some(Duration::ZERO));
        assert_eq!(shutdown.deadline(&outages), None);
        assert_eq!(due(&shutdown, now, &outages, &[A]), None);
        outages.begin(A, OutageKind::Consul, now);
        let end = due(&shutdown, now, &outages, &[A]);
        assert_eq!(end, Some((ShutdownMode::Drain, Ok(Exit::Unavailable))));
    }

    #[test]
    fn an_outage_that_lasts_too_long_stops_with_its_own_exit() {
        let (now, mut outages) = (Instant::now(), Outages::default());
        let shutdown = shutdown(now, |plan| plan.max_outage = Some(SECOND));
        assert_eq!(shutdown.deadline(&outages), None);
        outages.begin(A, OutageKind::Consul, now);
        assert_eq!(shutdown.deadline(&outages), Some(now + SECOND));
        assert_eq!(due(&shutdown, now, &outages, &[]), None);
        let message = "watching: Consul gave no usable answer for 1s".to_owned();
        let end = due(&shutdown, now + SECOND, &outages, &[]);
        assert_eq!(end, Some((ShutdownMode::Stop, Err(message))));
    }

    #[test]
    fn a_severer_shutdown_replaces_the_one_under_way_and_never_the_other_way() {
        let mut shutdown = shutdown(Instant::now(), |_| {});
        let begin = |shutdown: &mut Shutdown, mode, exit| shutdown.begin(mode, Ok(exit));
        let step = begin(&mut shutdown, ShutdownMode::Drain, Exit::Yes);
        assert_eq!(step, ShutdownStep::Begun);
        let step = begin(&mut shutdown, ShutdownMode::Finish, Exit::No);
        assert_eq!(step, ShutdownStep::Unchanged);
        let step = begin(&mut shutdown, ShutdownMode::Stop, Exit::Signal(15));
        assert_eq!(step, ShutdownStep::Escalated);
        assert_eq!(shutdown.take_ending().unwrap(), Exit::Signal(15));
    }

    #[test]
    fn a_count_that_is_not_reached_is_a_no_and_once_passes_the_first_failure_on() {
        let mut shutdown = shutdown(Instant::now(), |plan| {
            plan.count = Some(2);
            plan.pass_status = true;
        });
        assert!(!shutdown.count_batch(7));
        assert_eq!(shutdown.exit(Exit::Yes), Exit::No);
        assert!(shutdown.count_batch(8));
        assert_eq!(shutdown.exit(Exit::Yes), Exit::Child(7));
        assert_eq!(shutdown.exit(Exit::Signal(2)), Exit::Signal(2));
    }
}
