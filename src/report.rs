//! Errors as messages and exit codes.

use std::ffi::OsString;
use std::io::{self, Write};

use anyhow::Error;

use crate::consul;
use crate::exit::{Exit, Failure};
use crate::model::Invalid;
use crate::term::{Closed, Ui, When, no_color};

/// Prints an error and its causes on one line and its hint on the next, and returns the exit code.
pub fn failure(ui: &Ui, error: &Error) -> Exit {
    // Only a closed stdout itself is silent. Another failure is reported even when stdout is closed
    // too, above all a write whose outcome is unknown.
    if is_closed(error) {
        return Exit::Signal(signal_hook::consts::SIGPIPE);
    }
    ui.error(format!("{error:#}"));
    if let Some(hint) = hint(error) {
        ui.hint(hint);
    }
    exit(error)
}

/// Reports a command line that is not run: a usage error on stderr with exit 2, help and version on
/// stdout with 0. Arguments are shown without a password.
pub fn usage(error: &Error, args: &[OsString]) -> Exit {
    let Some(error) = error.downcast_ref::<clap::Error>() else {
        let color = |terminal| When::Auto.applies(terminal, no_color(), false);
        let ui = Ui::new(false, color);
        let Some(error) = error.downcast_ref::<Failure>() else {
            return failure(&ui, error);
        };
        let hint = error.hint.as_ref();
        let shown = Failure {
            message: without_passwords(error.message.clone(), args),
            hint: hint.map(|hint| without_passwords(hint.clone(), args)),
            exit: error.exit,
        };
        return failure(&ui, &shown.into());
    };
    let text = error.render();
    if error.use_stderr() {
        let text = without_passwords(rendered(&text, &io::stderr()), args);
        let _ = write!(io::stderr(), "{text}");
        return Exit::Usage;
    }
    let mut out = io::stdout();
    match write!(out, "{}", rendered(&text, &out)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Exit::Signal(signal_hook::consts::SIGPIPE)
        }
        Err(_) => Exit::Unavailable,
        Ok(()) => Exit::Yes,
    }
}

/// Hides user and password of addresses among the arguments, where a message repeats them.
fn without_passwords(text: String, args: &[OsString]) -> String {
    args.iter()
        .filter_map(|arg| arg.to_str())
        .fold(text, |text, arg| match consul::without_user(arg) {
            shown if shown == arg => text,
            shown => text.replace(arg, &shown),
        })
}

/// Renders the text, in colour if the stream is a terminal and `NO_COLOR` is not set.
fn rendered(text: &clap::builder::StyledStr, stream: &impl io::IsTerminal) -> String {
    if stream.is_terminal() && !no_color() {
        text.ansi().to_string()
    } else {
        text.to_string()
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
