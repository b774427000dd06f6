//! What is said on stderr: outages, lost rights, and what is worth knowing once.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::term::Ui;
use crate::watch::{Event, Flow, Note, Notice, Observer, OutageKind, Target, Trouble, Why};

/// Names that are shown of many.
const SHOWN: usize = 3;

/// Says things once.
pub struct Notices<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    targets: Vec<Target>,
}

impl<'a, 'u> Notices<'a, 'u> {
    /// Says them here.
    pub fn new(ui: &'a RefCell<&'u mut Ui>, targets: Vec<Target>) -> Self {
        Notices { ui, targets }
    }

    fn outage(&self, trouble: &Trouble) {
        let ui = self.ui.borrow();
        ui.warn(format_args!("{trouble}; trying again"));
        if let Some(hint) = trouble.hint() {
            ui.hint(hint);
        }
    }

    fn note(&self, target: &Target, note: &Note) {
        let ui = self.ui.borrow();
        match note {
            Note::Folder(key) => {
                ui.warn(format_args!(
                    "there is no key {key}, but there are keys below {key}/"
                ));
                ui.hint(format_args!("to watch them, write {key}/"));
            }
            Note::Unreadable => ui.warn(format_args!(
                "{}: keys whose names are not UTF-8 are left out",
                target.what
            )),
            Note::Filtered => ui.warn(format_args!(
                "{}: the token may not read all of it; what is hidden is not watched",
                target.what
            )),
        }
    }

    fn withheld(&self, target: &Target, notice: &Notice) {
        let ui = self.ui.borrow();
        let what = &target.what;
        match notice {
            Notice::Begun(Why::Hidden, keys) => ui.warn(format_args!(
                "{what}: the token may no longer read {}; nothing is reported about them",
                listed(keys)
            )),
            Notice::Begun(Why::Unproven, keys) => ui.warn(format_args!(
                "{what}: no longer listed, and Consul does not say whether they are deleted: {}",
                listed(keys)
            )),
            Notice::Begun(Why::HeldBack, keys) => ui.warn(format_args!(
                "{what}: more deletes at once than --max-delete allows are held back: {}",
                listed(keys)
            )),
            Notice::Ended(Why::Hidden) => {
                ui.warn(format_args!("{what}: the token may read everything again"));
            }
            Notice::Ended(Why::Unproven) => {
                ui.warn(format_args!("{what}: all that was missing is settled"));
            }
            Notice::Ended(Why::HeldBack) => {
                ui.warn(format_args!("{what}: no deletes are held back any more"));
            }
        }
    }
}

impl Observer for Notices<'_, '_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        let target = |id: &crate::model::TargetId| &self.targets[usize::from(id.0)];
        match event {
            Event::Outage(_, trouble) => self.outage(trouble),
            Event::Recovered(kind, lasted) => {
                let what = match kind {
                    OutageKind::Consul => "Consul answers again",
                    OutageKind::Rights => "the token may read again",
                };
                let lasted = rounded(*lasted);
                self.ui.borrow().warn(format_args!("{what} after {lasted}"));
            }
            Event::Withheld(id, notice) => self.withheld(target(id), notice),
            Event::Note(id, note) => self.note(target(id), note),
            Event::Synced { .. } | Event::Changed(_) => {}
        }
        Ok(Flow::Continue)
    }
}

/// The first names, and how many more.
fn listed(keys: &[String]) -> String {
    let shown = keys.iter().take(SHOWN).map(String::as_str);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if keys.len() > SHOWN {
        text.push_str(&format!(" and {} more", keys.len() - SHOWN));
    }
    text
}

/// To three digits or so, as people say it.
fn rounded(time: Duration) -> humantime::FormattedDuration {
    let unit = if time < Duration::from_secs(10) {
        Duration::from_millis(1)
    } else {
        Duration::from_secs(1)
    };
    let units = time.as_nanos() / unit.as_nanos();
    humantime::format_duration(unit * u32::try_from(units).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_cut() {
        let keys: Vec<String> = (1..=5).map(|n| format!("k{n}")).collect();
        assert_eq!(listed(&keys[..3]), "k1, k2, k3");
        assert_eq!(listed(&keys), "k1, k2, k3 and 2 more");
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = |time| rounded(time).to_string();
        assert_eq!(said(Duration::from_micros(1_234_567)), "1s 234ms");
        assert_eq!(said(Duration::from_millis(83_456)), "1m 23s");
    }
}
