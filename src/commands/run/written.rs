//! The file of `--write`.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::atomic_file::{AtomicFile, Links};
use crate::environ::{EnvFormat, Variables};
use crate::exit::{Exit, Failure};
use crate::output::json;

/// The mode of a new file: values may be secret.
const PRIVATE: u32 = 0o600;

/// A file with the variables, which is replaced as a whole.
#[derive(Debug)]
pub struct VariablesFile {
    path: PathBuf,
    format: EnvFormat,
    /// What was written last.
    written: Option<Vec<u8>>,
}

impl VariablesFile {
    /// A file that was not written yet: JSON if its name ends so, else `NAME=VALUE` lines.
    pub fn new(path: &Path) -> Self {
        let is_json = path.extension().is_some_and(|end| end == "json");
        VariablesFile {
            path: path.to_owned(),
            format: if is_json {
                EnvFormat::Json
            } else {
                EnvFormat::Env
            },
            written: None,
        }
    }

    /// Returns the content for these variables.
    ///
    /// # Errors
    /// Exit 2 for a value that the format cannot hold.
    pub fn content(&self, variables: &Variables) -> Result<Vec<u8>, Failure> {
        let refused = |error| Failure::usage(format!("writing {}: {error}", self.path.display()));
        self.format.check(variables).map_err(refused)?;
        let mut text = Vec::new();
        let json = |out: &mut dyn Write, members: &[(&str, &str)]| {
            json::write_line(out, &json::Environment(members))
        };
        let written = self.format.write(&mut text, variables, json);
        written.expect("a write to memory does not fail");
        Ok(text)
    }

    /// Whether the file has another content.
    pub fn differs(&self, content: &[u8]) -> bool {
        self.written.as_deref() != Some(content)
    }

    /// Replaces the file if it has another content.
    ///
    /// # Errors
    /// If it cannot be replaced.
    pub fn write(&mut self, content: Vec<u8>) -> Result<(), Failure> {
        if !self.differs(&content) {
            return Ok(());
        }
        let replace = || {
            let mut file = AtomicFile::create(&self.path, PRIVATE, Links::Follow)?;
            file.write_all(&content)?;
            file.persist()
        };
        replace().map_err(|error| Failure::new(Exit::of_file(&error), error.to_string()))?;
        self.written = Some(content);
        Ok(())
    }
}
