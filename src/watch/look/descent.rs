//! One round of a walk: down from a listing of the root to what changed.

use super::Source;
use super::cost::{Cost, Limits, Refetch};
use super::listing::Listing;
use super::question::{Question, Reply, put_all};
use super::split::{Part, askable, split};
use super::unreadable::LeftOut;
use crate::model::{Entry, Index, Snapshot};

/// So many questions are put before what they cost is looked at.
const AT_A_TIME: usize = 32;

/// Why a walk ended early.
pub(super) enum Halt<E> {
    /// A request got no answer.
    Failed(E),
    /// Everything has to be read.
    Whole(Refetch),
}

impl<E> From<E> for Halt<E> {
    fn from(error: E) -> Self {
        Halt::Failed(error)
    }
}

/// One round. Takes `seen`, which holds every branch as it was at `since` or later, to a state in
/// which every branch is as it was at `at` or later.
pub(super) struct Descent<'a, P> {
    source: &'a P,
    seen: &'a mut Snapshot,
    /// Branches that are not newer are skipped.
    since: Index,
    /// The index of the root when the round began.
    at: Index,
    limits: &'a Limits,
    /// What the walk may weigh, see [`Cost::weight`].
    budget: u64,
    cost: &'a mut Cost,
    /// Entries whose names are not UTF-8.
    left_out: &'a mut LeftOut,
    questions: Vec<Question>,
    /// Whether something is newer than `at`, or may be: what is gone altogether does not say
    /// since when.
    newer: bool,
}

impl<'a, P> Descent<'a, P>
where
    P: Source + Sync,
    P::Error: Send,
{
    /// A round from `since` to `at`.
    pub(super) fn new(
        (source, cost): (&'a P, &'a mut Cost),
        (seen, left_out): (&'a mut Snapshot, &'a mut LeftOut),
        (since, at): (Index, Index),
        (limits, budget): (&'a Limits, u64),
    ) -> Self {
        Descent {
            source,
            seen,
            since,
            at,
            limits,
            budget,
            cost,
            left_out,
            questions: Vec::new(),
            newer: false,
        }
    }

    /// Walks down from the root, whose names were listed just now. Says whether something newer than
    /// `at` may have shown; otherwise `seen` is the exact state at `at`.
    pub(super) fn run(mut self, root: &str, listing: &Listing) -> Result<bool, Halt<P::Error>> {
        self.enter(root, listing)?;
        if self.questions.contains(&Question::All(root.to_owned())) {
            // As a read of its own it is exact at once, and needs no second look.
            return Err(Halt::Whole(Refetch::MuchChanged));
        }
        let received = self.source.received();
        while !self.questions.is_empty() {
            let level = std::mem::take(&mut self.questions);
            for some in level.chunks(AT_A_TIME) {
                self.cost.requests += u32::try_from(some.len()).unwrap_or(u32::MAX);
                let replies = put_all(self.source, self.seen, some, self.limits.lanes)?;
                for (question, reply) in some.iter().zip(replies) {
                    self.take(question, reply)?;
                }
                let spent = Cost {
                    bytes: self.source.received() - received,
                    ..*self.cost
                };
                if spent.weight() > self.budget {
                    return Err(Halt::Whole(Refetch::MuchChanged));
                }
            }
        }
        Ok(self.newer)
    }

    /// Takes a reply. Where two questions of a level cover the same keys, what one brought may take the
    /// place of what the other did: then one of them was newer than `at`, and the next round looks
    /// there again.
    fn take(&mut self, question: &Question, reply: Reply) -> Result<(), Halt<P::Error>> {
        let (Question::Changed(text)
        | Question::All(text)
        | Question::Key(text)
        | Question::Hidden(text)) = question;
        match reply {
            Reply::Names {
                index,
                listing,
                newest,
            } => self.names(text, index, &listing, newest),
            Reply::Entries {
                index,
                empty,
                fresh,
                left_out,
            } => {
                self.left_out.join(left_out);
                match index {
                    Some(index) => self.all(text, index, empty, fresh),
                    None => self.hidden(text, fresh),
                }
            }
            Reply::Entry(entry) => self.entry(text, entry),
            Reply::Refused => Err(Halt::Whole(Refetch::Refused)),
        }
    }

    fn names(
        &mut self,
        text: &str,
        index: Index,
        listing: &Listing,
        newest: Option<Index>,
    ) -> Result<(), Halt<P::Error>> {
        if !listing.named {
            // Gone, whatever the index says: a recursive delete further up leaves its mark there,
            // and what is left without entries and marks answers the index of the whole store.
            self.seen.splice(text, Vec::new());
            self.newer = true;
            return Ok(());
        }
        if index <= self.since {
            let fits = newest.is_none_or(|newest| newest <= index);
            return if fits && !listing.differs(self.left_out) {
                Ok(())
            } else {
                doubt()
            };
        }
        self.newer |= index > self.at;
        self.enter(text, listing)
    }

    /// Goes on below a text that has changed and whose names were just listed.
    fn enter(&mut self, text: &str, listing: &Listing) -> Result<(), Halt<P::Error>> {
        self.left_out.any |= listing.unreadable;
        if listing.muddled {
            return doubt();
        }
        for name in &listing.vanished {
            // A folder marker lists itself in its own folder: there it is a key like any other.
            if name.ends_with('/') && name != text {
                self.seen.splice(name, Vec::new());
            } else {
                self.seen.remove(name);
            }
        }
        let known = self.seen.under(text);
        if self.is_small(known) {
            self.questions.push(Question::All(text.to_owned()));
            return Ok(());
        }
        let appeared = listing.appeared.iter().map(|name| appeared(name, text));
        let stayed = split(known, text.len()).into_iter().map(stayed);
        self.questions.extend(appeared.chain(stayed));
        Ok(())
    }

    fn is_small(&self, known: &[Entry]) -> bool {
        let size = |entry: &Entry| entry.key().len() + entry.value().len();
        known.len() <= self.limits.fetch_keys
            && known.iter().map(size).sum::<usize>() <= self.limits.fetch_bytes
    }

    /// All below a text, as it was at an index.
    fn all(
        &mut self,
        text: &str,
        index: Index,
        empty: bool,
        fresh: Option<Vec<Entry>>,
    ) -> Result<(), Halt<P::Error>> {
        if !empty && index <= self.since && fresh.is_some() {
            return doubt();
        }
        self.newer |= empty || index > self.at;
        if let Some(fresh) = fresh {
            // Sorted as an answer is; a snapshot makes sure of it.
            let fresh = Snapshot::new(index, fresh);
            self.seen.splice(text, fresh.entries().to_vec());
        }
        Ok(())
    }

    /// All below a text that only a transaction can name. Its answer has no index: what it shows says
    /// by itself how new it is, and since when something is gone nobody knows.
    fn hidden(&mut self, text: &str, fresh: Option<Vec<Entry>>) -> Result<(), Halt<P::Error>> {
        let Some(fresh) = fresh else {
            return Ok(());
        };
        let known = Snapshot::new(self.at, self.seen.under(text).to_vec());
        let fresh = Snapshot::new(self.at, fresh);
        for (was, is) in known.differences(&fresh) {
            match is {
                Some(is) if was == Some(is) => {}
                Some(is) if is.modified() <= self.since => return doubt(),
                Some(is) => self.newer |= is.modified() > self.at,
                None => self.newer = true,
            }
        }
        self.seen.splice(text, fresh.entries().to_vec());
        Ok(())
    }

    fn entry(&mut self, key: &str, entry: Option<Entry>) -> Result<(), Halt<P::Error>> {
        let Some(entry) = entry else {
            self.seen.remove(key);
            self.newer = true;
            return Ok(());
        };
        self.newer |= entry.modified() > self.at;
        if self.seen.get(key) == Some(&entry) {
            return Ok(());
        }
        if entry.modified() <= self.since || entry.key() != key {
            return doubt();
        }
        self.seen.insert(entry);
        Ok(())
    }
}

/// What does not fit what is known of this history belongs to another one.
fn doubt<E>() -> Result<(), Halt<E>> {
    Err(Halt::Whole(Refetch::Doubt))
}

/// What to do about a name below `text` that is not known.
fn appeared(name: &str, text: &str) -> Question {
    if !askable(name) {
        Question::Hidden(name.to_owned())
    } else if name.ends_with('/') && name != text {
        Question::All(name.to_owned())
    } else {
        Question::Key(name.to_owned())
    }
}

/// What to do about a part that is known.
fn stayed(part: Part<'_>) -> Question {
    match part {
        Part::Branch(text) if askable(text) => Question::Changed(text.to_owned()),
        Part::Leaf(key) if askable(key) => Question::Key(key.to_owned()),
        Part::Branch(hidden) | Part::Leaf(hidden) => Question::Hidden(hidden.to_owned()),
    }
}
