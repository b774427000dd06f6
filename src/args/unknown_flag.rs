//! Flags that a verb does not have: what was probably meant.

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::exit::Failure;
use crate::model::name_first;

/// What people type, as other tools or other verbs have it, and what the verb has instead: a flag, or a line of
/// that verb. Of several rows the first one counts whose flag the verb has.
const MEANT: [(&str, &str); 84] = [
    ("--json", "-o json"),
    ("--raw", "-o raw"),
    ("--format", "-o FORMAT"),
    ("--yaml", "-o json, which is YAML too"),
    ("--recursive", "--recurse"),
    ("--values", "--recurse"),
    ("--prefix", "--recurse"),
    ("--list", "--keys"),
    ("--names", "--keys"),
    ("--keys-only", "--keys"),
    ("--print0", "--null"),
    ("--zero", "--null"),
    ("--level", "--depth"),
    ("--levels", "--depth"),
    ("--max-depth", "--depth"),
    // Times.
    ("--timeout", "--for"),
    ("--timeout", "--request-timeout"),
    ("--duration", "--for"),
    ("--until", "--for"),
    ("--for", "--timeout"),
    ("--wait", "--timeout"),
    ("--wait-timeout", "--timeout"),
    ("--interval", "--min-interval"),
    ("--every", "--min-interval"),
    ("--delay", "--debounce"),
    ("--delay", "--lock-delay"),
    ("--quiet-time", "--debounce"),
    ("--kill-timeout", "--stop-timeout"),
    ("--grace", "--stop-timeout"),
    ("--grace-period", "--stop-timeout"),
    // Programs.
    ("--exec", "run PREFIX -- CMD"),
    ("--exec", "dev -- CMD"),
    ("--command", "--exec"),
    ("--command", "run PREFIX -- CMD"),
    ("--cmd", "--exec"),
    ("--run", "--exec"),
    ("--shell", "--exec"),
    ("--handler", "--exec"),
    ("--kill-signal", "--stop-signal"),
    ("--reload-signal", "--on-change signal"),
    ("--restart", "--on-busy restart"),
    ("--restart", "--on-change restart"),
    ("--retry", "--on-fail retry"),
    ("--retries", "--on-fail retry"),
    ("--limit", "--count"),
    ("--max", "--count"),
    ("--no-wait", "--try"),
    ("--nonblock", "--try"),
    // Keys that count.
    ("--ignore", "--exclude"),
    ("--skip", "--exclude"),
    ("--filter", "--include"),
    ("--match", "--include"),
    ("--glob", "--include"),
    ("--pattern", "--include"),
    // Writes.
    ("--file", "put KEY @FILE"),
    ("--from-file", "put KEY @FILE"),
    ("--stdin", "put KEY -"),
    ("--index", "--modify-index"),
    ("--if-absent", "--create"),
    ("--if-absent", "--create-only"),
    ("--no-clobber", "--create"),
    ("--no-clobber", "--create-only"),
    ("--delete", "--prune"),
    ("--remove", "--prune"),
    ("--force", "--overwrite"),
    ("--force", "--yes"),
    ("--auto-approve", "--yes"),
    ("--no-confirm", "--yes"),
    ("--preview", "--dry-run"),
    ("--out", "--output-file"),
    ("--file", "--output-file"),
    ("--dir", "--to-dir"),
    ("--output-dir", "--to-dir"),
    // Addresses and certificates.
    ("--port", "--listen"),
    ("--http-port", "--listen"),
    ("--bind", "--listen"),
    ("--addr", "--http-addr"),
    ("--address", "--http-addr"),
    ("--host", "--http-addr"),
    ("--server", "--http-addr"),
    ("--url", "--http-addr"),
    ("--dc", "--datacenter"),
    ("--insecure", "--tls-skip-verify"),
    ("--cacert", "--ca-file"),
];

/// The longest name that may differ in one letter only; a longer one may in two.
const SHORT: usize = 7;

/// The shortest name that may stand for a longer flag which begins so.
const LEAD: usize = 4;

/// The most verbs that are named as those which have a flag.
const NAMED: usize = 5;

/// Explains a flag that another tool has. `root` must be built.
pub fn explain_foreign(root: &Command, args: &[OsString], flag: &str) -> Option<Failure> {
    let verb = verb_of(root, args);
    let rows = MEANT.iter().filter(|(foreign, _)| *foreign == flag);
    let mut own = rows.map(|(_, own)| *own);
    let own = own.find(|own| is_of(verb, own))?;
    Some(unexpected(flag).hint(match own.starts_with('-') {
        true => format!("kvw's form is {own}"),
        false => format!("kvw {own}"),
    }))
}

/// Explains a flag that is misspelt, or that other verbs have.
pub fn explain(root: &Command, args: &[OsString], flag: &str) -> Option<Failure> {
    let verb = verb_of(root, args);
    let name = flag.strip_prefix("--")?;
    let own = similar(verb, name).map(|own| format!("did you mean --{own}?"));
    let hint = match (own, other_verbs_hint(root, verb, name)) {
        (Some(own), Some(others)) => format!("{own} {others}"),
        (own, others) => own.or(others)?,
    };
    Some(unexpected(flag).hint(hint))
}

fn unexpected(flag: &str) -> Failure {
    Failure::usage(format!("unexpected argument '{flag}' found"))
}

/// Returns the verb of a command line, or the inner one.
fn verb_of<'a>(root: &'a Command, args: &[OsString]) -> &'a Command {
    let mut verb = root;
    for word in args.iter().skip(1) {
        match word.to_str().and_then(|word| verb.find_subcommand(word)) {
            Some(inner) => verb = inner,
            None => break,
        }
    }
    verb
}

/// Whether the verb has a form of the table.
fn is_of(verb: &Command, own: &str) -> bool {
    let word = own.split([' ', ',']).next().unwrap_or(own);
    let mut args = verb.get_arguments();
    match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(long), _) => has_long(verb, long),
        (None, Some(short)) => args.any(|arg| arg.get_short() == short.chars().next()),
        (None, None) => verb.get_name() == word,
    }
}

fn has_long(verb: &Command, name: &str) -> bool {
    let mut args = verb.get_arguments();
    args.any(|arg| arg.get_long() == Some(name))
}

/// Returns the long flag of the verb that was probably meant: one with a letter or two other, or one that this is
/// a part of. A flag that is only alike, as `time` is to `timeout`, would lead astray.
pub(super) fn similar<'a>(verb: &'a Command, name: &str) -> Option<&'a str> {
    let shown = verb.get_arguments().filter(|arg| !arg.is_hide_set());
    let longs: Vec<_> = shown.filter_map(Arg::get_long).collect();
    let most = if name.len() <= SHORT { 1 } else { 2 };
    let near = longs
        .iter()
        .filter(|long| long.chars().next() == name.chars().next())
        .map(|long| (strsim::osa_distance(name, long), *long))
        .filter(|(distance, _)| *distance <= most)
        .min();
    if let Some((_, long)) = near {
        return Some(long);
    }
    let is_part = |long: &&&str| {
        let leads = name.len() >= LEAD && long.starts_with(&format!("{name}-"));
        // One word alone, as the `value` of `max-value`, is another matter.
        leads || name.contains('-') && long.ends_with(&format!("-{name}"))
    };
    let mut whole = longs.iter().filter(is_part);
    match (whole.next(), whole.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Names the verbs that have a long flag of this name; `None` if this one has it, or none has.
pub(super) fn other_verbs_hint(root: &Command, verb: &Command, name: &str) -> Option<String> {
    if has_long(verb, name) {
        return None;
    }
    let verbs = root.get_subcommands().filter(|other| has_long(other, name));
    let verbs: Vec<_> = verbs.map(Command::get_name).collect();
    let named = name_first(verbs.iter().copied(), NAMED);
    (!verbs.is_empty()).then(|| format!("--{name} is a flag of {named}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Command {
        let flag = |name: &'static str| Arg::new(name).long(name);
        let verb = |name: &'static str, flags: &[&'static str]| {
            let flags = flags.iter().map(|name| flag(name));
            Command::new(name).args(flags)
        };
        let mut root = Command::new("kvw")
            .subcommand(verb("watch", &["time", "for", "exec", "tls-skip-verify"]))
            .subcommand(verb("wait", &["timeout", "retry-for"]))
            .subcommand(verb(
                "get",
                &["recurse", "request-timeout", "max-age", "max-value"],
            ))
            .subcommand(verb("run", &["once"]))
            .subcommand(Command::new("session").subcommand(verb("create", &["lock-delay"])));
        root.build();
        root
    }

    fn hint(line: &str) -> Option<String> {
        let args: Vec<_> = line.split(' ').map(OsString::from).collect();
        let flag = line.split(' ').rfind(|word| word.starts_with("--"))?;
        let root = root();
        let failure = explain_foreign(&root, &args, flag).or_else(|| explain(&root, &args, flag));
        failure.and_then(|failure| failure.hint)
    }

    #[test]
    fn a_flag_of_another_tool_is_that_of_the_verb() {
        for (line, own) in [
            ("kvw watch a/ --timeout", Some("--for")),
            ("kvw get a/ --timeout", Some("--request-timeout")),
            ("kvw wait a --for", Some("--timeout")),
            ("kvw watch a/ --command", Some("--exec")),
            ("kvw session create --delay", Some("--lock-delay")),
            ("kvw wait a --cmd", None),
        ] {
            let own = own.map(|own| format!("kvw's form is {own}"));
            assert_eq!(hint(line), own, "{line}");
        }
        let line = hint("kvw run a/ --exec");
        assert_eq!(line.as_deref(), Some("kvw run PREFIX -- CMD"));
    }

    #[test]
    fn a_flag_is_proposed_for_a_misspelt_one_and_not_for_one_that_is_alike() {
        for (line, own) in [
            ("kvw get a --recruse", Some("did you mean --recurse?")),
            ("kvw get a --recursee", Some("did you mean --recurse?")),
            ("kvw wait a --retry", Some("did you mean --retry-for?")),
            (
                "kvw watch a --skip-verify",
                Some("did you mean --tls-skip-verify?"),
            ),
            ("kvw get a --max", None),
            ("kvw get a --value", None),
            ("kvw get a --reverse", None),
            ("kvw run a --one", Some("did you mean --once?")),
            ("kvw get a --once", Some("--once is a flag of run")),
            (
                "kvw get a --retry-for",
                Some("--retry-for is a flag of wait"),
            ),
            (
                "kvw session create --lock-delays",
                Some("did you mean --lock-delay?"),
            ),
            ("kvw watch a --timeouts", None),
        ] {
            assert_eq!(hint(line).as_deref(), own, "{line}");
        }
    }

    #[test]
    fn no_row_is_about_a_flag_twice_with_the_same_answer() {
        let mut rows = MEANT.to_vec();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), MEANT.len());
    }
}
