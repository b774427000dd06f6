//! The walk against a store that changes between any two of its requests: every snapshot that it
//! brings is one that the store has had, at that very index.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::fake::{FakeConsul, FakeStore, StoreEvent};
use crate::fetch::Walk;
use crate::fetch::limits::WalkLimits;
use crate::fetch::method::{FetchMethod, FullFetchReason};
use crate::model::Snapshot;

const WAIT: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

/// Keys that collide: as folder and leaf, as beginnings of one another, with characters of several
/// bytes. The nasty ones also hold what a URL cannot carry and bytes that are not UTF-8.
fn key(nasty: bool) -> BoxedStrategy<String> {
    let plain = prop_oneof![
        5 => Just("a"), 5 => Just("b"), 2 => Just("-"), 2 => Just("é"), 2 => Just("è"),
    ];
    let segment = vec(plain, 1..4).prop_map(|letters| letters.concat());
    let clean = (
        vec(segment, 1..4),
        prop_oneof![4 => Just(""), 1 => Just("/")],
    )
        .prop_map(|(segments, end)| segments.join("/") + end);
    if !nasty {
        return clean.boxed();
    }
    let harm = prop_oneof![
        3 => Just("//"), 1 => Just("/."), 1 => Just(".."), 1 => Just(" "), 1 => Just("%20"),
        1 => Just("\t"), 2 => Just("X"), 1 => Just("Y"),
    ];
    let harmed = (clean.clone(), harm, clean.clone()).prop_map(|(a, harm, b)| a + harm + &b);
    prop_oneof![9 => clean, 1 => harmed].boxed()
}

fn write(key: BoxedStrategy<String>) -> BoxedStrategy<StoreEvent> {
    let prefix = (key.clone(), 1..10_usize)
        .prop_map(|(key, letters)| key.chars().take(letters).collect::<String>());
    prop_oneof![
        9 => (key.clone(), 0..3_u8).prop_map(|(key, value)| StoreEvent::Put(key, value)),
        3 => key.prop_map(StoreEvent::Delete),
        2 => prefix.prop_map(StoreEvent::DeleteTree),
    ]
    .boxed()
}

fn event(key: BoxedStrategy<String>) -> BoxedStrategy<StoreEvent> {
    prop_oneof![
        60 => write(key.clone()),
        10 => vec(write(key), 1..5).prop_map(StoreEvent::Txn),
        3 => Just(StoreEvent::Elsewhere),
        2 => (1..10_u32).prop_map(|minutes| StoreEvent::Pass(minutes * MINUTE)),
        1 => Just(StoreEvent::Pass(20 * MINUTE)),
    ]
    .boxed()
}

/// The input of a run.
#[derive(Debug, Clone)]
struct Case {
    root: String,
    before: Vec<StoreEvent>,
    script: Vec<Vec<StoreEvent>>,
    limits: WalkLimits,
}

fn cases(
    event: fn(BoxedStrategy<String>) -> BoxedStrategy<StoreEvent>,
) -> impl Strategy<Value = Case> {
    let root = prop_oneof![
        Just(""),
        Just("a"),
        Just("a/"),
        Just("a/b"),
        Just("é"),
        Just("b/a/")
    ];
    (root, any::<bool>()).prop_flat_map(move |(root, nasty)| {
        // Nearly all keys are below the root, the others beside and above it.
        let key = key(nasty);
        let inside = key.clone().prop_map(move |key| format!("{root}{key}"));
        let key = prop_oneof![5 => inside, 1 => key].boxed();
        let put = (key.clone(), 0..3_u8).prop_map(|(key, value)| StoreEvent::Put(key, value));
        let weight = prop_oneof![4 => Just(u64::MAX), 1 => Just(150_000_u64)];
        (
            vec(put, 5..60),
            vec(vec(event(key), 0..3), 5..60),
            0..4_usize,
            // Side by side the queries meet the steps of the script in no order.
            prop_oneof![5 => Just(1), 1 => Just(4)],
            weight,
        )
            .prop_map(
                move |(before, script, fetch_keys, connections, weight)| Case {
                    root: root.to_owned(),
                    before,
                    script,
                    limits: WalkLimits {
                        walk_keys: 1,
                        fetch_keys,
                        connections,
                        weight: Some(weight),
                        ..WalkLimits::default()
                    },
                },
            )
    })
}

/// The number of fetches by how they went.
type Tally = BTreeMap<String, usize>;

/// Fetches until the script is over and everything was seen.
fn run(case: &Case) -> Result<Tally, TestCaseError> {
    let mut store = FakeStore::new(&case.root);
    case.before.iter().for_each(|event| store.apply(event));
    store.apply(&StoreEvent::Save);
    let store = Arc::new(Mutex::new(store));
    let script: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new(case.script.clone().into()));
    let source = FakeConsul::new(store.clone(), script.clone(), case.limits.connections);
    let unaddressable_requests = source.unaddressable_requests.clone();
    let mut walk = Walk::new(source, case.root.clone(), case.limits);
    let (mut seen, mut since) = (Snapshot::default(), None);
    let mut tally = Tally::new();
    let mut quiet = 0;
    while quiet < 2 {
        if script.lock().unwrap().is_empty() {
            quiet += 1;
        }
        let from = store.lock().unwrap().history.len() - 1;
        let fetched = walk.advance(&mut seen, since, WAIT).unwrap();
        let history = &store.lock().unwrap().history;
        prop_assert!(
            history[from..].contains(&seen),
            "no such state since {from}: {seen:#?}\n{:#?}",
            &history[from..]
        );
        prop_assert_eq!(fetched.meta.index, Some(seen.index()));
        since = match since {
            Some(since) if seen.index() < since => None,
            _ => Some(seen.index()),
        };
        let (method, cost) = walk.last_fetch();
        let rounds = if method == FetchMethod::Walk {
            cost.rounds
        } else {
            0
        };
        *tally.entry(format!("{method:?} {rounds}")).or_default() += 1;
    }
    prop_assert_eq!(&seen, &store.lock().unwrap().state());
    // Plain writes never look like another history.
    let steady = |event: &StoreEvent| !matches!(event, StoreEvent::Pass(_) | StoreEvent::Restore);
    if case.script.iter().flatten().all(steady) {
        let rejected = format!(
            "{:?} 0",
            FetchMethod::WalkThenFull(FullFetchReason::HistoryDiffers)
        );
        prop_assert_eq!(tally.get(&rejected), None);
    }
    let unaddressable = unaddressable_requests.lock().unwrap();
    prop_assert!(unaddressable.is_empty(), "{:?}", unaddressable_requests);
    Ok(tally)
}

/// `PROPTEST_CASES` asks for a longer run.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(500),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn restoring(key: BoxedStrategy<String>) -> BoxedStrategy<StoreEvent> {
    prop_oneof![8 => event(key), 1 => Just(StoreEvent::Save), 3 => Just(StoreEvent::Restore)]
        .boxed()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_snapshot_is_one_that_the_store_has_had(case in cases(event)) {
        run(&case)?;
    }

    #[test]
    fn a_restore_while_a_query_blocks_is_noticed(case in cases(restoring)) {
        run(&case)?;
    }
}
