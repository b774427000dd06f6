//! Flags of all verbs before the verb: `kvw --http-addr X get a` is `kvw get --http-addr X a`, and
//! `kvw --http-addr X session list` is `kvw session list --http-addr X`.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::{Args, Command};

use super::connect::ConnectArgs;
use super::global::GlobalArgs;

/// Verbs that have verbs of their own.
const NESTED: [&str; 1] = ["session"];

/// Returns the command line with the flags of all verbs and of the connection that stand before the verb
/// behind it, where clap takes them.
pub fn move_behind_verb(args: &[OsString]) -> Cow<'_, [OsString]> {
    let is_flag = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
    let is_nested = |word: &OsString| NESTED.iter().any(|verb| word == verb);
    // Nearly every command line begins with its verb.
    if !args
        .get(1)
        .is_some_and(|word| is_flag(word) || is_nested(word))
    {
        return Cow::Borrowed(args);
    }
    let flags = ConnectArgs::augment_args(GlobalArgs::augment_args(Command::new("kvw")));
    let (mut before, mut moved) = (args[..1].to_vec(), Vec::new());
    let mut rest = args[1..].iter();
    let mut in_nested = false;
    while let Some(word) = rest.next() {
        if word == "--" {
            break;
        }
        if !is_flag(word) {
            before.push(word.clone());
            if is_nested(word) && !in_nested {
                in_nested = true;
                continue;
            }
            before.append(&mut moved);
            before.extend(rest.cloned());
            return Cow::Owned(before);
        }
        let text = word.to_string_lossy();
        let (name, value) = match text.trim_start_matches('-').split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.trim_start_matches('-'), None),
        };
        let has_short = |letter| {
            flags
                .get_arguments()
                .any(|flag| flag.get_short() == Some(letter))
        };
        let letters = text.strip_prefix('-').unwrap_or_default();
        let long = flags
            .get_arguments()
            .find(|flag| flag.get_long() == Some(name));
        match long {
            Some(flag) => {
                moved.push(word.clone());
                if flag.get_action().takes_values() && value.is_none() {
                    moved.extend(rest.next().cloned());
                }
            }
            None if !letters.is_empty() && letters.chars().all(has_short) => {
                moved.push(word.clone());
            }
            None => before.push(word.clone()),
        }
    }
    // No verb: clap says so.
    Cow::Borrowed(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_all_verbs_move_behind_the_verb_and_others_stay() {
        for (typed, taken) in [
            ("kvw get a", "kvw get a"),
            ("kvw --http-addr h:1 get a", "kvw get --http-addr h:1 a"),
            ("kvw --http-addr=h:1 get a", "kvw get --http-addr=h:1 a"),
            ("kvw -http-addr=h:1 get a", "kvw get -http-addr=h:1 a"),
            ("kvw -q --stale get a -- b", "kvw get -q --stale a -- b"),
            ("kvw -qv -h get a", "kvw -h get -qv a"),
            ("kvw -qx get a", "kvw -qx get a"),
            (
                "kvw --token-file f --color never -v ls",
                "kvw ls --token-file f --color never -v",
            ),
            (
                "kvw --http-addr h:1 -q session list -o json",
                "kvw session list --http-addr h:1 -q -o json",
            ),
            (
                "kvw session --http-addr=h:1 show id",
                "kvw session show --http-addr=h:1 id",
            ),
            ("kvw session list -q", "kvw session list -q"),
            ("kvw session -h", "kvw session -h"),
            ("kvw session", "kvw session"),
            ("kvw --http-addr", "kvw --http-addr"),
            ("kvw --http-addr get", "kvw --http-addr get"),
            ("kvw --help", "kvw --help"),
            ("kvw -- --http-addr h get", "kvw -- --http-addr h get"),
        ] {
            let args: Vec<OsString> = typed.split(' ').map(Into::into).collect();
            let moved = move_behind_verb(&args).join(" ".as_ref());
            assert_eq!(moved, taken, "{typed}");
        }
    }
}
