//! The slots of large requests: how many connections may hold a large head or body at once.
//!
//! Nobody keeps the others out: a request that has held its slot for a while gives way to one that
//! needs it, so that clients that stall in the middle of a body use up nothing.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long a request keeps its slot where another needs it. The largest takes some milliseconds.
const MIN_HOLD: Duration = Duration::from_secs(1);

/// How long a request waits for a slot.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// A limited number of slots.
#[derive(Debug, Clone)]
pub struct LargeRequests {
    holders: Arc<Mutex<Vec<Arc<SlotHolder>>>>,
    limit: usize,
}

#[derive(Debug)]
struct SlotHolder {
    since: Instant,
    stream: Arc<TcpStream>,
    lost: AtomicBool,
}

/// A slot, given back when dropped.
#[derive(Debug)]
pub struct LargeSlot {
    slots: LargeRequests,
    holder: Arc<SlotHolder>,
}

/// What becomes of a request where all slots are held.
#[derive(Debug, PartialEq, Eq)]
enum FullSlots {
    /// The holder at this position gives way.
    Replace(usize),
    /// No holder has had its time yet.
    Wait(Duration),
}

/// Chooses the holder that gives way: the one that has held its slot for longest.
fn choose(since: impl Iterator<Item = Instant>, now: Instant) -> FullSlots {
    let Some((position, oldest)) = since.enumerate().min_by_key(|(_, since)| *since) else {
        return FullSlots::Wait(MIN_HOLD);
    };
    match MIN_HOLD.saturating_sub(now.saturating_duration_since(oldest)) {
        Duration::ZERO => FullSlots::Replace(position),
        left => FullSlots::Wait(left),
    }
}

impl LargeRequests {
    /// Creates this number of slots.
    pub fn new(limit: usize) -> Self {
        LargeRequests {
            holders: Arc::default(),
            limit,
        }
    }

    /// Takes a slot for a connection, and waits for one where all are held; `None` where too many
    /// others wait too.
    pub fn acquire(&self, stream: &Arc<TcpStream>) -> Option<LargeSlot> {
        let until = Instant::now() + MAX_WAIT;
        loop {
            let now = Instant::now();
            let mut holders = self.lock();
            if holders.len() < self.limit {
                return Some(self.take(&mut holders, stream, now));
            }
            match choose(holders.iter().map(|holder| holder.since), now) {
                FullSlots::Replace(position) => {
                    let oldest = holders.swap_remove(position);
                    oldest.lost.store(true, Ordering::Release);
                    // Its thread may be in a read, which this ends. The answer can be sent still.
                    let _ = oldest.stream.shutdown(Shutdown::Read);
                    return Some(self.take(&mut holders, stream, now));
                }
                FullSlots::Wait(left) if now < until => {
                    drop(holders);
                    thread::sleep(left);
                }
                FullSlots::Wait(_) => return None,
            }
        }
    }

    fn take(
        &self,
        holders: &mut Vec<Arc<SlotHolder>>,
        stream: &Arc<TcpStream>,
        since: Instant,
    ) -> LargeSlot {
        let holder = Arc::new(SlotHolder {
            since,
            stream: Arc::clone(stream),
            lost: AtomicBool::new(false),
        });
        holders.push(Arc::clone(&holder));
        LargeSlot {
            slots: self.clone(),
            holder,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<SlotHolder>>> {
        self.holders
            .lock()
            .expect("a panic aborts the process, so no lock is ever poisoned")
    }
}

impl LargeSlot {
    /// Whether another request has taken the slot.
    pub fn is_lost(&self) -> bool {
        self.holder.lost.load(Ordering::Acquire)
    }
}

impl Drop for LargeSlot {
    fn drop(&mut self) {
        self.slots
            .lock()
            .retain(|holder| !Arc::ptr_eq(holder, &self.holder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_that_held_its_slot_for_longest_gives_way_after_a_second() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let since = [at(300), at(100), at(200)];
        assert_eq!(
            choose(since.into_iter(), at(1099)),
            FullSlots::Wait(Duration::from_millis(1))
        );
        assert_eq!(choose(since.into_iter(), at(1100)), FullSlots::Replace(1));
        assert_eq!(choose(since.into_iter(), at(9000)), FullSlots::Replace(1));
        assert_eq!(choose(std::iter::empty(), at(0)), FullSlots::Wait(MIN_HOLD));
    }
}
