//! `--explain`: a line per wake-up and its result on stderr.

use std::time::{Instant, SystemTime};

use super::warnings::rounded;
use crate::handlers::{HandlerEvent, StopReason};
use crate::model::{Index, Target, TargetId};
use crate::output::json;
use crate::process::name_of_signal;
use crate::term::{Ui, plural};
use crate::watch::{AnswerSummary, Event, Flow, Observer, RouteId, WaitingChanges, WithheldReason};

/// An observer that explains each wake-up.
pub struct Explain<'a> {
    ui: &'a Ui,
    names: Names,
}

/// The names of targets and routes.
struct Names {
    targets: Vec<Target>,
    routes: Vec<String>,
}

impl<'a> Explain<'a> {
    /// Creates an observer that prints to the stderr of `ui`, with the names of routes if there are
    /// several.
    pub fn new(ui: &'a Ui, targets: Vec<Target>, routes: Vec<String>) -> Self {
        let names = Names { targets, routes };
        Explain { ui, names }
    }
}

impl Observer for Explain<'_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        if let Some(line) = self.names.describe(event) {
            let time = json::format_time(SystemTime::now());
            self.ui.status(format_args!("{time} {line}"));
        }
        Ok(Flow::Continue)
    }
}

impl Names {
    fn describe(&self, event: &Event<'_>) -> Option<String> {
        Some(match event {
            Event::Answered(summary) => {
                let what = describe_answer(summary);
                let indexes = describe_indexes(summary.since, summary.index);
                format!("{}: {indexes}: {what}", self.target(summary.target))
            }
            Event::WentBack(id, since, index) => format!(
                "{}: index went back from {since} to {index}: reading everything again",
                self.target(*id)
            ),
            Event::Unseen(id, cause) => {
                format!("{}: cannot be read: {cause}", self.target(*id))
            }
            Event::Waiting(WaitingChanges {
                route: RouteId(route),
                changes,
                busy,
            }) => {
                let reason = if *busy {
                    "waiting for the running handler"
                } else {
                    "waiting for --debounce"
                };
                format!(
                    "{}{} {reason}",
                    self.route(*route),
                    plural(*changes, "change")
                )
            }
            Event::Handler(RouteId(route), event) => {
                format!("{}{}", self.route(*route), describe_handler(event))
            }
            Event::Leaving => "shutting down".to_owned(),
            // Other observers tell of these.
            Event::Present(..)
            | Event::Synced(_)
            | Event::Changed(_)
            | Event::Outage(..)
            | Event::Recovered(..)
            | Event::Withheld(..)
            | Event::UnmatchedGlob(_)
            | Event::Advice(..)
            | Event::Left
            | Event::Saved(_) => return None,
        })
    }

    fn target(&self, id: TargetId) -> String {
        self.targets[usize::from(id.0)].scope.to_string()
    }

    fn route(&self, index: usize) -> String {
        match self.routes.get(index) {
            Some(name) if self.routes.len() > 1 => format!("handler [{name}]: "),
            _ => "handler: ".to_owned(),
        }
    }
}

fn describe_indexes(since: Option<Index>, index: Index) -> String {
    match since {
        Some(since) => format!("index {since} → {index}"),
        None => format!("full read, index {index}"),
    }
}

fn describe_answer(summary: &AnswerSummary) -> String {
    let mut parts = Vec::new();
    if summary.changes > 0 {
        parts.push(plural(summary.changes, "change"));
    }
    if summary.left_out > 0 {
        parts.push(format!(
            "{} excluded by filters or reported for another target",
            summary.left_out
        ));
    }
    if summary.proven > 0 {
        parts.push(format!("{} proven", plural(summary.proven, "delete")));
    }
    for (reason, text) in [
        (WithheldReason::Hidden, "hidden by lost permissions"),
        (WithheldReason::Unproven, "missing, not proven deleted"),
        (WithheldReason::HeldBack, "held back by --max-delete"),
    ] {
        let withheld = summary.withheld.iter();
        let count = withheld.filter(|(_, other)| *other == reason).count();
        if count > 0 {
            parts.push(format!("{} {text}", plural(count, "key")));
        }
    }
    if parts.is_empty() {
        return match summary.since {
            Some(_) => "no changes".to_owned(),
            None => format!("{}, nothing to report", plural(summary.keys, "key")),
        };
    }
    parts.join(", ")
}

fn describe_handler(event: &HandlerEvent) -> String {
    match event {
        HandlerEvent::Started(batch) => format!(
            "started with {}, reason {}",
            plural(batch.changes.len(), "change"),
            json::reason_name(batch.reason)
        ),
        HandlerEvent::Stopping(StopReason::Superseded) => {
            "being stopped because of newer changes".to_owned()
        }
        HandlerEvent::Stopping(StopReason::TimedOut) => {
            "being stopped after --handler-timeout".to_owned()
        }
        HandlerEvent::Stopping(StopReason::WantsTerminal) => {
            "being stopped because it needs a terminal".to_owned()
        }
        HandlerEvent::Stopping(StopReason::Leaving) => "being stopped for shutdown".to_owned(),
        HandlerEvent::Handled(batch) => {
            format!("{} handled", plural(batch.changes.len(), "change"))
        }
        HandlerEvent::Dropped(batch) => format!(
            "{} dropped because the handler is busy",
            plural(batch.changes.len(), "change")
        ),
        HandlerEvent::Ended(report) => match (report.status, &report.error) {
            (_, Some(error)) => format!("could not be started: {error}"),
            (Some(status), _) => format!("{status} after {}", rounded(report.took)),
            (None, None) => "signal sent".to_owned(),
        },
        HandlerEvent::Paused(signal) => {
            format!("stopped by {}, continued", name_of_signal(*signal))
        }
        HandlerEvent::Feedback(key) => format!("probably triggered by its own write of {key}"),
        HandlerEvent::Leave(code) => format!("kvw exits with its status {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Prefix;
    use crate::model::TargetScope;

    fn summary() -> AnswerSummary {
        AnswerSummary {
            target: TargetId(0),
            since: Some(Index(41)),
            index: Index(42),
            keys: 3,
            last_contact: None,
            changes: 0,
            left_out: 0,
            proven: 0,
            withheld: Vec::new(),
            place: 0,
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn text(event: &Event<'_>) -> String {
        let target = Target {
            id: TargetId(0),
            scope: TargetScope::Prefix(Prefix::new("config/")),
        };
        let names = Names {
            targets: vec![target],
            routes: vec!["a/*".to_owned(), "rest".to_owned()],
        };
        names.describe(event).unwrap()
    }

    #[test]
    fn an_answer_is_explained_by_its_indexes_and_its_changes() {
        let answer = |summary| text(&Event::Answered(&summary));
        assert_eq!(
            answer(summary()),
            "prefix config/: index 41 → 42: no changes"
        );
        assert_eq!(
            answer(AnswerSummary {
                since: None,
                ..summary()
            }),
            "prefix config/: full read, index 42: 3 keys, nothing to report"
        );
        assert_eq!(
            answer(AnswerSummary {
                changes: 2,
                left_out: 1,
                proven: 1,
                withheld: vec![("config/x".to_owned(), WithheldReason::HeldBack)],
                ..summary()
            }),
            "prefix config/: index 41 → 42: 2 changes, 1 excluded by filters or reported for \
             another target, 1 delete proven, 1 key held back by --max-delete"
        );
    }

    #[test]
    fn waiting_changes_are_explained_by_the_reason() {
        let waiting = |busy| {
            text(&Event::Waiting(WaitingChanges {
                route: RouteId(1),
                changes: 1,
                busy,
            }))
        };
        assert_eq!(
            waiting(false),
            "handler [rest]: 1 change waiting for --debounce"
        );
        assert_eq!(
            waiting(true),
            "handler [rest]: 1 change waiting for the running handler"
        );
    }
}
