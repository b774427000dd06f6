//! Whether anybody still reads stdout.

use std::io;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::stdio::stdout;

/// Calls back when the reader of stdout has gone, as `head` does when it has its lines: a command that is
/// silent for long would learn it no sooner than at its next line. Where no thread is to be had it learns it
/// then. Never where stdout is neither a pipe nor a socket.
pub fn on_closed_stdout(report: impl FnOnce() + Send + 'static) {
    if !has_reader() {
        return;
    }
    let wait = move || {
        if is_closed(None) {
            report();
        }
    };
    drop(thread::Builder::new().name("stdout".to_owned()).spawn(wait));
}

/// Whether the reader of stdout has gone by now.
pub(super) fn stdout_is_closed() -> bool {
    has_reader() && is_closed(Some(&Timespec::default()))
}

/// The end of a terminal is a signal, and a file has no reader.
fn has_reader() -> bool {
    fstat(stdout()).is_ok_and(|stat| {
        let kind = FileType::from_raw_mode(stat.st_mode);
        matches!(kind, FileType::Fifo | FileType::Socket)
    })
}

fn is_closed(timeout: Option<&Timespec>) -> bool {
    // Asked for nothing, poll tells of errors and of the other end alone.
    let mut stdout = [PollFd::from_borrowed_fd(stdout(), PollFlags::empty())];
    loop {
        match poll(&mut stdout, timeout) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => {
                let gone = PollFlags::ERR | PollFlags::HUP;
                return stdout[0].revents().intersects(gone);
            }
        }
    }
}

/// The error of a write to a stdout whose reader has gone.
pub(super) fn closed_error() -> io::Error {
    io::Error::other(super::Closed)
}
