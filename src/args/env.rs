//! The variables of the process, as the flags fall back on them.

use std::collections::HashMap;
use std::ffi::OsString;

use crate::exit::Failure;

/// The environment, taken once. An empty variable counts as unset.
#[derive(Debug, Clone, Default)]
pub struct Env(HashMap<String, OsString>);

impl Env {
    /// That of the process.
    pub fn of_process() -> Self {
        Env::taken(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// One made up for a test.
    #[cfg(test)]
    pub fn of(set: &[(&str, &str)]) -> Self {
        Env::taken(
            set.iter()
                .map(|(name, value)| ((*name).to_owned(), value.into())),
        )
    }

    fn taken(set: impl Iterator<Item = (String, OsString)>) -> Self {
        Env(set.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The variable, if set and not empty.
    pub fn var(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    /// The variable as text.
    ///
    /// # Errors
    /// Exit 2 naming the variable when it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.var(name).map(|value| value.to_str()) {
            Some(Some(text)) => Ok(Some(text.to_owned())),
            Some(None) => Err(Failure::usage(format!("{name} is not valid UTF-8"))),
            None => Ok(None),
        }
    }
}
