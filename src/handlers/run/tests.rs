//! Real children behind a real queue.

use std::thread;

use super::*;
use crate::handlers::{OnFail, StopReason};
use crate::model::{Change, Continuity, Entry, Fields, Reason, TargetId};
use crate::process::take_orphans;

struct HandlerBench {
    handler: Handler,
    folder: tempfile::TempDir,
    targets: Vec<String>,
    events: Vec<HandlerEvent>,
    log: FakeLog,
}

/// `begin KEYS` and `acknowledge KEYS`, in order.
#[derive(Default)]
struct FakeLog(Vec<String>);

impl FakeLog {
    fn add(&mut self, what: &str, batch: &Batch) {
        let keys: Vec<_> = batch.changes.iter().map(Change::key).collect();
        self.0.push(format!("{what} {}", keys.join(" ")));
    }
}

impl AcknowledgeLog for FakeLog {
    fn begin_run(&mut self, batch: &Batch, _: Instant, _: f64) {
        self.add("begin", batch);
    }

    fn acknowledge(&mut self, batch: &Batch, _: Instant, _: f64) {
        self.add("acknowledge", batch);
    }
}

fn entry(key: &str, value: &[u8]) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value),
        flags: 4,
        created: 5,
        modified: 7,
        ..Fields::default()
    })
}

fn created(reason: Reason, keys: &[&str]) -> Batch {
    let change = |key: &&str| Change {
        target: TargetId(0),
        before: None,
        after: Some(entry(key, b"v")),
        index: Index(7),
        seen: SystemTime::UNIX_EPOCH,
        continuity: Continuity::Kept,
    };
    Batch {
        reason,
        changes: keys.iter().map(change).collect(),
    }
}

impl HandlerBench {
    fn new(line: &str, stdin: StdinFormat, policies: Policies) -> Self {
        take_orphans();
        let folder = tempfile::tempdir().unwrap();
        let spec = HandlerSpec {
            program: Program::Shell(line.into()),
            policies,
            stdin,
            target: TargetId(0),
            stdout: Stdout::Stderr,
            set: StartVariables::new({
                let path = folder.path().to_owned();
                move || vec![("DIR".into(), path.clone().into())]
            }),
            withhold: Vec::new(),
        };
        HandlerBench {
            handler: Handler::new(spec, ProcessGroups::new()),
            folder,
            targets: vec!["app/".to_owned()],
            events: Vec::new(),
            log: FakeLog::default(),
        }
    }

    fn give(&mut self, input: Option<QueueInput>, current: &WatchedState) {
        let current = |_| current.clone();
        let mut context = HandlerContext {
            targets: &self.targets,
            index: Index(9),
            now: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
            current: &current,
            log: Some(&mut self.log),
        };
        self.events.extend(match input {
            Some(input) => self.handler.step(input, &mut context),
            None => self.handler.poll(&mut context),
        });
    }

    /// Polls until nothing runs any more.
    fn rest(&mut self, current: &WatchedState) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.handler.is_idle() {
            self.give(None, current);
            assert!(
                Instant::now() < deadline,
                "still at work: {:?}",
                self.events
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn run(&mut self, batch: Batch) {
        self.run_with(batch, &WatchedState::Key(None));
    }

    fn run_with(&mut self, batch: Batch, current: &WatchedState) {
        self.give(Some(QueueInput::Changes(batch)), current);
        self.rest(current);
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn report(&self) -> &RunReport {
        let reports = self.events.iter().rev();
        reports
            .filter_map(|event| match event {
                HandlerEvent::Ended(report) => Some(report),
                _ => None,
            })
            .next()
            .unwrap()
    }

    fn handled(&self) -> usize {
        let handled = self.events.iter();
        handled
            .filter(|event| matches!(event, HandlerEvent::Handled(_)))
            .count()
    }
}

#[test]
fn a_batch_is_handed_over_as_a_document_and_variables() {
    let line =
        "cat > $DIR/in; echo $KVW_REASON $KVW_INDEX $KVW_COUNT $KVW_KEYS $CONSUL_INDEX > $DIR/env";
    let mut bench = HandlerBench::new(line, StdinFormat::Json, Policies::default());
    bench.run(created(Reason::Initial, &["app/a", "app/b"]));
    let document = bench.file("in");
    assert!(
        document.starts_with(
            r#"{"index":7,"time":"1970-01-01T00:00:00.000Z","targets":["app/"],"reason":"initial","changes":[{"event":"create","key":"app/a""#
        ) && document.ends_with("}]}\n"),
        "{document}"
    );
    assert_eq!(bench.file("env"), "initial 7 2 app/a app/b 9\n");
    assert_eq!(bench.handled(), 1);
    assert_eq!(bench.report().code(), 0);
}

#[test]
fn a_run_is_logged_before_it_begins_and_when_it_is_handled() {
    let line = "[ $KVW_KEYS = a ] && echo > $DIR/ran";
    let mut bench = HandlerBench::new(line, StdinFormat::Json, Policies::default());
    bench.run(created(Reason::Initial, &["a"]));
    assert_eq!(bench.log.0, ["begin a", "acknowledge a"]);
    bench.run(created(Reason::Change, &["b"]));
    assert_eq!(bench.log.0[2..], ["begin b"]);
}

#[test]
fn consul_watchs_handlers_find_what_they_are_used_to() {
    let mut bench = HandlerBench::new("cat > $DIR/in", StdinFormat::Consul, Policies::default());
    let (foo, empty) = (entry("app/foo", b"2"), entry("app/none", b""));
    // Seen on Consul 1.8.7, field by field in this order.
    let shown = r#"{"Key":"app/foo","CreateIndex":5,"ModifyIndex":7,"LockIndex":0,"Flags":4,"Value":"Mg==","Session":""}"#;
    let shown_empty = r#"{"Key":"app/none","CreateIndex":5,"ModifyIndex":7,"LockIndex":0,"Flags":4,"Value":null,"Session":""}"#;
    for (current, document) in [
        (WatchedState::Key(Some(foo.clone())), format!("{shown}\n")),
        (WatchedState::Key(None), "null\n".to_owned()),
        (
            WatchedState::Prefix(vec![foo, empty]),
            format!("[{shown},{shown_empty}]\n"),
        ),
        (WatchedState::Prefix(Vec::new()), "null\n".to_owned()),
    ] {
        bench.run_with(created(Reason::Change, &["app/foo"]), &current);
        assert_eq!(bench.file("in"), document);
    }
}

#[test]
fn a_handler_may_be_given_nothing() {
    let mut bench = HandlerBench::new("test -z \"$(cat)\"", StdinFormat::None, Policies::default());
    bench.run(created(Reason::Initial, &["app/a"]));
    assert_eq!(bench.report().outcome, RunOutcome::Succeeded);
}

#[test]
fn each_change_has_variables_of_its_own() {
    let each = Policies {
        each: true,
        ..Policies::default()
    };
    let line = "echo $KVW_EVENT $KVW_KEY $KVW_VALUE >> $DIR/env";
    let mut bench = HandlerBench::new(line, StdinFormat::Json, each);
    bench.run(created(Reason::Change, &["app/a", "app/b"]));
    assert_eq!(bench.file("env"), "create app/a v\ncreate app/b v\n");
    assert_eq!(bench.handled(), 2);
}

#[test]
fn a_failure_is_reported_with_its_status_and_nothing_is_handled() {
    let mut bench = HandlerBench::new("exit 7", StdinFormat::Json, Policies::default());
    bench.run(created(Reason::Initial, &["app/a"]));
    let report = bench.report();
    assert_eq!((report.outcome, report.code()), (RunOutcome::Failed, 7));
    assert_eq!(report.status, Some(ChildStatus::Exited(7)));
    assert!(report.last && report.error.is_none());
    assert_eq!(bench.handled(), 0);
    assert_eq!(bench.handler.waiting(), 1);
}

#[test]
fn a_program_that_is_not_there_is_reported_with_the_systems_words() {
    let mut bench = HandlerBench::new("", StdinFormat::Json, Policies::default());
    let spec = HandlerSpec {
        program: Program::Argv(vec!["/no/such/program".into()]),
        policies: Policies {
            on_fail: OnFail::Exit,
            ..Policies::default()
        },
        ..HandlerSpec::clone(&bench.handler.spec)
    };
    bench.handler = Handler::new(spec, ProcessGroups::new());
    bench.run(created(Reason::Initial, &[]));
    assert_eq!(bench.report().code(), 127);
    let error = bench.report().error.as_ref().unwrap().to_string();
    assert!(
        error.starts_with("/no/such/program: No such file"),
        "{error}"
    );
    assert!(matches!(
        bench.events.last(),
        Some(HandlerEvent::Leave(127))
    ));
    assert!(
        !bench
            .events
            .iter()
            .any(|event| matches!(event, HandlerEvent::Started(_)))
    );
}

#[test]
fn a_run_over_its_time_is_stopped_and_killed() {
    let strict = Policies {
        timeout: Some(Duration::from_millis(100)),
        stop_timeout: Duration::from_millis(100),
        ..Policies::default()
    };
    let line = "trap '' TERM; while :; do sleep 0.02; done";
    let mut bench = HandlerBench::new(line, StdinFormat::Json, strict);
    bench.run(created(Reason::Initial, &[]));
    let report = bench.report();
    assert_eq!(report.outcome, RunOutcome::Stopped(StopReason::TimedOut));
    assert_eq!(report.status, Some(ChildStatus::Killed(9)));
    assert!(report.took >= Duration::from_millis(200));
}

#[test]
fn a_run_that_stops_itself_again_and_again_is_said_once_and_goes_on() {
    let line = "for n in 1 2; do kill -STOP $$; echo $n >>$DIR/out; done";
    let mut bench = HandlerBench::new(line, StdinFormat::None, Policies::default());
    bench.run(created(Reason::Initial, &["a"]));
    let pauses = bench.events.iter();
    let pauses = pauses.filter(|event| matches!(event, HandlerEvent::Paused(_)));
    assert_eq!(pauses.count(), 1);
    assert_eq!(bench.report().outcome, RunOutcome::Succeeded);
    assert!(bench.report().took >= PAUSE);
    assert_eq!(bench.file("out"), "1\n2\n");
}

#[test]
fn a_stop_ends_what_runs_and_nothing_is_handled() {
    let mut bench = HandlerBench::new("sleep 1000", StdinFormat::Json, Policies::default());
    let nothing = WatchedState::Key(None);
    bench.give(
        Some(QueueInput::Changes(created(Reason::Initial, &["app/a"]))),
        &nothing,
    );
    assert!(bench.handler.is_running());
    bench.give(Some(QueueInput::Stop), &nothing);
    bench.rest(&nothing);
    assert_eq!(
        bench.report().outcome,
        RunOutcome::Stopped(StopReason::Leaving)
    );
    assert_eq!(bench.handled(), 0);
}
