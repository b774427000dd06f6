//! A counter of permits, for what only so many threads may do at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A limited number of permits.
#[derive(Debug, Clone)]
pub struct Semaphore {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

/// A permit, given back when dropped.
#[derive(Debug)]
pub struct Permit(Arc<AtomicUsize>);

impl Semaphore {
    /// Creates this number of permits.
    pub fn new(limit: usize) -> Self {
        Semaphore {
            taken: Arc::default(),
            limit,
        }
    }

    /// Takes a permit, if one is left.
    pub fn try_acquire(&self) -> Option<Permit> {
        let permit = Permit(Arc::clone(&self.taken));
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.limit).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_is_given_back_when_dropped() {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.try_acquire();
        assert!(permit.is_some() && semaphore.try_acquire().is_none());
        drop(permit);
        assert!(semaphore.try_acquire().is_some());
    }
}
