//! One level of names as a server lists it, against the known level.

use super::non_utf8::{NonUtf8Keys, is_non_utf8};

/// The differences between listed and known names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// Whether no name was listed.
    pub(super) is_empty: bool,
    /// Listed names that are not known.
    pub(super) appeared: Vec<String>,
    /// Known names that are not listed.
    pub(super) vanished: Vec<String>,
    /// Whether a name was left out because it is not UTF-8.
    pub(super) non_utf8: bool,
    /// Whether the names were out of order, which no answer of Consul is.
    pub(super) unsorted: bool,
}

impl Listing {
    /// Reads all names and keeps those that differ.
    pub(super) fn compare<'a, E>(
        names: impl Iterator<Item = Result<String, E>>,
        known: impl Iterator<Item = &'a str>,
    ) -> Result<Self, E> {
        let mut listing = Listing {
            is_empty: true,
            appeared: Vec::new(),
            vanished: Vec::new(),
            non_utf8: false,
            unsorted: false,
        };
        let mut known = known.peekable();
        let mut last = String::new();
        for name in names {
            let name = name?;
            listing.is_empty = false;
            if is_non_utf8(&name) {
                listing.non_utf8 = true;
                continue;
            }
            listing.unsorted |= name <= last;
            while let Some(gone) = known.next_if(|known| **known < *name) {
                listing.vanished.push(gone.to_owned());
            }
            if known.next_if(|known| **known == *name).is_none() {
                listing.appeared.push(name.clone());
            }
            last = name;
        }
        listing.vanished.extend(known.map(str::to_owned));
        Ok(listing)
    }

    /// Whether names differ, other than folders listed because of keys that were left out.
    pub(super) fn differs(&self, left_out: &NonUtf8Keys) -> bool {
        !self.vanished.is_empty() || self.appeared.iter().any(|name| !left_out.explains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(names: &[&str], known: &[&str]) -> Listing {
        let names = names.iter().map(|name| Ok::<_, ()>((*name).to_owned()));
        Listing::compare(names, known.iter().copied()).unwrap()
    }

    #[test]
    fn names_that_differ_are_kept() {
        let listing = listing(&["a", "b/", "d", "e"], &["a", "b", "c", "e", "f"]);
        assert_eq!(listing.appeared, ["b/", "d"]);
        assert_eq!(listing.vanished, ["b", "c", "f"]);
        assert!(!listing.is_empty && listing.differs(&NonUtf8Keys::default()) && !listing.unsorted);
    }

    #[test]
    fn equal_names_leave_nothing() {
        let same = listing(&["a", "b"], &["a", "b"]);
        assert!(!same.is_empty && !same.differs(&NonUtf8Keys::default()));
        let none = listing(&[], &[]);
        assert!(none.is_empty && !none.non_utf8 && !none.unsorted);
        assert!(!none.differs(&NonUtf8Keys::default()));
    }

    #[test]
    fn a_name_that_is_not_utf8_counts_but_is_no_difference() {
        let listing = listing(&["a\u{fffd}", "a\u{fffd}"], &[]);
        assert!(!listing.is_empty && listing.non_utf8);
        assert!(!listing.differs(&NonUtf8Keys::default()) && !listing.unsorted);
    }

    #[test]
    fn names_out_of_order_are_noticed() {
        assert!(listing(&["b", "a"], &[]).unsorted);
        assert!(listing(&["a", "a"], &[]).unsorted);
    }
}
