//! Warnings on stderr: outages, lost permissions, and advice that is given once.

use std::time::{Duration, Instant};

use crate::exit::Failure;
use crate::model::{Target, TargetId, TargetScope, folder_of_glob, name_first};
use crate::output::no_glob;
use crate::term::Ui;
use crate::watch::{
    Advice, Event, Flow, Observer, OutageCause, ShortenedWait, UnmatchedGlob, WithheldChange,
    WithheldReason,
};

/// The number of keys in a message.
const SHOWN: usize = 3;

/// An observer that prints warnings.
pub struct Warnings<'a> {
    ui: &'a Ui,
    targets: Vec<Target>,
}

impl<'a> Warnings<'a> {
    /// Creates an observer that prints to the stderr of `ui`.
    pub fn new(ui: &'a Ui, targets: Vec<Target>) -> Self {
        Warnings { ui, targets }
    }

    fn outage(&self, cause: &OutageCause) {
        self.ui.warn(format_args!("{cause}; retrying"));
        if let Some(hint) = cause.hint() {
            self.ui.hint(hint);
        }
    }

    fn advice(&self, target: &Target, advice: &Advice) {
        let ui = self.ui;
        match advice {
            Advice::Folder(key) => {
                ui.warn(format_args!(
                    "key {key} does not exist, but keys below {key}/ do"
                ));
                ui.hint(format_args!("to watch those, use {key}/"));
            }
            Advice::Glob => {
                let name = target.name();
                let (folder, glob) = match &target.scope {
                    TargetScope::Key(_) => (folder_of_glob(name), name.to_owned()),
                    TargetScope::Prefix(_) => (
                        folder_of_glob(name),
                        format!("{}**", name.trim_end_matches('*')),
                    ),
                };
                let no_glob = no_glob("target");
                ui.warn(format_args!("{} does not exist: {no_glob}", target.scope));
                let target = match folder {
                    None | Some("") => "--prefix ''",
                    Some(folder) => folder,
                };
                ui.hint(format_args!(
                    "kvw watch {target} --include '{glob}' watches the keys that match"
                ));
            }
            Advice::NonUtf8 => ui.warn(format_args!(
                "{}: keys that are not UTF-8 are ignored",
                target.scope
            )),
            Advice::Filtered => ui.warn(format_args!(
                "{}: filtered by ACLs: keys that the token may not read are not watched",
                target.scope
            )),
            Advice::ShortenedWait(ShortenedWait { cut_after, wait }) => ui.warn(format_args!(
                "something between here and Consul cuts waits after {}: asking for {}{}",
                rounded(*cut_after).replace(".0s", "s"),
                rounded(*wait).replace(".0s", "s"),
                if wait < cut_after {
                    ""
                } else {
                    ", the shortest"
                }
            )),
        }
    }

    fn unmatched(&self, unmatched: &UnmatchedGlob) {
        let UnmatchedGlob {
            flag,
            glob,
            example,
        } = unmatched;
        self.ui
            .warn(format_args!("{flag} '{glob}' matches no existing key"));
        self.ui.hint(format_args!(
            "a glob matches the whole key, such as {example}: * stops at /, ** does not"
        ));
    }

    fn failed_to_save(&self, failure: &Failure) {
        self.ui
            .warn(format_args!("{failure}; the watch continues, retrying"));
        if let Some(hint) = &failure.hint {
            self.ui.hint(hint);
        }
    }

    fn withheld(&self, target: &Target, change: &WithheldChange) {
        let ui = self.ui;
        let what = &target.scope;
        match change {
            WithheldChange::Begun(WithheldReason::Hidden, keys) => ui.warn(format_args!(
                "{what}: the token may no longer read {}; hidden keys are not reported as deleted",
                summarize(keys)
            )),
            WithheldChange::Begun(WithheldReason::Unproven, keys) => ui.warn(format_args!(
                "{what}: no longer listed, but not proven to be deleted: {}",
                summarize(keys)
            )),
            WithheldChange::Begun(WithheldReason::HeldBack, keys) => ui.warn(format_args!(
                "{what}: more deletes than --max-delete allows, held back: {}",
                summarize(keys)
            )),
            WithheldChange::Ended(WithheldReason::Hidden) => {
                ui.status(format_args!("{what}: read permission restored"));
            }
            WithheldChange::Ended(WithheldReason::Unproven) => {
                ui.status(format_args!("{what}: all missing keys are resolved"));
            }
            WithheldChange::Ended(WithheldReason::HeldBack) => {
                ui.status(format_args!("{what}: deletes are no longer held back"));
            }
        }
    }
}

impl Observer for Warnings<'_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        let target = |id: &TargetId| &self.targets[usize::from(id.0)];
        match event {
            Event::Outage(_, cause) => self.outage(cause),
            Event::Recovered(kind, lasted) => {
                let (what, lasted) = (kind.recovery(), rounded(*lasted));
                self.ui.status(format_args!("{what} after {lasted}"));
            }
            Event::Withheld(id, change) => self.withheld(target(id), change),
            Event::UnmatchedGlob(unmatched) => self.unmatched(unmatched),
            Event::Advice(id, advice) => self.advice(target(id), advice),
            Event::Saved(Some(failure)) => self.failed_to_save(failure),
            Event::Saved(None) => self.ui.status("the state file is up to date again"),
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

/// Joins the first keys, and says how many more there are.
pub(super) fn summarize<S: AsRef<str>>(keys: &[S]) -> String {
    name_first(keys.iter().map(AsRef::as_ref), SHOWN)
}

/// Formats a duration with about two significant digits.
pub(super) fn rounded(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        format!("{:.1}ms", time.as_secs_f64() * 1e3)
    } else if time < Duration::from_secs(1) {
        format!("{}ms", time.as_millis())
    } else if time < Duration::from_secs(60) {
        format!("{:.1}s", time.as_secs_f64())
    } else {
        humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_keys_is_cut() {
        let keys: Vec<String> = (1..=5).map(|n| format!("k{n}")).collect();
        assert_eq!(summarize(&keys[..3]), "k1, k2, k3");
        assert_eq!(summarize(&keys), "k1, k2, k3 and 2 more");
    }

    #[test]
    fn durations_are_rounded() {
        let text = |micros| rounded(Duration::from_micros(micros));
        assert_eq!(text(640), "0.6ms");
        assert_eq!(text(12_345), "12ms");
        assert_eq!(text(1_234_567), "1.2s");
        assert_eq!(text(83_456_789), "1m 23s");
    }
}
