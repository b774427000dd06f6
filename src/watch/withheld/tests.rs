use super::*;
use crate::model::Index;

fn snapshot(keys: &[&str]) -> Snapshot {
    Snapshot::new(
        Index(9),
        keys.iter().map(|key| Entry::sample(key, "v")).collect(),
    )
}

fn keys(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.entries().iter().map(Entry::key).collect()
}

fn hidden(keys: &[&str]) -> Vec<(String, WithheldReason)> {
    keys.iter()
        .map(|key| ((*key).to_owned(), WithheldReason::Hidden))
        .collect()
}

/// A target that is looked at again and again.
struct WithheldBench {
    withheld: Withheld,
    last: Snapshot,
}

impl WithheldBench {
    fn new(bound: Option<&str>, start: &[&str]) -> Self {
        WithheldBench {
            withheld: Withheld::new(bound.map(|text| text.parse().unwrap())),
            last: snapshot(start),
        }
    }

    fn sees(&mut self, seen: &[&str], unproven: &[&str]) -> Vec<WithheldChange> {
        let admitted = self
            .withheld
            .admit(&self.last, &snapshot(seen), &hidden(unproven));
        self.last = admitted.snapshot;
        admitted.changes
    }

    fn count(&self, reason: WithheldReason) -> usize {
        let keys = self.withheld.keys();
        keys.filter(|(_, other)| *other == reason).count()
    }
}

#[test]
fn a_proven_delete_goes_through() {
    let mut target = WithheldBench::new(None, &["a", "b"]);
    assert_eq!(target.sees(&["b"], &[]), []);
    assert_eq!(keys(&target.last), ["b"]);
}

#[test]
fn a_hidden_key_stays_as_it_was_and_other_changes_go_on() {
    let mut target = WithheldBench::new(None, &["a", "b", "c"]);
    let before = target.last.get("b").unwrap().clone();
    assert_eq!(
        target.sees(&["c", "d"], &["b"]),
        [WithheldChange::Begun(
            WithheldReason::Hidden,
            vec!["b".to_owned()]
        )]
    );
    assert_eq!(keys(&target.last), ["b", "c", "d"]);
    assert!(target.last.get("b").unwrap().is_same(&before));
}

#[test]
fn a_lost_permission_is_reported_once_and_so_is_its_end() {
    let mut target = WithheldBench::new(None, &["a", "b", "c"]);
    assert_eq!(target.sees(&["a"], &["b", "c"]).len(), 1);
    assert_eq!(target.sees(&["a"], &["b", "c"]), []);
    assert_eq!(target.sees(&["a", "b"], &["c"]), []);
    assert_eq!(target.count(WithheldReason::Hidden), 1);
    assert_eq!(
        target.sees(&["a", "b", "c"], &[]),
        [WithheldChange::Ended(WithheldReason::Hidden)]
    );
    assert_eq!(target.withheld.keys().count(), 0);
}

#[test]
fn a_hidden_key_that_turns_out_deleted_is_a_delete() {
    let mut target = WithheldBench::new(None, &["a", "b"]);
    target.sees(&["a"], &["b"]);
    assert_eq!(
        target.sees(&["a"], &[]),
        [WithheldChange::Ended(WithheldReason::Hidden)]
    );
    assert_eq!(keys(&target.last), ["a"]);
}

#[test]
fn deletes_over_the_bound_are_held_back_and_others_are_not() {
    let mut target = WithheldBench::new(Some("1"), &["a", "b", "c"]);
    assert_eq!(target.sees(&["b", "c"], &[]), []);
    assert_eq!(keys(&target.last), ["b", "c"]);
    let notices = target.sees(&["d"], &[]);
    assert_eq!(
        notices,
        [WithheldChange::Begun(
            WithheldReason::HeldBack,
            vec!["b".to_owned(), "c".to_owned()]
        )]
    );
    assert_eq!(keys(&target.last), ["b", "c", "d"]);
    assert_eq!(target.count(WithheldReason::HeldBack), 2);
}

#[test]
fn a_mass_delete_that_is_repaired_key_by_key_never_becomes_a_small_one() {
    let mut target = WithheldBench::new(Some("2"), &["a", "b", "c", "d"]);
    target.sees(&[], &[]);
    for step in [&["a"][..], &["a", "b"], &["a", "b", "c"]] {
        assert_eq!(target.sees(step, &[]), []);
        assert_eq!(keys(&target.last), ["a", "b", "c", "d"]);
    }
    assert_eq!(
        target.sees(&["a", "b", "c", "d"], &[]),
        [WithheldChange::Ended(WithheldReason::HeldBack)]
    );
    // From here on the bound counts anew.
    assert_eq!(target.sees(&["a", "b", "c"], &[]), []);
    assert_eq!(keys(&target.last), ["a", "b", "c"]);
}

#[test]
fn deletes_that_follow_held_ones_count_with_them() {
    let mut target = WithheldBench::new(Some("2"), &["a", "b", "c", "d", "e"]);
    target.sees(&["d", "e"], &[]);
    assert_eq!(target.sees(&["e"], &[]), []);
    assert_eq!(keys(&target.last), ["a", "b", "c", "d", "e"]);
    assert_eq!(target.count(WithheldReason::HeldBack), 4);
}

#[test]
fn hidden_keys_do_not_count_as_deletes() {
    let mut target = WithheldBench::new(Some("1"), &["a", "b", "c"]);
    let notices = target.sees(&["c"], &["a"]);
    assert_eq!(
        notices,
        [WithheldChange::Begun(
            WithheldReason::Hidden,
            vec!["a".to_owned()]
        )]
    );
    assert_eq!(keys(&target.last), ["a", "c"]);
}

#[test]
fn a_restart_with_a_higher_bound_accepts_what_was_held_back() {
    let handled = snapshot(&["a", "b", "c"]);
    let mut low = Withheld::new(Some(MaxDelete::Keys(1)));
    assert_eq!(
        low.admit(&handled, &snapshot(&["a"]), &[]).snapshot.len(),
        3
    );
    let mut high = Withheld::new(Some(MaxDelete::Keys(2)));
    assert_eq!(
        high.admit(&handled, &snapshot(&["a"]), &[]).snapshot.len(),
        1
    );
}

#[test]
fn a_percentage_is_of_the_keys_before() {
    let bound: MaxDelete = "50%".parse().unwrap();
    assert!(bound.allows(2, 4));
    assert!(!bound.allows(3, 4));
    assert!(bound.allows(0, 0));
    assert!("0".parse::<MaxDelete>().unwrap().allows(0, 4));
    assert!(!"0%".parse::<MaxDelete>().unwrap().allows(1, 1000));
}

#[test]
fn a_bound_is_a_number_or_a_percentage() {
    for text in ["0", "17", "0%", "100%"] {
        assert_eq!(text.parse::<MaxDelete>().unwrap().to_string(), text);
    }
    for text in ["", "%", "-1", "101%", "1.5%", "ten", "5 %", "300%"] {
        assert!(text.parse::<MaxDelete>().is_err(), "{text:?}");
    }
}

#[test]
fn an_answer_without_anything_withheld_is_not_copied() {
    let seen = snapshot(&["a", "b"]);
    let admitted = Withheld::new(None).admit(&snapshot(&["a"]), &seen, &[]);
    assert!(std::ptr::eq(
        admitted.snapshot.entries().as_ptr(),
        seen.entries().as_ptr()
    ));
}

proptest::proptest! {
    /// Whatever is seen: nothing that is there is lost or changed, and what is not there any more
    /// is either withheld, as it was, or gone.
    #[test]
    fn an_admitted_snapshot_has_the_seen_and_the_withheld_entries(
        looks in proptest::collection::vec(
            (proptest::collection::btree_set("[a-f]", 0..6), proptest::collection::btree_set("[a-f]", 0..6)),
            1..8,
        ),
        bound in proptest::option::of(0_usize..4),
    ) {
        let mut withheld = Withheld::new(bound.map(MaxDelete::Keys));
        let mut last = Snapshot::default();
        for (number, (seen, unproven)) in looks.iter().enumerate() {
            let value = number.to_string();
            let seen = Snapshot::new(Index(1), seen.iter().map(|key| Entry::sample(key, &value)).collect());
            let unproven: Vec<_> = unproven.iter().map(|key| (key.clone(), WithheldReason::Hidden)).collect();
            let admitted = withheld.admit(&last, &seen, &unproven).snapshot;
            for entry in seen.entries() {
                proptest::prop_assert!(admitted.get(entry.key()).unwrap().is_same(entry));
            }
            for (key, _) in withheld.keys() {
                proptest::prop_assert!(seen.get(key).is_none());
                proptest::prop_assert!(admitted.get(key).unwrap().is_same(last.get(key).unwrap()));
            }
            proptest::prop_assert_eq!(admitted.len(), seen.len() + withheld.keys().count());
            for (key, _) in &unproven {
                if last.get(key).is_some() {
                    proptest::prop_assert!(admitted.get(key).is_some());
                }
            }
            last = admitted;
        }
    }
}
