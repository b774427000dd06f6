//! Completion by the shell. Key names are offered one level at a time, silent and without a delay when
//! Consul does not answer.

mod bash;
mod shells;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use clap_complete::engine::{PathCompleter, ValueCompleter};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

pub use self::shells::SHELLS;
use super::connect::ConnectArgs;
use super::env::Env;
use crate::consul::{Client, Config};
use crate::model::Prefix;
use crate::process::Signal;

/// The variable that names the shell. It has a name of its own: a `COMPLETE` set by chance must not
/// turn kvw into a completer.
pub const VARIABLE: &str = "KVW_COMPLETE";

/// The variable that a shell sets for the length of one request.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// The longest time that a shell waits for names.
const TIME_LIMIT: Duration = Duration::from_millis(300);

/// More names than a terminal shows at once; a flat prefix may hold a million.
const MAX_NAMES: usize = 500;

/// What a shell wants of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellRequest {
    /// The script that registers the completion.
    Script,
    /// Candidates for a line.
    Candidates,
}

impl ShellRequest {
    /// Returns what the shell wants, if this is no command of a user's: [`VARIABLE`] alone may have been
    /// left in the environment.
    pub fn from_process(args: &[OsString]) -> Option<Self> {
        let shell = std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
        let completes = std::env::var_os(INDEX).is_some() || shells::sets_no_index(&shell);
        match args {
            [_] => Some(ShellRequest::Script),
            [_, dashes, _, ..] if dashes == "--" && completes => Some(ShellRequest::Candidates),
            _ => None,
        }
    }
}

/// The connection flags that stand on the line which is completed: they win over the environment.
static TYPED_FLAGS: OnceLock<Vec<OsString>> = OnceLock::new();

/// The verbs, each of which has a page.
static VERBS: OnceLock<Vec<String>> = OnceLock::new();

/// Keeps the verbs of the command.
pub fn keep_verbs(command: &Command) {
    let verbs = command.get_subcommands().map(Command::get_name);
    let _ = VERBS.set(verbs.map(str::to_owned).collect());
}

/// Keeps the connection flags among the words of a line.
fn keep_typed_flags(words: &[OsString]) {
    // A process completes one line.
    let _ = TYPED_FLAGS.set(connection_flags(words));
}

/// Returns the connection flags among the words, each with its value; but for the last word, which is still
/// being typed, and for the words of another command after `--`.
fn connection_flags(words: &[OsString]) -> Vec<OsString> {
    let command = ConnectArgs::augment_args(Command::new("kvw"));
    let find = |name: &str| {
        let mut flags = command.get_arguments();
        flags.find(|flag| flag.get_long() == Some(name))
    };
    let mut found = Vec::new();
    let typed = words.split_last().map_or(&[][..], |(_, before)| before);
    let mut typed = typed.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = typed.next() {
        let text = word.to_str().and_then(|word| word.strip_prefix("--"));
        let Some(text) = text else { continue };
        let (name, value) = match text.split_once('=') {
            Some((name, _)) => (name, true),
            None => (text, false),
        };
        let Some(flag) = find(name) else { continue };
        found.push(word.clone());
        if !value && flag.get_action().takes_values() {
            match typed.next() {
                Some(value) => found.push(value.clone()),
                None => _ = found.pop(),
            }
        }
    }
    found
}

/// Returns the connection that the flags on the line describe, and the environment.
fn connection() -> Option<ConnectArgs> {
    let flags = TYPED_FLAGS.get().cloned().unwrap_or_default();
    let words = std::iter::once(OsString::from("kvw")).chain(flags);
    let command = ConnectArgs::augment_args(Command::new("kvw"));
    let matches = command.try_get_matches_from(words).ok()?;
    ConnectArgs::from_arg_matches(&matches).ok()
}

/// Offers the names one level below the typed text. The connection comes from the flags on the line and
/// from the environment.
pub fn live_keys() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered_keys(typed, ""))
}

/// Offers the keys of a condition `KEY=VALUE`.
pub fn live_keys_of_conditions() -> ArgValueCompleter {
    ArgValueCompleter::new(
        |typed: &OsStr| match typed.to_string_lossy().contains('=') {
            // What follows is a value.
            true => Vec::new(),
            false => offered_keys(typed, "="),
        },
    )
}

/// Offers the names below the typed text, with something after those that are keys.
fn offered_keys(typed: &OsStr, after: &str) -> Vec<CompletionCandidate> {
    let names = typed.to_str().and_then(names).unwrap_or_default();
    // What begins with a dash would be run as a flag.
    let keys = names.into_iter().filter(|name| !name.starts_with('-'));
    let keys = keys.map(|name| match name.ends_with('/') {
        true => name,
        false => name + after,
    });
    keys.map(CompletionCandidate::new).collect()
}

/// Offers the files that `@FILE` may name, once the `@` is typed.
pub fn files_after_at() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| -> Vec<CompletionCandidate> {
        let Some(path) = typed.to_str().and_then(|typed| typed.strip_prefix('@')) else {
            return Vec::new();
        };
        let files = PathCompleter::any().complete(OsStr::new(path)).into_iter();
        files.map(|file| file.add_prefix("@")).collect()
    })
}

/// Offers the keys in `NAME=KEY`.
pub fn live_keys_of_names() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        offered_behind_equals(typed, |key| offered_keys(key, ""))
    })
}

/// Offers what follows the first `=` of the typed text.
fn offered_behind_equals(
    typed: &OsStr,
    offer: impl Fn(&OsStr) -> Vec<CompletionCandidate>,
) -> Vec<CompletionCandidate> {
    let Some((name, value)) = typed.to_str().and_then(|typed| typed.split_once('=')) else {
        return Vec::new();
    };
    let name = format!("{name}=");
    let offered = offer(OsStr::new(value)).into_iter();
    offered.map(|value| value.add_prefix(&name)).collect()
}

/// Offers these words.
pub fn words(words: &'static [&'static str]) -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered_words(words.iter().copied(), typed))
}

/// Offers the signals that a user can choose.
pub fn signals() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered_words(Signal::names(), typed))
}

/// Offers the pages of `kvw man`.
pub fn pages() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let verbs = VERBS.get().into_iter().flatten().map(String::as_str);
        offered_words(verbs.chain(["handlers"]), typed)
    })
}

/// Offers what looks at a value: `json`, `yaml`, `toml`, or what a line for `sh` begins with.
pub fn value_checks() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let mut offered = offered_words(["json", "yaml", "toml"].into_iter(), typed);
        offered.extend(offered_programs(typed));
        offered
    })
}

fn offered_words<'a>(
    words: impl Iterator<Item = &'a str>,
    typed: &OsStr,
) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let begun = words.filter(|word| word.starts_with(&*typed));
    begun
        .map(|word| CompletionCandidate::new(word.to_owned()))
        .collect()
}

/// Offers what the first word of a line for `sh` may be: programs of `PATH`, or files once a `/` is typed.
pub fn shell_lines() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered_programs(typed))
}

/// Offers the first word of the line for `sh` in `GLOB=LINE`.
pub fn shell_lines_of_routes() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered_behind_equals(typed, offered_programs))
}

fn offered_programs(typed: &OsStr) -> Vec<CompletionCandidate> {
    match typed.to_str() {
        Some(typed) if typed.contains(char::is_whitespace) => Vec::new(),
        Some(typed) if !typed.contains('/') => programs(typed, std::env::var_os("PATH").as_deref()),
        _ => PathCompleter::any().complete(typed),
    }
}

/// Offers what a command after `--` may be: programs of `PATH`, then files. `None` where the words hold no such
/// command.
fn command_after_dashes(
    command: &Command,
    words: &[OsString],
    path: Option<&OsStr>,
) -> Option<Vec<CompletionCandidate>> {
    let (typed, before) = words.split_last()?;
    let dashes = before.iter().position(|word| word == "--")?;
    let verb = before[..dashes].iter().filter_map(|word| word.to_str());
    let verb = verb
        .skip(1)
        .find_map(|word| command.find_subcommand(word))?;
    // Of other verbs, `--` only ends the flags.
    let takes_command = verb.get_arguments().any(clap::Arg::is_last_set);
    if !takes_command {
        return None;
    }
    let is_program = dashes + 1 == before.len();
    if !is_program || typed.to_string_lossy().contains('/') {
        return Some(PathCompleter::any().complete(typed));
    }
    Some(programs(&typed.to_string_lossy(), path))
}

/// Returns the programs in the folders of `PATH` that begin with the typed text.
fn programs(typed: &str, path: Option<&OsStr>) -> Vec<CompletionCandidate> {
    let folders = path.into_iter().flat_map(std::env::split_paths);
    let files = folders
        .filter_map(|folder| folder.read_dir().ok())
        .flatten();
    let names = files.flatten().filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let begins = name.starts_with(typed) && !name.starts_with('-');
        let is_program = || {
            let metadata = file.path().metadata();
            metadata.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
        };
        (begins && is_program()).then_some(name)
    });
    // One name in several folders is one program; sorted, as a shell shows them.
    let names: BTreeSet<String> = names.collect();
    let names = names.into_iter().take(MAX_NAMES);
    names.map(CompletionCandidate::new).collect()
}

fn names(typed: &str) -> Option<Vec<String>> {
    let config = connection()?.config(&Env::from_process()).ok()?;
    let client = Client::new(Config {
        connect_timeout: TIME_LIMIT,
        request_timeout: TIME_LIMIT,
        retry_for: Duration::ZERO,
        ..config
    })
    .ok()?;
    let names = client.names(&Prefix::new(typed), "/", None).ok()?.value;
    names.take(MAX_NAMES).collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn connection_flags_are_found_anywhere_on_the_line() {
        for (line, flags) in [
            ("kvw get --http-addr h:1 x", "--http-addr h:1"),
            ("kvw --http-addr=h:1 get --recurse x", "--http-addr=h:1"),
            ("kvw get --stale --token t x", "--stale --token t"),
            // What is still being typed has no value yet.
            ("kvw get --http-addr x", ""),
            (
                "kvw watch a --token t -- kvw --http-addr h:1 x",
                "--token t",
            ),
            ("kvw get x", ""),
        ] {
            let expected = if flags.is_empty() {
                Vec::new()
            } else {
                words(flags)
            };
            assert_eq!(connection_flags(&words(line)), expected, "{line}");
        }
    }
}
