//! What a delete of everything below a prefix has to be told first.

use clap::Args;

use crate::exit::Failure;
use crate::model::Prefix;

/// Consent to deletes that take more than a folder.
#[derive(Debug, Clone, Default, Args)]
pub struct DeleteScopeArgs {
    /// Delete everything that begins with a prefix which does not end in /, neighbours included
    #[arg(long)]
    prefix_match: bool,

    /// Delete the whole store
    #[arg(long)]
    all: bool,
}

impl DeleteScopeArgs {
    /// Refuses the root, and a prefix that would take the neighbours of the folder that was
    /// probably meant: exit 2.
    pub fn check(&self, prefix: &Prefix) -> Result<(), Failure> {
        if prefix.is_root() && !self.all {
            let root = Failure::usage("an empty prefix is the whole store");
            return Err(root.hint("--all deletes it"));
        }
        if self.takes_neighbours(prefix) {
            return Err(neighbours(prefix, &[]));
        }
        Ok(())
    }

    /// Whether the prefix stands for more than a folder, and nobody said that it should.
    pub fn takes_neighbours(&self, prefix: &Prefix) -> bool {
        let folder = prefix.is_root() || prefix.as_str().ends_with('/');
        !folder && !self.prefix_match
    }
}

/// The refusal, with some of the neighbours where they are known.
pub fn neighbours(prefix: &Prefix, known: &[String]) -> Failure {
    let mut message = format!("deleting '{prefix}' takes everything that begins so");
    if !known.is_empty() {
        message.push_str(", also ");
        message.push_str(&known.join(", "));
    }
    Failure::usage(message).hint(format!(
        "'{prefix}/' deletes the folder, --prefix-match all of it"
    ))
}
