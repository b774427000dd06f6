//! Connection flags before the verb: `kvw --http-addr X get a` is `kvw get --http-addr X a`.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::{Args, Command};

use super::connect::ConnectArgs;

/// Returns the command line with the connection flags that stand before the verb behind it, where clap
/// takes them.
pub fn move_behind_verb(args: &[OsString]) -> Cow<'_, [OsString]> {
    let is_flag = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
    // Nearly every command line begins with its verb.
    if !args.get(1).is_some_and(is_flag) {
        return Cow::Borrowed(args);
    }
    let flags = ConnectArgs::augment_args(Command::new("kvw"));
    let (mut before, mut moved) = (args[..1].to_vec(), Vec::new());
    let mut rest = args[1..].iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            break;
        }
        if !is_flag(word) {
            before.push(word.clone());
            before.append(&mut moved);
            before.extend(rest.cloned());
            return Cow::Owned(before);
        }
        let text = word.to_string_lossy();
        let (name, value) = match text.trim_start_matches('-').split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.trim_start_matches('-'), None),
        };
        let flag = flags
            .get_arguments()
            .find(|flag| flag.get_long() == Some(name));
        let Some(flag) = flag else {
            before.push(word.clone());
            // The only flag of all verbs that has a value of its own.
            if word == "--color" {
                before.extend(rest.next().cloned());
            }
            continue;
        };
        moved.push(word.clone());
        if flag.get_action().takes_values() && value.is_none() {
            moved.extend(rest.next().cloned());
        }
    }
    // No verb: clap says so.
    Cow::Borrowed(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_flags_move_behind_the_verb_and_others_stay() {
        for (typed, taken) in [
            ("kvw get a", "kvw get a"),
            ("kvw --http-addr h:1 get a", "kvw get --http-addr h:1 a"),
            ("kvw --http-addr=h:1 get a", "kvw get --http-addr=h:1 a"),
            ("kvw -http-addr=h:1 get a", "kvw get -http-addr=h:1 a"),
            ("kvw -q --stale get a -- b", "kvw -q get --stale a -- b"),
            (
                "kvw --token-file f --color never -v ls",
                "kvw --color never -v ls --token-file f",
            ),
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
