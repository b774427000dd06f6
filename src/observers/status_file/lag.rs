//! How long changes wait for their handler to start.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

/// So many are remembered.
const KEPT: usize = 1000;

/// The last of them.
#[derive(Debug, Default)]
pub(super) struct Lags(VecDeque<Duration>);

/// In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Lag {
    pub(super) last: u128,
    pub(super) p50: u128,
    pub(super) p99: u128,
}

impl Lags {
    pub(super) fn add(&mut self, lag: Duration) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(lag);
    }

    /// Last, median and 99th percentile of those remembered.
    pub(super) fn lag(&self) -> Option<Lag> {
        let last = self.0.back()?.as_millis();
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        // The smallest value that this part of all is not above.
        let percentile = |part: usize| {
            let rank = (sorted.len() * part).div_ceil(100);
            sorted[rank.saturating_sub(1)].as_millis()
        };
        Some(Lag {
            last,
            p50: percentile(50),
            p99: percentile(99),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Option<Lag> {
        let mut lags = Lags::default();
        for lag in millis {
            lags.add(Duration::from_millis(lag));
        }
        lags.lag()
    }

    #[test]
    fn without_a_run_there_is_none() {
        assert_eq!(of([]), None);
    }

    #[test]
    fn the_median_is_in_the_middle_and_the_99th_percentile_near_the_end() {
        let lag = |last, p50, p99| Some(Lag { last, p50, p99 });
        assert_eq!(of([7]), lag(7, 7, 7));
        assert_eq!(of((1..=100).rev()), lag(1, 50, 99));
    }

    #[test]
    fn old_ones_are_forgotten() {
        let slow = std::iter::repeat_n(5000, 1000);
        let fast = std::iter::repeat_n(1, 1000);
        assert_eq!(of(slow.chain(fast)).map(|lag| lag.p99), Some(1));
    }
}
