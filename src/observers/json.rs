//! Changes as lines of the published JSON on stdout, and with `--events all` all other events.

use std::io;
use std::time::{Instant, SystemTime};

use crate::handlers::{HandlerEvent, RunOutcome, RunReport};
use crate::model::{Batch, Change, TargetId};
use crate::output::json;
use crate::process::ChildStatus;
use crate::term::Ui;
use crate::watch::{
    Event, Flow, Observer, OutageCause, OutageKind, RouteId, WithheldChange, WithheldReason,
};

/// An observer that prints events as JSON lines.
pub struct JsonObserver<'a> {
    ui: &'a Ui,
    /// The names of the targets by id.
    targets: Vec<String>,
    /// The globs of the routes by id; `None` to print only changes.
    routes: Option<Vec<Option<String>>>,
}

impl<'a> JsonObserver<'a> {
    /// Creates an observer that prints changes to the stdout of `ui`.
    pub fn changes(ui: &'a Ui, targets: Vec<String>) -> Self {
        JsonObserver {
            ui,
            targets,
            routes: None,
        }
    }

    /// Creates an observer that prints all events; handlers are identified by their route.
    pub fn all(ui: &'a Ui, targets: Vec<String>, routes: Vec<Option<String>>) -> Self {
        JsonObserver {
            ui,
            targets,
            routes: Some(routes),
        }
    }

    fn target(&self, id: TargetId) -> &str {
        &self.targets[usize::from(id.0)]
    }

    fn print_changes(&self, changes: &[Change]) -> io::Result<()> {
        for change in changes {
            let target = self.target(change.target);
            json::write_line(self.ui, &json::Change::new(change, target))?;
        }
        self.ui.flush()
    }

    fn print(&self, event: &json::Event<'_>) -> io::Result<()> {
        json::write_line(self.ui, event)?;
        self.ui.flush()
    }

    fn convert<'e>(
        &'e self,
        event: &'e Event<'_>,
        routes: &'e [Option<String>],
        now: Instant,
    ) -> Option<json::Event<'e>> {
        let time = json::format_time(SystemTime::now());
        Some(match event {
            Event::Synced(summary) => json::Event::Synced {
                time,
                target: self.target(summary.target),
                index: summary.index.0,
                keys: summary.keys,
            },
            Event::Outage(id, cause) => outage(time, self.target(*id), cause),
            Event::Recovered(kind, lasted) => json::Event::Recovered {
                time,
                from: match kind {
                    OutageKind::Consul | OutageKind::Reset | OutageKind::Tls => "outage",
                    OutageKind::Rights => "rights_lost",
                },
                target: None,
                lasted_ms: Some(lasted.as_millis()),
            },
            Event::Withheld(id, change) => withheld(time, self.target(*id), change),
            Event::Handler(RouteId(route), event) => {
                let route = routes.get(*route).and_then(Option::as_deref);
                json::Event::Handler(handler(time, route, event, now)?)
            }
            // Printed as changes, or of no use to a program.
            Event::Changed(_)
            | Event::Present(..)
            | Event::Answered(_)
            | Event::WentBack(..)
            | Event::Unseen(..)
            | Event::UnmatchedGlob(_)
            | Event::Advice(..)
            | Event::Waiting(_)
            | Event::Leaving
            | Event::Left
            | Event::Saved(_) => return None,
        })
    }
}

impl Observer for JsonObserver<'_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        if let Event::Changed(changes) = event {
            self.print_changes(changes)?;
        } else if let Some(routes) = &self.routes {
            if let Some(event) = self.convert(event, routes, now) {
                self.print(&event)?;
            }
        }
        Ok(Flow::Continue)
    }

    fn wake(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        self.ui.check_reader()?;
        Ok(Flow::Continue)
    }
}

fn outage<'a>(time: String, target: &'a str, cause: &OutageCause) -> json::Event<'a> {
    let error = cause.to_string();
    let kind = match cause.kind() {
        OutageKind::Rights => {
            return json::Event::RightsLost {
                time,
                target,
                error: Some(error),
                keys: None,
            };
        }
        OutageKind::Consul | OutageKind::Tls => "consul",
        OutageKind::Reset => "reset",
    };
    json::Event::Outage {
        time,
        target,
        kind,
        error,
    }
}

fn withheld<'a>(time: String, target: &'a str, change: &'a WithheldChange) -> json::Event<'a> {
    match change {
        WithheldChange::Begun(WithheldReason::Hidden, keys) => json::Event::RightsLost {
            time,
            target,
            error: None,
            keys: Some(keys),
        },
        WithheldChange::Begun(reason, keys) => json::Event::HeldBack {
            time,
            target,
            reason: match reason {
                WithheldReason::HeldBack => "max_delete",
                WithheldReason::Hidden | WithheldReason::Unproven => "unproven",
            },
            keys,
        },
        WithheldChange::Ended(reason) => json::Event::Recovered {
            time,
            from: match reason {
                WithheldReason::Hidden => "rights_lost",
                WithheldReason::Unproven | WithheldReason::HeldBack => "held_back",
            },
            target: Some(target),
            lasted_ms: None,
        },
    }
}

fn handler<'a>(
    time: String,
    route: Option<&'a str>,
    event: &HandlerEvent,
    now: Instant,
) -> Option<json::HandlerEvent<'a>> {
    let with_batch = |state, batch: &Batch| json::HandlerEvent {
        time: time.clone(),
        state,
        route,
        reason: Some(json::reason_name(batch.reason)),
        changes: Some(batch.changes.len()),
        ..json::HandlerEvent::default()
    };
    Some(match event {
        HandlerEvent::Started(batch) => with_batch("started", batch),
        HandlerEvent::Dropped(batch) => with_batch("dropped", batch),
        HandlerEvent::Stopping(_) => json::HandlerEvent {
            time,
            state: "stopping",
            route,
            ..json::HandlerEvent::default()
        },
        HandlerEvent::Ended(report) if report.outcome == RunOutcome::Signalled => {
            with_batch("signalled", &report.batch)
        }
        HandlerEvent::Ended(report) => ended(with_batch("ended", &report.batch), report, now),
        HandlerEvent::Handled(_)
        | HandlerEvent::Paused(_)
        | HandlerEvent::Feedback(_)
        | HandlerEvent::Leave(_) => return None,
    })
}

fn ended<'a>(
    event: json::HandlerEvent<'a>,
    report: &RunReport,
    now: Instant,
) -> json::HandlerEvent<'a> {
    let retry = report.retry.map(|at| at.saturating_duration_since(now));
    json::HandlerEvent {
        success: Some(report.outcome == RunOutcome::Succeeded),
        exit: report.status.and_then(ChildStatus::exit_code),
        signal: report.status.and_then(ChildStatus::signal),
        error: report.error.as_ref().map(ToString::to_string),
        duration_ms: Some(report.took.as_millis()),
        retry_ms: retry.map(|time| time.as_millis()),
        ..event
    }
}
