//! Errors of starting threads and processes, which say no more than `Resource temporarily unavailable`
//! where a limit is reached.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// Adds to an error what a thread was to do.
pub fn thread_error(work: impl fmt::Display, error: &io::Error) -> io::Error {
    describe(format_args!("starting the thread {work}"), error)
}

/// Adds to an error which process was to be started.
pub fn process_error(process: impl fmt::Display, error: &io::Error) -> io::Error {
    describe(format_args!("starting {process}"), error)
}

fn describe(doing: fmt::Arguments<'_>, error: &io::Error) -> io::Error {
    let limit = match Errno::from_io_error(error) {
        Some(Errno::AGAIN) => {
            ": no more threads and processes may exist (ulimit -u, or pids.max of the cgroup)"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("{doing}: {error}{limit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_reached_is_named() {
        let again = io::Error::from(Errno::AGAIN);
        let error = thread_error("for signals", &again);
        assert_eq!(error.kind(), again.kind());
        let error = error.to_string();
        assert!(
            error.starts_with("starting the thread for signals: Resource temporarily unavailable"),
            "{error}"
        );
        assert!(error.contains("ulimit -u"), "{error}");
        let error = process_error("true", &io::Error::from(Errno::NOENT)).to_string();
        assert!(error.starts_with("starting true: No such file"), "{error}");
        assert!(!error.contains("ulimit"), "{error}");
    }
}
