//! What is said where nothing was found: a name may have been meant as a glob.

use crate::model::{Prefix, abbreviate, folder_of_glob};
use crate::term::Ui;

/// Says that what was given as a key, a prefix or a target (`kind`) is taken literally.
pub fn no_glob(kind: &str) -> String {
    format!("a {kind} is not a glob")
}

/// Returns a hint where the name of a key or prefix (`kind`) looks like a glob: `command`, given the
/// folder that all matches are in, prints what was probably meant.
pub fn glob_hint(kind: &str, name: &str, command: &str) -> Option<String> {
    let folder = match folder_of_glob(name)? {
        "" => "''",
        folder => folder,
    };
    let no_glob = no_glob(kind);
    Some(format!(
        "{no_glob}: {command} {folder} prints what is below"
    ))
}

/// Says that a listing is empty: nothing is what a misspelt prefix prints too. `command`, given the
/// right prefix, prints what a glob was meant to.
pub fn explain_empty(ui: &Ui, prefix: &Prefix, command: &str) {
    let shown = abbreviate(prefix.as_str());
    if let Some(hint) = glob_hint("prefix", prefix.as_str(), command) {
        ui.warn(format_args!("no key starts with {shown}"));
        ui.hint(hint);
    } else if prefix.is_root() {
        ui.status("no keys");
    } else if prefix.as_str().ends_with('/') {
        ui.status(format_args!("no keys below {shown}"));
    } else {
        ui.status(format_args!("no key starts with {shown}"));
    }
}
