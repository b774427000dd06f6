//! The index to wait on next: the rules of Consul's indexes. Pure.
//!
//! An index is a hint when to read, never a proof of a change: a restore, a new cluster and the
//! collection of tombstones (after 15 minutes) all make it go back. So does a server that lags behind
//! the one that answered before, and its answer is no state to compare with: only the leader, which
//! confirms that it leads, tells one from the other.

use crate::model::{Continuity, Index};

/// The meaning of an answer's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexVerdict {
    /// The answer is the state at its index. The content may have changed even if the index has not:
    /// a recursive delete above the target leaves no tombstone that the target's index shows.
    Take(Continuity),
    /// The index is lower than before: the target is read again first, without an index and
    /// consistently. A request released by a restore may still have the data from before, and a
    /// server that lags has older data too.
    StartOver,
}

/// The state of a target's queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The index of the answer that was taken last; kept over failures.
    taken: Option<Index>,
    /// The index that the next query waits on; `None`: it does not wait.
    since: Option<Index>,
    /// Whether the current query is the one after a lower index, whose answer is taken as it is.
    starting_over: bool,
}

impl Cursor {
    /// Starts with a full read; `taken` is the index of the handled state from a state file.
    pub fn new(taken: Option<Index>) -> Self {
        Cursor {
            taken,
            since: None,
            starting_over: false,
        }
    }

    /// Whether the next query is to be read consistently, and at once.
    pub fn starts_over(&self) -> bool {
        self.starting_over
    }

    /// Returns the index of the answer that was taken last.
    pub fn taken(&self) -> Option<Index> {
        self.taken
    }

    /// Returns the index that the next query waits on.
    pub fn since(&self) -> Option<Index> {
        self.since
    }

    /// Records the index of an answer. Consul never sends 0; if a proxy does, it counts as 1, because
    /// a query does not wait on 0.
    pub fn answered(&mut self, index: Index) -> IndexVerdict {
        let index = index.max(Index(1));
        let broken = self.taken.is_some_and(|taken| index < taken);
        if broken && !self.starting_over {
            self.since = None;
            self.starting_over = true;
            return IndexVerdict::StartOver;
        }
        self.starting_over = false;
        self.taken = Some(index);
        self.since = Some(index);
        IndexVerdict::Take(if broken {
            Continuity::Broken
        } else {
            Continuity::Kept
        })
    }

    /// Records that there was no usable answer: the next query is a full read, because it is unknown
    /// which server answers it. A consistent read that failed is still due.
    pub fn failed(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: IndexVerdict = IndexVerdict::Take(Continuity::Kept);
    const BROKEN: IndexVerdict = IndexVerdict::Take(Continuity::Broken);

    fn at(index: u64) -> Cursor {
        let mut cursor = Cursor::new(None);
        assert_eq!(cursor.answered(Index(index)), KEPT);
        cursor
    }

    #[test]
    fn the_first_query_reads_at_once_and_the_next_waits_on_its_index() {
        assert_eq!(Cursor::new(None).since(), None);
        assert_eq!(at(8).since(), Some(Index(8)));
    }

    #[test]
    fn a_higher_and_the_same_index_are_waited_on() {
        let mut cursor = at(8);
        assert_eq!(cursor.answered(Index(9)), KEPT);
        assert_eq!(cursor.answered(Index(9)), KEPT);
        assert_eq!(cursor.since(), Some(Index(9)));
    }

    #[test]
    fn a_lower_index_is_read_again_consistently_and_breaks_the_history() {
        let mut cursor = at(8);
        assert_eq!(cursor.answered(Index(3)), IndexVerdict::StartOver);
        assert_eq!((cursor.since(), cursor.starts_over()), (None, true));
        assert_eq!(cursor.answered(Index(3)), BROKEN);
        assert_eq!(
            (cursor.since(), cursor.starts_over()),
            (Some(Index(3)), false)
        );
        assert_eq!(cursor.answered(Index(4)), KEPT);
    }

    #[test]
    fn the_leader_tells_a_server_that_lags_from_a_history_that_went_back() {
        let mut cursor = at(8);
        for leader in [8, 9] {
            assert_eq!(cursor.answered(Index(5)), IndexVerdict::StartOver);
            assert_eq!(cursor.answered(Index(leader)), KEPT);
            assert_eq!(cursor.since(), Some(Index(leader)));
        }
    }

    #[test]
    fn zero_counts_as_one() {
        let mut cursor = Cursor::new(None);
        assert_eq!(cursor.answered(Index(0)), KEPT);
        assert_eq!(cursor.since(), Some(Index(1)));
    }

    #[test]
    fn after_a_failure_everything_is_read_and_a_lower_index_is_confirmed() {
        let mut cursor = at(8);
        cursor.failed();
        assert_eq!((cursor.since(), cursor.starts_over()), (None, false));
        assert_eq!(cursor.answered(Index(2)), IndexVerdict::StartOver);
        // The leader does not answer: still nothing of a lower index is taken without it.
        cursor.failed();
        assert!(cursor.starts_over());
        assert_eq!(cursor.answered(Index(2)), BROKEN);
    }

    #[test]
    fn a_remembered_index_counts_from_the_first_answer_on() {
        let mut cursor = Cursor::new(Some(Index(8)));
        assert_eq!(cursor.since(), None);
        assert_eq!(cursor.answered(Index(2)), IndexVerdict::StartOver);
        assert_eq!(cursor.answered(Index(2)), BROKEN);
        assert_eq!(Cursor::new(Some(Index(8))).answered(Index(9)), KEPT);
    }
}
