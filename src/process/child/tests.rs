//! Tests with real children: `sh`, with a deadline for everything.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use super::*;
use crate::process::{Program, Stdout, take_orphans};

const SOON: Duration = Duration::from_secs(20);
const POLICY: SweepPolicy = SweepPolicy {
    linger: Duration::from_millis(300),
    stop_timeout: Duration::from_millis(300),
    ends_daemons: false,
};

struct ChildBench {
    groups: Arc<ProcessGroups>,
    child: Child,
    folder: tempfile::TempDir,
}

impl ChildBench {
    fn new() -> Self {
        ChildBench::with(POLICY)
    }

    /// Leaves what lingers all the time that it takes.
    fn patient() -> Self {
        ChildBench::with(SweepPolicy {
            linger: SOON,
            ..POLICY
        })
    }

    fn with(policy: SweepPolicy) -> Self {
        take_orphans();
        let groups = ProcessGroups::new();
        ChildBench {
            child: Child::new(groups.clone(), policy),
            groups,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, line: &str) -> ChildCommand {
        ChildCommand {
            program: Program::Shell(line.into()),
            env: vec![("DIR".into(), self.folder.path().into())],
            env_remove: Vec::new(),
            input: StdinSource::Null,
            stdout: Stdout::Inherit,
        }
    }

    /// Starts a shell line, which finds its folder in `$DIR`; returns its group.
    fn start(&mut self, line: &str) -> Pid {
        self.child
            .start(self.command(line), Instant::now())
            .unwrap();
        Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap()
    }

    fn start_with(&mut self, line: &str, document: Vec<u8>) {
        let command = ChildCommand {
            input: StdinSource::Document(Box::new(move |out| out.write_all(&document))),
            ..self.command(line)
        };
        self.child.start(command, Instant::now()).unwrap();
    }

    fn end(&mut self) -> ChildExit {
        wait_until("the child's end", || {
            match self.child.poll(Instant::now()) {
                Some(ChildEvent::Exited(exit)) => Some(exit),
                Some(ChildEvent::Returned | ChildEvent::Stopped(_)) | None => None,
            }
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits for a file that the child writes.
    fn wait_for_file(&self, name: &str) -> String {
        wait_for_file(&self.file(name))
    }
}

fn wait_for_file(path: &Path) -> String {
    wait_until("a file", || {
        std::fs::read_to_string(path)
            .ok()
            .filter(|text| text.ends_with('\n'))
    })
}

#[track_caller]
fn wait_until<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(2));
    }
}

fn is_gone(group: Pid) -> bool {
    test_kill_process_group(group) == Err(Errno::SRCH)
}

#[test]
fn a_child_ends_with_its_code_or_signal() {
    let mut bench = ChildBench::new();
    for (line, status) in [
        ("exit 0", ChildStatus::Exited(0)),
        ("exit 7", ChildStatus::Exited(7)),
        ("kill -KILL $$", ChildStatus::Killed(9)),
    ] {
        let group = bench.start(line);
        assert_eq!(bench.end().status, status, "{line}");
        assert!(bench.child.is_idle() && is_gone(group), "{line}");
    }
}

#[test]
fn an_end_is_returned_once() {
    let mut bench = ChildBench::new();
    bench.start("exit 0");
    bench.end();
    assert_eq!(bench.child.poll(Instant::now()), None);
    assert_eq!(bench.child.deadline(Instant::now()), None);
}

#[test]
fn stdin_holds_the_document_and_nothing_else() {
    let mut bench = ChildBench::new();
    bench.start_with("cat > $DIR/got", b"one\ntwo\n".to_vec());
    assert!(bench.end().status.success());
    assert_eq!(bench.wait_for_file("got"), "one\ntwo\n");
}

#[test]
fn without_a_document_stdin_is_at_its_end() {
    let mut bench = ChildBench::new();
    bench.start("test -z \"$(cat)\"");
    assert!(bench.end().status.success());
}

#[test]
fn a_child_that_never_reads_a_large_document_is_not_waited_for() {
    let mut bench = ChildBench::new();
    bench.start_with("exit 3", vec![b'x'; 1 << 20]);
    assert_eq!(bench.end().status, ChildStatus::Exited(3));
    // A child that closes its stdin and runs on.
    bench.start_with("exec 0<&-; sleep 0.1; exit 4", vec![b'x'; 1 << 20]);
    assert_eq!(bench.end().status, ChildStatus::Exited(4));
}

#[test]
fn a_daemon_that_holds_stdin_unread_does_not_keep_the_document_beyond_the_run() {
    let mut bench = ChildBench::new();
    let (held, released) = channel::<()>();
    let command = ChildCommand {
        input: StdinSource::Document(Box::new(move |out| {
            let written = out.write_all(&vec![b'x'; 1 << 20]);
            drop(held);
            written
        })),
        ..bench.command("setsid sh -c 'echo $$ > $DIR/pid; exec sleep 1000' <&0 & while ! [ -s $DIR/pid ]; do sleep 0.02; done")
    };
    bench.child.start(command, Instant::now()).unwrap();
    assert!(bench.end().status.success());
    assert_eq!(
        released.recv_timeout(SOON),
        Err(RecvTimeoutError::Disconnected)
    );
    let daemon = Pid::from_raw(bench.wait_for_file("pid").trim().parse().unwrap()).unwrap();
    kill_process(daemon, Raw::KILL).unwrap();
}

#[test]
fn a_variable_can_be_removed() {
    let mut bench = ChildBench::new();
    let command = ChildCommand {
        env_remove: vec!["PATH".into()],
        ..bench.command("test -z \"$(env | grep ^PATH=.*cargo)\" && test -n \"$DIR\"")
    };
    bench.child.start(command, Instant::now()).unwrap();
    assert!(bench.end().status.success());
}

#[test]
fn a_grandchild_that_ignores_term_does_not_outlive_its_leader() {
    let mut bench = ChildBench::new();
    let group =
        bench.start("sh -c 'trap \"\" TERM HUP; echo $$ > $DIR/pid; exec sleep 1000' & sleep 0.1");
    assert!(bench.end().status.success());
    let pid: i32 = bench.wait_for_file("pid").trim().parse().unwrap();
    assert!(is_gone(group));
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn what_leaves_the_group_in_its_time_lives_on() {
    let mut bench = ChildBench::patient();
    let group = bench.start("(sleep 0.1; exec setsid sh -c 'echo $$ > $DIR/pid; sleep 1000') &");
    let exit = bench.end();
    assert!(exit.status.success());
    assert_eq!(exit.left_behind, 0);
    assert!(is_gone(group));
    let pid = bench.wait_for_file("pid").trim().parse().unwrap();
    let daemon = Pid::from_raw(pid).unwrap();
    rustix::process::kill_process_group(daemon, Raw::KILL).unwrap();
}

#[test]
fn what_ends_by_itself_in_its_time_is_not_killed() {
    let mut bench = ChildBench::patient();
    bench.start("(sleep 0.5; echo whole > $DIR/log) & exit 3");
    let exit = bench.end();
    assert_eq!(exit.status, ChildStatus::Exited(3));
    assert_eq!(exit.left_behind, 0);
    // Without what lingered.
    assert!(exit.took < Duration::from_millis(500), "{:?}", exit.took);
    assert_eq!(bench.wait_for_file("log"), "whole\n");
}

#[test]
fn what_stays_too_long_is_ended_and_counted() {
    let mut bench = ChildBench::new();
    let trapped = "sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' &";
    let group = bench.start(&format!("sleep 1000 & {trapped} exit 0"));
    let exit = bench.end();
    assert!(exit.status.success());
    // The second one's own child may be among them.
    assert!((2..=3).contains(&exit.left_behind), "{}", exit.left_behind);
    assert!(is_gone(group));
}

#[test]
fn a_return_is_an_event_where_members_are_left_and_a_stop_ends_them() {
    let mut bench = ChildBench::with(SweepPolicy {
        linger: SOON * 10,
        ..POLICY
    });
    let group = bench.start("sleep 1000 & exit 0");
    let event = wait_until("the return", || bench.child.poll(Instant::now()));
    assert_eq!(event, ChildEvent::Returned);
    bench.child.stop(Signal::TERM);
    assert!(bench.end().status.success());
    assert!(is_gone(group));
}

#[test]
fn a_child_that_is_stopped_is_an_event_once_and_can_be_resumed() {
    let mut bench = ChildBench::new();
    bench.start("kill -STOP $$; exit 4");
    let event = wait_until("the stop", || bench.child.poll(Instant::now()));
    assert_eq!(event, ChildEvent::Stopped(Raw::STOP.as_raw()));
    assert_eq!(bench.child.poll(Instant::now()), None);
    bench.child.resume();
    assert_eq!(bench.end().status, ChildStatus::Exited(4));
}

#[test]
fn a_leader_that_ignores_term_is_killed_with_all_it_started() {
    let mut bench = ChildBench::new();
    let group = bench.start(
        "trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000' & echo up > $DIR/up; \
         while :; do sleep 0.05; done",
    );
    bench.wait_for_file("up");
    bench.child.stop(Signal::TERM);
    assert_eq!(bench.child.poll(Instant::now()), None);
    assert!(bench.child.id().is_some());
    bench.child.kill(Instant::now());
    assert_eq!(bench.end().status, ChildStatus::Killed(9));
    assert!(is_gone(group));
}

#[test]
fn a_grandchild_has_the_same_grace_period_as_its_leader() {
    let mut bench = ChildBench::new();
    let group = bench.start(
        "sh -c 'trap \"sleep 0.3; echo clean > $DIR/clean; exit\" TERM; echo up > $DIR/up; \
         while :; do sleep 0.05; done' & wait",
    );
    bench.wait_for_file("up");
    bench.child.stop(Signal::TERM);
    assert_eq!(bench.end().status, ChildStatus::Killed(15));
    assert_eq!(bench.wait_for_file("clean"), "clean\n");
    assert!(is_gone(group));
}

#[test]
fn the_grace_period_of_a_grandchild_ends_with_the_kill() {
    let mut bench = ChildBench::new();
    let group = bench
        .start("sh -c 'trap \"\" TERM; echo up > $DIR/up; while :; do sleep 0.05; done' & wait");
    bench.wait_for_file("up");
    bench.child.stop(Signal::TERM);
    wait_until("the leader's end", || {
        assert_eq!(bench.child.poll(Instant::now()), None);
        bench.child.id().is_none().then_some(())
    });
    assert!(!is_gone(group));
    assert!(bench.child.deadline(Instant::now()).is_some());
    bench.child.kill(Instant::now());
    assert_eq!(bench.end().status, ChildStatus::Killed(15));
    assert!(is_gone(group));
}

#[test]
fn a_stopped_child_can_be_asked_to_end() {
    let mut bench = ChildBench::new();
    bench.start("echo up > $DIR/up; kill -STOP $$; sleep 1000");
    bench.wait_for_file("up");
    bench.child.stop(Signal::TERM);
    assert_eq!(bench.end().status, ChildStatus::Killed(15));
}

#[test]
fn a_signal_reaches_a_child_or_reports_that_it_ended() {
    // Not HUP, which nohup ignores.
    let mut bench = ChildBench::new();
    assert!(!bench.child.signal(Signal::TERM));
    bench.start("trap 'exit 5' TERM; echo up > $DIR/up; while :; do sleep 0.05; done");
    bench.wait_for_file("up");
    assert!(bench.child.signal(Signal::TERM));
    // The leader has ended and was not polled yet.
    wait_until("the leader's end", || {
        (!bench.child.signal(Signal::TERM)).then_some(())
    });
    assert_eq!(bench.end().status, ChildStatus::Exited(5));
}

#[test]
fn a_program_that_cannot_be_run_is_an_error() {
    let mut bench = ChildBench::new();
    for (program, code) in [("/no/such/program", 127), ("/", 126)] {
        let command = ChildCommand {
            program: Program::Argv(vec![program.into()]),
            ..bench.command("")
        };
        let error = bench.child.start(command, Instant::now()).unwrap_err();
        assert_eq!(ChildStatus::unstarted(&error), ChildStatus::Unstarted(code));
        assert!(bench.child.is_idle());
    }
}

#[test]
fn many_runs_leave_no_group_behind() {
    let mut bench = ChildBench::with(SweepPolicy {
        linger: Duration::ZERO,
        ..POLICY
    });
    for _ in 0..30 {
        let group = bench.start("sleep 1000 & exit 0");
        bench.end();
        assert!(is_gone(group));
    }
    assert_eq!(bench.groups.status(Pid::INIT), None);
}

#[test]
fn a_leader_reaped_as_an_orphan_still_has_its_status() {
    let mut bench = ChildBench::new();
    let group = bench.start("exit 6");
    let status = wait_until("its end", || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        waitid(WaitId::Pid(group), options).unwrap()
    });
    bench.groups.take_reaped(group, status.into());
    assert_eq!(bench.end().status, ChildStatus::Exited(6));
}

#[test]
fn all_groups_can_be_killed_from_elsewhere() {
    let mut bench = ChildBench::new();
    bench.start("sleep 1000");
    bench.groups.kill_all();
    assert_eq!(bench.end().status, ChildStatus::Killed(9));
}

#[test]
fn a_dropped_child_is_killed() {
    let mut bench = ChildBench::new();
    let group = bench.start("trap '' TERM; sleep 1000");
    drop(std::mem::replace(
        &mut bench.child,
        Child::new(bench.groups.clone(), POLICY),
    ));
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    wait_until("its end", || {
        let _ = waitid(WaitId::Pgid(Some(group)), options);
        is_gone(group).then_some(())
    });
}
