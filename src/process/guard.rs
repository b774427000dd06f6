//! The groups that live, and who ends them when kvw cannot.
//!
//! A process of our own, started from our own binary, reads lines from a pipe: `?MARK`, a child is
//! about to start; `+ID`, it lives and leads this group; `.`, it did not start; `-ID`, its group is
//! gone. At the end of the pipe, that is when kvw is gone for whatever reason, it kills the groups
//! that are left. A parent-death signal would reach the direct child only.
//!
//! kvw may be killed between a start and the line that tells of it, which is not rare where runs
//! are short. So each child carries its mark in its environment, and is looked for by that. It
//! holds a copy of the pipe until its program has been loaded: the end is not seen before.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child as StdChild, ChildStdin, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

use super::Status;

/// The first word of the guard's command line, by which it knows what it is. Not `kvw…`: a
/// `pkill -9 kvw` must leave it alive, it is what it is there for.
const NAME: &str = "handler-guard";

/// The variable that a child is known by before its group is.
const MARK: &str = "KVW_GUARD";

/// How long a marked child is looked for. Its environment may become readable only a moment after
/// the end of the pipe was seen; and there is no child at all if kvw died before it started one.
const SEARCH: Duration = Duration::from_millis(200);

/// The process groups of all children that run.
#[derive(Default)]
pub struct Groups(Mutex<GroupTable>);

#[derive(Default)]
struct GroupTable {
    /// By id; with the leader's end where it was reaped in passing.
    live: HashMap<Pid, Option<Status>>,
    guard: Option<Guard>,
}

impl Groups {
    /// None yet, and no guard.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Starts the guard process, once.
    ///
    /// # Errors
    /// When our own binary cannot be started again. Everything else works without a guard; only
    /// `kill -9` would leave children behind.
    pub fn start_guard(&self) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.guard.is_none() {
            inner.guard = Some(Guard::start()?);
        }
        Ok(())
    }

    /// Kills all groups that live. One that is started after this is not killed: the caller is about
    /// to end the process.
    pub(super) fn kill_all(&self) {
        for id in self.lock().live.keys() {
            let _ = kill_process_group(*id, Signal::KILL);
        }
    }

    /// Starts a child and holds its group, in one: whoever kills all groups waits for it.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<(StdChild, Pid)> {
        let mut inner = self.lock();
        if let Some(mark) = inner.guard.as_mut().map(Guard::next_mark) {
            command.env(MARK, &mark);
            inner.tell(format_args!("?{mark}"));
        }
        match command.spawn() {
            Ok(child) => {
                let id = Pid::from_child(&child);
                inner.live.insert(id, None);
                inner.tell(format_args!("+{id}"));
                Ok((child, id))
            }
            Err(error) => {
                inner.tell(format_args!("."));
                Err(error)
            }
        }
    }

    /// The group is gone.
    pub(super) fn release(&self, id: Pid) {
        let mut inner = self.lock();
        inner.live.remove(&id);
        inner.tell(format_args!("-{id}"));
    }

    /// A child was reaped: if it leads a group, its status is kept for the owner.
    pub(super) fn reaped(&self, id: Pid, status: Status) {
        if let Some(slot) = self.lock().live.get_mut(&id) {
            *slot = Some(status);
        }
    }

    /// The status of a leader that was reaped in passing.
    pub(super) fn status(&self, id: Pid) -> Option<Status> {
        self.lock().live.get(&id).copied().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, GroupTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupTable {
    /// Tells the guard. One that was killed is replaced, and told everything.
    fn tell(&mut self, line: fmt::Arguments<'_>) {
        let Some(guard) = &mut self.guard else { return };
        if guard.tell(line).is_ok() {
            return;
        }
        self.guard = Guard::start().ok();
        if let Some(guard) = &mut self.guard {
            for id in self.live.keys() {
                let _ = guard.tell(format_args!("+{id}"));
            }
            let _ = guard.tell(line);
        }
    }
}

/// The guard process, seen from kvw. Dropped, it ends.
struct Guard {
    process: StdChild,
    pipe: Option<ChildStdin>,
    /// What marks this guard's children: a random number of its own, and a count.
    mark: (u64, u64),
}

impl Guard {
    fn start() -> io::Result<Self> {
        // The link names the running binary even when the file was replaced since.
        let own = if cfg!(target_os = "linux") {
            "/proc/self/exe".into()
        } else {
            std::env::current_exe()?
        };
        // A group of its own, so that what kills ours spares it; nothing of ours held open, and no
        // mark in its environment where kvw itself is a handler of another kvw.
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
            mark: (fastrand::u64(..), 0),
        })
    }

    /// What no other process has in its environment.
    fn next_mark(&mut self) -> String {
        self.mark.1 += 1;
        format!("{:016x}-{}", self.mark.0, self.mark.1)
    }

    fn tell(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        match &mut self.pipe {
            // In one piece: half a line would be another group's id.
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

/// Whether this process was started as a guard, and then its whole life. To be asked first of all:
/// a guard parses no arguments and reads no environment.
pub fn run_as_guard() -> bool {
    let guard = std::env::args_os().next().as_deref() == Some(OsStr::new(NAME));
    if guard {
        // What `killall kvw` looks at.
        let _ = std::fs::write("/proc/self/comm", NAME);
        // Caught, and nothing done: whoever stops kvw by its process group or by name must not stop
        // the guard before it has done its work.
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE] {
            let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
        }
        let left = left_at_end(io::stdin().lock());
        for id in left.groups {
            let _ = kill_process_group(id, Signal::KILL);
        }
        if let Some(mark) = left.starting {
            kill_marked(&mark);
        }
    }
    guard
}

/// What there is when the pipe ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    groups: HashSet<Pid>,
    /// The mark of a child of which nothing more is known.
    starting: Option<String>,
}

fn left_at_end(pipe: impl BufRead) -> Left {
    let mut left = Left::default();
    for line in pipe.lines().map_while(Result::ok) {
        let Some((sign, rest)) = line.split_at_checked(1) else {
            continue;
        };
        // 1 would be every process there is.
        let id = rest
            .parse()
            .ok()
            .filter(|id| *id > 1)
            .and_then(Pid::from_raw);
        match (sign, id) {
            ("?", _) if !rest.is_empty() => left.starting = Some(rest.to_owned()),
            (".", _) => left.starting = None,
            ("+", Some(id)) => {
                left.starting = None;
                left.groups.insert(id);
            }
            ("-", Some(id)) => _ = left.groups.remove(&id),
            _ => {}
        }
    }
    left
}

/// Kills the group of the child that carries this mark, once it shows itself.
fn kill_marked(mark: &str) {
    let (variable, until) = (format!("{MARK}={mark}"), Instant::now() + SEARCH);
    while Instant::now() < until {
        let mut groups = marked(&variable).peekable();
        if groups.peek().is_some() {
            for id in groups {
                let _ = kill_process_group(id, Signal::KILL);
            }
            return;
        }
        thread::sleep(SEARCH / 40);
    }
}

/// The groups of all processes that have this in their environment; none where there is no `/proc`.
fn marked(variable: &str) -> impl Iterator<Item = Pid> {
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(move |folder| {
        let id = folder.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(folder.path().join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables
            .any(|one| one == variable.as_bytes())
            .then(|| getpgid(Pid::from_raw(id)).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Vec<i32> {
        let left = left_at_end(text.as_bytes());
        let ids = left.groups.iter().map(|id| id.as_raw_nonzero().get());
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        ids
    }

    fn starting(text: &str) -> Option<String> {
        left_at_end(text.as_bytes()).starting
    }

    #[test]
    fn what_was_released_is_not_killed() {
        assert_eq!(left("+10\n+11\n-10\n+12\n"), [11, 12]);
        assert_eq!(left("+10\n-10\n"), [0; 0]);
    }

    #[test]
    fn a_line_that_is_none_kills_nobody() {
        assert_eq!(left("\n+\n+0\n+1\n+-5\n+x\n10\nä9\n"), [0; 0]);
        assert_eq!(starting("?\n"), None);
    }

    #[test]
    fn a_start_is_open_until_it_is_known_what_came_of_it() {
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
