//! `--check`: values that have to be well-formed before anything is written.

use std::str::FromStr;
use std::time::Duration;

use saphyr_parser::Parser;
use toml::de::DeTable;

use super::check_runner::{CheckEnd, CheckRunner};
use super::handler::environment::connection;
use crate::consul::Client;
use crate::exit::{Exit, Failure};
use crate::handlers::value_command;
use crate::model::{ChangePlan, Glob, Key, PlannedChange, abbreviate};
use crate::term::Ui;

/// What a value has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueCheck {
    /// One JSON document.
    Json,
    /// YAML documents.
    Yaml,
    /// One TOML document.
    Toml,
    /// What this command, a line for `sh -c`, accepts.
    Command(String),
}

impl FromStr for ValueCheck {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("the command is empty".to_owned()),
            "json" => Ok(ValueCheck::Json),
            "yaml" => Ok(ValueCheck::Yaml),
            "toml" => Ok(ValueCheck::Toml),
            _ => Ok(ValueCheck::Command(text.to_owned())),
        }
    }
}

/// The time that the check of one value may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Checks each value that a plan would write and that one of the globs matches; without globs all. Names
/// every key whose value fails.
///
/// # Errors
/// When a check cannot be run.
pub fn check_values(
    ui: &Ui,
    client: &Client,
    runner: &mut CheckRunner,
    plan: &ChangePlan,
    check: &ValueCheck,
    globs: &[Glob],
) -> anyhow::Result<Option<Exit>> {
    let mut failed = 0;
    let is_checked = |change: &&PlannedChange| {
        globs.is_empty() || globs.iter().any(|glob| glob.matches(change.key.as_str()))
    };
    for change in plan.changes.iter().filter(is_checked) {
        let Some(after) = &change.after else { continue };
        let key = abbreviate(change.key.as_str());
        let checked = check_value(ui, client, runner, &change.key, &after.value, check)?;
        let reason = match checked {
            CheckedValue::Good => None,
            CheckedValue::Bad(reason) => Some(reason),
            CheckedValue::Stopped(signal) => return Ok(Some(Exit::Signal(signal))),
        };
        if let Some(reason) = reason {
            let place = change.place.as_ref();
            let place = place.map_or(String::new(), |place| format!(" ({place})"));
            ui.error(format_args!("key {key}{place}: {reason}"));
            failed += 1;
        }
    }
    match failed {
        0 => Ok(None),
        failed => {
            let values = if failed == 1 {
                "value fails"
            } else {
                "values fail"
            };
            let what = format!("nothing written: {failed} {values} the check");
            Err(Failure::new(Exit::No, what).into())
        }
    }
}

/// What a check says of a value.
#[derive(Debug)]
pub enum CheckedValue {
    /// It passes.
    Good,
    /// It fails, for this reason.
    Bad(String),
    /// It is not known, because this signal asks to end.
    Stopped(i32),
}

/// Checks one value.
///
/// # Errors
/// When the check cannot be run.
pub fn check_value(
    ui: &Ui,
    client: &Client,
    runner: &mut CheckRunner,
    key: &Key,
    value: &[u8],
    check: &ValueCheck,
) -> anyhow::Result<CheckedValue> {
    let fault = match check {
        ValueCheck::Json => json_fault(value),
        ValueCheck::Yaml => yaml_fault(value),
        ValueCheck::Toml => toml_fault(value),
        ValueCheck::Command(line) => {
            let connection = connection(client.config(), client.place(), false);
            let command = value_command(line.as_ref(), key, value.to_vec(), connection);
            match runner.run(ui, command, TIMEOUT)? {
                (CheckEnd::Exited(status), _) if status.success() => None,
                (CheckEnd::Exited(status), _) => Some(format!("the check {status}")),
                (CheckEnd::TimedOut, _) => Some("the check was not done in time".to_owned()),
                (CheckEnd::Signal(signal), _) => return Ok(CheckedValue::Stopped(signal)),
            }
        }
    };
    Ok(fault.map_or(CheckedValue::Good, CheckedValue::Bad))
}

/// Returns why a value is no JSON.
fn json_fault(value: &[u8]) -> Option<String> {
    let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(value);
    parsed.err().map(|error| format!("not JSON: {error}"))
}

/// Returns why a value is no YAML.
fn yaml_fault(value: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Some(NOT_UTF8.to_owned());
    };
    let fault = Parser::new_from_str(text).find_map(Result::err)?;
    let (line, what) = (fault.marker().line().max(1), fault.info());
    Some(format!("not YAML: line {line}: {what}"))
}

/// Returns why a value is no TOML.
fn toml_fault(value: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Some(NOT_UTF8.to_owned());
    };
    let fault = DeTable::parse(text).err()?;
    Some(format!("not TOML: {}", fault.message()))
}

const NOT_UTF8: &str = "not UTF-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_format_cannot_hold_is_named() {
        for (fault, good, bad) in [
            (
                json_fault as fn(&[u8]) -> Option<String>,
                &[&b"{}"[..], b"1", b" [null]\n"][..],
                &[&b""[..], b"{", b"{} {}", b"\xff", b"nul"][..],
            ),
            (
                yaml_fault,
                &[b"", b"a: 1\nb: [x, y]\n", b"--- 1\n--- 2\n"],
                &[b"a: [", b"a: b: c", b"\xff", b"\"x"],
            ),
            (
                toml_fault,
                &[b"", b"a = 1\n[b]\nc = 2\n"],
                &[b"a", b"a = ", b"a = 1\na = 2\n", b"\xff"],
            ),
        ] {
            for value in good {
                assert_eq!(fault(value), None, "{}", value.escape_ascii());
            }
            for value in bad {
                assert!(fault(value).is_some(), "{}", value.escape_ascii());
            }
        }
    }
}
