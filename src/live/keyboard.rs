//! Bytes of a keyboard to keys. Own code: an event library brings its own signal handling, and some spin when
//! the terminal goes away.

use std::io;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// How long the rest of a sequence may take. What follows later was not typed with Escape.
const SEQUENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 30_000_000,
};

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyPress {
    Char(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
}

/// What comes from the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyboard {
    /// A key.
    Pressed(KeyPress),
    /// The terminal is gone.
    Closed,
}

/// Reads keys from stdin in a thread of its own, until the terminal goes away.
///
/// # Errors
/// When the system has no thread to give.
pub(super) fn read_keys(mut take: impl FnMut(Keyboard) + Send + 'static) -> io::Result<()> {
    let read = move || {
        let mut pending = Vec::new();
        let mut bytes = [0; 256];
        loop {
            match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
                Ok(0) => break,
                Ok(count) => pending.extend_from_slice(&bytes[..count]),
                Err(Errno::INTR) => continue,
                Err(_) => break,
            }
            let mut more = more_comes();
            while let Some((key, length)) = parse(&pending, more) {
                pending.drain(..length);
                if let Some(key) = key {
                    take(Keyboard::Pressed(key));
                }
                more = more && !pending.is_empty();
            }
        }
        take(Keyboard::Closed);
    };
    thread::Builder::new()
        .name("keyboard".to_owned())
        .spawn(read)
        .map(drop)
}

/// Whether more bytes follow at once.
fn more_comes() -> bool {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    poll(&mut fds, Some(&SEQUENCE)).is_ok_and(|ready| ready > 0)
}

/// Takes the first key; `None` where the bytes are the beginning of one and `more` follow. A sequence of no
/// known key is no key, and takes its bytes.
fn parse(bytes: &[u8], more: bool) -> Option<(Option<KeyPress>, usize)> {
    let key = |key, length| Some((Some(key), length));
    match bytes {
        [] => None,
        [0x1b] if more => None,
        [0x1b, b'[' | b'O', rest @ ..] => sequence(rest, more),
        // Alt with a key, or Escape before one.
        [0x1b, ..] => key(KeyPress::Escape, 1),
        [b'\r' | b'\n', ..] => key(KeyPress::Enter, 1),
        [0x7f | 0x08, ..] => key(KeyPress::Backspace, 1),
        [byte, ..] if byte.is_ascii_control() => Some((None, 1)),
        bytes => character(bytes, more),
    }
}

/// Takes the rest of a control sequence: parameters and a final byte.
fn sequence(rest: &[u8], more: bool) -> Option<(Option<KeyPress>, usize)> {
    let is_final = |byte: &u8| (0x40..=0x7e).contains(byte);
    let Some(end) = rest.iter().position(is_final) else {
        return (!more).then_some((None, rest.len() + 2));
    };
    let key = match (&rest[..end], rest[end]) {
        (_, b'A') => Some(KeyPress::Up),
        (_, b'B') => Some(KeyPress::Down),
        (_, b'C') => Some(KeyPress::Right),
        (_, b'D') => Some(KeyPress::Left),
        (_, b'H') | (b"1" | b"7", b'~') => Some(KeyPress::Home),
        (_, b'F') | (b"4" | b"8", b'~') => Some(KeyPress::End),
        (b"5", b'~') => Some(KeyPress::PageUp),
        (b"6", b'~') => Some(KeyPress::PageDown),
        (_, b'M') => Some(KeyPress::Enter),
        _ => None,
    };
    Some((key, end + 3))
}

fn character(bytes: &[u8], more: bool) -> Option<(Option<KeyPress>, usize)> {
    let chunk = bytes.utf8_chunks().next()?;
    if let Some(c) = chunk.valid().chars().next() {
        return Some((Some(KeyPress::Char(c)), c.len_utf8()));
    }
    let invalid = chunk.invalid().len();
    (!more || invalid < bytes.len()).then_some((None, invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(mut bytes: &[u8]) -> Vec<KeyPress> {
        let mut keys = Vec::new();
        while let Some((key, length)) = parse(bytes, false) {
            keys.extend(key);
            bytes = &bytes[length..];
        }
        assert!(bytes.is_empty(), "{bytes:?} are left");
        keys
    }

    #[test]
    fn arrows_come_in_either_mode_of_the_terminal() {
        use KeyPress::{Down, End, Home, Left, PageDown, PageUp, Right, Up};
        assert_eq!(keys(b"\x1b[A\x1bOB\x1b[C\x1bOD"), [Up, Down, Right, Left]);
        assert_eq!(keys(b"\x1b[1;5A\x1b[5~\x1b[6~"), [Up, PageUp, PageDown]);
        assert_eq!(keys(b"\x1b[H\x1bOF\x1b[1~\x1b[4~"), [Home, End, Home, End]);
    }

    #[test]
    fn text_is_typed_in_any_alphabet() {
        use KeyPress::{Backspace, Char, Enter, Escape};
        assert_eq!(keys("aä語".as_bytes()), [Char('a'), Char('ä'), Char('語')]);
        assert_eq!(keys(b"\r\x7f\x1b"), [Enter, Backspace, Escape]);
        assert_eq!(keys(b"\xff\x01b"), [Char('b')]);
    }

    #[test]
    fn the_beginning_of_a_key_waits_for_its_rest() {
        for bytes in [&b"\x1b"[..], b"\x1b[", b"\x1b[1;", b"\xe8\xaa"] {
            assert_eq!(parse(bytes, true), None);
            assert!(parse(bytes, false).is_some());
        }
    }

    #[test]
    fn a_sequence_of_no_known_key_is_no_key() {
        assert_eq!(keys(b"\x1b[?62;c\x1b[200~x"), [KeyPress::Char('x')]);
    }
}
