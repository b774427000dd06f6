//! The terminal: taken for the view, given back in time, and drawn on by the backend.
//!
//! What takes and gives back is static: signals and panics come to it from other threads.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

use crate::process::TerminalHooks;

/// The other screen, without a cursor, with white text on its own background.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[0m\x1b[2J";

/// Back to the screen of the shell.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?25h\x1b[?1049l";

/// What job control does with the view.
pub const HOOKS: TerminalHooks = TerminalHooks {
    leave: restore,
    enter: take_again,
};

/// The modes that the terminal had, while the view has it.
static TAKEN: Mutex<Option<Termios>> = Mutex::new(None);

/// The view has lost the terminal for a time, and takes it again when it goes on.
static SUSPENDED: AtomicBool = AtomicBool::new(false);

/// All has to be drawn again.
static SPOILT: AtomicBool = AtomicBool::new(false);

/// Takes the terminal.
///
/// # Errors
/// When it has no modes to set.
pub(super) fn take() -> io::Result<()> {
    let mut taken = lock();
    let before = tcgetattr(stdin())?;
    let mut modes = before.clone();
    // Signals stay the terminal's: Ctrl-C and Ctrl-Z are for kvw and its handlers alike.
    modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN;
    modes.input_modes -= InputModes::ICRNL | InputModes::IXON;
    tcsetattr(stdin(), OptionalActions::Drain, &modes)?;
    write_all(ENTER)?;
    *taken = Some(before);
    Ok(())
}

/// Gives the terminal back, if the view has it.
pub fn restore() {
    // A drawing that hangs, in a write to a terminal that takes nothing, must not keep the process from
    // dying. After a panic in it, the lock is poisoned or still held.
    let mut taken = None;
    for _ in 0..20 {
        match TAKEN.try_lock() {
            Ok(guard) => taken = Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => taken = Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                thread::sleep(Duration::from_millis(5));
                continue;
            }
        }
        break;
    }
    let before = match taken {
        Some(mut taken) => match taken.take() {
            Some(before) => Some(before),
            None => return,
        },
        None => None,
    };
    SUSPENDED.store(true, Ordering::SeqCst);
    let _ = write_all(LEAVE);
    if let Some(before) = before {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

/// Takes the terminal again, after it was given back to job control.
fn take_again() {
    SPOILT.store(true, Ordering::SeqCst);
    if SUSPENDED.swap(false, Ordering::SeqCst) {
        let _ = take();
    }
}

/// Gives the terminal back for good.
pub(super) fn leave() {
    restore();
    SUSPENDED.store(false, Ordering::SeqCst);
}

/// Whether all has to be drawn again, since the last call.
pub(super) fn take_spoilt() -> bool {
    SPOILT.swap(false, Ordering::SeqCst)
}

/// The size of the terminal; nothing where it has none.
pub(super) fn size() -> Size {
    let size = tcgetwinsize(stdout());
    size.map_or(Size::ZERO, |size| Size::new(size.ws_col, size.ws_row))
}

fn lock() -> MutexGuard<'static, Option<Termios>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to the terminal, past the buffer of stdout: another thread may hold that.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes a sequence to the terminal, if the view has it.
pub(super) fn send(bytes: &[u8]) -> io::Result<()> {
    match &*lock() {
        Some(_) => write_all(bytes),
        None => Ok(()),
    }
}

/// A backend that writes plain sequences, with the colours that every terminal has: one write a frame.
#[derive(Debug)]
pub(super) struct PlainBackend {
    frame: Vec<u8>,
    /// Whether there are colours.
    color: bool,
}

impl PlainBackend {
    pub(super) fn new(color: bool) -> Self {
        PlainBackend {
            frame: Vec::new(),
            color,
        }
    }

    /// Appends the sequence that sets the style of a cell.
    fn style(&mut self, cell: &Cell) {
        self.frame.extend_from_slice(b"\x1b[0");
        for (modifier, parameter) in [
            (Modifier::BOLD, ";1"),
            (Modifier::DIM, ";2"),
            (Modifier::REVERSED, ";7"),
        ] {
            if cell.modifier.contains(modifier) {
                self.frame.extend_from_slice(parameter.as_bytes());
            }
        }
        let color = match cell.fg {
            Color::Red => ";31",
            Color::Green => ";32",
            Color::Yellow => ";33",
            Color::Cyan => ";36",
            _ => "",
        };
        if self.color {
            self.frame.extend_from_slice(color.as_bytes());
        }
        self.frame.push(b'm');
    }
}

impl Backend for PlainBackend {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut next = None;
        let mut style = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                write!(self.frame, "\x1b[{};{}H", y + 1, x + 1)?;
            }
            if style != Some((cell.fg, cell.modifier)) {
                self.style(cell);
                style = Some((cell.fg, cell.modifier));
            }
            self.frame.extend_from_slice(cell.symbol().as_bytes());
            // A wide character moves the cursor by two: the next cell is placed anew.
            next = (cell.symbol().len() == 1).then_some((x + 1, y));
        }
        if style.is_some() {
            self.frame.extend_from_slice(b"\x1b[0m");
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, _position: P) -> io::Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.frame.extend_from_slice(b"\x1b[0m\x1b[2J");
        Ok(())
    }

    fn clear_region(&mut self, _region: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        Ok(size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: size(),
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut self.frame);
        send(&frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(cells: &[(u16, u16, Cell)], color: bool) -> String {
        let mut backend = PlainBackend::new(color);
        let cells = cells.iter().map(|(x, y, cell)| (*x, *y, cell));
        backend.draw(cells).unwrap();
        String::from_utf8(backend.frame).unwrap()
    }

    #[test]
    fn cells_in_a_row_are_placed_once_and_colours_are_plain() {
        let mut red = Cell::new("b");
        red.fg = Color::Red;
        red.modifier = Modifier::BOLD;
        let cells = [(2, 1, Cell::new("a")), (3, 1, red), (0, 2, Cell::new("語"))];
        assert_eq!(
            drawn(&cells, true),
            "\x1b[2;3H\x1b[0ma\x1b[0;1;31mb\x1b[3;1H\x1b[0m語\x1b[0m"
        );
        assert!(!drawn(&cells, false).contains("31"));
    }
}
