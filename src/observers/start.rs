//! A line for each target on stderr when it was seen for the first time: what is watched, and where.

use std::time::Instant;

use crate::model::{Target, TargetScope};
use crate::term::{Ui, plural};
use crate::watch::{AnswerSummary, Event, Flow, Observer};

/// An observer that says what is watched.
pub struct Start<'a> {
    ui: &'a Ui,
    targets: Vec<Target>,
    addresses: Vec<String>,
}

impl<'a> Start<'a> {
    /// Creates an observer that prints to the stderr of `ui`.
    pub fn new(ui: &'a Ui, targets: Vec<Target>, addresses: Vec<String>) -> Self {
        Start {
            ui,
            targets,
            addresses,
        }
    }
}

impl Observer for Start<'_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        if let Event::Synced(summary) = event {
            let target = &self.targets[usize::from(summary.target.0)];
            let address = self.addresses.get(summary.place).map_or("", String::as_str);
            self.ui.status(describe(target, summary, address));
        }
        Ok(Flow::Continue)
    }
}

fn describe(target: &Target, summary: &AnswerSummary, address: &str) -> String {
    let keys = plural(summary.keys, "key");
    let (what, found) = match &target.scope {
        TargetScope::Prefix(prefix) => match prefix.as_str() {
            "" => ("all keys".to_owned(), keys),
            folder if folder.ends_with('/') => (folder.to_owned(), keys),
            prefix => (format!("prefix {prefix}"), keys),
        },
        TargetScope::Key(key) if summary.keys == 0 => {
            (format!("key {key}"), "does not exist yet".to_owned())
        }
        TargetScope::Key(key) => (format!("key {key}"), "exists".to_owned()),
    };
    format!(
        "watching {what} ({found}, index {}) at {address}",
        summary.index
    )
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::{Index, Key, Prefix, TargetId};

    fn text(scope: TargetScope, keys: usize) -> String {
        let target = Target {
            id: TargetId(0),
            scope,
        };
        let summary = AnswerSummary {
            target: TargetId(0),
            since: None,
            index: Index(3728),
            place: 0,
            keys,
            last_contact: None,
            changes: 0,
            left_out: 0,
            proven: 0,
            withheld: Vec::new(),
            at: SystemTime::UNIX_EPOCH,
        };
        describe(&target, &summary, "127.0.0.1:8500")
    }

    #[test]
    fn a_target_is_named_with_what_there_is_of_it() {
        let prefix = |text| TargetScope::Prefix(Prefix::new(text));
        let key = || TargetScope::Key(Key::new("config/web").unwrap());
        for (line, expected) in [
            (text(prefix("config/"), 5), "config/ (5 keys, index 3728)"),
            (text(prefix("conf"), 1), "prefix conf (1 key, index 3728)"),
            (text(prefix(""), 0), "all keys (0 keys, index 3728)"),
            (text(key(), 1), "key config/web (exists, index 3728)"),
            (
                text(key(), 0),
                "key config/web (does not exist yet, index 3728)",
            ),
        ] {
            assert_eq!(line, format!("watching {expected} at 127.0.0.1:8500"));
        }
    }
}
