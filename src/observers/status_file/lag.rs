//! The lag of a handler: the time that changes wait for it to start.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

/// The number of runs in the statistics.
const KEPT: usize = 1000;

/// The lags of the last runs.
#[derive(Debug, Default)]
pub(super) struct Lags(VecDeque<Duration>);

/// Statistics of lags, in milliseconds.
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

    /// Returns the last lag, the median and the 99th percentile.
    pub(super) fn statistics(&self) -> Option<Lag> {
        let last = self.0.back()?.as_millis();
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        // The nearest rank: the smallest lag that this percentage of lags does not exceed.
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
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

    fn statistics(millis: impl IntoIterator<Item = u64>) -> Option<Lag> {
        let mut lags = Lags::default();
        for lag in millis {
            lags.add(Duration::from_millis(lag));
        }
        lags.statistics()
    }

    #[test]
    fn without_a_run_there_are_no_statistics() {
        assert_eq!(statistics([]), None);
    }

    #[test]
    fn the_median_is_in_the_middle_and_the_99th_percentile_near_the_end() {
        let lag = |last, p50, p99| Some(Lag { last, p50, p99 });
        assert_eq!(statistics([7]), lag(7, 7, 7));
        assert_eq!(statistics((1..=100).rev()), lag(1, 50, 99));
    }

    #[test]
    fn old_lags_are_dropped() {
        let slow = std::iter::repeat_n(5000, 1000);
        let fast = std::iter::repeat_n(1, 1000);
        assert_eq!(statistics(slow.chain(fast)).map(|lag| lag.p99), Some(1));
    }
}
