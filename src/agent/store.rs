//! The one lock around [`KvState`], and the readers that wait on it.
//!
//! A blocked reader registers what it waits on under the same lock that it looked under, so no
//! write falls between. A write unparks only the readers it concerns: with one condition variable
//! for all, a put would wake a thousand readers to find nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::params::Blocking;
use super::state::{KvQuery, KvState};

/// How often a blocked reader looks whether its client is still there.
const GLANCE: Duration = Duration::from_secs(1);

/// How often sessions and tombstones are looked at.
const TICK: Duration = Duration::from_millis(200);

/// The store.
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

/// The client of a blocked reader has gone: nobody is there to be answered.
#[derive(Debug)]
pub struct ClientGone;

impl Store {
    /// Puts the state behind its lock.
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

    /// Looks, and gives the index of the query with what was seen. A blocking look waits until that
    /// index is above the one asked for, or the time is up; then it shows what there is, under the
    /// index of its last look.
    pub fn read<T>(
        &self,
        query: &KvQuery,
        blocking: Option<Blocking>,
        gone: impl Fn() -> bool,
        look: impl Fn(&KvState) -> T,
    ) -> Result<(u64, T), ClientGone> {
        let Some(asked) = blocking else {
            return Ok(self.look(|state| (state.index(query), look(state))));
        };
        // Consul adds up to a sixteenth, so that readers that came together do not return so.
        let jitter = asked.wait.mul_f64(fastrand::f64() / 16.0);
        let until = Instant::now() + asked.wait + jitter;
        loop {
            let (index, waiter) = {
                let mut inner = self.lock();
                let index = inner.state.index(query);
                if index > asked.index {
                    return Ok((index, look(&inner.state)));
                }
                (index, inner.register(query))
            };
            let woken = waiter.sleep(until, &gone);
            let mut inner = self.lock();
            inner.forget(&waiter);
            // A write may have come between the last glance and the lock.
            if !(woken? || waiter.woken.load(Ordering::Acquire)) {
                return Ok((index, look(&inner.state)));
            }
        }
    }

    /// Looks once, at whatever there is.
    pub fn look<T>(&self, look: impl FnOnce(&KvState) -> T) -> T {
        look(&self.lock().state)
    }

    /// Changes something, and wakes the readers that it concerns.
    pub fn write<T>(&self, change: impl FnOnce(&mut KvState, Instant) -> T) -> T {
        let mut inner = self.lock();
        let result = change(&mut inner.state, Instant::now());
        inner.wake();
        result
    }

    /// Lets time pass: ends sessions and drops tombstones, for ever.
    pub fn keep_time(&self) {
        loop {
            thread::sleep(TICK);
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

    /// Takes a waiter off the list, if a write has not done so yet.
    fn forget(&mut self, waiter: &Arc<Waiter>) {
        if !waiter.woken.load(Ordering::Acquire) {
            self.waiters.retain(|other| !Arc::ptr_eq(other, waiter));
        }
    }

    fn wake(&mut self) {
        let touched = self.state.take_touched();
        if touched.is_empty() {
            return;
        }
        self.waiters.retain(|waiter| {
            let concerned = touched.iter().any(|touch| waiter.query.is_concerned(touch));
            if concerned {
                waiter.woken.store(true, Ordering::Release);
                waiter.thread.unpark();
            }
            !concerned
        });
    }
}

impl Waiter {
    /// Whether a write woke it before the time was up.
    fn sleep(&self, until: Instant, gone: &impl Fn() -> bool) -> Result<bool, ClientGone> {
        loop {
            if self.woken.load(Ordering::Acquire) {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let asleep = Instant::now();
            thread::park_timeout(left.min(GLANCE));
            if asleep.elapsed() >= GLANCE && gone() {
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

    /// Reads of this key, blocked: returns once all of them are registered.
    fn blocked(
        store: &Arc<Store>,
        name: &'static str,
        count: usize,
    ) -> Vec<thread::JoinHandle<Vec<u8>>> {
        let before = waiting(store);
        let index = store.look(|state| state.index(&key(name)));
        let blocking = Some(Blocking { index, wait: LONG });
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
    fn a_put_wakes_the_readers_it_concerns_and_leaves_the_others_asleep() {
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
    fn a_read_whose_time_is_up_keeps_its_index_and_leaves_the_list() {
        let store = Store::new(KvState::new(1));
        put(&store, "a", "1");
        let index = store.look(|state| state.index(&key("none")));
        let wait = Duration::from_millis(1);
        let read = store.read(
            &key("none"),
            Some(Blocking { index, wait }),
            || false,
            |_| (),
        );
        assert_eq!(read.unwrap().0, index);
        assert_eq!(waiting(&store), 0);
    }

    #[test]
    fn a_read_is_given_up_when_its_client_has_gone() {
        let store = Store::new(KvState::new(1));
        let blocking = Some(Blocking {
            index: u64::MAX,
            wait: LONG,
        });
        assert!(store.read(&key("a"), blocking, || true, |_| ()).is_err());
        assert_eq!(waiting(&store), 0);
    }
}
