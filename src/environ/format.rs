//! Variables as text for shells, for other programs' environment files, and for scripts. Pure.

use std::fmt;
use std::io::{self, Write};
use std::str;

use clap::ValueEnum;

use super::names::is_identifier;
use super::rules::Variables;
use crate::model::abbreviate;

/// The longest line of an `--env-file` that docker reads, its end included: the buffer of Go's Scanner.
const DOCKER_LINE: usize = 64 * 1024;

/// Variables that bash or dash keep for themselves: to assign one is an error that ends an `eval`, or what
/// is assigned is lost without a word.
const KEPT_BY_SHELLS: [&str; 29] = [
    "UID",
    "EUID",
    "PPID",
    "BASHOPTS",
    "SHELLOPTS",
    "BASH_VERSINFO",
    "BASHPID",
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_CMDS",
    "BASH_COMMAND",
    "BASH_LINENO",
    "BASH_MONOSECONDS",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_TRAPSIG",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "LINENO",
    "OPTIND",
    "RANDOM",
    "SECONDS",
    "SRANDOM",
    "_",
];

/// A form in which variables are written. The comments are the help of `-o`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum EnvFormat {
    /// export lines for eval in sh, bash, dash and zsh
    #[default]
    Shell,
    /// NAME=VALUE lines with quotes where needed, as a .env file
    Env,
    /// Lines for docker run --env-file, which takes them literally
    Docker,
    /// One JSON object
    Json,
    /// Lines for systemd's EnvironmentFile=
    Systemd,
    /// NAME=VALUE, each ended by a NUL, for xargs -0 and env -0
    Null,
}

/// A variable that cannot be written in a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The key.
    pub key: String,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': {}", abbreviate(&self.key), self.reason)
    }
}

impl std::error::Error for FormatError {}

impl EnvFormat {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            EnvFormat::Shell => "shell",
            EnvFormat::Env => "env",
            EnvFormat::Docker => "docker",
            EnvFormat::Json => "json",
            EnvFormat::Systemd => "systemd",
            EnvFormat::Null => "null",
        }
    }

    /// Checks that every variable can be written.
    ///
    /// # Errors
    /// For the first, by name, that cannot.
    pub fn check(self, variables: &Variables) -> Result<(), FormatError> {
        for (name, entry) in variables {
            if let Err(reason) = self.check_one(name, entry.value()) {
                let key = entry.key().to_owned();
                return Err(FormatError { key, reason });
            }
        }
        Ok(())
    }

    fn check_one(self, name: &str, value: &[u8]) -> Result<(), String> {
        if self == EnvFormat::Null {
            return Ok(());
        }
        let text = str::from_utf8(value);
        let text = text.map_err(|_| "the value is not UTF-8, which only -o null prints")?;
        let is_control = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n');
        match self {
            EnvFormat::Shell | EnvFormat::Env | EnvFormat::Systemd if !is_identifier(name) => Err(
                format!("'{}' is no name that -o {self} can have", abbreviate(name)),
            ),
            EnvFormat::Shell if KEPT_BY_SHELLS.contains(&name) => Err(format!(
                "a shell keeps {name} for itself and would lose the value; --rename gives it another name"
            )),
            EnvFormat::Docker if name.starts_with('#') || name.contains(char::is_whitespace) => {
                Err(format!(
                    "'{}' is no name that docker takes",
                    abbreviate(name)
                ))
            }
            EnvFormat::Docker if text.contains(['\n', '\r']) => {
                Err("the value has a line break, which docker's file cannot hold".to_owned())
            }
            EnvFormat::Docker if name.len() + text.len() + 2 > DOCKER_LINE => {
                Err("docker reads no line of more than 64 KiB".to_owned())
            }
            // A variable with one of these is ignored by systemd, with a line in its log.
            EnvFormat::Systemd if text.contains(is_control) => {
                Err("the value has a control character, which systemd refuses".to_owned())
            }
            EnvFormat::Shell
            | EnvFormat::Env
            | EnvFormat::Docker
            | EnvFormat::Json
            | EnvFormat::Systemd
            | EnvFormat::Null => Ok(()),
        }
    }

    /// Writes the variables, which were checked; JSON is written by `json`.
    pub fn write(
        self,
        mut out: impl Write,
        variables: &Variables,
        json: impl FnOnce(&mut dyn Write, &[(&str, &str)]) -> io::Result<()>,
    ) -> io::Result<()> {
        let text = |value| str::from_utf8(value).unwrap_or_default();
        if self == EnvFormat::Json {
            let members = variables.iter();
            let members = members.map(|(name, entry)| (name.as_str(), text(entry.value())));
            return json(&mut out, &members.collect::<Vec<_>>());
        }
        for (name, entry) in variables {
            let value = entry.value();
            match self {
                EnvFormat::Shell => writeln!(out, "export {name}={}", shell_quoted(text(value)))?,
                EnvFormat::Env => writeln!(out, "{name}={}", env_quoted(text(value)))?,
                EnvFormat::Docker => writeln!(out, "{name}={}", text(value))?,
                EnvFormat::Systemd => writeln!(out, "{name}={}", systemd_quoted(text(value)))?,
                EnvFormat::Null | EnvFormat::Json => {
                    write!(out, "{name}=")?;
                    out.write_all(value)?;
                    out.write_all(b"\0")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for EnvFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// In single quotes, where nothing but their end has a meaning.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Bare, in single quotes, or with escapes in double quotes: the first that every reader of `.env` files
/// takes for the same text.
fn env_quoted(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_./:,@%+=-".contains(c);
    if text.chars().all(is_bare) {
        return text.to_owned();
    }
    if !text.contains(|c: char| c == '\'' || c.is_ascii_control()) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            '\\' | '"' | '$' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// In double quotes, in which old and new systemd take the same four characters as escaped; in single
/// quotes they differ.
fn systemd_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
