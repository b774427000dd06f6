//! Keys, changes and time, as the view takes them.

use super::*;
use crate::model::{Continuity, Fields, TargetId};

pub(in crate::live) fn entry(key: &str, value: &[u8]) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value),
        created: 1,
        modified: 7,
        ..Fields::default()
    })
}

pub(in crate::live) fn change(key: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> Change {
    Change {
        target: TargetId(0),
        before: old.map(|value| entry(key, value)),
        after: new.map(|value| entry(key, value)),
        index: Index(9),
        seen: SystemTime::UNIX_EPOCH,
        continuity: Continuity::Kept,
    }
}

/// A state that has seen these keys, drawn in ten rows.
pub(in crate::live) fn state(keys: &[&str], now: Instant) -> LiveState {
    let handlers = vec![HandlerState::default()];
    let mut state = LiveState::new("c/".to_owned(), "h:8500".to_owned(), 2, handlers, now);
    let entries: Vec<Entry> = keys.iter().map(|key| entry(key, b"v")).collect();
    state.present(entries.iter());
    state.update(|picture| {
        picture.connection = ContactState::Connected(SystemTime::UNIX_EPOCH);
    });
    state.lay_out(10);
    state
}

const KEYS: [&str; 4] = ["c/a", "c/d/x", "c/d/y", "c/e"];

fn shown(state: &mut LiveState) -> Vec<String> {
    state.lay_out(10);
    let (rows, entries) = state.rows();
    rows.iter()
        .map(|row| row.name(entries).to_owned())
        .collect()
}

fn press(state: &mut LiveState, keys: &str) {
    for c in keys.chars() {
        state.press(KeyPress::Char(c));
        state.lay_out(10);
    }
}

#[test]
fn folders_start_open_when_everything_fits_and_closed_otherwise() {
    let now = Instant::now();
    assert_eq!(
        shown(&mut state(&KEYS, now)),
        ["c/a", "c/d/", "c/d/x", "c/d/y", "c/e"]
    );
    let many: Vec<String> = (0..20).map(|n| format!("c/d/{n:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(shown(&mut state(&many, now)), ["c/d/"]);
}

#[test]
fn folders_are_folded_with_h_and_unfolded_with_l() {
    let mut state = state(&KEYS, Instant::now());
    press(&mut state, "jjh");
    // From a key to its folder, and then it is closed.
    assert_eq!(state.cursor, 1);
    press(&mut state, "h");
    assert_eq!(shown(&mut state), ["c/a", "c/d/", "c/e"]);
    press(&mut state, "l");
    assert_eq!(shown(&mut state).len(), 5);
    press(&mut state, "l");
    assert_eq!(state.cursor, 2);
}

#[test]
fn the_selected_key_stays_selected_when_others_come_and_go() {
    let now = Instant::now();
    let mut state = state(&KEYS, now);
    press(&mut state, "G");
    assert_eq!(state.cursor, 4);
    state.changed(&[change("c/b", None, Some(b"1"))], true, now);
    assert_eq!(shown(&mut state)[state.cursor], "c/e");
    assert_eq!(state.cursor, 5);
}

#[test]
fn a_deleted_key_is_marked_until_the_mark_has_faded() {
    let now = Instant::now();
    let mut state = state(&KEYS, now);
    state.changed(&[change("c/e", Some(b"v"), None)], true, now);
    assert!(shown(&mut state).contains(&"c/e".to_owned()));
    assert_eq!(state.picture().entries.len(), 3);
    assert_eq!(state.next_change(now), Some(now + Duration::from_secs(1)));
    state.advance(now + FADED);
    assert!(!shown(&mut state).contains(&"c/e".to_owned()));
}

#[test]
fn a_view_of_a_store_that_stands_still_stands_still() {
    let now = Instant::now();
    let mut state = state(&KEYS, now);
    assert_eq!(state.next_change(now), None);
    state.changed(&[change("c/a", Some(b"v"), Some(b"w"))], true, now);
    assert!(state.next_change(now).is_some());
    let later = now + Duration::from_secs(SECONDS as u64 + 1);
    state.advance(later);
    assert_eq!(state.next_change(later), None);
}

#[test]
fn changes_are_counted_by_seconds() {
    let now = Instant::now();
    let mut state = state(&KEYS, now);
    let one = [change("c/a", Some(b"v"), Some(b"w"))];
    state.changed(&one, true, now);
    state.changed(&one, true, now);
    state.changed(&one, true, now + Duration::from_secs(2));
    let rate: Vec<u64> = state.picture().rate.iter().rev().take(4).copied().collect();
    assert_eq!(rate, [1, 0, 2, 0]);
    // A day later the graph is empty, at once.
    state.advance(now + Duration::from_secs(86_400));
    assert!(state.picture().rate.iter().all(|count| *count == 0));
}

#[test]
fn a_pause_shows_the_picture_of_its_start_and_counts_what_comes() {
    let now = Instant::now();
    let mut state = state(&KEYS, now);
    press(&mut state, " ");
    let changes = [
        change("c/a", Some(b"v"), Some(b"w")),
        change("c/new", None, Some(b"1")),
    ];
    state.changed(&changes, true, now);
    assert_eq!(shown(&mut state).len(), 5);
    assert_eq!(state.entry("c/a").map(Entry::value), Some(&b"v"[..]));
    assert_eq!(state.held(), Some(2));
    assert_eq!(state.next_change(now), None);
    press(&mut state, " ");
    assert_eq!(shown(&mut state).len(), 6);
    assert_eq!(state.entry("c/a").map(Entry::value), Some(&b"w"[..]));
}

#[test]
fn a_filter_shows_the_keys_that_hold_it_whatever_is_folded() {
    let mut state = state(&KEYS, Instant::now());
    press(&mut state, "jh");
    assert_eq!(shown(&mut state).len(), 3);
    press(&mut state, "/D/X");
    assert_eq!(shown(&mut state), ["c/d/", "c/d/x"]);
    // While it is typed, letters are no commands.
    press(&mut state, "q");
    assert!(shown(&mut state).is_empty());
    state.press(KeyPress::Backspace);
    state.press(KeyPress::Enter);
    assert_eq!(shown(&mut state), ["c/d/", "c/d/x"]);
    state.press(KeyPress::Escape);
    assert_eq!(shown(&mut state).len(), 3);
}

#[test]
fn keys_ask_for_what_the_state_cannot_do() {
    let mut state = state(&KEYS, Instant::now());
    assert_eq!(
        state.press(KeyPress::Char('y')),
        ViewRequest::Copy("c/a".to_owned())
    );
    assert_eq!(state.press(KeyPress::Char('r')), ViewRequest::Run);
    assert_eq!(state.press(KeyPress::Char('q')), ViewRequest::Quit);
    state.update(|picture| picture.handlers.clear());
    assert_eq!(state.press(KeyPress::Char('r')), ViewRequest::Draw);
    assert_eq!(state.note.as_deref(), Some("there is no handler to run"));
}

#[test]
fn what_existed_at_startup_is_not_fresh() {
    let now = Instant::now();
    let mut state = state(&KEYS, now);
    state.changed(&[change("c/a", None, Some(b"v"))], false, now);
    assert!(state.picture().log.is_empty() && state.picture().marks.is_empty());
}

#[test]
fn no_key_does_harm_where_there_is_nothing() {
    let now = Instant::now();
    let mut state = LiveState::new(String::new(), String::new(), 0, Vec::new(), now);
    state.lay_out(0);
    for c in "jkhlgGy?qr  ".chars() {
        state.press(KeyPress::Char(c));
        state.lay_out(0);
    }
    for key in [KeyPress::Enter, KeyPress::PageDown, KeyPress::End] {
        state.press(key);
        state.lay_out(0);
    }
}
