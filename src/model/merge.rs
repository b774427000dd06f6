//! A text that two have changed, merged by lines.

use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

/// The line before one's own lines in a conflict, as git marks it.
const OWN_MARK: &str = "<<<<<<< yours\n";
/// The line between both.
const MIDDLE_MARK: &str = "=======\n";
/// The line after the lines of the other.
const OTHER_MARK: &str = ">>>>>>> theirs\n";

/// A merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedText {
    /// The text, with the marks of conflicts.
    pub text: String,
    /// The number of places that both have changed in different ways.
    pub conflicts: usize,
}

/// Whether a text has the marks of a conflict.
pub fn has_conflict_marks(text: &str) -> bool {
    let has = |mark: &str| {
        text.lines()
            .any(|line| line.trim_end() == mark.trim_end_matches('\n'))
    };
    has(OWN_MARK) && has(OTHER_MARK)
}

/// Merges what two have made of one text. Where both have changed the same or adjacent lines in different
/// ways, both stand in the text, between marks. A newline at the end is merged for itself, so that one that
/// an editor adds is no conflict. Lines are matched until `deadline`; after it, conflicts may be larger.
pub fn merge_lines(base: &str, own: &str, other: &str, deadline: Option<Instant>) -> MergedText {
    let unconflicted = |text: &str| MergedText {
        text: text.to_owned(),
        conflicts: 0,
    };
    if own == other || other == base {
        return unconflicted(own);
    } else if own == base {
        return unconflicted(other);
    }
    let texts = [base, own, other].map(with_newline);
    let [base_lines, own_lines, other_lines] =
        [0, 1, 2].map(|number: usize| texts[number].split_inclusive('\n').collect::<Vec<_>>());
    let mut merge = Merge {
        base: &base_lines,
        own: Side::new(&base_lines, &own_lines, deadline),
        other: Side::new(&base_lines, &other_lines, deadline),
        text: String::with_capacity(own.len().max(other.len())),
        conflicts: 0,
    };
    merge.run();
    let Merge {
        mut text,
        conflicts,
        ..
    } = merge;
    let ends = |text: &str| text.is_empty() || text.ends_with('\n');
    let ends_with_newline = match ends(own) == ends(base) {
        true => ends(other),
        false => ends(own),
    };
    if !ends_with_newline && text.ends_with('\n') {
        text.pop();
    }
    MergedText { text, conflicts }
}

fn with_newline(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}")
}

/// One of the two texts, and where it differs from their base.
struct Side<'a> {
    lines: &'a [&'a str],
    /// The changed lines of the base and what they became, in order.
    changes: Vec<(Range<usize>, Range<usize>)>,
    /// The number of changes that are merged.
    merged: usize,
    /// The number of lines of the base, and of this text, up to the end of what is merged.
    done: (usize, usize),
}

impl<'a> Side<'a> {
    fn new(base: &[&str], lines: &'a [&'a str], deadline: Option<Instant>) -> Self {
        let ops = capture_diff_slices_deadline(Algorithm::Myers, base, lines, deadline);
        let mut changes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        // By their lengths: after a diff is compacted, the place of an insertion in the base may be off.
        let mut at = (0, 0);
        for op in ops {
            let (old, new) = (op.old_range().len(), op.new_range().len());
            let to = (at.0 + old, at.1 + new);
            if !matches!(op, DiffOp::Equal { .. }) {
                match changes.last_mut() {
                    Some(last) if (last.0.end, last.1.end) == at => {
                        (last.0.end, last.1.end) = to;
                    }
                    _ => changes.push((at.0..to.0, at.1..to.1)),
                }
            }
            at = to;
        }
        Side {
            lines,
            changes,
            merged: 0,
            done: (0, 0),
        }
    }

    fn next_start(&self) -> Option<usize> {
        self.changes.get(self.merged).map(|(old, _)| old.start)
    }

    /// Takes the next change if it begins within the first lines of the base, and returns where it ends.
    fn take_until(&mut self, end: usize) -> Option<usize> {
        let (old, new) = self.changes.get(self.merged)?;
        if old.start > end {
            return None;
        }
        self.merged += 1;
        self.done = (old.end, new.end);
        Some(old.end)
    }

    /// Returns the number of the line that stands for a line of the base which is not changed.
    fn line_of(&self, base: usize) -> usize {
        let (old, new) = self.done;
        new + (base - old)
    }
}

struct Merge<'a> {
    base: &'a [&'a str],
    own: Side<'a>,
    other: Side<'a>,
    text: String,
    conflicts: usize,
}

impl Merge<'_> {
    fn run(&mut self) {
        let mut at = 0;
        loop {
            let starts = [self.own.next_start(), self.other.next_start()];
            let Some(start) = starts.into_iter().flatten().min() else {
                break;
            };
            self.add(&self.base[at..start]);
            let from = (self.own.line_of(start), self.other.line_of(start));
            let mut end = start;
            // Changes that touch are one place.
            while let Some(further) = self
                .own
                .take_until(end)
                .or_else(|| self.other.take_until(end))
            {
                end = end.max(further);
            }
            let to = (self.own.line_of(end), self.other.line_of(end));
            let (own, other) = (self.own.lines, self.other.lines);
            self.add_place(
                &self.base[start..end],
                &own[from.0..to.0],
                &other[from.1..to.1],
            );
            at = end;
        }
        self.add(&self.base[at..]);
    }

    fn add_place(&mut self, base: &[&str], own: &[&str], other: &[&str]) {
        if own == other || other == base {
            return self.add(own);
        } else if own == base {
            return self.add(other);
        }
        // What both begin and end with is no conflict.
        let both = || own.iter().zip(other);
        let first = both().take_while(|(own, other)| own == other).count();
        let backwards = own[first..].iter().rev().zip(other[first..].iter().rev());
        let last = backwards.take_while(|(own, other)| own == other).count();
        self.conflicts += 1;
        self.add(&own[..first]);
        self.text.push_str(OWN_MARK);
        self.add(&own[first..own.len() - last]);
        self.text.push_str(MIDDLE_MARK);
        self.add(&other[first..other.len() - last]);
        self.text.push_str(OTHER_MARK);
        self.add(&own[own.len() - last..]);
    }

    fn add(&mut self, lines: &[&str]) {
        for line in lines {
            self.text.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn merged(base: &str, own: &str, other: &str) -> (String, usize) {
        let merged = merge_lines(base, own, other, None);
        (merged.text, merged.conflicts)
    }

    #[test]
    fn changes_of_different_lines_are_both_kept() {
        for (base, own, other, text) in [
            ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
            ("a\nb\nc\n", "b\nc\n", "a\nb\nc\nd\n", "b\nc\nd\n"),
            ("a\nb\nc", "a\nb\nc\n", "A\nb\nc", "A\nb\nc\n"),
            ("a\nb\nc", "A\nb\nc", "a\nb\nc\nd", "A\nb\nc\nd"),
            ("a\nb\nc\n", "a\n", "a\n", "a\n"),
            (
                "a\nb\nc\nd\ne\n",
                "x\na\nb\nc\nd\ne\n",
                "a\nb\nd\ne\ny\n",
                "x\na\nb\nd\ne\ny\n",
            ),
        ] {
            assert_eq!(merged(base, own, other), (text.to_owned(), 0), "{base:?}");
        }
    }

    #[test]
    fn a_line_that_both_have_changed_is_marked_with_what_both_say() {
        let text = "a\n<<<<<<< yours\nB\n=======\nβ\n>>>>>>> theirs\nc\n";
        assert_eq!(
            merged("a\nb\nc\n", "a\nB\nc\n", "a\nβ\nc\n"),
            (text.to_owned(), 1)
        );
        assert!(has_conflict_marks(text));
        assert!(has_conflict_marks(&text.replace('\n', "\r\n")));
        assert!(!has_conflict_marks("a\n=======\nb\n"));
        // Two lines for one, of which the first is the same.
        let text = "x\n<<<<<<< yours\ny\n=======\nz\n>>>>>>> theirs\n";
        assert_eq!(merged("", "x\ny\n", "x\nz\n"), (text.to_owned(), 1));
        // Deleted here, changed there.
        let text = "<<<<<<< yours\n=======\nb\n>>>>>>> theirs\n";
        assert_eq!(merged("a", "", "b"), (text.to_owned(), 1));
    }

    fn text() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec!["a\n", "b\n", "c\n", "\n", "d", "\r\n", "ü\n"]);
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
    }

    /// What one side of the marks says.
    fn side(text: &str, own: bool) -> String {
        let (mut taken, mut kept) = (String::new(), true);
        for line in text.split_inclusive('\n') {
            match line.trim_end_matches('\n') {
                "<<<<<<< yours" => kept = own,
                "=======" => kept = !own,
                ">>>>>>> theirs" => kept = true,
                _ if kept => taken.push_str(line),
                _ => {}
            }
        }
        taken
    }

    proptest! {
        #[test]
        fn merging_with_an_unchanged_side_gives_the_other(base in text(), changed in text()) {
            prop_assert_eq!(merged(&base, &base, &changed), (changed.clone(), 0));
            prop_assert_eq!(merged(&base, &changed, &base), (changed.clone(), 0));
            prop_assert_eq!(merged(&base, &changed, &changed), (changed.clone(), 0));
        }

        #[test]
        fn a_merge_is_the_same_from_either_side(base in text(), own in text(), other in text()) {
            let (text, conflicts) = merged(&base, &own, &other);
            let (mirrored, as_many) = merged(&base, &other, &own);
            prop_assert_eq!(conflicts, as_many);
            let lines = |text: &str, own| side(&with_newline(text), own);
            prop_assert_eq!(lines(&text, true), lines(&mirrored, false));
            prop_assert_eq!(has_conflict_marks(&text), conflicts > 0);
        }

        #[test]
        fn changes_apart_are_never_a_conflict(
            before in text(), after in text(), own in text(), other in text(),
        ) {
            // Lines that no change has keep the two apart.
            let whole = |first: &str, last: &str| {
                format!("{}1\n2\n3\n{}", with_newline(first), with_newline(last))
            };
            let base = whole(&before, &after);
            let (text, conflicts) = merged(&base, &whole(&own, &after), &whole(&before, &other));
            prop_assert_eq!((text, conflicts), (whole(&own, &other), 0));
        }
    }
}
