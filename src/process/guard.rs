//! The guard: a second process, which kills the groups of all children when kvw dies.
//!
//! It is started from the binary of kvw and reads lines from a pipe: `?MARK`, a child is about to
//! start; `+ID`, the child runs and leads this group; `.`, it did not start; `-ID`, its group is
//! gone. At the end of the pipe kvw has ended for whatever reason, and the guard kills the groups
//! that are left. A parent-death signal would reach the direct child only.
//!
//! kvw may be killed between a start and the line that reports it, which is not rare where runs are
//! short. So each child carries a mark in its environment, by which the guard finds it. The child
//! holds a copy of the pipe until its program has been loaded, so the end comes no earlier.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child as StdChild, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

/// The first word of the guard's command line, by which it recognizes itself. Not `kvw…`: a
/// `pkill -9 kvw` must not kill the guard.
const NAME: &str = "handler-guard";

/// The environment variable that marks a child before its group is known.
pub(super) const MARK: &str = "KVW_GUARD";

/// How long the guard searches for a marked child. Its environment may become readable a moment after
/// the end of the pipe; and there is no child at all if kvw died before it started one.
const SEARCH_TIMEOUT: Duration = Duration::from_millis(200);

/// The guard process as kvw holds it; it ends when dropped.
pub(super) struct Guard {
    process: StdChild,
    pipe: Option<ChildStdin>,
    /// The random part of the marks of this guard's children.
    mark_id: u64,
    /// The number of marks given.
    marks: u64,
}

impl Guard {
    /// Starts a guard.
    pub(super) fn start() -> io::Result<Self> {
        // The link leads to the running binary even if the file was replaced since.
        let own = if cfg!(target_os = "linux") {
            "/proc/self/exe".into()
        } else {
            std::env::current_exe()?
        };
        // A group of its own, so that a kill of kvw's group spares it. It holds nothing open, and has no
        // mark in its environment where kvw itself is the handler of another kvw.
        let mut process = Command::new(own)
            .arg0(NAME)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = process.stdin.take();
        Ok(Guard {
            process,
            pipe,
            mark_id: fastrand::u64(..),
            marks: 0,
        })
    }

    /// Returns a mark that no other process has in its environment.
    pub(super) fn next_mark(&mut self) -> String {
        self.marks += 1;
        format!("{:016x}-{}", self.mark_id, self.marks)
    }

    /// Sends a line.
    pub(super) fn send(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        match &mut self.pipe {
            // In one write: half a line would be the id of another group.
            Some(pipe) => pipe.write_all(format!("{line}\n").as_bytes()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.process.wait();
    }
}

/// Runs the guard and returns true, if this process was started as one. Must be called first: a guard
/// parses no arguments and reads no environment.
pub fn run_as_guard() -> bool {
    let is_guard = std::env::args_os().next().as_deref() == Some(OsStr::new(NAME));
    if is_guard {
        // The name that `killall kvw` compares.
        let _ = std::fs::write("/proc/self/comm", NAME);
        // Caught and ignored: a signal to the process group or to all kvw by name must not stop the
        // guard before it has killed the groups.
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE] {
            let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
        }
        let remaining = read_remaining(io::stdin().lock());
        for id in remaining.groups {
            let _ = kill_process_group(id, Signal::KILL);
        }
        if let Some(mark) = remaining.starting {
            kill_marked(&mark);
        }
    }
    is_guard
}

/// The groups that live when the pipe ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct RemainingGroups {
    groups: HashSet<Pid>,
    /// The mark of a child whose start was not reported.
    starting: Option<String>,
}

/// Reads the lines of the pipe to its end.
fn read_remaining(pipe: impl BufRead) -> RemainingGroups {
    let mut remaining = RemainingGroups::default();
    for line in pipe.lines().map_while(Result::ok) {
        let Some((sign, rest)) = line.split_at_checked(1) else {
            continue;
        };
        // 1 would be every process.
        let id = rest
            .parse()
            .ok()
            .filter(|id| *id > 1)
            .and_then(Pid::from_raw);
        match (sign, id) {
            ("?", _) if !rest.is_empty() => remaining.starting = Some(rest.to_owned()),
            (".", _) => remaining.starting = None,
            ("+", Some(id)) => {
                remaining.starting = None;
                remaining.groups.insert(id);
            }
            ("-", Some(id)) => _ = remaining.groups.remove(&id),
            _ => {}
        }
    }
    remaining
}

/// Searches for the child with this mark and kills its group.
fn kill_marked(mark: &str) {
    let (variable, until) = (format!("{MARK}={mark}"), Instant::now() + SEARCH_TIMEOUT);
    while Instant::now() < until {
        let mut groups = groups_with(&variable).peekable();
        if groups.peek().is_some() {
            for id in groups {
                let _ = kill_process_group(id, Signal::KILL);
            }
            return;
        }
        thread::sleep(SEARCH_TIMEOUT / 40);
    }
}

/// Returns the groups of all processes with this variable in their environment; none where `/proc` is
/// missing.
fn groups_with(variable: &str) -> impl Iterator<Item = Pid> {
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(move |folder| {
        let id = folder.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(folder.path().join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables
            .any(|other| other == variable.as_bytes())
            .then(|| getpgid(Pid::from_raw(id)).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remaining(text: &str) -> Vec<i32> {
        let remaining = read_remaining(text.as_bytes());
        let ids = remaining.groups.iter().map(|id| id.as_raw_nonzero().get());
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        ids
    }

    fn starting(text: &str) -> Option<String> {
        read_remaining(text.as_bytes()).starting
    }

    #[test]
    fn a_group_that_is_gone_is_not_killed() {
        assert_eq!(remaining("+10\n+11\n-10\n+12\n"), [11, 12]);
        assert_eq!(remaining("+10\n-10\n"), [0; 0]);
    }

    #[test]
    fn a_malformed_line_kills_no_group() {
        assert_eq!(remaining("\n+\n+0\n+1\n+-5\n+x\n10\nä9\n"), [0; 0]);
        assert_eq!(starting("?\n"), None);
    }

    #[test]
    fn a_start_is_open_until_it_is_reported() {
        assert_eq!(starting("?m-1\n").as_deref(), Some("m-1"));
        assert_eq!(starting("?m-1\n+10\n-10\n?m-2\n").as_deref(), Some("m-2"));
        assert_eq!(starting("?m-1\n+10\n"), None);
        assert_eq!(starting("?m-1\n.\n"), None);
    }

    #[test]
    fn a_marked_child_is_found_and_killed_with_its_group() {
        let mark = format!("test-{:016x}", fastrand::u64(..));
        let mut child = Command::new("sh")
            .args(["-c", "sleep 1000; :"])
            .env(MARK, &mark)
            .process_group(0)
            .spawn()
            .unwrap();
        kill_marked(&format!("{mark}-other"));
        assert_eq!(child.try_wait().unwrap(), None);
        kill_marked(&mark);
        let status = child.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9)
        );
    }
}
