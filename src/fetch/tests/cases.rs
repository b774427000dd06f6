//! Cases that a walk must handle, one by one: what it does and what that costs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fake::{FakeConsul, FakeStore, StoreEvent};
use crate::fetch::Walk;
use crate::fetch::cost::Cost;
use crate::fetch::limits::WalkLimits;
use crate::fetch::method::{FetchMethod, FullFetchReason};
use crate::model::Snapshot;

const WAIT: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

/// A store, and a walk that has read it once.
struct WalkBench {
    store: Arc<Mutex<FakeStore>>,
    script: Arc<Mutex<VecDeque<Vec<StoreEvent>>>>,
    walk: Walk<FakeConsul>,
    seen: Snapshot,
}

impl WalkBench {
    fn new(root: &str, keys: &[&str], fetch_keys: usize) -> Self {
        let limits = WalkLimits {
            walk_keys: 1,
            fetch_keys,
            connections: 1,
            weight: Some(u64::MAX),
            ..WalkLimits::default()
        };
        WalkBench::with(root, keys.iter().copied(), limits)
    }

    fn with<'a>(root: &str, keys: impl Iterator<Item = &'a str>, limits: WalkLimits) -> Self {
        let store = Arc::new(Mutex::new(FakeStore::new(root)));
        let all = keys.map(|key| put(key, 0)).collect();
        store.lock().unwrap().apply(&StoreEvent::Txn(all));
        let script = Arc::default();
        let source = FakeConsul::new(Arc::clone(&store), Arc::clone(&script), limits.connections);
        let mut walk = Walk::new(source, root, limits);
        let mut seen = Snapshot::default();
        walk.advance(&mut seen, None, WAIT).unwrap();
        WalkBench {
            store,
            script,
            walk,
            seen,
        }
    }

    /// Fetches once; before each request one step happens.
    fn fetch(&mut self, steps: &[&[StoreEvent]]) -> (FetchMethod, Cost) {
        let steps = steps.iter().map(|step| step.to_vec());
        self.script.lock().unwrap().extend(steps);
        let since = Some(self.seen.index());
        self.walk.advance(&mut self.seen, since, WAIT).unwrap();
        self.walk.last_fetch()
    }

    fn is_current(&self) -> bool {
        self.script.lock().unwrap().is_empty() && self.seen == self.store.lock().unwrap().state()
    }
}

fn put(key: &str, value: u8) -> StoreEvent {
    StoreEvent::Put(key.to_owned(), value)
}

fn delete(key: &str) -> StoreEvent {
    StoreEvent::Delete(key.to_owned())
}

fn delete_tree(prefix: &str) -> StoreEvent {
    StoreEvent::DeleteTree(prefix.to_owned())
}

#[test]
fn one_change_among_many_keys_takes_few_requests() {
    let keys: Vec<String> = (0..20_000)
        .map(|n| format!("p/dir-{:03}/key-{:02}", n / 100, n % 100))
        .collect();
    let keys = keys.iter().map(String::as_str);
    let mut bench = WalkBench::with("p/", keys, WalkLimits::default());
    let before = bench.seen.clone();
    let (method, cost) = bench.fetch(&[&[put("p/dir-123/key-45", 1)]]);
    assert_eq!(method, FetchMethod::Walk);
    assert!(cost.requests <= 26 && cost.bytes < 60_000, "{cost}");
    assert!(bench.is_current());
    let both = before.entries().iter().zip(bench.seen.entries());
    let fresh = both.filter(|(old, new)| !old.is_same(new)).count();
    assert_eq!(fresh, 1, "all others are the same allocations");
}

#[test]
fn a_small_prefix_is_read_whole() {
    let mut bench = WalkBench::with("p/", ["p/a", "p/b"].into_iter(), WalkLimits::default());
    let (method, cost) = bench.fetch(&[&[put("p/a", 1)]]);
    assert_eq!((method, cost.requests), (FetchMethod::Full, 1));
    assert!(bench.is_current());
}

#[test]
fn a_fetch_without_changes_takes_one_request() {
    let mut bench = WalkBench::new("p/", &["p/a", "p/b/c"], 0);
    let (method, cost) = bench.fetch(&[&[put("other", 1)]]);
    assert_eq!((method, cost.requests), (FetchMethod::Walk, 1));
    assert!(bench.is_current());
}

#[test]
fn a_deleted_folder_marker_removes_no_other_key() {
    let mut bench = WalkBench::new("p/", &["p/a/", "p/a/b", "p/a/c/d", "p/x"], 0);
    let (method, _) = bench.fetch(&[&[delete("p/a/")]]);
    assert_eq!(method, FetchMethod::Walk);
    assert!(bench.is_current());
    assert_eq!(bench.seen.len(), 3);
}

#[test]
fn a_branch_without_names_is_gone_whatever_its_index() {
    // The older tombstone below the branch is all that its index shows.
    let keys = ["p/a/1", "p/a/2", "p/a/3", "p/b/1", "p/b/2", "p/c/1"];
    let mut bench = WalkBench::new("p/", &keys, 0);
    bench.fetch(&[&[delete("p/a/3")]]);
    let (method, cost) = bench.fetch(&[&[put("p/c/1", 1)], &[delete_tree("p/a")]]);
    assert_eq!(method, FetchMethod::Walk);
    assert_eq!(cost.rounds, 2, "since when it is gone is unknown");
    assert!(bench.is_current());
}

#[test]
fn a_branch_that_is_fetched_empty_takes_another_round() {
    let keys = ["p/a/1", "p/a/2", "p/a/3", "p/b/1", "p/b/2", "p/c/1"];
    let mut bench = WalkBench::new("p/", &keys, 2);
    bench.fetch(&[&[delete("p/a/3")]]);
    // The root, then its three folders; the first has changed and is fetched last.
    let (method, _) = bench.fetch(&[&[put("p/a/1", 1)], &[], &[], &[], &[delete_tree("p/a")]]);
    assert_eq!(method, FetchMethod::Walk);
    assert!(bench.is_current());
}

#[test]
fn a_prefix_that_is_removed_by_a_delete_further_up_is_gone_when_the_wait_is_over() {
    let mut bench = WalkBench::new("p/q/", &["p/q/a", "p/q/b"], 0);
    bench.fetch(&[&[delete("p/q/b")]]);
    bench.fetch(&[&[delete_tree("p/")]]);
    assert!(bench.is_current());
    assert!(bench.seen.is_empty());
}

#[test]
fn collected_tombstones_cost_one_full_fetch() {
    let mut bench = WalkBench::new("p/", &["p/a", "p/b"], 0);
    bench.fetch(&[&[delete("p/b")]]);
    let pass = |minutes| StoreEvent::Pass(minutes * MINUTE);
    let methods: Vec<FetchMethod> = (0..3).map(|_| bench.fetch(&[&[pass(6)]]).0).collect();
    assert_eq!(
        methods[2],
        FetchMethod::WalkThenFull(FullFetchReason::IndexWentBack)
    );
    assert!(bench.is_current());
}

#[test]
fn a_restore_and_a_write_after_it_cost_one_full_fetch() {
    let mut bench = WalkBench::new("p/", &["p/a/1", "p/a/2", "p/b/1"], 0);
    bench.store.lock().unwrap().apply(&StoreEvent::Save);
    bench.fetch(&[&[delete("p/a/2")]]);
    // The tombstones of the backup fit, and so do the names of the top level.
    let (method, _) = bench.fetch(&[&[StoreEvent::Restore], &[put("p/b/1", 1)]]);
    assert_eq!(
        method,
        FetchMethod::WalkThenFull(FullFetchReason::HistoryDiffers)
    );
    assert!(bench.is_current());
}

#[test]
fn after_a_long_time_without_an_answer_everything_is_read() {
    let mut bench = WalkBench::new("p/", &["p/a", "p/b"], 0);
    let (method, _) =
        bench.fetch(&[&[delete("p/b"), StoreEvent::Pass(20 * MINUTE), put("p/a", 1)]]);
    assert_eq!(
        method,
        FetchMethod::WalkThenFull(FullFetchReason::SnapshotTooOld)
    );
    assert!(bench.is_current());
}

#[test]
fn everything_is_read_once_an_hour() {
    let mut bench = WalkBench::new("p/", &["p/a", "p/b"], 0);
    let methods: Vec<FetchMethod> = (0..61).map(|_| bench.fetch(&[]).0).collect();
    assert_eq!(methods[58], FetchMethod::Walk);
    assert_eq!(
        methods[59],
        FetchMethod::WalkThenFull(FullFetchReason::Audit)
    );
    assert_eq!(methods[60], FetchMethod::Walk);
}

#[test]
fn constant_writes_cost_a_full_fetch_and_then_little_more() {
    let mut bench = WalkBench::new("p/", &["p/a/1", "p/b/1", "p/c/1"], 0);
    let steps: Vec<Vec<StoreEvent>> = (0..=255).map(|n| vec![put("p/b/1", n)]).collect();
    let steps: Vec<&[StoreEvent]> = steps.iter().map(Vec::as_slice).collect();
    let fetches: Vec<_> = (0..4).map(|_| bench.fetch(&steps)).collect();
    let methods = fetches.iter().map(|(method, _)| *method);
    assert!(
        methods.eq([FetchMethod::WalkThenFull(FullFetchReason::ConstantWrites); 4]),
        "{fetches:?}"
    );
    let requests: Vec<u32> = fetches.iter().map(|(_, cost)| cost.requests).collect();
    assert!(requests[0] < 60 && requests[3] < 12, "{requests:?}");
}

#[test]
fn an_unaddressable_name_is_read_by_itself() {
    let keys = ["p/a//x", "p/a//y", "p/a/z", "p/b/1", "p/b/2"];
    let mut bench = WalkBench::new("p/", &keys, 0);
    for events in [
        [put("p/a//x", 1)],
        [put("p//lead", 1)],
        [put("p/a//w", 1)],
        [delete("p/a//y")],
        [delete_tree("p/a//")],
    ] {
        assert_eq!(bench.fetch(&[&events]).0, FetchMethod::Walk, "{events:?}");
        assert!(bench.is_current(), "{events:?}");
    }
}

#[test]
fn a_folder_of_non_utf8_keys_does_not_stop_a_walk() {
    let mut bench = WalkBench::new("p/", &["p/a/X", "p/b/1", "p/b/2"], 0);
    assert_eq!(bench.fetch(&[]).0, FetchMethod::Walk);
    assert_eq!(bench.fetch(&[&[put("p/b/1", 1)]]).0, FetchMethod::Walk);
    assert_eq!(bench.fetch(&[&[put("p/a/1", 1)]]).0, FetchMethod::Walk);
    assert!(bench.is_current());
    assert_eq!(bench.seen.len(), 3);
}

#[test]
fn a_walk_that_would_cost_more_is_given_up() {
    let keys: Vec<String> = (0..3000).map(|n| format!("p/{}/{n}", n % 30)).collect();
    let keys = || keys.iter().map(String::as_str);
    let mut bench = WalkBench::with("p/", keys(), WalkLimits::default());
    let all: Vec<StoreEvent> = keys().map(|key| put(key, 1)).collect();
    let (method, _) = bench.fetch(&[&[StoreEvent::Txn(all)]]);
    assert_eq!(
        method,
        FetchMethod::WalkThenFull(FullFetchReason::ManyChanges)
    );
    assert!(bench.is_current());
}
