//! The question before what cannot be taken back.

use crate::exit::Failure;
use crate::term::Ui;

/// The number of keys from which a `y` is too quickly typed.
const LARGE: u64 = 100;

/// Asks whether to do `what` to so many keys at a place.
///
/// # Errors
/// Exit 2 where nobody can be asked.
pub fn ask(ui: &Ui, what: &str, place: &str, keys: u64) -> anyhow::Result<bool> {
    if !ui.can_ask() {
        let refused = Failure::usage(format!("refusing to {what} without confirmation"));
        return Err(refused.hint("--yes confirms it").into());
    }
    let mut question = format!("{what} at {place}?");
    if let Some(first) = question.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Ok(match keys {
        ..LARGE => ui.confirm(&question)?,
        _ => ui.confirm_number(&question, "keys", keys)?,
    })
}
