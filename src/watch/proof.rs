//! Which keys that are no longer listed are deleted.
//!
//! A listing filtered by ACLs looks like one whose keys were deleted: the same status, at the same
//! index. So each key that vanished is asked for, and only what is proven here is reported as a
//! delete.

use super::consistent_reader::TargetProber;
use super::withheld::WithheldReason;
use crate::consul::{Error, Lookup};
use crate::model::{Entry, Index, Key};

/// The character that Consul puts in place of a byte that is not UTF-8. Several keys may share such
/// a name, and a lookup of the name asks about a key of U+FFFD: nothing can be proven about any of
/// them.
const REPLACEMENT: char = '\u{fffd}';

/// The result for keys that are no longer listed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The number of deleted keys.
    pub deleted: usize,
    /// Keys that may not be deleted, and why they are withheld.
    pub unproven: Vec<(String, WithheldReason)>,
    /// Entries that exist although they are not listed.
    pub returned: Vec<Entry>,
}

/// Proves which of the keys, missing from a listing at `index`, are deleted.
///
/// # Errors
/// When Consul does not answer: then nothing is proven.
pub fn prove<P: TargetProber + ?Sized>(
    prober: &mut P,
    keys: &[&str],
    index: Index,
) -> Result<Proof, Error> {
    let mut proof = Proof::default();
    let (mut names, mut askable) = (Vec::new(), Vec::new());
    for name in keys {
        match Key::new(*name) {
            Ok(key) if !name.contains(REPLACEMENT) => {
                names.push(*name);
                askable.push(key);
            }
            _ => proof.withhold(name, WithheldReason::Unproven),
        }
    }
    for (name, lookup) in names.into_iter().zip(prober.prove(&askable)?) {
        match lookup {
            Some(Lookup::Missing) => proof.deleted += 1,
            // Created after the listing: the key was deleted, and the next listing has the new
            // entry. Adding it to this listing would make a state that the store never had.
            Some(Lookup::Found(entry)) if entry.created() > index => proof.deleted += 1,
            Some(Lookup::Found(entry)) => proof.returned.push(entry),
            Some(Lookup::Denied) => proof.withhold(name, WithheldReason::Hidden),
            None => proof.withhold(name, WithheldReason::Unproven),
        }
    }
    Ok(proof)
}

impl Proof {
    fn withhold(&mut self, key: &str, reason: WithheldReason) {
        self.unproven.push((key.to_owned(), reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fields, Prefix};

    /// Answers with these lookups.
    struct FixedProber(Vec<(&'static str, Option<Lookup>)>);

    impl TargetProber for FixedProber {
        fn prove(&mut self, keys: &[Key]) -> Result<Vec<Option<Lookup>>, Error> {
            let asked: Vec<_> = keys.iter().map(Key::as_str).collect();
            let known: Vec<_> = self.0.iter().map(|(key, _)| *key).collect();
            assert_eq!(asked, known);
            Ok(self.0.iter().map(|(_, lookup)| lookup.clone()).collect())
        }

        fn check_empty(&mut self, _: &Prefix) -> Result<Option<Index>, Error> {
            unreachable!("proofs are of keys")
        }

        fn is_folder(&mut self, _: &Key) -> bool {
            unreachable!("proofs are of keys")
        }
    }

    fn entry(key: &str, created: u64) -> Entry {
        Entry::pack(&Fields {
            key,
            created,
            ..Fields::default()
        })
    }

    #[test]
    fn deleted_hidden_returned_and_unproven_keys_are_distinguished() {
        let mut prober = FixedProber(vec![
            ("again", Some(Lookup::Found(entry("again", 9)))),
            ("back", Some(Lookup::Found(entry("back", 4)))),
            ("gone", Some(Lookup::Missing)),
            ("hid", Some(Lookup::Denied)),
            ("odd", None),
        ]);
        let keys = ["again", "back", "gone", "hid", "odd"];
        let proof = prove(&mut prober, &keys, Index(8)).unwrap();
        let expected = Proof {
            deleted: 2,
            unproven: vec![
                ("hid".to_owned(), WithheldReason::Hidden),
                ("odd".to_owned(), WithheldReason::Unproven),
            ],
            returned: vec![entry("back", 4)],
        };
        assert_eq!(proof, expected);
    }

    #[test]
    fn names_that_are_not_utf8_are_never_asked_for() {
        let mut prober = FixedProber(vec![("c", Some(Lookup::Missing))]);
        let proof = prove(&mut prober, &["a\u{fffd}b", "c"], Index(8)).unwrap();
        let odd = "a\u{fffd}b".to_owned();
        assert_eq!(proof.unproven, [(odd, WithheldReason::Unproven)]);
        assert_eq!(proof.deleted, 1);
    }
}
