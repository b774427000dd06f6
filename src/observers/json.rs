//! Changes as lines of the published JSON on stdout, and with `--events all` whatever else happens.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::{Instant, SystemTime};

use crate::handlers::{HandlerEvent, RunOutcome, RunReport};
use crate::model::{Batch, Change, TargetId};
use crate::output::json;
use crate::process::ChildStatus;
use crate::term::Ui;
use crate::watch::{
    Event, Flow, Observer, OutageCause, OutageKind, RouteId, WithheldChange, WithheldReason,
};

/// Prints lines as things happen.
pub struct JsonObserver<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    /// The targets' names in the order of their ids.
    targets: Vec<String>,
    /// The routes' globs in their order; `None` prints changes alone.
    all: Option<Vec<Option<String>>>,
}

impl<'a, 'u> JsonObserver<'a, 'u> {
    /// Prints changes to this stdout.
    pub fn changes(ui: &'a RefCell<&'u mut Ui>, targets: Vec<String>) -> Self {
        let all = None;
        JsonObserver { ui, targets, all }
    }

    /// Prints all that happens; handlers are named by their routes.
    pub fn all(
        ui: &'a RefCell<&'u mut Ui>,
        targets: Vec<String>,
        routes: Vec<Option<String>>,
    ) -> Self {
        let all = Some(routes);
        JsonObserver { ui, targets, all }
    }

    fn target(&self, id: TargetId) -> &str {
        &self.targets[usize::from(id.0)]
    }

    fn changed(&self, changes: &[Change]) -> io::Result<()> {
        let mut ui = self.ui.borrow_mut();
        let out = ui.out();
        for change in changes {
            json::write_line(out, &json::Change::new(change, self.target(change.target)))?;
        }
        out.flush()
    }

    fn line(&self, event: &json::Event<'_>) -> io::Result<()> {
        let mut ui = self.ui.borrow_mut();
        let out = ui.out();
        json::write_line(out, event)?;
        out.flush()
    }

    fn other<'e>(
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
            Event::Outage(id, trouble) => outage(time, self.target(*id), trouble),
            Event::Recovered(kind, lasted) => json::Event::Recovered {
                time,
                from: match kind {
                    OutageKind::Consul | OutageKind::Reset => "outage",
                    OutageKind::Rights => "rights_lost",
                },
                target: None,
                lasted_ms: Some(lasted.as_millis()),
            },
            Event::Withheld(id, notice) => withheld(time, self.target(*id), notice),
            Event::Handler(RouteId(route), told) => {
                let route = routes.get(*route).and_then(Option::as_deref);
                json::Event::Handler(handler(time, route, told, now)?)
            }
            _ => return None,
        })
    }
}

impl Observer for JsonObserver<'_, '_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        if let Event::Changed(changes) = event {
            self.changed(changes)?;
        } else if let Some(routes) = &self.all {
            if let Some(event) = self.other(event, routes, now) {
                self.line(&event)?;
            }
        }
        Ok(Flow::Continue)
    }
}

fn outage<'a>(time: String, target: &'a str, trouble: &OutageCause) -> json::Event<'a> {
    let error = trouble.to_string();
    let kind = match trouble.kind() {
        OutageKind::Rights => {
            return json::Event::RightsLost {
                time,
                target,
                error: Some(error),
                keys: None,
            };
        }
        OutageKind::Consul => "consul",
        OutageKind::Reset => "reset",
    };
    json::Event::Outage {
        time,
        target,
        kind,
        error,
    }
}

fn withheld<'a>(time: String, target: &'a str, notice: &'a WithheldChange) -> json::Event<'a> {
    match notice {
        WithheldChange::Begun(WithheldReason::Hidden, keys) => json::Event::RightsLost {
            time,
            target,
            error: None,
            keys: Some(keys),
        },
        WithheldChange::Begun(why, keys) => json::Event::HeldBack {
            time,
            target,
            reason: match why {
                WithheldReason::HeldBack => "max_delete",
                WithheldReason::Hidden | WithheldReason::Unproven => "unproven",
            },
            keys,
        },
        WithheldChange::Ended(why) => json::Event::Recovered {
            time,
            from: match why {
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
    told: &HandlerEvent,
    now: Instant,
) -> Option<json::HandlerEvent<'a>> {
    let of = |state, batch: &Batch| json::HandlerEvent {
        time: time.clone(),
        state,
        route,
        reason: Some(json::reason_name(batch.reason)),
        changes: Some(batch.changes.len()),
        ..json::HandlerEvent::default()
    };
    Some(match told {
        HandlerEvent::Started(batch) => of("started", batch),
        HandlerEvent::Dropped(batch) => of("dropped", batch),
        HandlerEvent::Stopping(_) => json::HandlerEvent {
            time,
            state: "stopping",
            route,
            ..json::HandlerEvent::default()
        },
        HandlerEvent::Ended(report) if report.outcome == RunOutcome::Signalled => {
            of("signalled", &report.batch)
        }
        HandlerEvent::Ended(report) => ended(of("ended", &report.batch), report, now),
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
        exit: match report.status {
            Some(ChildStatus::Exited(code)) => Some(code),
            _ => None,
        },
        signal: match report.status {
            Some(ChildStatus::Killed(signal)) => Some(signal),
            _ => None,
        },
        error: report.error.as_ref().map(ToString::to_string),
        duration_ms: Some(report.took.as_millis()),
        retry_ms: retry.map(|time| time.as_millis()),
        ..event
    }
}
