//! Words of one dash and several letters: the flags of `consul kv`, clusters of short flags, negative
//! numbers, and everything else, which is refused with a hint. Rewrites the command line before clap
//! reads it: clap takes `-http-addr` for `-h` with something behind it.

use std::collections::VecDeque;
use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use super::quote::quote;
use super::unknown_flag::{other_verbs_hint, similar};
use crate::exit::Failure;

/// The flags of `consul kv` and its connection, which Consul's tools write with one dash. The verbs
/// that have such a flag take it so.
const CONSUL_FLAGS: [&str; 24] = [
    "acquire",
    "base64",
    "ca-file",
    "ca-path",
    "cas",
    "client-cert",
    "client-key",
    "datacenter",
    "detailed",
    "flags",
    "http-addr",
    "keys",
    "modify-index",
    "namespace",
    "partition",
    "prefix",
    "recurse",
    "release",
    "separator",
    "session",
    "stale",
    "tls-server-name",
    "token",
    "token-file",
];

/// The value name of flags that take `KEY=VALUE` as one word, or KEY and VALUE as two.
const ASSIGNMENT: &str = "KEY=";

/// Whether [`normalize`] may change the line or refuse it: most command lines need not be looked at.
pub fn needs_normalizing(args: &[OsString]) -> bool {
    let words = args.iter().skip(1).take_while(|word| *word != "--");
    words.map(|word| word.as_encoded_bytes()).any(|word| {
        let one_dash = word.len() > 1 && word[0] == b'-' && word[1] != b'-';
        one_dash && (word.len() > 2 || word[1].is_ascii_digit()) || word == b"wait"
    })
}

/// Rewrites a command line into the form that clap reads: the flags of Consul's tools get their second
/// dash, negative numbers go behind `--`, KEY and VALUE of a condition become one word. Nothing behind
/// `--` is changed. `root` must be built.
///
/// # Errors
/// Exit 2, with a hint, for another word of one dash and several letters, and for a condition whose
/// VALUE would be a flag.
pub fn normalize(root: &Command, args: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut rest = VecDeque::from(args);
    let mut line = Line {
        root,
        verb: None,
        operands: 0,
        words: rest.pop_front().into_iter().collect(),
        rest,
        trailing: Vec::new(),
    };
    while let Some(word) = line.rest.pop_front() {
        if word == "--" {
            line.trailing.extend(line.rest.drain(..));
            line.words.push(word);
            line.words.append(&mut line.trailing);
            break;
        }
        line.take(word)?;
    }
    if !line.trailing.is_empty() {
        line.words.push("--".into());
        line.words.append(&mut line.trailing);
    }
    Ok(line.words)
}

/// Whether a word is a negative number, or begins as one.
fn is_number(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('-') else {
        return false;
    };
    let digits = rest.strip_prefix('.').unwrap_or(rest);
    digits.starts_with(|c: char| c.is_ascii_digit())
        || ["inf", "infinity", "nan"].contains(&&*rest.to_ascii_lowercase())
}

/// Whether a flag takes `KEY=VALUE`.
fn is_assignment(arg: &Arg) -> bool {
    let mut names = arg.get_value_names().into_iter().flatten();
    names.any(|name| name.starts_with(ASSIGNMENT))
}

/// Whether a flag may take this value behind its letter; an empty one is the next word.
fn may_be_value(arg: &Arg, value: &str) -> bool {
    let value = value.strip_prefix('=').unwrap_or(value);
    let possible = arg.get_possible_values();
    value.is_empty()
        || possible.is_empty()
        || possible.iter().any(|known| known.matches(value, false))
}

fn is_long(word: &OsString) -> bool {
    word.as_encoded_bytes().starts_with(b"--")
}

/// Parses a boolean as Go's flags do.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A command line, half read.
struct Line<'a> {
    root: &'a Command,
    verb: Option<&'a Command>,
    /// The number of words that are neither flags nor values of flags, without the verb.
    operands: usize,
    /// The words that were read, rewritten.
    words: Vec<OsString>,
    rest: VecDeque<OsString>,
    /// The words that go behind `--`: a negative number, and the operands after it.
    trailing: Vec<OsString>,
}

impl<'a> Line<'a> {
    fn take(&mut self, word: OsString) -> Result<(), Failure> {
        let text = word.to_string_lossy().into_owned();
        let Some(name) = text.strip_prefix('-').filter(|name| !name.is_empty()) else {
            self.take_operand(word);
            return Ok(());
        };
        if let Some(name) = name.strip_prefix('-') {
            return self.take_flag(name, word);
        }
        if is_number(&text) && self.takes_number() {
            self.operands += 1;
            self.trailing.push(word);
            return Ok(());
        }
        let mut letters = name.chars();
        let short = letters.next();
        if letters.next().is_none() {
            self.words.push(word);
            let arg = short.and_then(|short| self.short(short));
            if arg.is_none() && self.writes_value() {
                return Err(self.refuse(&text));
            }
            self.take_value(arg);
        } else if let Some(arg) = self.consul_flag(name) {
            match name.split_once('=') {
                Some((flag, value)) if !arg.get_action().takes_values() => match go_bool(value) {
                    Some(true) => self.words.push(format!("--{flag}").into()),
                    Some(false) => {}
                    None => self.words.push(format!("--{name}").into()),
                },
                _ => return self.take_flag(name, format!("--{name}").into()),
            }
        } else if let Some(last) = self.cluster(name) {
            self.words.push(word);
            self.take_value(last);
        } else {
            return Err(self.refuse(&text));
        }
        Ok(())
    }

    /// Takes an operand, or the verb.
    fn take_operand(&mut self, word: OsString) {
        if let Some(verb) = self.verb {
            // `session create`: the flags are those of the inner verb.
            let inner = word.to_str().and_then(|name| verb.find_subcommand(name));
            if let Some(inner) = inner.filter(|_| self.operands == 0) {
                self.verb = Some(inner);
                self.words.push(word);
                return;
            }
            self.operands += 1;
            if self.trailing.is_empty() {
                self.words.push(word);
            } else {
                self.trailing.push(word);
            }
            return;
        }
        self.verb = word
            .to_str()
            .and_then(|name| self.root.find_subcommand(name));
        self.words.push(word);
        if self.verb.is_none() {
            // Clap refuses the verb, whatever follows it.
            self.words.extend(self.rest.drain(..));
        }
    }

    /// Takes a flag of two dashes with its value. `name` has what follows `=`.
    fn take_flag(&mut self, name: &str, word: OsString) -> Result<(), Failure> {
        if self.long(name).is_none() && self.writes_value() {
            return Err(self.refuse(&word.to_string_lossy()));
        }
        let arg = self.long(name).filter(|_| !name.contains('='));
        match arg {
            Some(arg) if is_assignment(arg) => return self.take_assignment(name, word),
            _ => self.words.push(word),
        }
        self.take_value(arg);
        Ok(())
    }

    /// Takes the value of the flag before it, if that needs one.
    fn take_value(&mut self, flag: Option<&Arg>) {
        let Some(flag) = flag.filter(|flag| flag.get_action().takes_values()) else {
            return;
        };
        let Some(value) = self.rest.pop_front() else {
            return;
        };
        let is_value = value == "-" || !value.as_encoded_bytes().starts_with(b"-");
        let number = value.to_str().filter(|value| is_number(value));
        match (number, flag.get_long()) {
            // Behind `=`, clap does not take it for a flag.
            (Some(number), Some(name)) if self.words.last().is_some_and(is_long) => {
                self.words.pop();
                self.words.push(format!("--{name}={number}").into());
            }
            _ if is_value => self.words.push(value),
            _ => self.rest.push_front(value),
        }
    }

    /// Takes KEY and VALUE, as two words or one.
    fn take_assignment(&mut self, name: &str, word: OsString) -> Result<(), Failure> {
        let mut next = self.rest.iter().map_while(|word| word.to_str());
        let Some(key) = next.next().filter(|key| !key.starts_with('-')) else {
            self.words.push(word);
            return Ok(());
        };
        let Some(value) = next.next().filter(|_| !key.contains('=')) else {
            // One word, or its second half is missing: then clap refuses it.
            self.words.push(format!("--{name}={key}").into());
            self.rest.pop_front();
            return Ok(());
        };
        if Self::is_flag(value) {
            let names = self.long(name).and_then(Arg::get_value_names);
            let form = names
                .and_then(|names| names.first())
                .map_or("", |name| name);
            let second = form.trim_start_matches(ASSIGNMENT);
            let refused =
                format!("--{name} {key} {value}: {second} is missing, or looks like a flag");
            let form = format!("--{name} {form} takes any {second}: --{name} {key}={value}");
            return Err(Failure::usage(refused).hint(form));
        }
        self.words.push(format!("--{name}={key}={value}").into());
        self.rest.drain(..2);
        Ok(())
    }

    /// Whether a word is, or may be meant as, a flag.
    fn is_flag(word: &str) -> bool {
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else {
            return false;
        };
        name.starts_with('-') || !is_number(word)
    }

    /// Whether the verb takes a negative number as its next operand.
    fn takes_number(&self) -> bool {
        let positionals = self.verb.map(Command::get_positionals);
        let next = positionals.into_iter().flatten().nth(self.operands);
        next.is_some_and(Arg::is_allow_negative_numbers_set)
    }

    fn command(&self) -> &'a Command {
        self.verb.unwrap_or(self.root)
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        let name = name.split('=').next();
        let mut args = self.command().get_arguments();
        args.find(|arg| arg.get_long().is_some() && arg.get_long() == name)
    }

    fn short(&self, name: char) -> Option<&'a Arg> {
        let mut args = self.command().get_arguments();
        args.find(|arg| arg.get_short() == Some(name))
    }

    /// Returns the flag of the verb that Consul's tools write so with one dash.
    fn consul_flag(&self, name: &str) -> Option<&'a Arg> {
        let flag = name.split('=').next().unwrap_or(name);
        self.long(flag).filter(|_| CONSUL_FLAGS.contains(&flag))
    }

    /// Returns the last flag of a cluster of short ones if its value is the next word, `Some(None)` for
    /// another cluster, and `None` for what is none. `-h` is for help alone.
    fn cluster(&self, name: &str) -> Option<Option<&'a Arg>> {
        if self.long(name).is_some() {
            return None;
        }
        let mut letters = name.chars();
        while let Some(letter) = letters.next() {
            let arg = self.short(letter)?;
            match arg.get_action() {
                ArgAction::Help | ArgAction::Version => return None,
                action if action.takes_values() => {
                    // In `-nonsense` the `-n -o` are chance.
                    if !name.starts_with(letter) && !may_be_value(arg, letters.as_str()) {
                        return None;
                    }
                    return Some(Some(arg).filter(|_| letters.as_str().is_empty()));
                }
                _ => {}
            }
        }
        Some(None)
    }

    /// Whether the next operand, or a further one, is a value to write.
    fn writes_value(&self) -> bool {
        self.operands > 0 && self.verb.is_some_and(|verb| verb.get_name() == "put")
    }

    /// Returns the failure for a word that is no flag. What follows `=` may be secret.
    fn refuse(&self, word: &str) -> Failure {
        let shown = word.split('=').next().unwrap_or(word);
        let flag = shown.trim_start_matches('-');
        let Some(verb) = self.verb else {
            let failure = Failure::usage(format!("unknown flag {shown} before the verb"));
            return failure.hint(match similar(self.command(), flag) {
                Some(known) => format!("did you mean --{known}?"),
                None => "the flags of a verb go after it".to_owned(),
            });
        };
        let verb_name = verb.get_name();
        let value = self
            .writes_value()
            .then(|| format!("kvw put -- KEY {}", quote(word)));
        let letters: Option<Vec<_>> = flag.chars().map(|letter| self.short(letter)).collect();
        let letters = letters
            .filter(|_| !shown.starts_with("--") && (shown == word || flag.chars().count() == 1));
        if let (Some(letters), None) = (letters, &value) {
            let is_help = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Help);
            if letters.iter().any(is_help) {
                let failure = Failure::usage(format!("{verb_name} has no flag {shown}"));
                return failure.hint("-h alone prints the help");
            }
            return Failure::usage(format!("{verb_name}: {shown} takes no value"));
        }
        let failure = Failure::usage(format!("{verb_name} has no flag {shown}"));
        let other_verbs = other_verbs_hint(self.root, verb, flag);
        let similar = similar(self.command(), flag);
        let hint = match (similar, value, other_verbs) {
            (Some(known), Some(_), _) => format!(
                "did you mean --{known}? A VALUE that begins with a dash: kvw put -- KEY VALUE"
            ),
            (None, Some(value), _) => format!("to write it as the value: {value}"),
            (_, None, Some(other_verbs)) => other_verbs,
            (Some(known), None, None) => format!("did you mean --{known}?"),
            _ if CONSUL_FLAGS.contains(&flag) => format!("no verb of kvw has --{flag}"),
            _ if flag.starts_with('h') => "-h alone prints the help".to_owned(),
            _ if verb.get_positionals().next().is_some() => format!(
                "flags of several letters have two dashes; an argument that begins with a dash goes \
                 behind --: kvw {verb_name} -- {shown}"
            ),
            _ => format!("flags of several letters have two dashes: see kvw {verb_name} --help"),
        };
        failure.hint(hint)
    }
}

#[cfg(test)]
mod tests;
