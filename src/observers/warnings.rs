//! What is said on stderr: outages, lost rights, and what is worth knowing once.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::exit::Failure;
use crate::model::{Target, TargetId};
use crate::term::Ui;
use crate::watch::{
    Advice, Event, Flow, Observer, OutageCause, OutageKind, ShortenedWait, WithheldChange,
    WithheldReason,
};

/// Names that are shown of many.
const SHOWN: usize = 3;

/// Says things once.
pub struct Warnings<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    targets: Vec<Target>,
}

impl<'a, 'u> Warnings<'a, 'u> {
    /// Says them here.
    pub fn new(ui: &'a RefCell<&'u mut Ui>, targets: Vec<Target>) -> Self {
        Warnings { ui, targets }
    }

    fn outage(&self, trouble: &OutageCause) {
        let ui = self.ui.borrow();
        ui.warn(format_args!("{trouble}; trying again"));
        if let Some(hint) = trouble.hint() {
            ui.hint(hint);
        }
    }

    fn note(&self, target: &Target, note: &Advice) {
        let ui = self.ui.borrow();
        match note {
            Advice::Folder(key) => {
                ui.warn(format_args!(
                    "there is no key {key}, but there are keys below {key}/"
                ));
                ui.hint(format_args!("to watch them, write {key}/"));
            }
            Advice::NonUtf8 => ui.warn(format_args!(
                "{}: keys whose names are not UTF-8 are left out",
                target.scope
            )),
            Advice::Filtered => ui.warn(format_args!(
                "{}: the token may not read all of it; what is hidden is not watched",
                target.scope
            )),
            Advice::ShortenedWait(ShortenedWait { cut_after, wait }) => ui.warn(format_args!(
                "something between here and Consul cuts waits after {}: asking for {}",
                rounded(*cut_after),
                rounded(*wait)
            )),
        }
    }

    fn failed_to_save(&self, failure: &Failure) {
        let ui = self.ui.borrow();
        ui.warn(format_args!(
            "{failure}; the watch goes on, saving is tried again"
        ));
        if let Some(hint) = &failure.hint {
            ui.hint(hint);
        }
    }

    fn withheld(&self, target: &Target, notice: &WithheldChange) {
        let ui = self.ui.borrow();
        let what = &target.scope;
        match notice {
            WithheldChange::Begun(WithheldReason::Hidden, keys) => ui.warn(format_args!(
                "{what}: the token may no longer read {}; what is hidden is not reported",
                listed(keys)
            )),
            WithheldChange::Begun(WithheldReason::Unproven, keys) => ui.warn(format_args!(
                "{what}: no longer listed, and Consul does not say whether they are deleted: {}",
                listed(keys)
            )),
            WithheldChange::Begun(WithheldReason::HeldBack, keys) => ui.warn(format_args!(
                "{what}: more deletes at once than --max-delete allows are held back: {}",
                listed(keys)
            )),
            WithheldChange::Ended(WithheldReason::Hidden) => {
                ui.warn(format_args!("{what}: the token may read everything again"));
            }
            WithheldChange::Ended(WithheldReason::Unproven) => {
                ui.warn(format_args!("{what}: all that was missing is settled"));
            }
            WithheldChange::Ended(WithheldReason::HeldBack) => {
                ui.warn(format_args!("{what}: no deletes are held back any more"));
            }
        }
    }
}

impl Observer for Warnings<'_, '_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        let target = |id: &TargetId| &self.targets[usize::from(id.0)];
        match event {
            Event::Outage(_, trouble) => self.outage(trouble),
            Event::Recovered(kind, lasted) => {
                let what = match kind {
                    OutageKind::Consul => "Consul answers again",
                    OutageKind::Rights => "the token may read again",
                    OutageKind::Reset => "Consul is as it was again",
                };
                let lasted = rounded(*lasted);
                self.ui.borrow().warn(format_args!("{what} after {lasted}"));
            }
            Event::Withheld(id, notice) => self.withheld(target(id), notice),
            Event::Advice(id, note) => self.note(target(id), note),
            Event::Saved(Some(failure)) => self.failed_to_save(failure),
            Event::Saved(None) => self.ui.borrow().warn("what was handled is saved again"),
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

/// The first names, and how many more.
pub(super) fn listed<S: AsRef<str>>(keys: &[S]) -> String {
    let shown: Vec<&str> = keys.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match keys.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// To two digits or so, as people say it.
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
    fn many_names_are_cut() {
        let keys: Vec<String> = (1..=5).map(|n| format!("k{n}")).collect();
        assert_eq!(listed(&keys[..3]), "k1, k2, k3");
        assert_eq!(listed(&keys), "k1, k2, k3 and 2 more");
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = |micros| rounded(Duration::from_micros(micros));
        assert_eq!(said(640), "0.6ms");
        assert_eq!(said(12_345), "12ms");
        assert_eq!(said(1_234_567), "1.2s");
        assert_eq!(said(83_456_789), "1m 23s");
    }
}
