//! The view on the buffer of a test.

use std::time::{Instant, SystemTime};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;

use super::*;
use crate::live::keyboard::KeyPress;
use crate::live::state::tests::{change, entry, state};
use crate::model::Index;

fn drawn(state: &mut LiveState, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| draw(frame, state, &TimeFormat::Utc))
        .unwrap();
    let buffer = terminal.backend().buffer();
    buffer
        .content()
        .chunks(usize::from(width.max(1)))
        .map(|row| {
            let row: String = row.iter().map(Cell::symbol).collect();
            row.trim_end().to_owned()
        })
        .collect()
}

#[test]
fn keys_changes_rate_and_handler_are_drawn() {
    let now = Instant::now();
    let mut state = state(&["c/a", "c/d/x"], now);
    state.changed(&[change("c/d/x", Some(b"v"), Some(b"w"))], true, now);
    state.update(|picture| {
        picture.leader = Some("l:8300".to_owned());
        picture.handlers[0].last = Some((false, "exited with 3 after 0.1s".to_owned()));
        picture.handlers[0].pending = 2;
    });
    let lines = drawn(&mut state, 80, 16);
    assert_eq!(lines[0], " c/  2 keys");
    assert_eq!(
        lines[1],
        " h:8500  leader l:8300  index 9  connected since 00:00:00"
    );
    assert_eq!(lines[2], "  a = v");
    assert_eq!(lines[3], "  ▾ d/  1");
    assert_eq!(lines[4], "~   x = w");
    assert!(lines.contains(&"Changes".to_owned()), "{lines:#?}");
    assert!(
        lines.contains(&"00:00:00 ~ c/d/x: v → w".to_owned()),
        "{lines:#?}"
    );
    assert!(lines[13].starts_with(" 1/s "), "{lines:#?}");
    assert_eq!(
        lines[14],
        " handler: exited with 3 after 0.1s, 2 changes pending"
    );
    assert!(lines[15].starts_with(" ?:help"), "{lines:#?}");
}

#[test]
fn a_deleted_key_is_drawn_and_not_counted() {
    let now = Instant::now();
    let mut state = state(&["c/d/x", "c/d/y"], now);
    state.changed(&[change("c/d/x", Some(b"v"), None)], true, now);
    let lines = drawn(&mut state, 80, 16);
    assert_eq!(lines[0], " c/  1 key");
    assert_eq!(lines[2], "  ▾ d/  1");
    assert_eq!(lines[3], "-   x");
}

#[test]
fn an_outage_is_drawn_with_its_reason() {
    let mut state = state(&["c/a"], Instant::now());
    state.update(|picture| {
        let reason = "connection refused".to_owned();
        picture.connection = ContactState::Lost(SystemTime::UNIX_EPOCH, reason);
    });
    let lines = drawn(&mut state, 80, 10);
    assert!(
        lines[1].ends_with("no answer since 00:00:00: connection refused"),
        "{lines:#?}"
    );
}

#[test]
fn no_size_is_too_small() {
    let now = Instant::now();
    for width in (0..12).chain([39, 79, 99, 100, 300]) {
        for height in (0..14).chain([50]) {
            let mut state = state(&["c/a", "c/d/x/y/z", "c/語語語"], now);
            state.changed(&[change("c/a", Some(b"a\nb"), Some(b"c"))], true, now);
            for keys in ["", "?", "q\r", "/x"] {
                for c in keys.chars() {
                    state.press(match c {
                        '\r' => KeyPress::Enter,
                        c => KeyPress::Char(c),
                    });
                }
                drawn(&mut state, width, height);
            }
        }
    }
}

#[test]
fn json_is_shown_pretty_and_bytes_as_hex() {
    let text = |value: &[u8]| value_lines(Some(&entry("k", value)))[2..].join("\n");
    assert_eq!(text(br#"{"a":[1]}"#), "{\n  \"a\": [\n    1\n  ]\n}");
    assert_eq!(text(b"a\n\x1b[2Jb"), "a\n\\x1b[2Jb");
    assert!(text(b"\xff\x00A").starts_with("ff 00 41 "));
    assert!(text(b"\xff\x00A").ends_with(" ..A"));
}

#[test]
fn the_whole_value_covers_the_tree_and_scrolls() {
    let now = Instant::now();
    let mut state = state(&["c/a"], now);
    let long: Vec<String> = (0..50).map(|n| format!("line {n}")).collect();
    let change = change("c/a", Some(b"v"), Some(long.join("\n").as_bytes()));
    state.changed(&[change], true, now);
    drawn(&mut state, 60, 12);
    state.press(KeyPress::Enter);
    let lines = drawn(&mut state, 60, 12);
    assert_eq!(lines[2], " c/a");
    assert_eq!(lines[5], "line 0");
    state.press(KeyPress::End);
    let lines = drawn(&mut state, 60, 12);
    assert_eq!(lines[3], "line 49");
    state.press(KeyPress::Escape);
    assert!(drawn(&mut state, 60, 12)[2].contains("a = "));
}

#[test]
fn nothing_that_is_stored_or_answered_drives_the_terminal() {
    let now = Instant::now();
    for attack in [
        "\x1b]0;title\x07",
        "\x1b[2J",
        "\x1b]8;;http://x\x1b\\",
        "\x1b]52;c;eA==\x07",
        "\u{202e}bidi",
        "over\rwrite",
        "zero\u{200b}width",
        "\u{9b}31m",
        "tab\there",
    ] {
        let key = format!("c/{attack}");
        let mut state = state(&[&key], now);
        state.changed(
            &[change(&key, Some(b"v"), Some(attack.as_bytes()))],
            true,
            now,
        );
        state.note(SystemTime::UNIX_EPOCH, attack.to_owned());
        state.update(|picture| {
            picture.leader = Some(attack.to_owned());
            picture.handlers[0].last = Some((true, attack.to_owned()));
            picture.connection = ContactState::Lost(SystemTime::UNIX_EPOCH, attack.to_owned());
        });
        let mut all = drawn(&mut state, 120, 20).join("");
        state.press(KeyPress::Enter);
        all.push_str(&drawn(&mut state, 120, 20).join(""));
        assert!(!all.contains(term::is_dangerous), "{all:?}");
    }
}

#[test]
fn a_value_of_half_a_megabyte_is_drawn_by_its_start() {
    let now = Instant::now();
    let mut state = state(&["c/a"], now);
    let value = "ä".repeat(256 * 1024);
    state.changed(&[change("c/a", None, Some(value.as_bytes()))], true, now);
    let lines = drawn(&mut state, 60, 12);
    assert!(lines[2].starts_with("+ a = ää"), "{lines:#?}");
}

/// The second line of a view this wide.
fn status_at(width: u16, address: &str, connection: &ContactState) -> String {
    let mut state = state(&["c/a"], Instant::now());
    state.address = address.to_owned();
    state.update(|picture| {
        picture.leader = Some("10.11.12.13:8300".to_owned());
        picture.index = Index(1_795_762_526_480_460);
        picture.connection = connection.clone();
    });
    drawn(&mut state, width, 10)[1].clone()
}

#[test]
fn a_status_that_is_too_long_leaves_out_what_matters_least() {
    let connected = || ContactState::Connected(SystemTime::UNIX_EPOCH);
    let at = |width| status_at(width, "consul.example.org:8500", &connected());
    assert_eq!(
        at(120),
        " consul.example.org:8500  leader 10.11.12.13:8300  index 1795762526480460  connected since 00:00:00"
    );
    assert_eq!(
        at(80),
        " consul.example.org:8500  index 1795762526480460  connected since 00:00:00"
    );
    assert_eq!(at(64), " consul.example.org:8500  connected since 00:00:00");
    assert_eq!(at(40), " connected since 00:00:00");
    assert_eq!(at(12), " connected …");
}

#[test]
fn an_outage_keeps_the_address_and_is_cut_at_its_end() {
    let lost = |reason: &str| ContactState::Lost(SystemTime::UNIX_EPOCH, reason.to_owned());
    let at = |width, reason: &str| status_at(width, "h:8500", &lost(reason));
    assert_eq!(
        at(80, "connection refused"),
        " h:8500  index 1795762526480460  no answer since 00:00:00: connection refused"
    );
    assert_eq!(
        at(60, "connection refused"),
        " h:8500  no answer since 00:00:00: connection refused"
    );
    let long = "the certificate of the server is not signed by a CA that is trusted here";
    assert_eq!(
        at(60, long),
        " h:8500  no answer since 00:00:00: the certificate of the s…"
    );
    // Wide characters take two cells, the second of which is a blank here, and none is cut in half.
    let wide = |width| at(width, "語語語語");
    assert_eq!(wide(38), " no answer since 00:00:00: 語 語 語 語");
    assert_eq!(wide(34), " no answer since 00:00:00: 語 語 語 …");
    assert_eq!(wide(33), " no answer since 00:00:00: 語 語 …");
}

#[test]
fn a_long_title_leaves_room_for_the_pause() {
    let mut state = state(&["c/a"], Instant::now());
    state.title = format!("{}/", "long".repeat(30));
    state.press(KeyPress::Char(' '));
    let title = drawn(&mut state, 60, 10)[0].clone();
    assert!(
        title.ends_with("…  1 key  paused, 0 changes since"),
        "{title}"
    );
    assert_eq!(title.chars().count(), 60);
}
