//! Diffs of values with several lines.

use std::io::{self, Write};
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::value_line::cut_line;
use crate::term::{Color, Style};

/// The number of lines shown around a difference.
const CONTEXT: usize = 3;

/// The time after which the diff becomes approximate: half a megabyte of lines that have nothing in
/// common would take minutes to match well.
const TIMEOUT: Duration = Duration::from_millis(200);

/// Writes the hunks of a unified diff, without the lines that name files. With a limit, long lines and what
/// follows after so many lines are cut.
pub fn write(
    out: &mut impl Write,
    before: &str,
    after: &str,
    style: Style,
    limit: Option<usize>,
) -> io::Result<()> {
    let diff = TextDiff::configure()
        .timeout(TIMEOUT)
        .diff_lines(before, after);
    let mut written = 0;
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let header = hunk.header().to_string();
        writeln!(out, "{}", Color::Faint.paint(&header, style.color))?;
        for change in hunk.iter_changes() {
            written += 1;
            if limit.is_some_and(|limit| written > limit) {
                return writeln!(
                    out,
                    "… the rest of the difference is left out; --full shows it"
                );
            }
            let (sign, color) = match change.tag() {
                ChangeTag::Delete => ('-', Some(Color::Removed)),
                ChangeTag::Insert => ('+', Some(Color::Added)),
                ChangeTag::Equal => (' ', None),
            };
            let text = change.value().trim_end_matches('\n');
            let line = format!("{sign}{}", style.value(text));
            let line = if limit.is_some() {
                cut_line(&line)
            } else {
                line
            };
            match color {
                Some(color) => writeln!(out, "{}", color.paint(&line, style.color))?,
                None => writeln!(out, "{line}")?,
            }
            if change.missing_newline() {
                writeln!(out, "\\ No newline at end of value")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        terminal: false,
        color: false,
    };

    fn diff(before: &str, after: &str, style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, before, after, style, None).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_differences_are_shown_with_some_lines_around() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
        let expected = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(diff(before, after, PLAIN), expected);
    }

    #[test]
    fn a_newline_that_is_missing_at_the_end_is_reported() {
        let expected = "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of value\n+b\n";
        assert_eq!(diff("a\nb", "a\nb\n", PLAIN), expected);
    }

    #[test]
    fn a_limit_cuts_lines_and_their_number() {
        let after: String = (0..9).map(|_| format!("{}\n", "y".repeat(300))).collect();
        let mut out = Vec::new();
        write(&mut out, "", &after, PLAIN, Some(2)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("y… +101 B\n"), "{text}");
        assert!(text.ends_with("--full shows it\n"), "{text}");
    }

    #[test]
    fn a_line_does_not_control_a_terminal() {
        let style = Style {
            terminal: true,
            color: false,
        };
        assert!(diff("a\n", "a\n\x1b[2J\n", style).contains("+\\x1b[2J\n"));
    }
}
