//! The guard: a second process, which kills the groups of all children when kvw dies.
//!
//! It is started from the binary of kvw and reads lines from a pipe: `?MARK`, a child is about to
//! start; `+ID`, the child runs and leads this group; `.`, it did not start; `-ID`, its group is
//! gone; `*ID START`, a process outside the groups that ends with kvw; `~ID START`, it has ended; `!MS`, the
//! time of [`boot_time`] in milliseconds at which all of them must be gone unless another such line comes
//! before; `!`, there is none. At the end of the pipe kvw has ended for whatever reason, and the guard kills the groups
//! and processes that are left. At the time it kills them although kvw lives: it may be stopped, or stuck. A parent-death signal would reach the direct child only.
//!
//! kvw may be killed between a start and the line that reports it, which is not rare where runs are
//! short. So each child carries a mark in its environment, by which the guard finds it. The child
//! holds a copy of the pipe until its program has been loaded, so the end comes no earlier.
//!
//! kvw never waits for the guard without a bound: the pipe does not block, and a guard that does not
//! read it, because it is stopped or starved, is killed and replaced, as is one that has ended.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child as StdChild, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgid, kill_process, kill_process_group, waitid,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

use super::boot_time;
use super::descendants::{ProcessKey, with_descendants};

/// The first word of the guard's command line, by which it recognizes itself. Not `kvw…`: a
/// `pkill -9 kvw` must not kill the guard.
const NAME: &str = "handler-guard";

/// The environment variable that marks a child before its group is known.
pub(super) const MARK: &str = "KVW_GUARD";

/// How long the guard searches for a marked child. Its environment may become readable a moment after
/// the end of the pipe; and there is no child at all if kvw died before it started one.
const SEARCH_TIMEOUT: Duration = Duration::from_millis(200);

/// How long kvw waits at its end for the guard's, and again after it has killed the guard. A guard
/// that has nothing to kill takes a millisecond.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// How often kvw checks at its end whether the guard has ended.
const END_INTERVAL: Duration = Duration::from_millis(1);

/// How often a guard with a deadline reads the clock: the time-out of a poll does not count the time that
/// the machine is suspended.
const CLOCK_INTERVAL: Duration = Duration::from_millis(250);

/// The guard process as kvw holds it; it ends when dropped.
pub(super) struct Guard {
    process: StdChild,
    pipe: Option<ChildStdin>,
    since: Instant,
    /// Whether it was reaped, so that its id may be another process's.
    reaped: bool,
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
        Guard::start_program(Command::new(own).arg0(NAME))
    }

    /// Starts this program as the guard.
    pub(super) fn start_program(program: &mut Command) -> io::Result<Self> {
        // A group of its own, so that a kill of kvw's group spares it. It holds nothing open, and has no
        // mark in its environment where kvw itself is the handler of another kvw.
        let mut process = program
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = process.stdin.take();
        let guard = Guard {
            process,
            pipe,
            since: Instant::now(),
            reaped: false,
        };
        if let Some(pipe) = &guard.pipe {
            fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        }
        Ok(guard)
    }

    /// Returns its process id.
    pub(super) fn id(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    /// Returns how long it has lived.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Sends a line. An error is the end of the guard, or a pipe that is full because it does not read.
    pub(super) fn send(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        match &mut self.pipe {
            // In one write, which is whole or fails: half a line would be the id of another group.
            Some(pipe) => pipe.write_all(format!("{line}\n").as_bytes()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Continues a guard that was stopped: it has to be awake when kvw dies.
    pub(super) fn wake(&self) {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if !self.reaped && matches!(waitid(WaitId::Pid(self.id()), options), Ok(Some(_))) {
            let _ = kill_process(self.id(), Signal::CONT);
        }
    }

    /// Forgets a guard that was reaped.
    pub(super) fn forget(mut self) {
        self.reaped = true;
    }

    /// Kills a guard that is of no use any more, and leaves it to [`reap`](super::reap). Its groups live
    /// on: it is killed before its pipe ends.
    pub(super) fn discard(mut self) {
        let _ = kill_process(self.id(), Signal::KILL);
        self.reaped = true;
    }

    /// Waits for its end, but not for ever.
    fn wait(&mut self) -> bool {
        let until = Instant::now() + END_TIMEOUT;
        // An error is that it was reaped.
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(END_INTERVAL);
        }
        true
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        let _ = kill_process(self.id(), Signal::CONT);
        drop(self.pipe.take());
        if !self.wait() {
            let _ = kill_process(self.id(), Signal::KILL);
            self.wait();
        }
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
        guard_until_end(&io::stdin()).kill();
    }
    is_guard
}

/// Reads the lines of the pipe to its end, and kills what is left at the deadline.
fn guard_until_end(pipe: &impl AsFd) -> RemainingGroups {
    let mut remaining = RemainingGroups::default();
    let mut text = Vec::new();
    loop {
        let left = remaining
            .deadline
            .map(|deadline| deadline.saturating_sub(boot_time()));
        let timeout = match left {
            // Whatever comes is started too late, and is killed when it does.
            Some(Duration::ZERO) => {
                remaining.kill();
                None
            }
            left => left.map(|left| left.min(CLOCK_INTERVAL)),
        };
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut [PollFd::new(pipe, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return remaining,
        }
        let mut part = [0; 4096];
        match rustix::io::read(pipe, &mut part) {
            Ok(read @ 1..) => text.extend_from_slice(&part[..read]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(0) | Err(_) => return remaining,
        }
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            remaining.take_line(&String::from_utf8_lossy(&text[..end]));
            text.drain(..=end);
        }
    }
}

/// The groups that live when the pipe ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct RemainingGroups {
    groups: HashSet<Pid>,
    /// The processes outside the groups.
    daemons: HashSet<ProcessKey>,
    /// The mark of a child whose start was not reported.
    starting: Option<String>,
    /// The time of [`boot_time`] at which all of them must be gone.
    deadline: Option<Duration>,
}

impl RemainingGroups {
    fn take_line(&mut self, line: &str) {
        let Some((sign, rest)) = line.split_at_checked(1) else {
            return;
        };
        // 1 would be every process.
        let id = rest
            .parse()
            .ok()
            .filter(|id| *id > 1)
            .and_then(Pid::from_raw);
        match (sign, id) {
            ("!", _) => self.deadline = rest.parse().ok().map(Duration::from_millis),
            ("?", _) if !rest.is_empty() => self.starting = Some(rest.to_owned()),
            (".", _) => self.starting = None,
            ("+", Some(id)) => {
                self.starting = None;
                self.groups.insert(id);
            }
            ("-", Some(id)) => _ = self.groups.remove(&id),
            ("*", _) => self.daemons.extend(parse_key(rest)),
            ("~", _) => _ = parse_key(rest).map(|key| self.daemons.remove(&key)),
            _ => {}
        }
    }

    fn kill(&self) {
        for id in &self.groups {
            let _ = kill_process_group(*id, Signal::KILL);
        }
        for daemon in &self.daemons {
            kill_daemon(*daemon);
        }
        if let Some(mark) = &self.starting {
            kill_marked(mark);
        }
    }
}

fn parse_key(text: &str) -> Option<ProcessKey> {
    let (id, started) = text.split_once(' ')?;
    let id = id.parse().ok().filter(|id| *id > 1)?;
    Some(ProcessKey {
        id: Pid::from_raw(id)?,
        started: started.parse().ok()?,
    })
}

/// Kills a process and those below it in its group, unless it has ended and its id is another's.
fn kill_daemon(daemon: ProcessKey) {
    if !daemon.is_alive() {
        return;
    }
    for key in with_descendants(daemon) {
        let _ = kill_process(key.id, Signal::KILL);
    }
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

    fn read_remaining(text: &str) -> RemainingGroups {
        let mut remaining = RemainingGroups::default();
        for line in text.lines() {
            remaining.take_line(line);
        }
        remaining
    }

    fn remaining(text: &str) -> Vec<i32> {
        let remaining = read_remaining(text);
        let ids = remaining.groups.iter().map(|id| id.as_raw_nonzero().get());
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        ids
    }

    fn starting(text: &str) -> Option<String> {
        read_remaining(text).starting
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
    fn the_last_deadline_counts_and_a_malformed_one_is_none() {
        let deadline = |text: &str| read_remaining(text).deadline;
        let ms = Duration::from_millis;
        assert_eq!(deadline("!10\n+5\n!20\n"), Some(ms(20)));
        assert_eq!(deadline("!10\n!\n"), None);
        assert_eq!(deadline("!x\n"), None);
    }

    #[test]
    fn at_the_deadline_a_guard_kills_although_the_pipe_is_open() {
        let (read, write) = std::os::unix::net::UnixStream::pair().unwrap();
        let start = |seconds: &str| {
            let mut command = Command::new("sleep");
            command.arg(seconds).process_group(0).spawn().unwrap()
        };
        let (mut first, mut late) = (start("1000"), start("1000"));
        let send = |line: String| {
            (&write).write_all(line.as_bytes()).unwrap();
        };
        let deadline = (boot_time() + Duration::from_millis(300)).as_millis();
        let guard = thread::spawn(move || guard_until_end(&read));
        send(format!("!{deadline}\n+{}\n", first.id()));
        first.wait().unwrap();
        assert!(boot_time().as_millis() >= deadline);
        // One that is reported after the deadline is killed too.
        send(format!("+{}\n", late.id()));
        late.wait().unwrap();
        drop(write);
        assert_eq!(guard.join().unwrap().groups.len(), 2);
    }

    #[test]
    fn a_process_outside_the_groups_is_known_by_id_and_start_until_it_has_ended() {
        let daemons = |text: &str| {
            let daemons = read_remaining(text).daemons;
            let ids = daemons
                .iter()
                .map(|key| (key.id.as_raw_nonzero().get(), key.started));
            let mut ids: Vec<_> = ids.collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(daemons("*10 5\n*11 6\n~10 5\n"), [(11, 6)]);
        assert_eq!(daemons("*10 5\n~10 6\n"), [(10, 5)]);
        assert_eq!(daemons("*\n*10\n*1 5\n*0 5\n*-5 5\n*x 5\n*10 x\n"), []);
    }

    #[test]
    fn a_start_is_open_until_it_is_reported() {
        assert_eq!(starting("?m-1\n").as_deref(), Some("m-1"));
        assert_eq!(starting("?m-1\n+10\n-10\n?m-2\n").as_deref(), Some("m-2"));
        assert_eq!(starting("?m-1\n+10\n"), None);
        assert_eq!(starting("?m-1\n.\n"), None);
    }

    /// A guard that reads nothing, as one that is stopped.
    fn deaf_guard() -> Guard {
        Guard::start_program(Command::new("sleep").arg("1000")).unwrap()
    }

    #[test]
    fn a_line_to_a_guard_that_does_not_read_is_refused_and_not_waited_for() {
        let mut guard = deaf_guard();
        // More than any pipe holds.
        let sent = (0..1 << 20).find_map(|id| guard.send(format_args!("+{id}")).err());
        assert_eq!(sent.unwrap().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn the_end_of_a_guard_that_hangs_or_is_stopped_is_not_waited_for_without_a_bound() {
        for stopped in [false, true] {
            let guard = deaf_guard();
            let id = guard.id();
            if stopped {
                kill_process(id, Signal::STOP).unwrap();
            }
            let before = Instant::now();
            drop(guard);
            assert!(before.elapsed() < 2 * END_TIMEOUT);
            assert!(kill_process(id, Signal::CONT).is_err());
        }
    }

    #[test]
    fn a_guard_that_has_ended_takes_no_line() {
        let mut guard = deaf_guard();
        kill_process(guard.id(), Signal::KILL).unwrap();
        guard.process.wait().unwrap();
        // A child that another test has forked holds the pipe too until its program is loaded.
        let deadline = Instant::now() + Duration::from_secs(30);
        let error = loop {
            assert!(Instant::now() < deadline, "the pipe takes lines");
            match guard.send(format_args!("+10")) {
                Ok(()) => thread::sleep(Duration::from_millis(5)),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
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
