//! `--status-file`: how the watch stands, as JSON, replaced as a whole.

mod lag;

use std::cell::RefCell;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use self::lag::{Lag, Lags};
use crate::handlers::{HandlerEvent, RunOutcome, RunReport};
use crate::model::{Change, TargetId};
use crate::output::json;
use crate::process::ChildStatus;
use crate::term::Ui;
use crate::watch::{
    AnswerSummary, Event, Flow, Observer, OutageCause, OutageKind, RouteId, WaitingChanges,
    WithheldReason,
};

/// Between two writes: constant news must not wear out a disk.
const PAUSE: Duration = Duration::from_millis(100);

/// Names of withheld keys that are listed of many.
const LISTED: usize = 100;

/// Keeps a file up to date.
pub struct StatusFile<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    path: PathBuf,
    page: Page,
    lags: Vec<Lags>,
    changed: bool,
    /// When it was last written.
    written: Instant,
    failing: bool,
}

/// What the file says. It only ever grows.
#[derive(Debug, Serialize)]
struct Page {
    version: &'static str,
    pid: u32,
    /// `starting` until every target was seen, then `watching`, `leaving`, `ended`.
    state: &'static str,
    started: String,
    updated: String,
    targets: Vec<TargetStatus>,
    last_change: Option<LastChange>,
    handlers: Vec<HandlerStatus>,
    /// Whether all that was handled is in the state file; null without one that ever failed.
    saved: Option<bool>,
}

#[derive(Debug, Serialize)]
struct TargetStatus {
    target: String,
    /// Since when every query was answered; null in an outage.
    connected_since: Option<String>,
    last_contact: Option<String>,
    index: Option<u64>,
    keys: Option<usize>,
    outage: Option<Outage>,
    withheld: WithheldKeys,
}

#[derive(Debug, Serialize)]
struct Outage {
    kind: &'static str,
    since: String,
    error: String,
}

/// Keys that are no longer listed and not reported as deleted.
#[derive(Debug, Default, Serialize)]
struct WithheldKeys {
    hidden: usize,
    unproven: usize,
    held_back: usize,
    /// The first of them.
    keys: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LastChange {
    time: String,
    target: String,
    event: &'static str,
    key: String,
}

#[derive(Debug, Default, Serialize)]
struct HandlerStatus {
    /// The glob of its route; null where it takes the rest or all.
    route: Option<String>,
    running: bool,
    /// Changes that wait for a run.
    waiting: usize,
    runs: u64,
    failures: u64,
    last: Option<LastRun>,
    /// From the answer that brought a change to the start of its run.
    lag_ms: Option<Lag>,
}

#[derive(Debug, Serialize)]
struct LastRun {
    ended: String,
    reason: &'static str,
    changes: usize,
    success: bool,
    exit: Option<i32>,
    signal: Option<i32>,
    error: Option<String>,
    duration_ms: u128,
}

impl<'a, 'u> StatusFile<'a, 'u> {
    /// Writes the first page.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(
        ui: &'a RefCell<&'u mut Ui>,
        path: &Path,
        targets: Vec<String>,
        routes: Vec<Option<String>>,
        now: Instant,
    ) -> io::Result<Self> {
        let time = json::format_time(SystemTime::now());
        let lags = routes.iter().map(|_| Lags::default()).collect();
        let handlers = routes.into_iter().map(|route| HandlerStatus {
            route,
            ..HandlerStatus::default()
        });
        let page = Page {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            state: "starting",
            started: time.clone(),
            updated: time,
            targets: targets.into_iter().map(TargetStatus::unseen).collect(),
            last_change: None,
            handlers: handlers.collect(),
            saved: None,
        };
        let mut file = StatusFile {
            ui,
            path: path.to_owned(),
            page,
            lags,
            changed: false,
            written: now,
            failing: false,
        };
        file.write()?;
        Ok(file)
    }

    fn note(&mut self, event: &Event<'_>, now: SystemTime) {
        match event {
            Event::Answered(summary) => self.answered(summary),
            Event::Unseen(id, trouble) => self.target(*id).lost(trouble, now),
            Event::Changed(changes) => self.changed(changes),
            Event::Waiting(WaitingChanges {
                route: RouteId(route),
                changes,
                ..
            }) => {
                self.page.handlers[*route].waiting = *changes;
            }
            Event::Handler(RouteId(route), told) => self.handler(*route, told, now),
            Event::Saved(failure) => self.page.saved = Some(failure.is_none()),
            Event::Leaving => self.page.state = "leaving",
            Event::Left => self.page.state = "ended",
            _ => return,
        }
        self.changed = true;
    }

    fn answered(&mut self, summary: &AnswerSummary) {
        self.target(summary.target).answered(summary);
        let seen = self
            .page
            .targets
            .iter()
            .all(|target| target.index.is_some());
        if seen && self.page.state == "starting" {
            self.page.state = "watching";
        }
    }

    fn changed(&mut self, changes: &[Change]) {
        if let Some(last) = changes.last() {
            let target = &self.page.targets[usize::from(last.target.0)];
            self.page.last_change = Some(LastChange {
                time: json::format_time(last.seen),
                target: target.target.clone(),
                event: json::event_name(last.kind()),
                key: last.key().to_owned(),
            });
        }
    }

    fn handler(&mut self, route: usize, told: &HandlerEvent, now: SystemTime) {
        let handler = &mut self.page.handlers[route];
        match told {
            HandlerEvent::Started(batch) => {
                handler.running = true;
                handler.waiting = 0;
                let first = batch.changes.iter().map(|change| change.seen).min();
                if let Some(lag) = first.and_then(|seen| now.duration_since(seen).ok()) {
                    self.lags[route].add(lag);
                    handler.lag_ms = self.lags[route].lag();
                }
            }
            HandlerEvent::Ended(report) if report.outcome != RunOutcome::Signalled => {
                handler.running = false;
                handler.runs += 1;
                let last = LastRun::of(report, now);
                handler.failures += u64::from(!last.success);
                handler.last = Some(last);
            }
            _ => {}
        }
    }

    fn target(&mut self, id: TargetId) -> &mut TargetStatus {
        &mut self.page.targets[usize::from(id.0)]
    }

    /// Replaces the file, and says once if that fails.
    fn refresh(&mut self, now: Instant) {
        self.changed = false;
        self.written = now;
        let failed = self.write().err();
        if let (Some(error), false) = (&failed, self.failing) {
            let path = self.path.display();
            let ui = self.ui.borrow();
            ui.warn(format_args!(
                "the status file {path} cannot be written: {error}; trying again"
            ));
        }
        self.failing = failed.is_some();
    }

    fn write(&mut self) -> io::Result<()> {
        self.page.updated = json::format_time(SystemTime::now());
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // It names keys and shows no values: for monitoring to read, as far as the umask lets it.
        let mut file = tempfile::Builder::new()
            .prefix(".kvw-status")
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(folder)?;
        json::write_line(&mut file, &self.page)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl TargetStatus {
    fn unseen(target: String) -> Self {
        TargetStatus {
            target,
            connected_since: None,
            last_contact: None,
            index: None,
            keys: None,
            outage: None,
            withheld: WithheldKeys::default(),
        }
    }

    fn answered(&mut self, summary: &AnswerSummary) {
        let at = json::format_time(summary.at);
        self.connected_since.get_or_insert_with(|| at.clone());
        self.last_contact = Some(at);
        self.index = Some(summary.index.0);
        self.keys = Some(summary.keys);
        self.outage = None;
        let count = |why| {
            let withheld = summary.withheld.iter();
            withheld.filter(|(_, other)| *other == why).count()
        };
        let names = summary.withheld.iter().take(LISTED);
        self.withheld = WithheldKeys {
            hidden: count(WithheldReason::Hidden),
            unproven: count(WithheldReason::Unproven),
            held_back: count(WithheldReason::HeldBack),
            keys: names.map(|(key, _)| key.clone()).collect(),
        };
    }

    fn lost(&mut self, trouble: &OutageCause, now: SystemTime) {
        let kind = match trouble.kind() {
            OutageKind::Consul => "consul",
            OutageKind::Rights => "rights",
            OutageKind::Reset => "reset",
        };
        self.connected_since = None;
        if self
            .outage
            .as_ref()
            .is_none_or(|outage| outage.kind != kind)
        {
            self.outage = Some(Outage {
                kind,
                since: json::format_time(now),
                error: trouble.to_string(),
            });
        }
    }
}

impl LastRun {
    fn of(report: &RunReport, now: SystemTime) -> Self {
        LastRun {
            ended: json::format_time(now),
            reason: json::reason_name(report.batch.reason),
            changes: report.batch.changes.len(),
            success: report.outcome == RunOutcome::Succeeded,
            exit: match report.status {
                Some(ChildStatus::Exited(code)) => Some(code),
                _ => None,
            },
            signal: match report.status {
                Some(ChildStatus::Killed(signal)) => Some(signal),
                _ => None,
            },
            error: report.error.as_ref().map(ToString::to_string),
            duration_ms: report.took.as_millis(),
        }
    }
}

impl Observer for StatusFile<'_, '_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        self.note(event, SystemTime::now());
        if matches!(event, Event::Left) {
            self.refresh(now);
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Instant) -> anyhow::Result<Flow> {
        self.refresh(now);
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Instant> {
        // What could not be written is tried again with the next news.
        self.changed.then(|| self.written + PAUSE)
    }
}
