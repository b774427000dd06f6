//! What the workers of an import share: its counts, its rate, and what stops it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::rejections::Rejection;
use super::results::{ImportCounts, cause};
use crate::consul::{Bulk, ErrorClass};
use crate::model::{Op, TxnLimits};
use crate::rate_limiter::RateLimiter;
use crate::term::Progress;

/// The state that the workers share.
pub struct ImportRun<'a> {
    /// Whether existing keys are left alone.
    pub create_only: bool,
    /// Whether an import goes on after the server refused a key.
    pub keep_going: bool,
    /// The keys that were refused.
    rejections: Mutex<Vec<Rejection>>,
    /// Transactions, sent within what the server allows.
    pub bulk: Bulk,
    /// Keys per second, and their limiter.
    rate: Option<(u32, Mutex<RateLimiter>)>,
    counts: Mutex<ImportCounts>,
    progress: Progress,
    /// The error to report. One with unknown outcome takes precedence.
    failure: Mutex<Option<anyhow::Error>>,
    stopped: AtomicBool,
    signalled: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> ImportRun<'a> {
    /// Creates the state of an import. `rate` is in keys per second; `signalled` returns whether to
    /// stop.
    pub fn new(
        create_only: bool,
        keep_going: bool,
        rate: Option<u32>,
        progress: Progress,
        signalled: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        ImportRun {
            create_only,
            keep_going,
            rejections: Mutex::default(),
            bulk: Bulk::default(),
            rate: rate.map(|rate| {
                let period = Duration::from_secs(1) / rate.max(1);
                (
                    rate,
                    Mutex::new(RateLimiter::new(period, 1, Instant::now())),
                )
            }),
            counts: Mutex::default(),
            progress,
            failure: Mutex::default(),
            stopped: AtomicBool::new(false),
            signalled,
        }
    }

    /// Returns the results so far.
    pub fn counts(&self) -> ImportCounts {
        *lock(&self.counts)
    }

    /// Takes the keys that were refused.
    pub fn take_rejections(&self) -> Vec<Rejection> {
        std::mem::take(&mut *lock(&self.rejections))
    }

    /// Takes the error that stopped the import, if any.
    pub fn failure(&self) -> Option<anyhow::Error> {
        lock(&self.failure).take()
    }

    /// Whether the workers must not start another transaction.
    pub fn stopped(&self) -> bool {
        if (self.signalled)() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }

    /// Stops all workers because of an error.
    pub fn fail(&self, error: anyhow::Error) {
        let mut failure = lock(&self.failure);
        if failure.is_none() || leaves_unknown(&error) {
            *failure = Some(error);
        }
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Counts a key that the server refused.
    pub fn reject(&self, op: &Op, class: ErrorClass, reason: String) {
        lock(&self.rejections).push(Rejection {
            key: op.name().to_owned(),
            class,
            reason,
        });
        self.count(|counts| {
            counts.refused += 1;
            counts.bytes += op.value().len() as u64;
        });
    }

    /// Changes the counts, and shows the progress.
    pub fn count(&self, change: impl FnOnce(&mut ImportCounts)) {
        let mut counts = lock(&self.counts);
        change(&mut counts);
        self.progress.update(counts.keys(), counts.bytes);
    }

    /// Waits until the rate allows this many keys, or the import is stopped.
    pub fn wait(&self, keys: usize) {
        const STEP: Duration = Duration::from_millis(50);
        let Some((_, limiter)) = &self.rate else {
            return;
        };
        let keys = u32::try_from(keys).unwrap_or(u32::MAX);
        let until = Instant::now() + lock(limiter).take(keys, Instant::now());
        while !self.stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(STEP));
        }
    }

    /// Returns the limits of one transaction.
    pub fn limits(&self) -> TxnLimits {
        let mut limits = self.bulk.limits();
        if let Some((rate, _)) = &self.rate {
            // Smaller transactions keep the rate within each second.
            limits.ops = limits.ops.min((*rate).max(1) as usize);
        }
        limits
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leaves_unknown(error: &anyhow::Error) -> bool {
    cause(error).is_some_and(|error| error.class() == ErrorClass::Unknown)
}
