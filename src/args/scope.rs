//! Flags that a delete of a whole prefix may require.

use clap::Args;

use crate::exit::Failure;
use crate::model::Prefix;

/// Consent to deletes of more than a folder.
#[derive(Debug, Clone, Default, Args)]
pub struct DeleteScopeArgs {
    /// Allow a prefix that does not end in /, and so matches more than a folder
    #[arg(long)]
    prefix_match: bool,

    /// Allow deleting the whole store
    #[arg(long)]
    all: bool,
}

impl DeleteScopeArgs {
    /// Whether the whole store may be deleted.
    pub fn allows_all(&self) -> bool {
        self.all
    }

    /// Checks that the flags allow a delete of this prefix. `needs_yes`: the refusal names `--yes`,
    /// which is missing too.
    ///
    /// # Errors
    /// Exit 2 for the root without `--all`, and for a prefix that also matches the neighbours of a
    /// folder without `--prefix-match`.
    pub fn check(&self, prefix: &Prefix, needs_yes: bool) -> Result<(), Failure> {
        if prefix.is_root() && !self.all {
            let root = Failure::usage("the empty prefix matches the whole store");
            return Err(root.hint(match needs_yes {
                true => "--all and --yes allow deleting it",
                false => "--all allows deleting it",
            }));
        }
        if self.matches_neighbours(prefix) {
            return Err(neighbours_error(prefix, &[], needs_yes));
        }
        Ok(())
    }

    /// Whether the prefix matches more than a folder, and no flag allows it.
    pub fn matches_neighbours(&self, prefix: &Prefix) -> bool {
        let folder = prefix.is_root() || prefix.as_str().ends_with('/');
        !folder && !self.prefix_match
    }
}

/// The error for a prefix that matches more than a folder, with examples where these are known.
/// `needs_yes`: it names `--yes`, which is missing too.
pub fn neighbours_error(prefix: &Prefix, known: &[String], needs_yes: bool) -> Failure {
    let mut message = format!("'{prefix}' also matches every key starting with {prefix}");
    if !known.is_empty() {
        message.push_str(": ");
        message.push_str(&known.join(", "));
    }
    let mut hint = format!("'{prefix}/' deletes the folder, --prefix-match every match");
    if needs_yes {
        hint.push_str("; --yes confirms either");
    }
    Failure::usage(message).hint(hint)
}
