//! Programs that verbs run: the words behind `--`, or a line for `sh -c`.

use std::ffi::{OsStr, OsString};

use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::exit::{Exit, Failure};
use crate::process::{ChildStatus, ProcessGroups, Program, take_orphans};
use crate::term::Ui;

/// Returns the parser of a line for `sh -c`. A blank one, as of a shell's variable that was never set, would do
/// nothing and succeed.
pub fn shell_line() -> impl TypedValueParser<Value = OsString> {
    OsStringValueParser::new().try_map(|line| match is_blank(&line) {
        true => Err("the command is empty"),
        false => Ok(line),
    })
}

/// Whether a line has no command.
pub fn is_blank(line: &OsStr) -> bool {
    line.to_str().is_some_and(|line| line.trim().is_empty())
}

/// Returns the program of `-- CMD`, or of `--exec LINE`, which exclude each other.
pub fn program(command: &[OsString], exec: Option<&OsString>) -> Option<Program> {
    match (exec, command) {
        (Some(line), _) => Some(Program::Shell(line.clone())),
        (None, []) => None,
        (None, words) => Some(Program::Argv(words.to_vec())),
    }
}

/// Starts the guard, which ends `what` when kvw cannot, and adopts the orphans of what is run. Without a guard kvw
/// goes on, with a warning.
pub fn guard(ui: &Ui, groups: &ProcessGroups, what: &str) {
    if let Err(error) = groups.start_guard() {
        ui.warn(format_args!(
            "no guard process: a kvw that is killed would leave {what} running: {error}"
        ));
    }
    take_orphans();
}

/// Returns the exit that passes on how a program ended. If it died of the last signal that kvw passed on to it, so
/// does kvw.
pub fn exit_of(status: ChildStatus, last_signal: Option<i32>) -> Exit {
    match status {
        ChildStatus::Killed(signal) if last_signal == Some(signal) => Exit::Signal(signal),
        status => Exit::from_status(status.code()),
    }
}

/// Refuses a `--` without a program behind it, as a shell's variable that was never set leaves it: a lock would
/// be taken, or a change printed, and nothing be run. clap does not tell it from no `--` at all.
///
/// # Errors
/// Exit 2.
pub fn check_dashes(args: &[OsString]) -> Result<(), Failure> {
    let Some(dashes) = args.iter().position(|arg| arg == "--") else {
        return Ok(());
    };
    match args.get(dashes + 1) {
        None => Err(Failure::usage("no program stands behind --")),
        Some(program) if program.is_empty() => {
            Err(Failure::usage("the program name after -- is empty"))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_need_a_program() {
        let check = |line: &str| {
            let args: Vec<_> = line.split(' ').map(OsString::from).collect();
            check_dashes(&args).is_ok()
        };
        assert!(check("kvw run a/ -- x"));
        assert!(check("kvw run a/"));
        assert!(check("kvw run a/ -- x --"));
        assert!(!check("kvw run a/ --"));
        assert!(!check("kvw run a/ -- "));
        assert!(!check("kvw run a/ --  x"));
    }

    #[test]
    fn a_blank_line_has_no_command() {
        for line in ["", " ", "\t\n"] {
            assert!(is_blank(line.as_ref()), "{line:?}");
        }
        assert!(!is_blank(" true ".as_ref()));
    }
}
