//! One text in an editor, until it is written or given up.

use std::ffi::OsStr;
use std::io;

use super::editor::Editor;
use super::interaction::{EditorEnd, Interaction, PromptAnswer};
use crate::args::check_runner::CheckRunner;
use crate::args::value_check::{CheckedValue, ValueCheck, check_value};
use crate::atomic_file::PrivateFile;
use crate::consul::Client;
use crate::exit::{Exit, Failure, KeptFile};
use crate::model::{Key, abbreviate};
use crate::term::Ui;

/// A text in its file.
pub struct TextEdit<'a> {
    /// The user's streams.
    pub ui: &'a Ui,
    runner: CheckRunner,
    editor: &'a Editor,
    interaction: Interaction,
    file: PrivateFile,
    /// What was put into the file at first.
    original: Vec<u8>,
}

/// The failure of a command that a signal ends.
fn stopped(signal: i32) -> Failure {
    Failure::new(Exit::Signal(signal), "nothing written: stopped by a signal")
}

impl<'a> TextEdit<'a> {
    /// Puts a text into a file of this name.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn new(ui: &'a Ui, editor: &'a Editor, name: &str, text: Vec<u8>) -> anyhow::Result<Self> {
        let file = PrivateFile::create(name, &text)
            .map_err(|error| Failure::new(Exit::of_file(&error), error.to_string()))?;
        let (interaction, runner) = Interaction::start(file.path().to_owned())?;
        Ok(TextEdit {
            ui,
            runner,
            editor,
            interaction,
            file,
            original: text,
        })
    }

    /// Returns the signal that asks to end, if one has come.
    pub fn stop(&self) -> Option<i32> {
        self.interaction.stop()
    }

    /// Lets the user edit the file, and returns what is in it then.
    ///
    /// # Errors
    /// Exit 1 where the editor fails: that is how a user gives up.
    pub fn edit(&self) -> anyhow::Result<Vec<u8>> {
        self.ui.flush()?;
        let command = self.editor.command(self.file.path());
        let end = self.interaction.run_editor(command);
        match end.map_err(|error| self.editor.unstarted(&error))? {
            EditorEnd::Exited(status) if status.success() => {}
            EditorEnd::Exited(status) => {
                // The Ctrl-C that ended it was for kvw too.
                let exit = match status.signal() {
                    Some(signal @ (signal_hook::consts::SIGINT | signal_hook::consts::SIGQUIT)) => {
                        Exit::Signal(signal)
                    }
                    _ => Exit::No,
                };
                let what = format!("nothing written: the editor {status}");
                return Err(Failure::new(exit, what).into());
            }
            EditorEnd::Stopped(signal) => return Err(stopped(signal).into()),
        }
        self.file.read().map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::NotFound => "the editor removed the file".to_owned(),
                _ => error.to_string(),
            };
            Failure::new(Exit::No, format!("nothing written: {what}")).into()
        })
    }

    /// Returns the name of the file, for messages about its lines.
    pub fn file_name(&self) -> &str {
        let name = self.file.path().file_name().and_then(OsStr::to_str);
        name.unwrap_or_default()
    }

    /// Returns why a value fails its check.
    ///
    /// # Errors
    /// When the check cannot be run, and death by a signal that asks to end.
    pub fn fault(
        &mut self,
        client: &Client,
        key: &Key,
        value: &[u8],
        check: &ValueCheck,
    ) -> anyhow::Result<Option<String>> {
        match check_value(self.ui, client, &mut self.runner, key, value, check)? {
            CheckedValue::Good => Ok(None),
            CheckedValue::Bad(reason) => {
                let key = abbreviate(key.as_str());
                Ok(Some(format!("key {key}: {reason}")))
            }
            CheckedValue::Stopped(signal) => Err(stopped(signal).into()),
        }
    }

    /// Replaces the text in the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, text: &[u8]) -> anyhow::Result<()> {
        let written = self.file.write(text);
        Ok(written.map_err(|error| Failure::new(Exit::of_file(&error), error.to_string()))?)
    }

    /// Says why the text is not written, and asks whether to edit it again.
    ///
    /// # Errors
    /// Exit 1 where the user gives up; `exit`, with the reason, where nobody can be asked.
    pub fn ask_again(&self, reason: &str, exit: Exit) -> anyhow::Result<()> {
        let refused = || Failure::new(exit, format!("nothing written: {reason}"));
        if !self.ui.can_ask() {
            return Err(refused().into());
        }
        self.ui.error(reason);
        match self.choose("[e]dit again or [g]ive up?", &['e', 'g'])? {
            Some('e') => Ok(()),
            _ => Err(Failure::new(Exit::No, "nothing written").into()),
        }
    }

    /// Asks on the terminal; `None` at its end.
    ///
    /// # Errors
    /// Death by a signal that asks to end.
    pub fn choose(&self, question: &str, choices: &[char]) -> anyhow::Result<Option<char>> {
        match self.interaction.ask(self.ui, question, choices)? {
            PromptAnswer::Choice(choice) => Ok(Some(choice)),
            PromptAnswer::End => Ok(None),
            PromptAnswer::Stopped(signal) => {
                // The question has no answer that ends its line.
                self.ui.status("");
                Err(stopped(signal).into())
            }
        }
    }

    /// Ends the edit: of one that failed, the file stays if the user has changed it, and the error names it.
    pub fn finish(mut self, ended: anyhow::Result<Exit>) -> anyhow::Result<Exit> {
        let error = match ended {
            Ok(exit) => return Ok(exit),
            Err(error) => error,
        };
        let is_changed = self.file.read().is_ok_and(|text| text != self.original);
        if !is_changed {
            return Err(error);
        }
        self.file.keep();
        Err(error.context(KeptFile(self.file.path().to_owned())))
    }
}
