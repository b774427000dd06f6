//! Changes as lines of the published JSON on stdout, and with `--events all` whatever else happens.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::{Instant, SystemTime};

use crate::model::{Batch, Change, TargetId};
use crate::output::{events, json};
use crate::term::Ui;
use crate::watch::{
    Event, Flow, Notice, Observer, OutageKind, Outcome, Report, Status, Told, Trouble, Why,
};

/// Prints lines as things happen.
pub struct Jsonl<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    /// The targets' names in the order of their ids.
    targets: Vec<String>,
    /// The routes' globs in their order; `None` prints changes alone.
    all: Option<Vec<Option<String>>>,
}

impl<'a, 'u> Jsonl<'a, 'u> {
    /// Prints changes to this stdout.
    pub fn changes(ui: &'a RefCell<&'u mut Ui>, targets: Vec<String>) -> Self {
        let all = None;
        Jsonl { ui, targets, all }
    }

    /// Prints all that happens; handlers are named by their routes.
    pub fn all(
        ui: &'a RefCell<&'u mut Ui>,
        targets: Vec<String>,
        routes: Vec<Option<String>>,
    ) -> Self {
        let all = Some(routes);
        Jsonl { ui, targets, all }
    }

    fn target(&self, id: TargetId) -> &str {
        &self.targets[usize::from(id.0)]
    }

    fn changed(&self, changes: &[Change]) -> io::Result<()> {
        let mut ui = self.ui.borrow_mut();
        let out = ui.out();
        for change in changes {
            json::line(out, &json::Change::new(change, self.target(change.target)))?;
        }
        out.flush()
    }

    fn line(&self, event: &events::Event<'_>) -> io::Result<()> {
        let mut ui = self.ui.borrow_mut();
        let out = ui.out();
        json::line(out, event)?;
        out.flush()
    }

    fn other<'e>(
        &'e self,
        event: &'e Event<'_>,
        routes: &'e [Option<String>],
        now: Instant,
    ) -> Option<events::Event<'e>> {
        let time = json::time(SystemTime::now());
        Some(match event {
            Event::Synced(account) => events::Event::Synced {
                time,
                target: self.target(account.target),
                index: account.index.0,
                keys: account.keys,
            },
            Event::Outage(id, trouble) => outage(time, self.target(*id), trouble),
            Event::Recovered(kind, lasted) => events::Event::Recovered {
                time,
                from: match kind {
                    OutageKind::Consul | OutageKind::Reset => "outage",
                    OutageKind::Rights => "rights_lost",
                },
                target: None,
                lasted_ms: Some(lasted.as_millis()),
            },
            Event::Withheld(id, notice) => withheld(time, self.target(*id), notice),
            Event::Handler { route, told } => {
                let route = routes.get(*route).and_then(Option::as_deref);
                events::Event::Handler(handler(time, route, told, now)?)
            }
            _ => return None,
        })
    }
}

impl Observer for Jsonl<'_, '_> {
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

fn outage<'a>(time: String, target: &'a str, trouble: &Trouble) -> events::Event<'a> {
    let error = trouble.to_string();
    let kind = match trouble.kind() {
        OutageKind::Rights => {
            return events::Event::RightsLost {
                time,
                target,
                error: Some(error),
                keys: None,
            };
        }
        OutageKind::Consul => "consul",
        OutageKind::Reset => "reset",
    };
    events::Event::Outage {
        time,
        target,
        kind,
        error,
    }
}

fn withheld<'a>(time: String, target: &'a str, notice: &'a Notice) -> events::Event<'a> {
    match notice {
        Notice::Begun(Why::Hidden, keys) => events::Event::RightsLost {
            time,
            target,
            error: None,
            keys: Some(keys),
        },
        Notice::Begun(why, keys) => events::Event::HeldBack {
            time,
            target,
            reason: match why {
                Why::HeldBack => "max_delete",
                Why::Hidden | Why::Unproven => "unproven",
            },
            keys,
        },
        Notice::Ended(why) => events::Event::Recovered {
            time,
            from: match why {
                Why::Hidden => "rights_lost",
                Why::Unproven | Why::HeldBack => "held_back",
            },
            target: Some(target),
            lasted_ms: None,
        },
    }
}

fn handler<'a>(
    time: String,
    route: Option<&'a str>,
    told: &Told,
    now: Instant,
) -> Option<events::Handler<'a>> {
    let of = |state, batch: &Batch| events::Handler {
        time: time.clone(),
        state,
        route,
        reason: Some(json::reason(batch.reason)),
        changes: Some(batch.changes.len()),
        ..events::Handler::default()
    };
    Some(match told {
        Told::Started(batch) => of("started", batch),
        Told::Dropped(batch) => of("dropped", batch),
        Told::Stopping(_) => events::Handler {
            time,
            state: "stopping",
            route,
            ..events::Handler::default()
        },
        Told::Ended(report) if report.outcome == Outcome::Signalled => {
            of("signalled", &report.batch)
        }
        Told::Ended(report) => ended(of("ended", &report.batch), report, now),
        Told::Handled(_) | Told::Leave(_) => return None,
    })
}

fn ended<'a>(event: events::Handler<'a>, report: &Report, now: Instant) -> events::Handler<'a> {
    let retry = report.retry.map(|at| at.saturating_duration_since(now));
    events::Handler {
        success: Some(report.outcome == Outcome::Succeeded),
        exit: match report.status {
            Some(Status::Exited(code)) => Some(code),
            _ => None,
        },
        signal: match report.status {
            Some(Status::Killed(signal)) => Some(signal),
            _ => None,
        },
        error: report.error.as_ref().map(ToString::to_string),
        duration_ms: Some(report.took.as_millis()),
        retry_ms: retry.map(|time| time.as_millis()),
        ..event
    }
}
