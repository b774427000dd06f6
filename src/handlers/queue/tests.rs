//! The decision as a table.

use std::time::SystemTime;

use super::*;
use crate::handlers::OnBusy;
use crate::model::{Change, Continuity, Entry, Fields, Index, TargetId};
use crate::process::{ChildStatus, Signal};

mod lossless;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn change(key: &str, before: Option<&str>, after: Option<&str>) -> Change {
    let entry = |value: &str| {
        Entry::pack(&Fields {
            key,
            value: Some(value.as_bytes()),
            ..Fields::default()
        })
    };
    Change {
        target: TargetId(0),
        before: before.map(entry),
        after: after.map(entry),
        index: Index(1),
        seen: SystemTime::UNIX_EPOCH,
        continuity: Continuity::Kept,
    }
}

/// `a:1>2 b:->1`: key, before, after; `-` is nothing.
fn batch(reason: Reason, text: &str) -> Batch {
    let value = |text: &str| (text != "-").then(|| text.to_owned());
    let changes = text.split_whitespace().map(|one| {
        let (key, rest) = one.split_once(':').unwrap();
        let (before, after) = rest.split_once('>').unwrap();
        change(key, value(before).as_deref(), value(after).as_deref())
    });
    Batch {
        reason,
        changes: changes.collect(),
    }
}

fn show(batch: &Batch) -> String {
    let value = |entry: &Option<Entry>| {
        entry.as_ref().map_or("-".to_owned(), |entry| {
            String::from_utf8_lossy(entry.value()).into_owned()
        })
    };
    let changes = batch.changes.iter();
    let changes: Vec<_> = changes
        .map(|one| format!("{}:{}>{}", one.key(), value(&one.before), value(&one.after)))
        .collect();
    format!("{:?}({})", batch.reason, changes.join(" ")).to_lowercase()
}

fn describe(action: &QueueAction) -> String {
    match action {
        QueueAction::Start(batch) => format!("start {}", show(batch)),
        QueueAction::Signal(_) => "signal".to_owned(),
        QueueAction::Stop(why) => format!("stop {why:?}").to_lowercase(),
        QueueAction::Kill => "kill".to_owned(),
        QueueAction::Acknowledge(batch) => format!("handled {}", show(batch)),
        QueueAction::Drop(batch) => format!("dropped {}", show(batch)),
        QueueAction::Report {
            outcome,
            retry,
            last,
            ..
        } => {
            let retry = if retry.is_some() { " retry" } else { "" };
            let last = if *last { "" } else { " more" };
            format!("ended {outcome:?}{retry}{last}").to_lowercase()
        }
        QueueAction::Leave(code) => format!("leave {code}"),
    }
}

/// A queue on a clock of its own that starts at 0.
struct QueueBench {
    queue: Queue,
    start: Instant,
}

impl QueueBench {
    fn new(policies: Policies) -> Self {
        QueueBench {
            queue: Queue::new(policies),
            start: Instant::now(),
        }
    }

    fn step(&mut self, at: u64, input: QueueInput) -> Vec<String> {
        let actions = self.queue.step(input, self.start + MS(at), 0.5);
        actions.iter().map(describe).collect()
    }

    fn deadline(&self) -> Option<u64> {
        let after = self.queue.deadline()?.saturating_duration_since(self.start);
        Some(u64::try_from(after.as_millis()).unwrap())
    }

    /// One row: time, input, actions.
    #[track_caller]
    fn row(&mut self, at: u64, input: QueueInput, actions: &[&str]) {
        let shown = format!("{at} {input:?}");
        assert_eq!(self.step(at, input), actions, "{shown}");
    }
}

fn changes(text: &str) -> QueueInput {
    QueueInput::Changes(batch(Reason::Change, text))
}

fn initial(text: &str) -> QueueInput {
    QueueInput::Changes(batch(Reason::Initial, text))
}

fn manual(text: &str) -> QueueInput {
    QueueInput::Run(batch(Reason::Manual, text))
}

const OK: QueueInput = QueueInput::Ended(ChildStatus::Exited(0));
const BAD: QueueInput = QueueInput::Ended(ChildStatus::Exited(3));
const KILLED: QueueInput = QueueInput::Ended(ChildStatus::Killed(9));

fn policies(on_busy: OnBusy, on_fail: OnFail) -> Policies {
    Policies {
        on_busy,
        on_fail,
        ..Policies::default()
    }
}

/// A queue whose handler runs with `a:1>2` since 100.
fn running(policies: Policies) -> QueueBench {
    let mut bench = QueueBench::new(policies);
    bench.row(0, changes("a:1>2"), &[]);
    bench.row(100, QueueInput::Due, &["start change(a:1>2)"]);
    bench.step(100, QueueInput::Started);
    bench
}

#[test]
fn a_burst_becomes_one_batch_after_quiet() {
    let mut bench = QueueBench::new(Policies::default());
    bench.row(0, changes("a:1>2"), &[]);
    bench.row(60, changes("b:->1"), &[]);
    assert_eq!(bench.deadline(), Some(160));
    bench.row(120, QueueInput::Due, &[]);
    bench.row(160, QueueInput::Due, &["start change(a:1>2 b:->1)"]);
    bench.row(160, QueueInput::Started, &[]);
    assert!(!bench.queue.is_idle());
    bench.row(200, OK, &["handled change(a:1>2 b:->1)", "ended succeeded"]);
    assert!(bench.queue.is_idle());
}

#[test]
fn constant_changes_do_not_put_a_batch_off_for_ever() {
    let mut bench = QueueBench::new(Policies::default());
    for at in (0..5000).step_by(50) {
        let text = format!("a:{at}>{}", at + 1);
        assert!(bench.step(at, changes(&text)).is_empty(), "{at}");
    }
    assert_eq!(bench.deadline(), Some(5000));
    assert_eq!(bench.step(5000, QueueInput::Due).len(), 1);
}

#[test]
fn what_came_back_before_it_was_shown_is_not_reported() {
    let mut bench = QueueBench::new(Policies::default());
    bench.row(0, changes("a:1>2"), &[]);
    bench.row(50, changes("a:2>1"), &[]);
    assert!(bench.queue.is_idle());
    bench.row(500, QueueInput::Due, &[]);
}

#[test]
fn the_initial_batch_waits_for_nothing_and_may_be_empty() {
    let mut bench = QueueBench::new(Policies::default());
    bench.row(0, initial(""), &["start initial()"]);
    bench.row(0, QueueInput::Started, &[]);
    bench.row(9, OK, &["handled initial()", "ended succeeded"]);
}

#[test]
fn a_splay_is_drawn_once_a_batch_and_comes_on_top() {
    let mut bench = QueueBench::new(Policies {
        splay: MS(30_000),
        ..Policies::default()
    });
    bench.row(0, initial("a:->1"), &[]);
    assert_eq!(bench.deadline(), Some(15_000));
    bench.row(10, changes("a:1>2"), &[]);
    assert_eq!(bench.deadline(), Some(15_000));
    bench.row(15_000, QueueInput::Due, &["start initial(a:->2)"]);
    bench.row(15_000, QueueInput::Started, &[]);
    bench.step(15_001, OK);
    bench.row(20_000, changes("a:2>3"), &[]);
    assert_eq!(bench.deadline(), Some(35_100));
}

#[test]
fn queue_merges_what_comes_during_a_run() {
    let mut bench = running(Policies::default());
    bench.row(110, changes("a:2>3"), &[]);
    bench.row(150, changes("a:3>4 b:->1"), &[]);
    assert_eq!(bench.deadline(), None);
    let next = "start change(a:2>4 b:->1)";
    bench.row(400, OK, &["handled change(a:1>2)", "ended succeeded", next]);
}

#[test]
fn what_came_just_before_the_end_of_a_run_still_waits_for_quiet() {
    let mut bench = running(Policies::default());
    bench.row(390, changes("a:2>3"), &[]);
    bench.row(400, OK, &["handled change(a:1>2)", "ended succeeded"]);
    assert_eq!(bench.deadline(), Some(490));
    bench.row(490, QueueInput::Due, &["start change(a:2>3)"]);
}

#[test]
fn restart_stops_the_run_after_quiet_and_starts_when_its_group_is_gone() {
    let mut bench = QueueBench::new(policies(OnBusy::Restart, OnFail::Continue));
    bench.row(0, initial("a:->1"), &["start initial(a:->1)"]);
    bench.row(0, QueueInput::Started, &["handled initial(a:->1)"]);
    bench.row(500, changes("a:1>2"), &[]);
    assert_eq!(bench.deadline(), Some(600));
    bench.row(600, QueueInput::Due, &["stop superseded"]);
    assert_eq!(bench.deadline(), Some(8_600));
    bench.row(700, changes("a:2>3"), &[]);
    bench.row(8_600, QueueInput::Due, &["kill"]);
    assert_eq!(bench.deadline(), None);
    let next = "start change(a:1>3)";
    bench.row(10_700, KILLED, &["ended stopped(superseded)", next]);
    bench.row(10_700, QueueInput::Started, &["handled change(a:1>3)"]);
}

#[test]
fn restart_does_not_count_what_did_not_start() {
    let mut bench = unstarted(OnExit::Wait, OnFail::Continue);
    bench.row(0, NOT_FOUND, &["ended failed"]);
    bench.step(10, changes("b:->1"));
    bench.row(110, QueueInput::Due, &["start retry(a:->1 b:->1)"]);
}

#[test]
fn restart_with_retry_keeps_a_service_up() {
    let mut bench = QueueBench::new(policies(OnBusy::Restart, OnFail::Retry));
    bench.step(0, initial("a:->1"));
    bench.row(0, QueueInput::Started, &["handled initial(a:->1)"]);
    bench.row(50, BAD, &["ended failed retry more"]);
    assert_eq!(bench.deadline(), Some(800));
    bench.row(800, QueueInput::Due, &["start retry(a:->1)"]);
}

#[test]
fn signal_tells_the_run_and_counts_when_it_was_heard() {
    let hup = OnBusy::Signal(Signal::HUP);
    let mut bench = running(policies(hup, OnFail::Continue));
    bench.row(200, changes("a:2>3"), &[]);
    assert_eq!(bench.deadline(), Some(300));
    bench.row(300, QueueInput::Due, &["signal"]);
    let heard = ["handled change(a:2>3)", "ended signalled"];
    bench.row(300, QueueInput::Signalled(true), &heard);
    assert_eq!(bench.deadline(), None);
    // Should it fail after all, the run is repeated with what is true now.
    bench.row(400, BAD, &["ended failed"]);
    bench.row(400, changes("b:->1"), &[]);
    bench.row(500, QueueInput::Due, &["start retry(a:1>3 b:->1)"]);
}

#[test]
fn a_signal_that_nobody_heard_leaves_the_changes_to_the_next_run() {
    let hup = OnBusy::Signal(Signal::HUP);
    let mut bench = running(policies(hup, OnFail::Continue));
    bench.step(200, changes("a:2>3"));
    bench.row(300, QueueInput::Due, &["signal"]);
    bench.row(300, QueueInput::Signalled(false), &[]);
    // It does not try again and again until the end comes in.
    assert_eq!(bench.deadline(), None);
    let next = "start change(a:2>3)";
    bench.row(301, OK, &["handled change(a:1>2)", "ended succeeded", next]);
}

#[test]
fn drop_forgets_what_comes_during_a_run() {
    let mut bench = running(policies(OnBusy::Drop, OnFail::Continue));
    bench.row(200, changes("a:2>3"), &["dropped change(a:2>3)"]);
    bench.row(300, OK, &["handled change(a:1>2)", "ended succeeded"]);
    assert!(bench.queue.is_idle());
    bench.row(400, changes("a:3>4"), &[]);
    bench.row(500, QueueInput::Due, &["start change(a:3>4)"]);
}

#[test]
fn continue_keeps_what_failed_for_the_next_batch() {
    let mut bench = running(Policies::default());
    bench.row(200, BAD, &["ended failed"]);
    assert!(bench.queue.is_idle());
    assert_eq!(bench.queue.waiting(), 1);
    bench.row(1000, changes("b:->1"), &[]);
    bench.row(1100, QueueInput::Due, &["start retry(a:1>2 b:->1)"]);
    bench.row(1100, QueueInput::Started, &[]);
    bench.row(1200, OK, &["handled retry(a:1>2 b:->1)", "ended succeeded"]);
    assert_eq!(bench.queue.waiting(), 0);
}

#[test]
fn a_failed_run_is_shown_what_came_back() {
    // It may have put 2 into place, or made b's file, before it failed.
    let mut bench = QueueBench::new(Policies::default());
    bench.step(0, changes("a:1>2 b:->1"));
    bench.step(100, QueueInput::Due);
    bench.step(100, QueueInput::Started);
    bench.row(200, BAD, &["ended failed"]);
    bench.row(300, changes("a:2>1 b:1>-"), &[]);
    bench.row(400, QueueInput::Due, &["start retry(a:2>1 b:1>-)"]);
}

#[test]
fn retry_runs_again_with_what_came_since() {
    let mut bench = running(policies(OnBusy::Queue, OnFail::Retry));
    bench.row(200, BAD, &["ended failed retry more"]);
    assert_eq!(bench.deadline(), Some(950));
    bench.row(300, changes("a:2>3"), &[]);
    assert_eq!(bench.deadline(), Some(950));
    bench.row(400, QueueInput::Due, &[]);
    bench.row(950, QueueInput::Due, &["start retry(a:1>3)"]);
    bench.row(950, QueueInput::Started, &[]);
    bench.row(1000, BAD, &["ended failed retry more"]);
    assert_eq!(bench.deadline(), Some(2500));
    bench.row(2500, QueueInput::Due, &["start retry(a:1>3)"]);
    bench.row(2500, QueueInput::Started, &[]);
    bench.row(2600, OK, &["handled retry(a:1>3)", "ended succeeded"]);
    // The next failure starts over.
    bench.step(3000, changes("a:3>4"));
    bench.step(3100, QueueInput::Due);
    bench.step(3100, QueueInput::Started);
    bench.step(3200, BAD);
    assert_eq!(bench.deadline(), Some(3950));
}

#[test]
fn exit_passes_the_status_on_and_starts_nothing_more() {
    let mut bench = running(policies(OnBusy::Queue, OnFail::Exit));
    bench.step(150, changes("b:->1"));
    bench.row(400, BAD, &["ended failed", "leave 3"]);
    assert!(bench.queue.is_idle());
    bench.row(500, changes("c:->1"), &[]);
}

#[test]
fn ignore_counts_a_failure_as_handled() {
    let mut bench = running(policies(OnBusy::Queue, OnFail::Ignore));
    bench.row(200, BAD, &["handled change(a:1>2)", "ended failed"]);
    assert_eq!(bench.queue.waiting(), 0);
}

#[test]
fn a_run_that_takes_too_long_is_stopped_then_killed_and_has_failed() {
    let mut bench = running(Policies {
        timeout: Some(MS(1000)),
        stop_timeout: MS(500),
        ..Policies::default()
    });
    assert_eq!(bench.deadline(), Some(1100));
    bench.row(1100, QueueInput::Due, &["stop timedout"]);
    assert_eq!(bench.deadline(), Some(1600));
    bench.row(1600, QueueInput::Due, &["kill"]);
    bench.row(1610, KILLED, &["ended stopped(timedout)"]);
    assert_eq!(bench.queue.waiting(), 1);
}

#[test]
fn a_timeout_is_a_failure_even_if_the_handler_then_returns_zero() {
    let mut bench = running(Policies {
        timeout: Some(MS(1000)),
        ..policies(OnBusy::Queue, OnFail::Exit)
    });
    bench.step(1100, QueueInput::Due);
    bench.row(1200, OK, &["ended stopped(timedout)", "leave 124"]);
}

#[test]
fn a_handler_that_does_not_start_has_failed() {
    let mut bench = QueueBench::new(policies(OnBusy::Queue, OnFail::Exit));
    bench.row(0, initial(""), &["start initial()"]);
    let unstarted = QueueInput::Unstarted {
        status: ChildStatus::Unstarted(127),
        passing: false,
    };
    bench.row(0, unstarted, &["ended failed", "leave 127"]);
}

fn each(on_fail: OnFail) -> Policies {
    Policies {
        each: true,
        debounce: MS(0),
        ..policies(OnBusy::Queue, on_fail)
    }
}

#[test]
fn each_runs_once_a_key_and_not_for_the_initial_state() {
    let mut bench = QueueBench::new(each(OnFail::Continue));
    bench.row(0, initial("a:->1 b:->1"), &["handled initial(a:->1 b:->1)"]);
    bench.row(10, changes("a:1>2 b:1>2"), &["start change(a:1>2)"]);
    bench.row(10, QueueInput::Started, &[]);
    bench.row(15, changes("a:2>3"), &[]);
    let next = "start change(b:1>2)";
    bench.row(
        20,
        OK,
        &["handled change(a:1>2)", "ended succeeded more", next],
    );
    bench.row(20, QueueInput::Started, &[]);
    let next = "start change(a:2>3)";
    bench.row(30, OK, &["handled change(b:1>2)", "ended succeeded", next]);
}

#[test]
fn each_goes_on_with_other_keys_when_one_fails() {
    let mut bench = QueueBench::new(each(OnFail::Retry));
    bench.step(0, changes("a:1>2 b:1>2"));
    bench.step(0, QueueInput::Started);
    bench.row(10, BAD, &["ended failed more", "start change(b:1>2)"]);
    bench.row(10, QueueInput::Started, &[]);
    let ended = "ended succeeded retry more";
    bench.row(20, OK, &["handled change(b:1>2)", ended]);
    assert_eq!(bench.deadline(), Some(770));
    bench.row(770, QueueInput::Due, &["start retry(a:1>2)"]);
    bench.row(770, QueueInput::Started, &[]);
    bench.row(780, OK, &["handled retry(a:1>2)", "ended succeeded"]);
}

#[test]
fn a_manual_run_waits_for_nothing_but_the_run_before() {
    let mut bench = running(Policies::default());
    bench.row(200, BAD, &["ended failed"]);
    bench.row(300, changes("b:1>-"), &[]);
    // Every entry as created; deletes that were not shown yet stay.
    let start = "start manual(a:->2 b:1>- c:->1)";
    bench.row(310, manual("a:->2 c:->1"), &[start]);
    bench.row(310, QueueInput::Started, &[]);
    bench.row(320, manual("a:->2 c:->1"), &[]);
    bench.row(330, changes("c:1>2"), &[]);
    let handled = "handled manual(a:->2 b:1>- c:->1)";
    let next = "start manual(a:->2 c:->2)";
    bench.row(340, OK, &[handled, "ended succeeded", next]);
}

#[test]
fn a_manual_run_does_not_wait_for_a_retry() {
    let mut bench = running(policies(OnBusy::Queue, OnFail::Retry));
    bench.step(200, BAD);
    bench.row(210, manual("a:->2"), &["start manual(a:->2)"]);
    bench.row(210, QueueInput::Started, &[]);
    bench.row(220, OK, &["handled manual(a:->2)", "ended succeeded"]);
    assert!(bench.queue.is_idle());
}

#[test]
fn draining_hands_over_at_once_and_retries_nothing() {
    let mut bench = QueueBench::new(policies(OnBusy::Queue, OnFail::Retry));
    bench.step(0, changes("a:1>2"));
    bench.row(10, QueueInput::Drain, &["start change(a:1>2)"]);
    bench.row(10, QueueInput::Started, &[]);
    bench.row(20, changes("a:2>3"), &[]);
    bench.row(30, BAD, &["ended failed"]);
    assert!(bench.queue.is_idle());
}

#[test]
fn draining_waits_for_the_run_and_hands_over_what_came_meanwhile() {
    let mut bench = running(Policies::default());
    bench.row(110, changes("a:2>3"), &[]);
    bench.row(120, QueueInput::Drain, &[]);
    let next = "start change(a:2>3)";
    bench.row(130, OK, &["handled change(a:1>2)", "ended succeeded", next]);
    assert!(!bench.queue.is_idle());
}

#[test]
fn draining_ends_a_service_that_runs_under_restart() {
    let mut bench = running(policies(OnBusy::Restart, OnFail::Continue));
    bench.row(110, changes("a:2>3"), &[]);
    bench.row(120, QueueInput::Drain, &["stop leaving"]);
    bench.row(130, OK, &["ended stopped(leaving)"]);
    assert!(bench.queue.is_idle());
    assert_eq!(bench.queue.waiting(), 1);
}

#[test]
fn finishing_lets_a_run_end_and_starts_nothing_more() {
    let mut bench = running(policies(OnBusy::Queue, OnFail::Retry));
    bench.row(110, changes("a:2>3"), &[]);
    bench.row(120, QueueInput::Finish, &[]);
    assert!(!bench.queue.is_idle());
    bench.row(130, OK, &["handled change(a:1>2)", "ended succeeded"]);
    assert!(bench.queue.is_idle());
    assert_eq!(bench.queue.waiting(), 1);
}

#[test]
fn stopping_ends_the_run_with_grace_and_one_that_fails_is_not_handled() {
    let mut bench = running(Policies::default());
    bench.row(150, changes("b:->1"), &[]);
    bench.row(200, QueueInput::Stop, &["stop leaving"]);
    assert_eq!(bench.deadline(), Some(8_200));
    bench.row(300, KILLED, &["ended stopped(leaving)"]);
    assert!(bench.queue.is_idle());
    bench.row(400, QueueInput::Due, &[]);
    assert_eq!(bench.queue.waiting(), 2);
}

#[test]
fn a_stopped_run_that_returned_0_is_handled() {
    // The handler itself may be what stops kvw: a restart of its own unit.
    let mut bench = running(Policies::default());
    bench.row(200, QueueInput::Stop, &["stop leaving"]);
    let end = ["handled change(a:1>2)", "ended stopped(leaving)"];
    bench.row(300, OK, &end);
    assert_eq!(bench.queue.waiting(), 0);
}

fn service(on_exit: OnExit, on_fail: OnFail) -> QueueBench {
    let mut bench = QueueBench::new(Policies {
        on_exit,
        ..policies(OnBusy::Restart, on_fail)
    });
    bench.row(0, initial("a:->1"), &["start initial(a:->1)"]);
    bench.row(0, QueueInput::Started, &["handled initial(a:->1)"]);
    bench
}

/// A service that is about to be started.
fn unstarted(on_exit: OnExit, on_fail: OnFail) -> QueueBench {
    let mut bench = QueueBench::new(Policies {
        on_exit,
        ..policies(OnBusy::Restart, on_fail)
    });
    bench.row(0, initial("a:->1"), &["start initial(a:->1)"]);
    bench
}

const NOT_FOUND: QueueInput = QueueInput::Unstarted {
    status: ChildStatus::Unstarted(127),
    passing: false,
};

#[test]
fn a_service_that_cannot_start_has_ended() {
    for on_fail in [OnFail::Continue, OnFail::Ignore, OnFail::Exit] {
        let mut bench = unstarted(OnExit::Exit, on_fail);
        let actions = bench.step(0, NOT_FOUND);
        assert_eq!(actions.last().unwrap(), "leave 127", "{on_fail:?}");
        assert!(bench.queue.is_idle());
    }
    for (on_exit, on_fail) in [
        (OnExit::Restart, OnFail::Continue),
        (OnExit::Exit, OnFail::Retry),
    ] {
        let mut bench = unstarted(on_exit, on_fail);
        bench.row(0, NOT_FOUND, &["ended failed retry more"]);
        bench.row(750, QueueInput::Due, &["start retry(a:->1)"]);
    }
    // The reason is expected to pass.
    let mut bench = unstarted(OnExit::Exit, OnFail::Continue);
    let busy = QueueInput::Unstarted {
        status: ChildStatus::Unstarted(126),
        passing: true,
    };
    bench.row(0, busy, &["ended failed retry more"]);
}

#[test]
fn a_service_that_kvw_stops_and_does_not_replace_has_ended() {
    let mut bench = service(OnExit::Exit, OnFail::Continue);
    bench.row(50, QueueInput::WantsTerminal, &["stop wantsterminal"]);
    bench.row(60, KILLED, &["ended stopped(wantsterminal)", "leave 137"]);
    let mut bench = service(OnExit::Restart, OnFail::Continue);
    bench.row(50, QueueInput::WantsTerminal, &["stop wantsterminal"]);
    bench.row(60, KILLED, &["ended stopped(wantsterminal) retry more"]);
    let mut bench = QueueBench::new(Policies {
        timeout: Some(MS(1000)),
        ..policies(OnBusy::Restart, OnFail::Continue)
    });
    bench.step(0, initial("a:->1"));
    bench.step(0, QueueInput::Started);
    bench.row(1000, QueueInput::Due, &["stop timedout"]);
    bench.row(1010, OK, &["ended stopped(timedout)", "leave 124"]);
}

#[test]
fn a_service_that_ends_by_itself_ends_kvw_with_its_status() {
    let mut bench = service(OnExit::Exit, OnFail::Continue);
    bench.row(50, OK, &["ended succeeded", "leave 0"]);
    let mut bench = service(OnExit::Exit, OnFail::Ignore);
    bench.row(50, BAD, &["ended failed", "leave 3"]);
    assert!(bench.queue.is_idle());
}

#[test]
fn a_service_that_ends_by_itself_is_started_again_after_a_back_off_that_grows() {
    let mut bench = service(OnExit::Restart, OnFail::Continue);
    bench.row(50, OK, &["ended succeeded retry more"]);
    assert_eq!(bench.deadline(), Some(800));
    bench.row(800, QueueInput::Due, &["start retry(a:->1)"]);
    bench.row(800, QueueInput::Started, &["handled retry(a:->1)"]);
    bench.row(900, BAD, &["ended failed retry more"]);
    assert_eq!(bench.deadline(), Some(2400));
    bench.row(2400, QueueInput::Due, &["start retry(a:->1)"]);
    bench.row(2400, QueueInput::Started, &["handled retry(a:->1)"]);
    // One that ran for long starts over with the shortest back-off.
    bench.row(70_000, BAD, &["ended failed retry more"]);
    assert_eq!(bench.deadline(), Some(70_750));
}

#[test]
fn a_service_may_end_and_the_next_batch_starts_it() {
    let mut bench = service(OnExit::Wait, OnFail::Continue);
    bench.row(50, BAD, &["ended failed"]);
    assert!(bench.queue.is_idle());
    bench.row(100, changes("a:1>2"), &[]);
    bench.row(200, QueueInput::Due, &["start change(a:1>2)"]);
}

#[test]
fn a_service_that_is_stopped_has_not_ended_by_itself() {
    let mut bench = service(OnExit::Exit, OnFail::Continue);
    bench.row(500, changes("a:1>2"), &[]);
    bench.row(600, QueueInput::Due, &["stop superseded"]);
    let next = "start change(a:1>2)";
    bench.row(700, OK, &["ended stopped(superseded)", next]);
    bench.step(700, QueueInput::Started);
    bench.row(800, QueueInput::Stop, &["stop leaving"]);
    bench.row(900, BAD, &["ended stopped(leaving)"]);
}

#[test]
fn a_start_that_fails_for_a_passing_reason_is_tried_again() {
    let unstarted = |passing| QueueInput::Unstarted {
        status: ChildStatus::Unstarted(126),
        passing,
    };
    for on_fail in [OnFail::Continue, OnFail::Ignore] {
        let mut bench = QueueBench::new(policies(OnBusy::Queue, on_fail));
        bench.row(0, initial("a:->1"), &["start initial(a:->1)"]);
        bench.row(0, unstarted(true), &["ended failed retry more"]);
        bench.row(750, QueueInput::Due, &["start retry(a:->1)"]);
        bench.row(750, unstarted(true), &["ended failed retry more"]);
        bench.row(2250, QueueInput::Due, &["start retry(a:->1)"]);
        bench.row(2250, QueueInput::Started, &[]);
        bench.row(2260, OK, &["handled retry(a:->1)", "ended succeeded"]);
        assert!(bench.queue.is_idle());
    }
    let mut bench = QueueBench::new(policies(OnBusy::Queue, OnFail::Exit));
    bench.row(0, initial(""), &["start initial()"]);
    bench.row(0, unstarted(true), &["ended failed", "leave 126"]);
}

#[test]
fn an_interval_lets_the_first_change_through_at_once_and_merges_what_comes_within_it() {
    let mut bench = QueueBench::new(Policies {
        debounce: MS(0),
        min_interval: MS(1000),
        ..Policies::default()
    });
    bench.row(100, changes("a:1>2"), &["start change(a:1>2)"]);
    bench.step(100, QueueInput::Started);
    bench.step(150, OK);
    bench.row(200, changes("a:2>3"), &[]);
    bench.row(300, changes("b:->1"), &[]);
    assert_eq!(bench.deadline(), Some(1100));
    bench.row(1100, QueueInput::Due, &["start change(a:2>3 b:->1)"]);
    bench.step(1100, QueueInput::Started);
    // A run that takes longer than the interval is followed at once.
    bench.row(1200, changes("b:1>2"), &[]);
    let next = "start change(b:1>2)";
    let end = ["handled change(a:2>3 b:->1)", "ended succeeded", next];
    bench.row(2500, OK, &end);
    bench.step(2500, QueueInput::Started);
    bench.step(2600, OK);
    // A run that was asked for waits for nothing.
    bench.row(2700, manual("a:->3"), &["start manual(a:->3)"]);
}

#[test]
fn an_interval_holds_between_signals_too_and_the_last_change_is_not_lost() {
    let mut bench = QueueBench::new(Policies {
        debounce: MS(0),
        min_interval: MS(1000),
        ..policies(OnBusy::Signal(Signal::HUP), OnFail::Continue)
    });
    bench.row(0, changes("a:1>2"), &["start change(a:1>2)"]);
    bench.step(0, QueueInput::Started);
    bench.row(1500, changes("a:2>3"), &["signal"]);
    let heard = ["handled change(a:2>3)", "ended signalled"];
    bench.row(1500, QueueInput::Signalled(true), &heard);
    bench.row(1600, changes("a:3>4"), &[]);
    bench.row(1700, changes("b:->1"), &[]);
    assert_eq!(bench.deadline(), Some(2500));
    bench.row(2499, QueueInput::Due, &[]);
    bench.row(2500, QueueInput::Due, &["signal"]);
    // Nobody heard this one: the next run waits no longer for it.
    bench.row(2500, QueueInput::Signalled(false), &[]);
    let next = "start change(a:3>4 b:->1)";
    let end = ["handled change(a:1>3)", "ended succeeded", next];
    bench.row(2501, OK, &end);
}

#[test]
fn an_interval_holds_between_the_single_runs_of_a_batch_too() {
    let mut bench = QueueBench::new(Policies {
        min_interval: MS(1000),
        ..each(OnFail::Continue)
    });
    bench.row(0, changes("a:1>2 b:1>2"), &["start change(a:1>2)"]);
    bench.step(0, QueueInput::Started);
    bench.row(10, OK, &["handled change(a:1>2)", "ended succeeded more"]);
    assert_eq!(bench.deadline(), Some(1000));
    bench.row(1000, QueueInput::Due, &["start change(b:1>2)"]);
}

#[test]
fn stopping_without_a_run_is_rest_at_once() {
    let mut bench = QueueBench::new(each(OnFail::Retry));
    bench.step(0, changes("a:1>2 b:1>2"));
    bench.step(0, QueueInput::Started);
    bench.step(10, BAD);
    bench.step(10, QueueInput::Started);
    bench.step(20, BAD);
    bench.row(30, QueueInput::Stop, &[]);
    assert!(bench.queue.is_idle());
}

#[test]
fn stopping_takes_a_run_that_is_being_replaced() {
    let mut bench = running(policies(OnBusy::Restart, OnFail::Continue));
    bench.step(200, changes("a:2>3"));
    bench.row(300, QueueInput::Due, &["stop superseded"]);
    bench.row(400, QueueInput::Stop, &[]);
    assert_eq!(bench.deadline(), Some(8_300));
    bench.row(8_300, QueueInput::Due, &["kill"]);
    bench.row(10_310, KILLED, &["ended stopped(leaving)"]);
    assert!(bench.queue.is_idle());
}

#[test]
fn a_delete_does_not_cancel_out_with_a_key_that_was_shown_as_created() {
    // It is shown as created because every entry was asked for, and may have been handled before.
    let mut bench = running(Policies::default());
    bench.row(110, manual("a:->2 c:->1"), &[]);
    bench.row(120, changes("c:1>-"), &[]);
    let next = "start manual(a:->2 c:1>-)";
    bench.row(130, OK, &["handled change(a:1>2)", "ended succeeded", next]);
    let mut bench = QueueBench::new(Policies {
        splay: MS(1000),
        ..Policies::default()
    });
    bench.row(0, initial("a:->1 c:->1"), &[]);
    bench.row(10, changes("c:1>-"), &[]);
    bench.row(500, QueueInput::Due, &["start initial(a:->1 c:1>-)"]);
}
