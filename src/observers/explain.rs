//! `--explain`: each wake-up and what became of it, in one line each on stderr.

use std::cell::RefCell;
use std::time::{Instant, SystemTime};

use super::warnings::rounded;
use crate::handlers::{HandlerEvent, StopReason};
use crate::model::{Index, Target, TargetId};
use crate::output::json;
use crate::process::name_of_signal;
use crate::term::Ui;
use crate::watch::{AnswerSummary, Event, Flow, Observer, RouteId, WaitingChanges, WithheldReason};

/// Explains.
pub struct Explain<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    words: Words,
}

/// What targets and handlers are called.
struct Words {
    targets: Vec<Target>,
    routes: Vec<String>,
}

impl<'a, 'u> Explain<'a, 'u> {
    /// Explains here; handlers are called by their routes where there are several.
    pub fn new(ui: &'a RefCell<&'u mut Ui>, targets: Vec<Target>, routes: Vec<String>) -> Self {
        let words = Words { targets, routes };
        Explain { ui, words }
    }
}

impl Observer for Explain<'_, '_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        if let Some(line) = self.words.line(event) {
            let time = json::format_time(SystemTime::now());
            self.ui.borrow().status(format_args!("{time} {line}"));
        }
        Ok(Flow::Continue)
    }
}

impl Words {
    fn line(&self, event: &Event<'_>) -> Option<String> {
        Some(match event {
            Event::Answered(summary) => {
                let what = became(summary);
                let indexes = indexes(summary.since, summary.index);
                format!("{}: {indexes}: {what}", self.target(summary.target))
            }
            Event::WentBack(id, since, index) => format!(
                "{}: index {since} went back to {index}: looking again from the start",
                self.target(*id)
            ),
            Event::Unseen(id, trouble) => {
                format!("{}: cannot be seen: {trouble}", self.target(*id))
            }
            Event::Waiting(WaitingChanges {
                route: RouteId(route),
                changes,
                busy,
            }) => {
                let why = if *busy {
                    "waiting, the handler is busy"
                } else {
                    "held by debounce"
                };
                format!("{}{} {why}", self.route(*route), plural(*changes, "change"))
            }
            Event::Handler(RouteId(route), told) => format!("{}{}", self.route(*route), did(told)),
            Event::Leaving => "leaving".to_owned(),
            _ => return None,
        })
    }

    fn target(&self, id: TargetId) -> String {
        self.targets[usize::from(id.0)].scope.to_string()
    }

    fn route(&self, at: usize) -> String {
        match self.routes.get(at) {
            Some(name) if self.routes.len() > 1 => format!("handler [{name}]: "),
            _ => "handler: ".to_owned(),
        }
    }
}

fn indexes(since: Option<Index>, index: Index) -> String {
    match since {
        Some(since) => format!("index {since} → {index}"),
        None => format!("full look, index {index}"),
    }
}

/// What became of an answer.
fn became(summary: &AnswerSummary) -> String {
    let mut parts = Vec::new();
    if summary.changes > 0 {
        parts.push(plural(summary.changes, "change"));
    }
    if summary.left_out > 0 {
        parts.push(format!(
            "{} left out by filters or told by another target",
            summary.left_out
        ));
    }
    if summary.proven > 0 {
        parts.push(format!("{} proven", plural(summary.proven, "delete")));
    }
    for (why, words) in [
        (WithheldReason::Hidden, "hidden by lost rights"),
        (WithheldReason::Unproven, "missing without proof"),
        (WithheldReason::HeldBack, "held back by --max-delete"),
    ] {
        let withheld = summary.withheld.iter();
        let count = withheld.filter(|(_, other)| *other == why).count();
        if count > 0 {
            parts.push(format!("{} {words}", plural(count, "key")));
        }
    }
    if parts.is_empty() {
        return match summary.since {
            Some(_) => "same content".to_owned(),
            None => format!("{}, nothing to tell", plural(summary.keys, "key")),
        };
    }
    parts.join(", ")
}

fn did(told: &HandlerEvent) -> String {
    match told {
        HandlerEvent::Started(batch) => format!(
            "started with {}, reason {}",
            plural(batch.changes.len(), "change"),
            json::reason_name(batch.reason)
        ),
        HandlerEvent::Stopping(StopReason::Superseded) => {
            "being stopped for what came since".to_owned()
        }
        HandlerEvent::Stopping(StopReason::TimedOut) => "being stopped, its time is up".to_owned(),
        HandlerEvent::Stopping(StopReason::WantsTerminal) => {
            "being stopped, it wants the terminal".to_owned()
        }
        HandlerEvent::Stopping(StopReason::Leaving) => "being stopped in order to leave".to_owned(),
        HandlerEvent::Handled(batch) => {
            format!("{} handled", plural(batch.changes.len(), "change"))
        }
        HandlerEvent::Dropped(batch) => format!(
            "{} dropped, the handler is busy",
            plural(batch.changes.len(), "change")
        ),
        HandlerEvent::Ended(report) => match (report.status, &report.error) {
            (_, Some(error)) => format!("could not be started: {error}"),
            (Some(status), _) => format!("{status} after {}", rounded(report.took)),
            (None, None) => "was sent its signal".to_owned(),
        },
        HandlerEvent::Paused(signal) => {
            format!("was stopped by {}, continued", name_of_signal(*signal))
        }
        HandlerEvent::Feedback(key) => format!("seems to be run by its own write of {key}"),
        HandlerEvent::Leave(code) => format!("kvw ends with its status {code}"),
    }
}

fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
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
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn line(event: &Event<'_>) -> String {
        let target = Target {
            id: TargetId(0),
            scope: TargetScope::Prefix(Prefix::new("config/")),
        };
        let words = Words {
            targets: vec![target],
            routes: vec!["a/*".to_owned(), "rest".to_owned()],
        };
        words.line(event).unwrap()
    }

    #[test]
    fn an_answer_is_explained_by_its_indexes_and_what_it_brought() {
        let told = |summary| line(&Event::Answered(&summary));
        assert_eq!(
            told(summary()),
            "prefix config/: index 41 → 42: same content"
        );
        assert_eq!(
            told(AnswerSummary {
                since: None,
                ..summary()
            }),
            "prefix config/: full look, index 42: 3 keys, nothing to tell"
        );
        assert_eq!(
            told(AnswerSummary {
                changes: 2,
                left_out: 1,
                proven: 1,
                withheld: vec![("config/x".to_owned(), WithheldReason::HeldBack)],
                ..summary()
            }),
            "prefix config/: index 41 → 42: 2 changes, 1 left out by filters or told by another \
             target, 1 delete proven, 1 key held back by --max-delete"
        );
    }

    #[test]
    fn what_waits_says_for_what() {
        let waiting = |busy| {
            line(&Event::Waiting(WaitingChanges {
                route: RouteId(1),
                changes: 1,
                busy,
            }))
        };
        assert_eq!(waiting(false), "handler [rest]: 1 change held by debounce");
        assert_eq!(
            waiting(true),
            "handler [rest]: 1 change waiting, the handler is busy"
        );
    }
}
