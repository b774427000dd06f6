//! What is there where a key or a folder was looked for in vain.

use crate::consul::Client;
use crate::model::{Key, Prefix, abbreviate};
use crate::term::Ui;

use super::key::folder;
use super::quote::quote;

/// The hint that there are keys below the name of a missing key: `command` takes them. Only for a person,
/// since it takes a request; one that fails gives none.
pub fn keys_below_hint(ui: &Ui, client: &Client, key: &str, command: &str) -> Option<String> {
    let folder = folder(key);
    if !ui.explains() {
        return None;
    }
    let names = client.with_retry_for(std::time::Duration::ZERO);
    let names = names.names(&Prefix::new(folder.as_str()), "/", None).ok()?;
    names.value.flatten().next()?;
    let (shown, word) = (abbreviate(&folder), quote(&folder));
    let word = abbreviate(&word);
    Some(format!("there are keys below {shown}: {command} {word}"))
}

/// Says that what was listed as a folder is a key. As [`keys_below_hint`].
pub fn hint_at_key(ui: &Ui, client: &Client, folder: &Prefix) {
    let Some(name) = folder.as_str().strip_suffix('/') else {
        return;
    };
    let (true, Ok(key)) = (ui.explains(), Key::new(name)) else {
        return;
    };
    let client = client.with_retry_for(std::time::Duration::ZERO);
    if client.get(&key).is_ok_and(|entry| entry.value.is_some()) {
        let (shown, word) = (abbreviate(name), quote(name));
        let word = abbreviate(&word);
        ui.hint(format_args!("{shown} is a key: kvw get {word}"));
    }
}
