//! The lock around [`KvState`], and the readers that wait for a change of it.
//!
//! A blocking query registers its waiter under the same lock under which it read, so no write falls
//! between. A write unparks only the readers that it affects: with one condition variable for all, a
//! put would wake a thousand readers in vain.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::params::BlockingQuery;
use super::state::{KvQuery, KvState};

/// How often a blocked reader checks whether its client is still connected.
const CLIENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How often sessions and tombstones are checked.
const TICK_INTERVAL: Duration = Duration::from_millis(200);

/// The state behind a lock, with the readers that wait for its changes.
pub struct Store(Mutex<StoreInner>);

struct StoreInner {
    state: KvState,
    waiters: Vec<Arc<Waiter>>,
}

struct Waiter {
    query: KvQuery,
    woken: AtomicBool,
    thread: Thread,
}

/// The error of a blocked reader whose client has disconnected.
#[derive(Debug)]
pub struct ClientGone;

impl Store {
    /// Creates a store of this state.
    pub fn new(state: KvState) -> Self {
        Store(Mutex::new(StoreInner {
            state,
            waiters: Vec::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, StoreInner> {
        self.0
            .lock()
            .expect("a panic aborts the process, so no lock is ever poisoned")
    }

    /// Reads, and returns the index of the query with the result. A blocking query waits until that
    /// index is above the one given or the wait is over; then it returns the current state, under
    /// the index that it checked last.
    ///
    /// # Errors
    /// When the client disconnects during the wait.
    pub fn read<T>(
        &self,
        query: &KvQuery,
        blocking: Option<BlockingQuery>,
        is_gone: impl Fn() -> bool,
        read: impl Fn(&KvState) -> T,
    ) -> Result<(u64, T), ClientGone> {
        let Some(blocking) = blocking else {
            return Ok(self.read_now(|state| (state.index(query), read(state))));
        };
        // Consul adds up to a sixteenth, so that readers that came together return apart.
        let jitter = blocking.wait.mul_f64(fastrand::f64() / 16.0);
        let until = Instant::now() + blocking.wait + jitter;
        loop {
            let (index, waiter) = {
                let mut inner = self.lock();
                let index = inner.state.index(query);
                if index > blocking.index {
                    return Ok((index, read(&inner.state)));
                }
                (index, inner.register(query))
            };
            let woken = waiter.wait(until, &is_gone);
            let mut inner = self.lock();
            inner.unregister(&waiter);
            // A write may have come between the end of the wait and the lock.
            if !(woken? || waiter.woken.load(Ordering::Acquire)) {
                return Ok((index, read(&inner.state)));
            }
        }
    }

    /// Reads the current state without waiting.
    pub fn read_now<T>(&self, read: impl FnOnce(&KvState) -> T) -> T {
        read(&self.lock().state)
    }

    /// Changes the state and wakes the readers that the change affects.
    pub fn write<T>(&self, change: impl FnOnce(&mut KvState, Instant) -> T) -> T {
        let mut inner = self.lock();
        let result = change(&mut inner.state, Instant::now());
        inner.wake_affected();
        result
    }

    /// Ends sessions and drops tombstones as time passes; never returns.
    pub fn run_timers(&self) {
        loop {
            thread::sleep(TICK_INTERVAL);
            self.write(KvState::tick);
        }
    }
}

impl StoreInner {
    fn register(&mut self, query: &KvQuery) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter {
            query: query.clone(),
            woken: AtomicBool::new(false),
            thread: thread::current(),
        });
        self.waiters.push(Arc::clone(&waiter));
        waiter
    }

    /// Removes a waiter from the list, if a write has not done so yet.
    fn unregister(&mut self, waiter: &Arc<Waiter>) {
        if !waiter.woken.load(Ordering::Acquire) {
            self.waiters.retain(|other| !Arc::ptr_eq(other, waiter));
        }
    }

    fn wake_affected(&mut self) {
        let changes = self.state.take_changes();
        if changes.is_empty() {
            return;
        }
        self.waiters.retain(|waiter| {
            let affected = changes
                .iter()
                .any(|change| waiter.query.is_affected_by(change));
            if affected {
                waiter.woken.store(true, Ordering::Release);
                waiter.thread.unpark();
            }
            !affected
        });
    }
}

impl Waiter {
    /// Waits for a write; returns whether one came before `until`.
    fn wait(&self, until: Instant, is_gone: &impl Fn() -> bool) -> Result<bool, ClientGone> {
        loop {
            if self.woken.load(Ordering::Acquire) {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let parked_at = Instant::now();
            thread::park_timeout(left.min(CLIENT_CHECK_INTERVAL));
            if parked_at.elapsed() >= CLIENT_CHECK_INTERVAL && is_gone() {
                return Err(ClientGone);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::state::{TxnOp, TxnVerb};

    const LONG: Duration = Duration::from_secs(60);

    fn put(store: &Store, key: &str, value: &str) {
        let op = TxnOp {
            value: value.into(),
            ..TxnOp::new(TxnVerb::Set, key)
        };
        store.write(|state, now| state.apply(&op, now)).unwrap();
    }

    fn key(key: &str) -> KvQuery {
        KvQuery::Key(key.as_bytes().into())
    }

    fn waiting(store: &Store) -> usize {
        store.lock().waiters.len()
    }

    /// Starts blocking queries of this key; returns once all of them are registered.
    fn blocked(
        store: &Arc<Store>,
        name: &'static str,
        count: usize,
    ) -> Vec<thread::JoinHandle<Vec<u8>>> {
        let before = waiting(store);
        let index = store.read_now(|state| state.index(&key(name)));
        let blocking = Some(BlockingQuery { index, wait: LONG });
        let threads = (0..count)
            .map(|_| {
                let store = Arc::clone(store);
                thread::spawn(move || {
                    let value =
                        |state: &KvState| state.entry(name.as_bytes()).unwrap().value.clone();
                    store.read(&key(name), blocking, || false, value).unwrap().1
                })
            })
            .collect();
        while waiting(store) < before + count {
            thread::yield_now();
        }
        threads
    }

    #[test]
    fn a_put_wakes_only_the_readers_that_it_affects() {
        let store = Arc::new(Store::new(KvState::new(1)));
        put(&store, "a", "1");
        put(&store, "b", "1");
        let a = blocked(&store, "a", 20);
        let b = blocked(&store, "b", 20);
        put(&store, "elsewhere", "1");
        assert_eq!(waiting(&store), 40);
        put(&store, "a", "2");
        for reader in a {
            assert_eq!(reader.join().unwrap(), b"2");
        }
        assert_eq!(waiting(&store), 20);
        put(&store, "b", "2");
        for reader in b {
            assert_eq!(reader.join().unwrap(), b"2");
        }
        assert_eq!(waiting(&store), 0);
    }

    #[test]
    fn a_read_that_times_out_keeps_its_index_and_leaves_the_list() {
        let store = Store::new(KvState::new(1));
        put(&store, "a", "1");
        let index = store.read_now(|state| state.index(&key("none")));
        let wait = Duration::from_millis(1);
        let read = store.read(
            &key("none"),
            Some(BlockingQuery { index, wait }),
            || false,
            |_| (),
        );
        assert_eq!(read.unwrap().0, index);
        assert_eq!(waiting(&store), 0);
    }

    #[test]
    fn a_read_is_given_up_when_its_client_has_gone() {
        let store = Store::new(KvState::new(1));
        let blocking = Some(BlockingQuery {
            index: u64::MAX,
            wait: LONG,
        });
        assert!(store.read(&key("a"), blocking, || true, |_| ()).is_err());
        assert_eq!(waiting(&store), 0);
    }
}
