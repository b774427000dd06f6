//! The thread that writes a child's document, until the child has read it or its run is over.

use std::io::{self, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::process::ChildStdin;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

use super::command::Writer;

/// The capacity of a pipe on Linux.
const PIPE_CAPACITY: usize = 64 * 1024;

/// The writer of one run's document. When it is dropped the run is over: the pipe is closed, even if a
/// daemon holds its other end and does not read.
pub(super) struct StdinWriter {
    pipe: Sender<ChildStdin>,
    _run: UnixStream,
}

impl StdinWriter {
    /// Starts the thread, which waits for the pipe.
    pub(super) fn start(write: Writer) -> io::Result<Self> {
        let (send, receive) = channel();
        let (run, over) = UnixStream::pair()?;
        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || {
                if let Ok(pipe) = receive.recv() {
                    let pipe = RunPipe { pipe, over };
                    let mut pipe = BufWriter::with_capacity(PIPE_CAPACITY, pipe);
                    let written = pipe.get_ref().set_nonblocking();
                    let _ = written
                        .and_then(|()| write(&mut pipe))
                        .and_then(|()| pipe.flush());
                    // Not dropped as it is: that would write again.
                    let _ = pipe.into_parts();
                }
            })?;
        Ok(StdinWriter {
            pipe: send,
            _run: run,
        })
    }

    /// Gives the thread its pipe.
    pub(super) fn write_to(&self, pipe: ChildStdin) {
        // It waits for the pipe.
        let _ = self.pipe.send(pipe);
    }
}

/// A pipe to a child, which fails when the run is over and the child does not read.
struct RunPipe {
    pipe: ChildStdin,
    /// At its end when the run is over.
    over: UnixStream,
}

impl RunPipe {
    fn set_nonblocking(&self) -> io::Result<()> {
        let flags = fcntl_getfl(&self.pipe)? | OFlags::NONBLOCK;
        Ok(fcntl_setfl(&self.pipe, flags)?)
    }

    /// Waits until the pipe takes more. Returns false when the run is over.
    fn wait(&self) -> io::Result<bool> {
        let mut both = [
            PollFd::new(&self.pipe, PollFlags::OUT),
            PollFd::new(&self.over, PollFlags::IN),
        ];
        match poll(&mut both, None) {
            Ok(_) => Ok(both[1].revents().is_empty()),
            Err(Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

impl Write for RunPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.pipe.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
            if !self.wait()? {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
