//! The index to wait on next: the rules of Consul's indexes. Pure.
//!
//! An index is a hint when to read, never a proof of a change: a restore, a new cluster and the
//! collection of tombstones (after 15 minutes) all make it go back.

use crate::model::{Continuity, Index};

/// The meaning of an answer's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexVerdict {
    /// The answer is the state at its index. The content may have changed even if the index has not:
    /// a recursive delete above the target leaves no tombstone that the target's index shows.
    Take(Continuity),
    /// The index is lower than the one that was sent: the target is read again without an index
    /// first. A request released by a restore may still have the data from before.
    StartOver,
}

/// The state of a target's queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The index of the answer that was taken last; kept over failures.
    taken: Option<Index>,
    /// The index that the next query waits on; `None`: it does not wait.
    since: Option<Index>,
    /// Whether the current query is the one after a lower index.
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

    /// Returns the index that the next query waits on.
    pub fn since(&self) -> Option<Index> {
        self.since
    }

    /// Records that the current query did not wait: everything was read at once.
    pub fn read_at_once(&mut self) {
        self.since = None;
    }

    /// Records the index of an answer. Consul never sends 0; if a proxy does, it counts as 1, because
    /// a query does not wait on 0.
    pub fn answered(&mut self, index: Index) -> IndexVerdict {
        let index = index.max(Index(1));
        let sent = self.since;
        if sent.is_some_and(|sent| index < sent) && !self.starting_over {
            self.since = None;
            self.starting_over = true;
            return IndexVerdict::StartOver;
        }
        // Only once in a row: two servers of which one lags behind answer with higher and lower indexes
        // in turn, and every other query would be a full one.
        self.starting_over = self.starting_over && sent.is_none();
        let broken = self.taken.is_some_and(|taken| index < taken);
        self.taken = Some(index);
        self.since = Some(index);
        IndexVerdict::Take(if broken {
            Continuity::Broken
        } else {
            Continuity::Kept
        })
    }

    /// Records that there was no usable answer: the next query is a full read, because it is unknown
    /// which server answers it.
    pub fn failed(&mut self) {
        self.since = None;
        self.starting_over = false;
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
    fn a_lower_index_starts_over_and_breaks_the_history() {
        let mut cursor = at(8);
        assert_eq!(cursor.answered(Index(3)), IndexVerdict::StartOver);
        assert_eq!(cursor.since(), None);
        assert_eq!(cursor.answered(Index(3)), BROKEN);
        assert_eq!(cursor.since(), Some(Index(3)));
        assert_eq!(cursor.answered(Index(4)), KEPT);
    }

    #[test]
    fn a_start_over_that_finds_the_old_index_again_breaks_nothing() {
        let mut cursor = at(8);
        assert_eq!(cursor.answered(Index(7)), IndexVerdict::StartOver);
        assert_eq!(cursor.answered(Index(8)), KEPT);
    }

    #[test]
    fn servers_of_which_one_lags_behind_are_not_read_in_full_at_every_turn() {
        let mut cursor = at(8);
        assert_eq!(cursor.answered(Index(5)), IndexVerdict::StartOver);
        assert_eq!(cursor.answered(Index(8)), KEPT);
        assert_eq!(cursor.answered(Index(5)), BROKEN);
        assert_eq!(cursor.since(), Some(Index(5)));
        assert_eq!(cursor.answered(Index(8)), KEPT);
        assert_eq!(cursor.answered(Index(5)), IndexVerdict::StartOver);
    }

    #[test]
    fn an_answer_without_waiting_is_taken_at_a_lower_index_too() {
        let mut cursor = at(8);
        cursor.read_at_once();
        assert_eq!(cursor.answered(Index(3)), BROKEN);
        assert_eq!(cursor.since(), Some(Index(3)));
        assert_eq!(cursor.answered(Index(2)), IndexVerdict::StartOver);
    }

    #[test]
    fn zero_counts_as_one() {
        let mut cursor = Cursor::new(None);
        assert_eq!(cursor.answered(Index(0)), KEPT);
        assert_eq!(cursor.since(), Some(Index(1)));
    }

    #[test]
    fn after_a_failure_everything_is_read_and_an_index_that_went_back_is_noticed() {
        let mut cursor = at(8);
        cursor.failed();
        assert_eq!(cursor.since(), None);
        assert_eq!(cursor.answered(Index(2)), BROKEN);
    }

    #[test]
    fn a_remembered_index_counts_from_the_first_answer_on() {
        let mut cursor = Cursor::new(Some(Index(8)));
        assert_eq!(cursor.since(), None);
        assert_eq!(cursor.answered(Index(2)), BROKEN);
        assert_eq!(Cursor::new(Some(Index(8))).answered(Index(9)), KEPT);
    }
}
