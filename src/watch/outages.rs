//! Which targets cannot be seen, so that an outage is said once when it begins and once when it
//! ends, however many targets it hides. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::event::OutageKind;
use crate::model::TargetId;

/// The targets in outage, by kind.
#[derive(Debug, Clone, Default)]
pub struct Outages {
    /// Since when each kind lasts.
    since: BTreeMap<OutageKind, Instant>,
    targets: BTreeMap<TargetId, OutageKind>,
    /// Targets of which a lost right hides a part, and since when.
    hidden: BTreeMap<TargetId, Instant>,
}

impl Outages {
    /// A target cannot be seen. Says what ended for it, and whether this kind begins with it.
    pub fn begin(&mut self, target: TargetId, kind: OutageKind, now: Instant) -> Turn {
        let before = self.targets.insert(target, kind);
        let ended = before.and_then(|before| self.over(before, now));
        let begun = !self.since.contains_key(&kind);
        self.since.entry(kind).or_insert(now);
        Turn { begun, ended }
    }

    /// A target was seen. Gives the kind that ended with that, and how long it lasted.
    pub fn end(&mut self, target: TargetId, now: Instant) -> Option<(OutageKind, Duration)> {
        let kind = self.targets.remove(&target)?;
        self.over(kind, now)
    }

    /// A lost right hides a part of a target, which is an outage of rights too.
    pub fn hide(&mut self, target: TargetId, now: Instant) {
        self.hidden.entry(target).or_insert(now);
    }

    /// Nothing of it is hidden any more.
    pub fn unhide(&mut self, target: TargetId) {
        self.hidden.remove(&target);
    }

    /// What lasts longest, and since when.
    pub fn oldest(&self) -> Option<(Instant, OutageKind)> {
        let outages = self.since.iter().map(|(kind, since)| (*since, *kind));
        let hidden = self.hidden.values();
        outages
            .chain(hidden.map(|since| (*since, OutageKind::Rights)))
            .min()
    }

    /// The kind that a target is in.
    pub fn of(&self, target: TargetId) -> Option<OutageKind> {
        self.targets.get(&target).copied()
    }

    fn over(&mut self, kind: OutageKind, now: Instant) -> Option<(OutageKind, Duration)> {
        if self.targets.values().any(|other| *other == kind) {
            return None;
        }
        let since = self.since.remove(&kind)?;
        Some((kind, now.saturating_duration_since(since)))
    }
}

/// What the beginning of a target's outage means for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// No other target was in this kind of outage.
    pub begun: bool,
    /// The kind that the target was the last one in, and how long it lasted.
    pub ended: Option<(OutageKind, Duration)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TargetId = TargetId(0);
    const B: TargetId = TargetId(1);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_outage_begins_with_the_first_target_and_ends_with_the_last() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        assert!(outages.begin(A, OutageKind::Consul, now).begun);
        assert!(!outages.begin(B, OutageKind::Consul, now + SECOND).begun);
        assert_eq!(outages.oldest(), Some((now, OutageKind::Consul)));
        assert_eq!(outages.end(A, now + SECOND * 2), None);
        let ended = outages.end(B, now + SECOND * 3);
        assert_eq!(ended, Some((OutageKind::Consul, SECOND * 3)));
        assert_eq!(outages.end(B, now), None);
        assert_eq!(outages.oldest(), None);
    }

    #[test]
    fn hidden_keys_are_an_outage_of_rights_that_counts_from_its_beginning() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        outages.hide(A, now);
        outages.hide(A, now + SECOND);
        outages.begin(B, OutageKind::Consul, now + SECOND);
        assert_eq!(outages.oldest(), Some((now, OutageKind::Rights)));
        outages.unhide(A);
        assert_eq!(outages.oldest(), Some((now + SECOND, OutageKind::Consul)));
    }

    #[test]
    fn the_kinds_begin_and_end_apart() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        outages.begin(A, OutageKind::Consul, now);
        let turn = outages.begin(A, OutageKind::Rights, now + SECOND);
        assert!(turn.begun);
        assert_eq!(turn.ended, Some((OutageKind::Consul, SECOND)));
        assert_eq!(outages.of(A), Some(OutageKind::Rights));
        assert!(outages.begin(B, OutageKind::Consul, now).begun);
        let ended = outages.end(A, now + SECOND * 2);
        assert_eq!(ended, Some((OutageKind::Rights, SECOND)));
    }
}
