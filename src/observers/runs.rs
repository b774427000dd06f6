//! A line per run on stderr: changed keys, result and duration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::warnings::{rounded, summarize};
use crate::handlers::{HandlerEvent, OnExit, RunOutcome, RunReport, StopReason};
use crate::model::{Batch, Change, Reason};
use crate::output::TimeFormat;
use crate::process::name_of_signal;
use crate::term::{Ui, plural};
use crate::watch::{Event, Flow, Observer, RouteId};

/// How long a handler may take to stop before that is said.
const STUBBORN: Duration = Duration::from_millis(400);

/// A service that exits with 0 within this time has probably moved to the background.
const DAEMON_START: Duration = Duration::from_secs(1);

/// An observer that reports runs of handlers.
pub struct Runs<'a> {
    ui: &'a Ui,
    /// The names of the routes; empty with a single handler.
    routes: Vec<String>,
    time: TimeFormat,
    /// How long a handler may take to stop.
    stop_timeout: Duration,
    /// The routes whose handlers were asked to stop because kvw ends, and when.
    stubborn: HashMap<usize, Instant>,
    /// The last handled batch of each route.
    handled: HashMap<usize, Arc<Batch>>,
}

impl<'a> Runs<'a> {
    /// Creates an observer that prints to the stderr of `ui`, with names if there are several routes.
    pub fn new(ui: &'a Ui, routes: Vec<String>, time: TimeFormat, stop_timeout: Duration) -> Self {
        Runs {
            ui,
            time,
            stop_timeout,
            stubborn: HashMap::new(),
            routes: if routes.len() > 1 { routes } else { Vec::new() },
            handled: HashMap::new(),
        }
    }

    fn ended(&mut self, route: usize, report: &RunReport, now: Instant) {
        self.stubborn.remove(&route);
        // Removed, because an initial batch may be large.
        let handled = self.handled.remove(&route);
        let handled = handled.is_some_and(|batch| Arc::ptr_eq(&batch, &report.batch));
        let line = format!("{}{}", self.lead(route), describe(report, handled, now));
        let ui = self.ui;
        match report.outcome {
            outcome if outcome.has_failed() || report.on_exit.is_some() => ui.warn(line),
            _ if report.left_behind > 0 => ui.warn(line),
            _ => ui.status(line),
        }
    }

    /// Returns what a line begins with: the time, and the name of the route.
    fn lead(&self, route: usize) -> String {
        let time = self.time.lead(SystemTime::now());
        match self.routes.get(route) {
            Some(name) => format!("{time}[{name}] "),
            None => time,
        }
    }
}

impl Observer for Runs<'_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        if let Event::Handler(RouteId(route), event) = event {
            match event {
                HandlerEvent::Handled(batch) => _ = self.handled.insert(*route, batch.clone()),
                HandlerEvent::Ended(report) => self.ended(*route, report, now),
                HandlerEvent::Dropped(batch) => self.ui.warn(format_args!(
                    "{}{}: dropped because the handler is busy",
                    self.lead(*route),
                    describe_batch(batch)
                )),
                HandlerEvent::Paused(signal) => self.ui.warn(format_args!(
                    "{}the handler was stopped by {}; it is continued",
                    self.lead(*route),
                    name_of_signal(*signal)
                )),
                HandlerEvent::Feedback(key) => self.ui.warn(format_args!(
                    "{}the handler seems to be run by what it writes itself ({key}); --exclude it",
                    self.lead(*route)
                )),
                HandlerEvent::Stopping(StopReason::Leaving) => {
                    self.stubborn.insert(*route, now);
                }
                HandlerEvent::Started(_) | HandlerEvent::Stopping(_) | HandlerEvent::Leave(_) => {}
            }
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Instant) -> anyhow::Result<Flow> {
        let is_due = |asked: &Instant| now >= *asked + STUBBORN;
        let (due, waiting): (HashMap<_, _>, HashMap<_, _>) = std::mem::take(&mut self.stubborn)
            .into_iter()
            .partition(|(_, asked)| is_due(asked));
        self.stubborn = waiting;
        for (route, asked) in due {
            let left = self
                .stop_timeout
                .saturating_sub(now.saturating_duration_since(asked));
            // Whole seconds: nobody reads more while waiting.
            let left = Duration::from_secs(left.as_secs_f64().round() as u64);
            let left = humantime::format_duration(left);
            self.ui.status(format_args!(
                "{}stopping the handler ({left}); Ctrl-C again kills it",
                self.lead(route)
            ));
        }
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Instant> {
        self.stubborn.values().map(|asked| *asked + STUBBORN).min()
    }
}

fn describe(report: &RunReport, handled: bool, now: Instant) -> String {
    let batch = describe_batch(&report.batch);
    let took = rounded(report.took);
    let left_behind = match report.left_behind {
        0 => String::new(),
        1 => "; 1 process it left behind was killed".to_owned(),
        many => format!("; {many} processes it left behind were killed"),
    };
    if let Some(on_exit) = report.on_exit {
        let ended = service_end(report, on_exit, handled, now);
        return format!("{batch}: {ended}{left_behind}");
    }
    let ended = match (report.outcome, report.status, &report.error) {
        (RunOutcome::Signalled, ..) => return format!("{batch}: signal sent to the handler"),
        (RunOutcome::Succeeded, ..) => return format!("{batch}: handled in {took}{left_behind}"),
        (_, _, Some(error)) => format!("the handler could not be started: {error}"),
        (RunOutcome::Stopped(StopReason::Superseded), ..) => {
            return format!("{batch}: stopped after {took} because of newer changes{left_behind}");
        }
        (RunOutcome::Stopped(StopReason::Leaving), ..) => format!("stopped after {took}"),
        (RunOutcome::Stopped(StopReason::TimedOut), ..) => {
            format!("the handler timed out and was stopped after {took}")
        }
        (RunOutcome::Stopped(StopReason::WantsTerminal), ..) => {
            "the handler was stopped: it wants the terminal, which it does not have".to_owned()
        }
        (RunOutcome::Failed, Some(status), _) => format!("the handler {status} after {took}"),
        (RunOutcome::Failed, None, _) => format!("the handler failed after {took}"),
    };
    let then = match report.retry {
        Some(retry) => format!(
            "retrying in {}",
            rounded(retry.saturating_duration_since(now))
        ),
        None if report.leaves => leaves(report),
        None if handled => "counted as handled".to_owned(),
        None => RETRIED.to_owned(),
    };
    format!("{batch}: {ended}{left_behind}; {then}")
}

const RETRIED: &str = "its changes will be retried with the next batch";

fn leaves(report: &RunReport) -> String {
    match report.error {
        None => "kvw exits with its status".to_owned(),
        Some(_) => format!("kvw exits with {}", report.code()),
    }
}

/// Describes the end of a service that leaves nothing running.
fn service_end(report: &RunReport, on_exit: OnExit, handled: bool, now: Instant) -> String {
    let took = rounded(report.took);
    let ended = match (report.outcome, report.status, &report.error) {
        (_, _, Some(error)) => format!("could not be started: {error}"),
        (RunOutcome::Stopped(StopReason::WantsTerminal), ..) => {
            "was stopped: it wants the terminal, which it does not have".to_owned()
        }
        (RunOutcome::Stopped(StopReason::TimedOut), ..) => {
            format!("timed out and was stopped after {took}")
        }
        (_, Some(status), _) => format!("{status} after {took}"),
        (_, None, _) => format!("ended after {took}"),
    };
    let then = match (on_exit, report.retry) {
        (OnExit::Exit, _) => leaves(report),
        (OnExit::Restart, Some(retry)) => {
            let pause = retry.saturating_duration_since(now);
            format!("restarting in {}", rounded(pause))
        }
        (OnExit::Restart | OnExit::Wait, _) if handled => "nothing runs now".to_owned(),
        (OnExit::Restart | OnExit::Wait, _) => format!("nothing runs now; {RETRIED}"),
    };
    let daemon = report.outcome == RunOutcome::Succeeded && report.took < DAEMON_START;
    let hint = if daemon {
        " (a service must stay in the foreground: kvw cannot stop one in the background)"
    } else {
        ""
    };
    format!("the service {ended}; {then}{hint}")
}

/// Returns the keys of a batch, or its reason and the number of keys.
fn describe_batch(batch: &Batch) -> String {
    let keys: Vec<&str> = batch.changes.iter().map(Change::key).collect();
    let count = plural(keys.len(), "key");
    match batch.reason {
        Reason::Initial => format!("initial run, {count}"),
        Reason::Manual => format!("manual run, {count}"),
        Reason::Retry if keys.is_empty() => "retry, 0 keys".to_owned(),
        Reason::Change | Reason::Retry | Reason::Apply => summarize(&keys),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::*;
    use crate::model::{Continuity, Entry, Fields, Index, TargetId};
    use crate::process::ChildStatus;

    fn batch(reason: Reason, keys: &[&str]) -> Arc<Batch> {
        let changes = keys.iter().map(|key| Change {
            target: TargetId(0),
            before: None,
            after: Some(Entry::pack(&Fields {
                key,
                ..Fields::default()
            })),
            index: Index(1),
            seen: SystemTime::UNIX_EPOCH,
            continuity: Continuity::Kept,
        });
        Arc::new(Batch {
            reason,
            changes: changes.collect(),
        })
    }

    fn report(outcome: RunOutcome, status: ChildStatus) -> RunReport {
        RunReport {
            batch: batch(Reason::Change, &["a", "b"]),
            outcome,
            status: Some(status),
            error: None,
            took: Duration::from_millis(12),
            retry: None,
            left_behind: 0,
            last: true,
            on_exit: None,
            leaves: false,
        }
    }

    #[test]
    fn a_batch_is_named_by_its_reason_or_its_first_keys() {
        assert_eq!(
            describe_batch(&batch(Reason::Initial, &[])),
            "initial run, 0 keys"
        );
        assert_eq!(
            describe_batch(&batch(Reason::Manual, &["a"])),
            "manual run, 1 key"
        );
        let many = batch(Reason::Retry, &["a", "b", "c", "d"]);
        assert_eq!(describe_batch(&many), "a, b, c and 1 more");
    }

    #[test]
    fn a_line_says_how_the_run_ended_and_what_that_means() {
        let now = Instant::now();
        let text = |report: &RunReport, handled| describe(report, handled, now);
        let done = report(RunOutcome::Succeeded, ChildStatus::Exited(0));
        assert_eq!(text(&done, true), "a, b: handled in 12ms");
        let failed = report(RunOutcome::Failed, ChildStatus::Exited(3));
        assert_eq!(
            text(&failed, false),
            "a, b: the handler exited with 3 after 12ms; its changes will be retried with the next batch"
        );
        assert_eq!(
            text(&failed, true),
            "a, b: the handler exited with 3 after 12ms; counted as handled"
        );
        let mut again = report(RunOutcome::Failed, ChildStatus::Killed(9));
        again.retry = Some(now + Duration::from_secs(2));
        assert_eq!(
            text(&again, false),
            "a, b: the handler died of SIGKILL after 12ms; retrying in 2.0s"
        );
        let slow = report(
            RunOutcome::Stopped(StopReason::TimedOut),
            ChildStatus::Killed(15),
        );
        assert_eq!(
            text(&slow, false),
            "a, b: the handler timed out and was stopped after 12ms; its changes will be retried with the next batch"
        );
        let mut unstarted = report(RunOutcome::Failed, ChildStatus::Unstarted(127));
        unstarted.error = Some(io::Error::other("no such file"));
        assert_eq!(
            text(&unstarted, false),
            "a, b: the handler could not be started: no such file; its changes will be retried with the next batch"
        );
        let superseded = report(
            RunOutcome::Stopped(StopReason::Superseded),
            ChildStatus::Killed(15),
        );
        assert_eq!(
            text(&superseded, true),
            "a, b: stopped after 12ms because of newer changes"
        );
    }
}
