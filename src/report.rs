//! Errors as messages and exit codes.

use std::ffi::OsString;
use std::io;

use anyhow::Error;
use clap::error::{ContextValue, ErrorKind};

use crate::consul;
use crate::exit::{Exit, Failure, KeptFile};
use crate::model::{Invalid, abbreviate};
use crate::term::{Closed, Ui};

/// Prints an error and its causes on one line and its hint on the next, and returns the exit code.
pub fn failure(ui: &Ui, error: &Error) -> Exit {
    // Only a closed stdout itself is silent. Another failure is reported even when stdout is closed
    // too, above all a write whose outcome is unknown.
    if is_closed(error) {
        return Exit::Signal(signal_hook::consts::SIGPIPE);
    }
    let kept = error.downcast_ref::<KeptFile>();
    match kept {
        None => ui.error(format!("{error:#}")),
        Some(_) => {
            let causes = error.chain().skip(1).map(ToString::to_string);
            ui.error(causes.collect::<Vec<_>>().join(": "));
        }
    }
    if let Some(hint) = hint(error) {
        ui.hint(hint);
    }
    if let Some(KeptFile(path)) = kept {
        ui.status("what was not written is in");
        ui.path(path);
    }
    exit(error)
}

/// Reports a command line that is not run: a usage error on stderr with exit 2, help and version on
/// stdout with 0. Addresses among the arguments are shown without their passwords.
pub fn usage(ui: &Ui, error: Error, args: &[OsString]) -> Exit {
    let usage = match error.downcast::<clap::Error>() {
        Ok(usage) => usage,
        Err(error) => {
            let error = match error.downcast::<Failure>() {
                Ok(failure) => without_passwords_in(failure, args).into(),
                Err(error) => error,
            };
            return failure(ui, &error);
        }
    };
    if !usage.use_stderr() {
        return match ui.help(&usage.render()) {
            Ok(()) => Exit::Yes,
            Err(error) => failure(ui, &error.into()),
        };
    }
    if usage.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        ui.help_on_stderr(&usage.render());
        return Exit::Usage;
    }
    let (message, hint) = usage_lines(usage, args);
    ui.error(message);
    if let Some(hint) = hint {
        ui.hint(hint);
    }
    Exit::Usage
}

/// The longest tip that is shown, in characters.
const LONGEST_TIP: usize = 240;

/// Stands for a line feed in a word while clap's own separate the lines of its text.
const LINE_FEED: &str = "\u{10ffff}";

/// Returns clap's text of several lines as an error and a hint of one each: a tip, or the usage. Words of
/// the command line stand in both as they are.
fn usage_lines(mut error: clap::Error, args: &[OsString]) -> (String, Option<String>) {
    let one_line = |text: &str| without_passwords(text, args).replace('\n', LINE_FEED);
    let word = |text: &str| one_line(&abbreviate(&without_passwords(text, args)));
    // A tip repeats the word: one that is too long leaves the usage.
    let is_short = |text: &String| text.chars().count() <= LONGEST_TIP;
    let contexts: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| {
            let value = match value {
                ContextValue::String(text) => ContextValue::String(word(text)),
                ContextValue::Strings(words) => {
                    ContextValue::Strings(words.iter().map(|text| word(text)).collect())
                }
                ContextValue::StyledStrs(texts) => {
                    let texts = texts.iter().map(|text| text.ansi().to_string());
                    let texts = texts.filter(is_short);
                    ContextValue::StyledStrs(texts.map(|text| one_line(&text).into()).collect())
                }
                _ => return None,
            };
            Some((kind, value))
        })
        .collect();
    for (kind, value) in contexts {
        error.insert(kind, value);
    }
    // Without styles, these are no sequences of clap's.
    let text = error.render().ansi().to_string();
    let (mut message, mut tips, mut usage) = (Vec::new(), Vec::new(), Vec::new());
    for paragraph in text.split("\n\n") {
        let lines = paragraph.lines().map(str::trim);
        if message.is_empty() {
            message = lines.collect();
        } else if paragraph.starts_with("Usage: ") {
            usage = lines.collect();
        } else {
            tips.extend(lines.filter_map(|line| line.strip_prefix("tip: ")));
        }
    }
    let message = message.join(" ").replace(LINE_FEED, "\n");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    // clap's word for a verb cannot be set.
    if error.kind() == ErrorKind::InvalidSubcommand {
        let message = message.replacen("unrecognized subcommand", "unknown verb", 1);
        let hint = match &tips[..] {
            [] => "kvw -h lists the verbs".to_owned(),
            tips => tips
                .join("; ")
                .replacen("subcommand", "verb", 1)
                .replace(LINE_FEED, "\n"),
        };
        return (message, Some(hint));
    }
    let hint = match (&tips[..], &usage[..]) {
        ([], []) => None,
        ([], usage) => Some(usage.join(" ").replacen("Usage: ", "usage: ", 1)),
        (tips, _) => Some(tips.join("; ").replace(LINE_FEED, "\n")),
    };
    (message.to_owned(), hint)
}

/// Hides user and password of addresses among the arguments, where a text repeats them.
fn without_passwords(text: &str, args: &[OsString]) -> String {
    let mut text = text.to_owned();
    for arg in args.iter().filter_map(|arg| arg.to_str()) {
        let shown = consul::without_user(arg);
        if shown != arg {
            text = text.replace(arg, &shown).replace(&*abbreviate(arg), &shown);
        }
    }
    text
}

fn without_passwords_in(failure: Failure, args: &[OsString]) -> Failure {
    Failure {
        message: without_passwords(&failure.message, args),
        hint: failure.hint.map(|hint| without_passwords(&hint, args)),
        ..failure
    }
}

fn is_closed(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Closed>)
    })
}

fn exit(error: &Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if let Some(error) = cause.downcast_ref::<consul::Error>() {
            return error.class().into();
        }
        if cause.is::<Invalid>() {
            return Exit::Usage;
        }
    }
    Exit::Unavailable
}

impl From<consul::ErrorClass> for Exit {
    fn from(class: consul::ErrorClass) -> Self {
        match class {
            consul::ErrorClass::Refused => Exit::Usage,
            consul::ErrorClass::Unavailable => Exit::Unavailable,
            consul::ErrorClass::Denied => Exit::Denied,
            consul::ErrorClass::RolledBack => Exit::No,
            consul::ErrorClass::Unknown => Exit::Unknown,
        }
    }
}

fn hint(error: &Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            failure.hint.clone()
        } else {
            cause
                .downcast_ref::<consul::Error>()
                .and_then(consul::Error::hint)
        }
    })
}
