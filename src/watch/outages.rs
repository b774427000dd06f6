//! The targets that cannot be read, so that an outage is reported once when it starts and once when
//! it ends, however many targets it concerns. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::poll_event::OutageKind;
use crate::model::TargetId;

/// The targets in outage, by kind.
#[derive(Debug, Clone, Default)]
pub struct Outages {
    /// The start of each kind of outage.
    since: BTreeMap<OutageKind, Instant>,
    /// The kinds of outage of each target, the latest last. While Consul is unreachable it is unknown
    /// whether the token may read again, so all of them end only when the target is read.
    targets: BTreeMap<TargetId, Vec<OutageKind>>,
    /// The targets with hidden keys, and the time since they are hidden.
    hidden: BTreeMap<TargetId, Instant>,
}

impl Outages {
    /// Records that a target cannot be read, from the given time on. Returns whether this starts the
    /// kind of outage.
    pub fn begin(&mut self, target: TargetId, kind: OutageKind, since: Instant) -> bool {
        let kinds = self.targets.entry(target).or_default();
        kinds.retain(|other| *other != kind);
        kinds.push(kind);
        let starts = !self.since.contains_key(&kind);
        self.since.entry(kind).or_insert(since);
        starts
    }

    /// Records that a target was read. Returns the kinds of outage that this ends, and how long they
    /// lasted.
    pub fn end(&mut self, target: TargetId, now: Instant) -> Vec<(OutageKind, Duration)> {
        let mut kinds = self.targets.remove(&target).unwrap_or_default();
        kinds.retain(|kind| !self.targets.values().any(|others| others.contains(kind)));
        let ended = kinds.into_iter().filter_map(|kind| {
            let since = self.since.remove(&kind)?;
            Some((kind, now.saturating_duration_since(since)))
        });
        ended.collect()
    }

    /// Records that a target has hidden keys, which is an outage of permissions too.
    pub fn hide(&mut self, target: TargetId, now: Instant) {
        self.hidden.entry(target).or_insert(now);
    }

    /// Records that a target has no hidden keys any more.
    pub fn unhide(&mut self, target: TargetId) {
        self.hidden.remove(&target);
    }

    /// Returns the oldest outage and its start.
    pub fn oldest(&self) -> Option<(Instant, OutageKind)> {
        let outages = self.since.iter().map(|(kind, since)| (*since, *kind));
        let hidden = self.hidden.values();
        outages
            .chain(hidden.map(|since| (*since, OutageKind::Rights)))
            .min()
    }

    /// Returns the latest kind of outage of a target.
    pub fn latest(&self, target: TargetId) -> Option<OutageKind> {
        self.targets.get(&target)?.last().copied()
    }
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
        assert!(outages.begin(A, OutageKind::Consul, now));
        assert!(!outages.begin(B, OutageKind::Consul, now + SECOND));
        assert_eq!(outages.oldest(), Some((now, OutageKind::Consul)));
        assert_eq!(outages.end(A, now + SECOND * 2), []);
        let ended = outages.end(B, now + SECOND * 3);
        assert_eq!(ended, [(OutageKind::Consul, SECOND * 3)]);
        assert_eq!(outages.end(B, now), []);
        assert_eq!(outages.oldest(), None);
    }

    #[test]
    fn lost_rights_do_not_end_because_consul_cannot_be_reached() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        assert!(outages.begin(A, OutageKind::Rights, now));
        assert!(outages.begin(A, OutageKind::Consul, now + SECOND));
        assert_eq!(outages.latest(A), Some(OutageKind::Consul));
        assert!(!outages.begin(A, OutageKind::Rights, now + SECOND * 2));
        assert_eq!(outages.latest(A), Some(OutageKind::Rights));
        assert_eq!(outages.oldest(), Some((now, OutageKind::Rights)));
        assert!(!outages.begin(B, OutageKind::Consul, now));
        let ended = outages.end(A, now + SECOND * 3);
        assert_eq!(ended, [(OutageKind::Rights, SECOND * 3)]);
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
}
