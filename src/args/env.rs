//! Environment variables, the fallback of connection flags.

use std::ffi::OsString;
use std::fmt;

use crate::exit::Failure;

/// A snapshot of the environment. An empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Env(Vec<(String, OsString)>);

/// The names alone: values may be secret.
impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Env {
    /// Takes a snapshot of the environment of this process.
    pub fn from_process() -> Self {
        Env::without_empty(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// Returns the environment without what it says of Consul: for another cluster than the one that it is
    /// about.
    pub fn without_consul(&self) -> Self {
        let others = self
            .0
            .iter()
            .filter(|(name, _)| !name.starts_with("CONSUL_"));
        Env(others
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect())
    }

    /// An environment with these variables.
    #[cfg(test)]
    pub fn with(set: &[(&str, &str)]) -> Self {
        Env::without_empty(
            set.iter()
                .map(|(name, value)| ((*name).to_owned(), value.into())),
        )
    }

    fn without_empty(set: impl Iterator<Item = (String, OsString)>) -> Self {
        Env(set.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// Returns the variable if it is set and not empty.
    pub fn var(&self, name: &str) -> Option<&OsString> {
        let variable = self.0.iter().find(|(other, _)| other == name);
        variable.map(|(_, value)| value)
    }

    /// Returns the variable as text.
    ///
    /// # Errors
    /// Exit 2, naming the variable, if it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.var(name).map(|value| value.to_str()) {
            Some(Some(text)) => Ok(Some(text.to_owned())),
            Some(None) => Err(Failure::usage(format!("{name} is not valid UTF-8"))),
            None => Ok(None),
        }
    }
}
