//! The editor of the user: which one it is, and how it is run.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Command;

use crate::args::env::Env;
use crate::exit::Failure;
use crate::process::{describe_unstarted, process_error};
use crate::term::Ui;

/// The variables that name an editor, the first first.
const VARIABLES: [&str; 3] = ["KVW_EDITOR", "VISUAL", "EDITOR"];

/// The editor where no variable names one.
const USUAL: &str = "vi";

/// How the user's editor is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    /// What the variable holds.
    line: OsString,
}

impl Editor {
    /// Finds the editor.
    ///
    /// # Errors
    /// Exit 2 where none is named, and there is no terminal for the usual one.
    pub fn find(env: &Env, ui: &Ui) -> Result<Self, Failure> {
        let named = VARIABLES.into_iter().filter_map(|name| env.var(name));
        let mut named = named.filter(|line| !line.as_encoded_bytes().trim_ascii().is_empty());
        match named.next() {
            Some(line) => Ok(Editor { line: line.clone() }),
            None if ui.is_interactive() => Ok(Editor { line: USUAL.into() }),
            None => {
                let failure = Failure::usage(
                    "no editor is named, and vi needs stdin and stdout on a terminal",
                );
                Err(failure.hint("KVW_EDITOR, VISUAL or EDITOR names one"))
            }
        }
    }

    /// Returns the command that edits a file. A line of plain words is run as it is; any other by a shell,
    /// as git does it, so that quotes and variables mean what they mean there.
    pub fn command(&self, file: &Path) -> Command {
        match plain_words(&self.line) {
            Some(words) => {
                let mut command = Command::new(words[0]);
                command.args(&words[1..]).arg(file);
                command
            }
            None => {
                let mut line = self.line.clone();
                line.push(" \"$@\"");
                let mut command = Command::new("sh");
                command.arg("-c").arg(line).arg(&self.line).arg(file);
                command
            }
        }
    }

    /// Describes the error of a start.
    pub fn unstarted(&self, error: &io::Error) -> anyhow::Error {
        let line = self.line.to_string_lossy();
        let program = match plain_words(&self.line) {
            Some(words) => words[0].to_owned(),
            None => "sh".to_owned(),
        };
        if error.kind() == io::ErrorKind::WouldBlock {
            return process_error(&program, error).into();
        }
        let program = Some(OsStr::new(&program));
        let what = describe_unstarted(program, format_args!("the editor {line}"), error);
        Failure::usage(what)
            .hint("KVW_EDITOR, VISUAL or EDITOR names another one")
            .into()
    }
}

/// Returns the words of a line that a shell would take as they are; at least one.
fn plain_words(line: &OsStr) -> Option<Vec<&str>> {
    let line = line.to_str()?;
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+,:@ ".contains(c);
    let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
    (line.chars().all(is_plain) && !words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let editor = Editor { line: line.into() };
        let command = editor.command(Path::new("/t/a b"));
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words
            .map(|word| word.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn plain_words_are_run_as_they_are_and_the_rest_by_a_shell() {
        assert_eq!(words("vi"), ["vi", "/t/a b"]);
        assert_eq!(words(" code  --wait "), ["code", "--wait", "/t/a b"]);
        let line = "sed -i 's/a/b/'";
        let by_shell = ["sh", "-c", "sed -i 's/a/b/' \"$@\"", line, "/t/a b"];
        assert_eq!(words(line), by_shell);
        for line in [
            "~/bin/e",
            "$HOME/e",
            "A=1 vi",
            "e;f",
            "e\tf",
            "\"my editor\"",
        ] {
            assert_eq!(words(line)[0], "sh", "{line}");
        }
    }
}
