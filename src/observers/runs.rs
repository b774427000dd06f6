//! One line a batch on stderr: what changed, how the handler ended, how long it took.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::warnings::{listed, rounded};
use crate::handlers::{HandlerEvent, OnExit, RunOutcome, RunReport, StopReason};
use crate::model::{Batch, Change, Reason};
use crate::process::name_of_signal;
use crate::term::Ui;
use crate::watch::{Event, Flow, Observer, RouteId};

/// A service that exits with 0 within this time has probably put itself into the background.
const DAEMON_START: Duration = Duration::from_secs(1);

/// Says how runs ended.
pub struct Runs<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    /// The routes' globs; empty where there is only one handler.
    routes: Vec<String>,
    /// What was handled last, by route.
    handled: HashMap<usize, Arc<Batch>>,
}

impl<'a, 'u> Runs<'a, 'u> {
    /// Says it here, with the routes' names where there are several.
    pub fn new(ui: &'a RefCell<&'u mut Ui>, routes: Vec<String>) -> Self {
        Runs {
            ui,
            routes: if routes.len() > 1 { routes } else { Vec::new() },
            handled: HashMap::new(),
        }
    }

    fn ended(&mut self, route: usize, report: &RunReport, now: Instant) {
        // Not kept any longer than that: an initial batch may be large.
        let handled = self.handled.remove(&route);
        let handled = handled.is_some_and(|batch| Arc::ptr_eq(&batch, &report.batch));
        let line = format!("{}{}", self.name(route), line(report, handled, now));
        let ui = self.ui.borrow();
        match report.outcome {
            outcome if outcome.has_failed() || report.on_exit.is_some() => ui.warn(line),
            _ if report.left_behind > 0 => ui.warn(line),
            _ => ui.status(line),
        }
    }

    fn name(&self, route: usize) -> String {
        let name = self.routes.get(route);
        name.map_or_else(String::new, |name| format!("[{name}] "))
    }
}

impl Observer for Runs<'_, '_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        if let Event::Handler(RouteId(route), told) = event {
            match told {
                HandlerEvent::Handled(batch) => _ = self.handled.insert(*route, batch.clone()),
                HandlerEvent::Ended(report) => self.ended(*route, report, now),
                HandlerEvent::Dropped(batch) => self.ui.borrow().warn(format_args!(
                    "{}{}: dropped, the handler is busy",
                    self.name(*route),
                    what(batch)
                )),
                HandlerEvent::Paused(signal) => self.ui.borrow().warn(format_args!(
                    "{}the handler was stopped by {}; it is continued",
                    self.name(*route),
                    name_of_signal(*signal)
                )),
                HandlerEvent::Feedback(key) => self.ui.borrow().warn(format_args!(
                    "{}the handler seems to be run by what it writes itself ({key}); --exclude it",
                    self.name(*route)
                )),
                HandlerEvent::Started(_) | HandlerEvent::Stopping(_) | HandlerEvent::Leave(_) => {}
            }
        }
        Ok(Flow::Continue)
    }
}

fn line(report: &RunReport, handled: bool, now: Instant) -> String {
    let what = what(&report.batch);
    let took = rounded(report.took);
    let left_behind = match report.left_behind {
        0 => String::new(),
        1 => "; 1 process it left behind was killed".to_owned(),
        many => format!("; {many} processes it left behind were killed"),
    };
    if let Some(on_exit) = report.on_exit {
        let ended = service_end(report, on_exit, now);
        return format!("{what}: {ended}{left_behind}");
    }
    let ended = match (report.outcome, report.status, &report.error) {
        (RunOutcome::Signalled, ..) => return format!("{what}: the handler was sent its signal"),
        (RunOutcome::Succeeded, ..) => return format!("{what}: handled in {took}{left_behind}"),
        (_, _, Some(error)) => format!("the handler could not be started: {error}"),
        (RunOutcome::Stopped(StopReason::Superseded), ..) => {
            return format!("{what}: stopped after {took} for what came since{left_behind}");
        }
        (RunOutcome::Stopped(StopReason::Leaving), ..) => format!("stopped after {took}"),
        (RunOutcome::Stopped(StopReason::TimedOut), ..) => {
            format!("the handler was stopped, it took longer than it may ({took})")
        }
        (RunOutcome::Stopped(StopReason::WantsTerminal), ..) => {
            "the handler was stopped: it wants the terminal, which it does not have".to_owned()
        }
        (RunOutcome::Failed, Some(status), _) => format!("the handler {status} after {took}"),
        (RunOutcome::Failed, None, _) => format!("the handler failed after {took}"),
    };
    let then = match report.retry {
        Some(retry) => format!("again in {}", rounded(retry.saturating_duration_since(now))),
        None if handled => "counted as handled".to_owned(),
        None => "its changes stay pending".to_owned(),
    };
    format!("{what}: {ended}{left_behind}; {then}")
}

/// Describes the end of a service that nobody asked for.
fn service_end(report: &RunReport, on_exit: OnExit, now: Instant) -> String {
    let status = report
        .status
        .map_or_else(|| "ended".to_owned(), |status| status.to_string());
    let then = match (on_exit, report.retry) {
        (OnExit::Exit, _) => "kvw ends with its status".to_owned(),
        (OnExit::Restart, Some(retry)) => {
            format!("again in {}", rounded(retry.saturating_duration_since(now)))
        }
        (OnExit::Restart | OnExit::Wait, _) => "nothing runs now".to_owned(),
    };
    let daemon = report.outcome == RunOutcome::Succeeded && report.took < DAEMON_START;
    let hint = if daemon {
        " (a service must stay in the foreground: one that puts itself into the background is lost to kvw)"
    } else {
        ""
    };
    format!(
        "the service {status} after {}; {then}{hint}",
        rounded(report.took)
    )
}

/// What a batch is about.
fn what(batch: &Batch) -> String {
    let keys: Vec<&str> = batch.changes.iter().map(Change::key).collect();
    let count = match keys.len() {
        0 => "no keys".to_owned(),
        1 => "1 key".to_owned(),
        many => format!("{many} keys"),
    };
    match batch.reason {
        Reason::Initial => format!("initial run, {count}"),
        Reason::Manual => format!("run asked for, {count}"),
        Reason::Retry if keys.is_empty() => "run again, no keys".to_owned(),
        Reason::Change | Reason::Retry => listed(&keys),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::{Duration, SystemTime};

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
        }
    }

    #[test]
    fn a_batch_is_named_by_its_reason_or_its_first_keys() {
        assert_eq!(what(&batch(Reason::Initial, &[])), "initial run, no keys");
        assert_eq!(what(&batch(Reason::Manual, &["a"])), "run asked for, 1 key");
        let many = batch(Reason::Retry, &["a", "b", "c", "d"]);
        assert_eq!(what(&many), "a, b, c and 1 more");
    }

    #[test]
    fn a_line_says_how_the_run_ended_and_what_that_means() {
        let now = Instant::now();
        let said = |report: &RunReport, handled| line(report, handled, now);
        let done = report(RunOutcome::Succeeded, ChildStatus::Exited(0));
        assert_eq!(said(&done, true), "a, b: handled in 12ms");
        let failed = report(RunOutcome::Failed, ChildStatus::Exited(3));
        assert_eq!(
            said(&failed, false),
            "a, b: the handler exited with 3 after 12ms; its changes stay pending"
        );
        assert_eq!(
            said(&failed, true),
            "a, b: the handler exited with 3 after 12ms; counted as handled"
        );
        let mut again = report(RunOutcome::Failed, ChildStatus::Killed(9));
        again.retry = Some(now + Duration::from_secs(2));
        assert_eq!(
            said(&again, false),
            "a, b: the handler died of SIGKILL after 12ms; again in 2.0s"
        );
        let slow = report(
            RunOutcome::Stopped(StopReason::TimedOut),
            ChildStatus::Killed(15),
        );
        assert_eq!(
            said(&slow, false),
            "a, b: the handler was stopped, it took longer than it may (12ms); its changes stay pending"
        );
        let mut unstarted = report(RunOutcome::Failed, ChildStatus::Unstarted(127));
        unstarted.error = Some(io::Error::other("no such file"));
        assert_eq!(
            said(&unstarted, false),
            "a, b: the handler could not be started: no such file; its changes stay pending"
        );
        let superseded = report(
            RunOutcome::Stopped(StopReason::Superseded),
            ChildStatus::Killed(15),
        );
        assert_eq!(
            said(&superseded, true),
            "a, b: stopped after 12ms for what came since"
        );
    }
}
