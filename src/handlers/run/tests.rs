//! Real children behind a real queue.

use std::cell::RefCell;
use std::thread;

use super::*;
use crate::handlers::OnFail;
use crate::model::{Change, Continuity, Entry, Fields, Reason, TargetId};
use crate::process::take_orphans;

struct Bench {
    handler: Handler,
    folder: tempfile::TempDir,
    targets: Vec<String>,
    told: Vec<Told>,
    recorded: Recorded,
}

/// `begins KEYS` and `handled KEYS`, in order.
#[derive(Default)]
struct Recorded(RefCell<Vec<String>>);

impl Recorded {
    fn note(&self, what: &str, batch: &Batch) {
        let keys: Vec<_> = batch.changes.iter().map(Change::key).collect();
        let line = format!("{what} {}", keys.join(" "));
        self.0.borrow_mut().push(line);
    }
}

impl Recorder for Recorded {
    fn begins(&self, batch: &Batch) {
        self.note("begins", batch);
    }

    fn handled(&self, batch: &Batch) {
        self.note("handled", batch);
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

impl Bench {
    fn new(line: &str, stdin: Stdin, policies: Policies) -> Self {
        take_orphans();
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec {
            program: Program::Shell(line.into()),
            policies,
            stdin,
            stdout: Stdout::Stderr,
            set: vec![("DIR".into(), folder.path().into())],
            withhold: Vec::new(),
        };
        Bench {
            handler: Handler::new(spec, Groups::new()),
            folder,
            targets: vec!["app/".to_owned()],
            told: Vec::new(),
            recorded: Recorded::default(),
        }
    }

    fn give(&mut self, input: Option<Step>, current: &Current) {
        let current = || current.clone();
        let around = Around {
            targets: &self.targets,
            index: Index(9),
            now: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
            current: &current,
            recorder: &self.recorded,
        };
        self.told.extend(match input {
            Some(input) => self.handler.step(input, &around),
            None => self.handler.poll(&around),
        });
    }

    /// Polls until nothing runs any more.
    fn rest(&mut self, current: &Current) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.handler.idle() {
            self.give(None, current);
            assert!(Instant::now() < deadline, "still at work: {:?}", self.told);
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn run(&mut self, batch: Batch) {
        self.run_with(batch, &Current::Key(None));
    }

    fn run_with(&mut self, batch: Batch, current: &Current) {
        self.give(Some(Step::Changes(batch)), current);
        self.rest(current);
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn report(&self) -> &Report {
        let reports = self.told.iter().rev();
        reports
            .filter_map(|told| match told {
                Told::Ended(report) => Some(report),
                _ => None,
            })
            .next()
            .unwrap()
    }

    fn handled(&self) -> usize {
        let handled = self.told.iter();
        handled
            .filter(|told| matches!(told, Told::Handled(_)))
            .count()
    }
}

#[test]
fn a_batch_is_handed_over_as_a_document_and_variables() {
    let line =
        "cat > $DIR/in; echo $KVW_REASON $KVW_INDEX $KVW_COUNT $KVW_KEYS $CONSUL_INDEX > $DIR/env";
    let mut bench = Bench::new(line, Stdin::Json, Policies::default());
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
fn a_run_is_recorded_before_it_begins_and_when_it_is_handled() {
    let line = "[ $KVW_KEYS = a ] && echo > $DIR/ran";
    let mut bench = Bench::new(line, Stdin::Json, Policies::default());
    bench.run(created(Reason::Initial, &["a"]));
    assert_eq!(*bench.recorded.0.borrow(), ["begins a", "handled a"]);
    bench.run(created(Reason::Change, &["b"]));
    assert_eq!(bench.recorded.0.borrow()[2..], ["begins b"]);
}

#[test]
fn consul_watchs_handlers_find_what_they_are_used_to() {
    let mut bench = Bench::new("cat > $DIR/in", Stdin::Consul, Policies::default());
    let (foo, empty) = (entry("app/foo", b"2"), entry("app/none", b""));
    // Seen on Consul 1.8.7, field by field in this order.
    let shown = r#"{"Key":"app/foo","CreateIndex":5,"ModifyIndex":7,"LockIndex":0,"Flags":4,"Value":"Mg==","Session":""}"#;
    let shown_empty = r#"{"Key":"app/none","CreateIndex":5,"ModifyIndex":7,"LockIndex":0,"Flags":4,"Value":null,"Session":""}"#;
    for (current, document) in [
        (Current::Key(Some(foo.clone())), format!("{shown}\n")),
        (Current::Key(None), "null\n".to_owned()),
        (
            Current::Prefix(vec![foo, empty]),
            format!("[{shown},{shown_empty}]\n"),
        ),
        (Current::Prefix(Vec::new()), "null\n".to_owned()),
    ] {
        bench.run_with(created(Reason::Change, &["app/foo"]), &current);
        assert_eq!(bench.file("in"), document);
    }
}

#[test]
fn a_handler_may_be_given_nothing() {
    let mut bench = Bench::new("test -z \"$(cat)\"", Stdin::None, Policies::default());
    bench.run(created(Reason::Initial, &["app/a"]));
    assert_eq!(bench.report().outcome, Outcome::Succeeded);
}

#[test]
fn each_change_has_variables_of_its_own() {
    let each = Policies {
        each: true,
        ..Policies::default()
    };
    let line = "echo $KVW_EVENT $KVW_KEY $KVW_VALUE >> $DIR/env";
    let mut bench = Bench::new(line, Stdin::Json, each);
    bench.run(created(Reason::Change, &["app/a", "app/b"]));
    assert_eq!(bench.file("env"), "create app/a v\ncreate app/b v\n");
    assert_eq!(bench.handled(), 2);
}

#[test]
fn a_failure_is_reported_with_its_status_and_nothing_is_handled() {
    let mut bench = Bench::new("exit 7", Stdin::Json, Policies::default());
    bench.run(created(Reason::Initial, &["app/a"]));
    let report = bench.report();
    assert_eq!((report.outcome, report.code()), (Outcome::Failed, 7));
    assert_eq!(report.status, Some(Status::Exited(7)));
    assert!(report.last && report.error.is_none());
    assert_eq!(bench.handled(), 0);
    assert_eq!(bench.handler.waiting(), 1);
}

#[test]
fn a_program_that_is_not_there_is_reported_with_the_systems_words() {
    let mut bench = Bench::new("", Stdin::Json, Policies::default());
    let spec = Spec {
        program: Program::Argv(vec!["/no/such/program".into()]),
        policies: Policies {
            on_fail: OnFail::Exit,
            ..Policies::default()
        },
        ..Spec::clone(&bench.handler.spec)
    };
    bench.handler = Handler::new(spec, Groups::new());
    bench.run(created(Reason::Initial, &[]));
    assert_eq!(bench.report().code(), 127);
    let error = bench.report().error.as_ref().unwrap().to_string();
    assert!(
        error.starts_with("/no/such/program: No such file"),
        "{error}"
    );
    assert!(matches!(bench.told.last(), Some(Told::Leave(127))));
    assert!(
        !bench
            .told
            .iter()
            .any(|told| matches!(told, Told::Started(_)))
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
    let mut bench = Bench::new(line, Stdin::Json, strict);
    bench.run(created(Reason::Initial, &[]));
    let report = bench.report();
    assert_eq!(report.outcome, Outcome::Stopped(Why::TimedOut));
    assert_eq!(report.status, Some(Status::Killed(9)));
    assert!(report.took >= Duration::from_millis(200));
}

#[test]
fn a_stop_ends_what_runs_and_nothing_is_handled() {
    let mut bench = Bench::new("sleep 1000", Stdin::Json, Policies::default());
    let nothing = Current::Key(None);
    bench.give(
        Some(Step::Changes(created(Reason::Initial, &["app/a"]))),
        &nothing,
    );
    assert!(bench.handler.running());
    bench.give(Some(Step::Stop), &nothing);
    bench.rest(&nothing);
    assert_eq!(bench.report().outcome, Outcome::Stopped(Why::Leaving));
    assert_eq!(bench.handled(), 0);
}
