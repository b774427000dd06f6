//! One level of names as a server lists it, against the level that is known.

use super::non_utf8::{NonUtf8Keys, is_non_utf8};

/// What a listing says about the names that are known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Whether there were names at all.
    pub(super) named: bool,
    /// Names that are not known.
    pub(super) appeared: Vec<String>,
    /// Known names that are gone.
    pub(super) vanished: Vec<String>,
    /// Whether a name was left out because it is not UTF-8.
    pub(super) non_utf8: bool,
    /// Whether the names were out of order, which no answer of Consul is.
    pub(super) unsorted: bool,
}

impl Listing {
    /// Reads all names. Only those that differ are kept.
    pub(super) fn of<'a, E>(
        names: impl Iterator<Item = Result<String, E>>,
        known: impl Iterator<Item = &'a str>,
    ) -> Result<Self, E> {
        let mut listing = Listing::default();
        let mut known = known.peekable();
        let mut last = String::new();
        for name in names {
            let name = name?;
            listing.named = true;
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

    /// Whether the names are not those that are known, nor there for the sake of what was left out.
    pub(super) fn differs(&self, left_out: &NonUtf8Keys) -> bool {
        !self.vanished.is_empty() || self.appeared.iter().any(|name| !left_out.explains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(names: &[&str], known: &[&str]) -> Listing {
        let names = names.iter().map(|name| Ok::<_, ()>((*name).to_owned()));
        Listing::of(names, known.iter().copied()).unwrap()
    }

    #[test]
    fn names_that_differ_are_told() {
        let listing = listing(&["a", "b/", "d", "e"], &["a", "b", "c", "e", "f"]);
        assert_eq!(listing.appeared, ["b/", "d"]);
        assert_eq!(listing.vanished, ["b", "c", "f"]);
        assert!(listing.named && listing.differs(&NonUtf8Keys::default()) && !listing.unsorted);
    }

    #[test]
    fn equal_names_leave_nothing() {
        let same = listing(&["a", "b"], &["a", "b"]);
        assert!(same.named && !same.differs(&NonUtf8Keys::default()));
        assert_eq!(listing(&[], &[]), Listing::default());
    }

    #[test]
    fn a_name_that_is_not_utf8_is_there_but_says_nothing() {
        let listing = listing(&["a\u{fffd}", "a\u{fffd}"], &[]);
        assert!(listing.named && listing.non_utf8);
        assert!(!listing.differs(&NonUtf8Keys::default()) && !listing.unsorted);
    }

    #[test]
    fn names_out_of_order_are_noticed() {
        assert!(listing(&["b", "a"], &[]).unsorted);
        assert!(listing(&["a", "a"], &[]).unsorted);
    }
}
