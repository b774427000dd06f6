//! The command line as bash splits and quotes it: which word is completed, how much of it stays, and
//! what is inserted in its place.

use std::ffi::OsString;
use std::iter::Peekable;
use std::str::CharIndices;

/// The quotes that a text stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Quotes {
    fn character(self) -> Option<char> {
        match self {
            Quotes::None => None,
            Quotes::Single => Some('\''),
            Quotes::Double => Some('"'),
        }
    }
}

/// A command line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct BashLine {
    words: Vec<String>,
    /// The bytes of the last word, without its quotes, that stay on the line: bash replaces a word from
    /// its opening quote, or from the last of `COMP_WORDBREAKS`.
    kept: usize,
    /// The quotes that are open before what is replaced.
    quotes: Quotes,
}

impl BashLine {
    /// Parses the line up to the cursor, the end of which is replaced. `None` when the word at the cursor
    /// is not known because something in it is expanded.
    pub fn parse(line: &str, replaced: &str) -> Option<Self> {
        let cut = line.strip_suffix(replaced)?.len();
        let mut splitter = Splitter::new(line, cut);
        while splitter.step() {}
        let (kept, quotes) = splitter
            .at_cut
            .unwrap_or((splitter.word.len(), splitter.quotes));
        let mut words = splitter.words;
        words.push(splitter.word);
        (!splitter.expands).then_some(BashLine {
            words,
            kept,
            quotes,
        })
    }

    /// Takes words that are split already, and replaces the whole of the last.
    pub fn from_words(words: &[OsString]) -> Option<Self> {
        let words = words.iter().map(|word| Some(word.to_str()?.to_owned()));
        Some(BashLine {
            words: words.collect::<Option<_>>()?,
            kept: 0,
            quotes: Quotes::None,
        })
    }

    /// The words without their quotes. The last is completed, and may be empty.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Returns what is inserted for each name: quoted, and without what stays on the line.
    pub fn replacements(&self, names: &[&str]) -> Vec<String> {
        let typed = self.words.last().map(String::as_str).unwrap_or_default();
        let kept = &typed[..self.kept];
        let names: Vec<_> = names
            .iter()
            .filter_map(|name| name.strip_prefix(kept))
            .collect();
        let mut quoted: Vec<_> = names.iter().map(|name| self.quote(name)).collect();
        // bash inserts the common prefix of all, which must not end within a quoted character: the prefix
        // itself among them ends it before.
        let common = self.quote(&common_prefix(&names));
        if common_prefix(&quoted) != common {
            quoted.push(common);
        }
        // bash closes the quotes of a whole word, except after a quote, even one that means itself.
        if let ([only], Some(close)) = (&mut quoted[..], self.quotes.character()) {
            if only.ends_with(close) {
                only.push(close);
            }
        }
        quoted
    }

    /// Quotes each character by itself, so that a prefix of the name is a prefix of the quoted text.
    fn quote(&self, name: &str) -> String {
        let mut text = String::with_capacity(name.len());
        for c in name.chars() {
            match self.quotes {
                Quotes::None if is_plain(c) => text.push(c),
                Quotes::None => text.extend(['\\', c]),
                Quotes::Single if c == '\'' => text.push_str("'\\''"),
                Quotes::Double if matches!(c, '$' | '`' | '"' | '\\') => text.extend(['\\', c]),
                // A backslash before it would stay in the word.
                Quotes::Double if c == '!' => text.push_str("\"'!'\""),
                Quotes::Single | Quotes::Double => text.push(c),
            }
        }
        text
    }
}

/// Whether the character means itself to bash, and ends no word of readline's.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() || "/_-.,+%".contains(c)
}

fn common_prefix<T: AsRef<str>>(texts: &[T]) -> String {
    let Some((first, rest)) = texts.split_first() else {
        return String::new();
    };
    let mut common = first.as_ref();
    for text in rest {
        let equal = common.chars().zip(text.as_ref().chars());
        let length = equal.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8());
        common = &common[..length.sum()];
    }
    common.to_owned()
}

/// Returns a word without its quotes, or as it is when something in it is expanded.
pub fn unquoted(word: OsString) -> OsString {
    let Some(text) = word.to_str() else {
        return word;
    };
    let mut splitter = Splitter::new(text, text.len());
    while splitter.step() {}
    match splitter.expands || !splitter.words.is_empty() {
        true => word,
        false => splitter.word.into(),
    }
}

/// Splits a line into words.
struct Splitter<'a> {
    rest: Peekable<CharIndices<'a>>,
    cut: usize,
    /// What of the word stood before the cut, and in which quotes the cut is.
    at_cut: Option<(usize, Quotes)>,
    words: Vec<String>,
    word: String,
    in_word: bool,
    quotes: Quotes,
    /// Whether the word has an unquoted expansion.
    expands: bool,
}

impl<'a> Splitter<'a> {
    fn new(line: &'a str, cut: usize) -> Self {
        Splitter {
            rest: line.char_indices().peekable(),
            cut,
            at_cut: None,
            words: Vec::new(),
            word: String::new(),
            in_word: false,
            quotes: Quotes::None,
            expands: false,
        }
    }

    /// Reads one character with its quote; `false` at the end.
    fn step(&mut self) -> bool {
        let Some((at, c)) = self.rest.next() else {
            return false;
        };
        if at >= self.cut && self.at_cut.is_none() {
            self.at_cut = Some((self.word.len(), self.quotes));
        }
        match (self.quotes, c) {
            (Quotes::None, ' ' | '\t' | '\n') => self.end_word(),
            (Quotes::None, ';' | '|' | '&' | '(' | ')' | '<' | '>') => {
                self.end_word();
                self.words.push(c.to_string());
            }
            (Quotes::None, '\'') => self.open(Quotes::Single),
            (Quotes::None, '"') => self.open(Quotes::Double),
            (Quotes::Single, '\'') | (Quotes::Double, '"') => self.quotes = Quotes::None,
            (Quotes::None, '\\') => {
                self.in_word = true;
                let next = self.rest.next().map(|(_, c)| c);
                self.word.extend(next.filter(|&c| c != '\n'));
            }
            (Quotes::Double, '\\') => {
                let escaped = |&(_, c): &(usize, char)| "$`\"\\\n".contains(c);
                let next = self.rest.next_if(escaped).map(|(_, c)| c);
                self.word.extend(next.or(Some(c)).filter(|&c| c != '\n'));
            }
            (quotes, c) => {
                self.expands |= quotes != Quotes::Single && matches!(c, '$' | '`');
                self.in_word = true;
                self.word.push(c);
            }
        }
        true
    }

    fn open(&mut self, quotes: Quotes) {
        self.in_word = true;
        self.quotes = quotes;
    }

    fn end_word(&mut self) {
        if self.in_word {
            self.words.push(std::mem::take(&mut self.word));
        }
        self.in_word = false;
        self.expands = false;
        // What is replaced begins in a later word.
        self.at_cut = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that bash would read if the names replaced the end of the line.
    fn read_back(line: &str, replaced: &str, names: &[&str]) -> Vec<Vec<String>> {
        let parsed = BashLine::parse(line, replaced).unwrap();
        let kept = line.strip_suffix(replaced).unwrap();
        let close = parsed.quotes.character();
        let lines = parsed.replacements(names).into_iter();
        lines
            .map(|text| {
                let close = close.filter(|&close| !text.ends_with(close));
                let line = [kept, &text, &close.into_iter().collect::<String>()].concat();
                shlex::split(&line).unwrap()
            })
            .collect()
    }

    const NAMES: [&str; 15] = [
        "p/'",
        "p/\"",
        "p/!",
        "p/$(touch X)",
        "p/`touch X`",
        "p/; touch X",
        "p/a|b&c>d<e",
        "p/'a\"b",
        "p/\\",
        "p/a b",
        "p/*?[a]{b,c}",
        "p/~#!!^x",
        "p/a:b=c@d",
        "p/ä🚀",
        "p/plain-1_2.3,4+5%",
    ];

    #[test]
    fn a_name_that_is_inserted_is_read_as_one_word_in_any_quotes() {
        for (line, replaced) in [
            ("kvw get p/", "p/"),
            ("kvw get ", ""),
            ("kvw get 'p/", "p/"),
            ("kvw get \"p/", "p/"),
            ("kvw get 'p'/", "'p'/"),
            ("kvw get \"p\"'/", "/"),
        ] {
            for name in NAMES {
                let words = read_back(line, replaced, &[name]);
                assert_eq!(words, [["kvw", "get", name]], "{line}");
            }
        }
    }

    #[test]
    fn what_stays_on_the_line_is_not_inserted_again() {
        let parsed = BashLine::parse("kvw get p/a:", "").unwrap();
        assert_eq!(parsed.words().collect::<Vec<_>>(), ["kvw", "get", "p/a:"]);
        assert_eq!(parsed.replacements(&["p/a:b c"]), ["b\\ c"]);
        let parsed = BashLine::parse("kvw get k --output=js", "js").unwrap();
        assert_eq!(parsed.replacements(&["--output=json"]), ["json"]);
        let parsed = BashLine::parse("kvw get p/\\$\\(to", "p/\\$\\(to").unwrap();
        assert_eq!(parsed.replacements(&["p/$(touch)"]), ["p/\\$\\(touch\\)"]);
    }

    #[test]
    fn a_word_that_bash_expands_is_not_completed() {
        for line in [
            "kvw get $x/",
            "kvw get \"$x/",
            "kvw get `x`/",
            "kvw get $'p",
        ] {
            assert_eq!(BashLine::parse(line, ""), None, "{line}");
        }
        let earlier = BashLine::parse("kvw get $x p", "p").unwrap();
        assert_eq!(earlier.words().last(), Some("p"));
    }

    #[test]
    fn the_common_prefix_ends_before_a_quoted_character() {
        let parsed = BashLine::parse("kvw get p/", "p/").unwrap();
        let replacements = parsed.replacements(&["p/$a", "p/;b"]);
        assert_eq!(replacements, ["p/\\$a", "p/\\;b", "p/"]);
        assert_eq!(common_prefix(&replacements), "p/");
        assert_eq!(parsed.replacements(&["p/$a", "p/$b"]).len(), 2);
    }

    #[test]
    fn words_are_read_without_their_quotes() {
        for (typed, word) in [
            ("p/\\$x", "p/$x"),
            ("'p/a b", "p/a b"),
            ("\"p/a\\\"b\"", "p/a\"b"),
            ("$x", "$x"),
        ] {
            assert_eq!(unquoted(typed.into()), word);
        }
    }
}
