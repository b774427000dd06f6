//! `kvw watch --state`: what was handled survives a restart, however the last run ended.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::contract::{Batch, parse_line};
use crate::harness::{
    Agent, Faulty, Kvw, Output, PATIENCE, Running, Scope, not_tried, wait_for, wait_for_file,
};

/// A state file and what the handler got, in a folder that outlives a run of kvw.
struct Site {
    scope: Scope,
    folder: tempfile::TempDir,
    taken: usize,
}

impl Site {
    fn new() -> Self {
        Site {
            scope: Agent::shared(),
            folder: tempfile::tempdir().unwrap(),
            taken: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// A handler that keeps each batch, one a line, and then does this.
    fn handler(&self, then: &str) -> String {
        format!("cat >> {}; {then}", self.path("batches").display())
    }

    /// A watch of the test's prefix with the state file.
    fn watch(&self, args: &[&str]) -> Kvw {
        self.scope
            .kvw(["watch", self.scope.prefix(), "--state"])
            .args([self.state()])
            .args(args)
    }

    /// One look with the handler, as from cron.
    fn look(&self) -> Output {
        self.look_with(&[])
    }

    fn look_with(&self, args: &[&str]) -> Output {
        let handler = self.handler("true");
        let once = ["--for", "0", "--exec", &handler];
        self.watch(&once).args(args).run()
    }

    /// The batches that came since this was last asked.
    fn batches(&mut self) -> Vec<Batch> {
        let text = fs::read_to_string(self.path("batches")).unwrap_or_default();
        let new: Vec<_> = text.lines().skip(self.taken).map(parse_line).collect();
        self.taken += new.len();
        new
    }

    /// What one look reports: `event name`.
    #[track_caller]
    fn reported(&mut self) -> Vec<String> {
        self.look().expect(0);
        let batches = self.batches();
        assert!(batches.len() <= 1, "{batches:#?}");
        let changes = batches.iter().flat_map(|batch| self.changes(batch));
        changes.collect()
    }

    /// `event name` of each change.
    fn changes(&self, batch: &Batch) -> Vec<String> {
        let changes = batch.changes.iter().map(|change| {
            let name = change.key.strip_prefix(self.scope.prefix()).unwrap();
            format!("{} {name}", change.event)
        });
        changes.collect()
    }
}

#[test]
fn with_a_new_file_everything_is_handed_over_and_then_nothing() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    site.scope.put("b", "2");
    assert_eq!(site.reported(), ["create a", "create b"]);
    assert_eq!(site.reported(), [""; 0]);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_restart_reports_exactly_what_changed_while_it_was_down() {
    let mut site = Site::new();
    for name in ["changed", "deleted", "same", "rewritten", "recreated"] {
        site.scope.put(name, "1");
    }
    site.reported();
    site.scope.put("changed", "2");
    site.scope.delete("deleted");
    site.scope.put("rewritten", "2");
    site.scope.put("rewritten", "1");
    site.scope.delete("recreated");
    site.scope.put("recreated", "3");
    site.scope.put("created", "1");
    let expected = [
        "update changed",
        "create created",
        "delete deleted",
        "update recreated",
    ];
    assert_eq!(site.reported(), expected);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_key_that_was_made_again_while_it_was_down_is_marked_so() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    site.reported();
    site.scope.delete("a");
    site.scope.put("a", "2");
    site.look().expect(0);
    let batch = site.batches().remove(0);
    assert_eq!(batch.reason, "change");
    assert!(batch.changes[0].recreated);
}

#[test]
fn without_values_what_was_before_has_none_and_the_file_has_no_secret() {
    let mut site = Site::new();
    site.scope.put("a", "opensesame");
    site.reported();
    let file = fs::read_to_string(site.state()).unwrap();
    assert!(file.contains(&site.scope.key("a")));
    assert!(!file.contains("opensesame") && !file.contains("b3BlbnNlc2FtZQ"));
    let mode = fs::metadata(site.state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    site.scope.put("a", "changed");
    site.look().expect(0);
    let batch = site.batches().remove(0);
    let before = batch.changes[0].before.as_ref().unwrap();
    assert_eq!(before.key, site.scope.key("a"));
    assert_eq!((&before.value, &before.encoding), (&None, &None));
}

#[test]
fn with_values_what_was_before_is_whole() {
    let mut site = Site::new();
    site.scope.put("a", "old");
    site.look_with(&["--state-values"]).expect(0);
    site.scope.put("a", "new");
    site.look_with(&["--state-values"]).expect(0);
    let batch = site.batches().remove(1);
    let change = &batch.changes[0];
    assert_eq!(change.before.as_ref().unwrap().bytes(), b"old");
    assert_eq!(change.after.as_ref().unwrap().bytes(), b"new");
}

#[test]
fn a_watch_killed_in_the_handler_repeats_the_batch() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    let started = site.path("started");
    let handler = site.handler(&format!("touch {}; sleep 600", started.display()));
    let running = site.watch(&["--exec", &handler]).spawn();
    wait_for_file(&started);
    running.signal("KILL");
    assert_eq!(running.wait(PATIENCE).signal, Some(9));
    assert_eq!(site.reported_after_kill(), ["create a"]);
    assert_eq!(site.reported(), [""; 0]);
}

impl Site {
    /// The first batch came before the kill; this is what came after it.
    fn reported_after_kill(&mut self) -> Vec<String> {
        self.look().expect(0);
        let batches = self.batches();
        assert_eq!(batches.len(), 2, "{batches:#?}");
        assert_eq!(self.changes(&batches[0]), self.changes(&batches[1]));
        self.changes(&batches[1])
    }
}

#[test]
fn what_a_killed_handler_was_shown_comes_again_also_where_it_is_gone() {
    let mut site = Site::new();
    site.scope.put("same", "1");
    site.reported();
    site.scope.put("created", "1");
    site.scope.put("same", "2");
    let started = site.path("started");
    let handler = site.handler(&format!("touch {}; sleep 600", started.display()));
    let running = site.watch(&["--exec", &handler]).spawn();
    wait_for_file(&started);
    running.signal("KILL");
    running.wait(PATIENCE);
    let batch = site.batches().remove(0);
    assert_eq!(site.changes(&batch), ["create created", "update same"]);
    // Everything is as it was last handled, and not as the handler was shown.
    site.scope.delete("created");
    site.scope.put("same", "1");
    assert_eq!(site.reported(), ["delete created", "update same"]);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_line_that_was_printed_and_not_recorded_is_taken_back() {
    // Killed between the two: a pipe whose reader does not read stops it there.
    let site = Site::new();
    site.scope.put("a", "1");
    let full = "x".repeat(200_000);
    site.scope.put("b", &full);
    let running = site.watch(&[]).with_stdout_unread().spawn();
    wait_for("the start of a run in the state file", || {
        let state = fs::read_to_string(site.state()).ok()?;
        state.contains("\"run\"").then_some(())
    });
    running.signal("KILL");
    running.wait(PATIENCE);
    site.scope.delete("a");
    let text = site.watch(&["--for", "0"]).ok();
    assert!(
        text.contains(&format!("- {}", site.scope.key("a"))),
        "{text}"
    );
    assert!(
        text.contains(&format!("+ {}", site.scope.key("b"))),
        "{text}"
    );
}

#[test]
fn a_watch_killed_after_the_handler_repeats_nothing() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    let mut running = site.watch(&["--exec", &site.handler("true")]).spawn();
    // The status line comes when the batch was recorded.
    running.err_line_with("handled in");
    running.signal("KILL");
    running.wait(PATIENCE);
    assert_eq!(site.batches().len(), 1);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_batch_whose_handler_failed_comes_again() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    let failing = site.handler("exit 7");
    let mut running = site.watch(&["--exec", &failing]).spawn();
    running.err_line_with("the handler exited with 7");
    running.stop();
    assert_eq!(site.batches().len(), 1);
    site.scope.put("b", "1");
    assert_eq!(site.reported(), ["create a", "create b"]);
}

#[test]
fn a_handler_that_is_ignored_has_handled_its_batch() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    let failing = site.handler("exit 7");
    let ignored = ["--exec", &failing, "--on-fail", "ignore", "--for", "0"];
    site.watch(&ignored).run().expect(0);
    assert_eq!(site.batches().len(), 1);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn without_a_handler_a_line_that_was_written_is_handled() {
    let site = Site::new();
    site.scope.put("a", "1");
    let printed = || site.watch(&["--for", "0"]).ok();
    let first = printed();
    assert!(
        first.contains(&format!("+ {} = 1", site.scope.key("a"))),
        "{first}"
    );
    assert_eq!(printed(), "");
    site.scope.delete("a");
    let gone = printed();
    assert!(
        gone.contains(&format!("- {}", site.scope.key("a"))),
        "{gone}"
    );
    assert_eq!(printed(), "");
}

#[test]
fn a_start_that_is_skipped_is_handled() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    site.look_with(&["--initial", "skip"]).expect(0);
    assert_eq!(site.batches().len(), 0);
    site.scope.put("b", "1");
    assert_eq!(site.reported(), ["create b"]);
}

#[test]
fn a_start_that_is_run_hands_over_everything_again() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    site.scope.put("b", "1");
    site.reported();
    site.scope.delete("b");
    site.look_with(&["--initial", "run"]).expect(0);
    let batch = site.batches().remove(0);
    assert_eq!(batch.reason, "initial");
    assert!(site.changes(&batch).contains(&"create a".to_owned()));
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn keys_that_a_filter_begins_to_let_through_are_reported_then() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    site.scope.put("b", "1");
    let without_b = ["--exclude", "**/b"];
    site.look_with(&without_b).expect(0);
    let batch = site.batches().remove(0);
    assert_eq!(site.changes(&batch), ["create a"]);
    assert_eq!(site.reported(), ["create b"]);
    site.scope.put("b", "2");
    site.look_with(&without_b).expect(0);
    assert_eq!(site.batches().len(), 0);
    assert_eq!(site.reported(), ["update b"]);
}

#[test]
fn a_state_file_of_other_targets_is_refused_with_a_hint() {
    let site = Site::new();
    site.scope.put("a", "1");
    site.look().expect(0);
    let before = fs::read(site.state()).unwrap();
    let other = Agent::shared();
    let output = other
        .kvw(["watch", other.prefix(), "--for", "0", "--state"])
        .args([site.state()])
        .run();
    output.expect(2).one_line();
    output.says(&[site.state().to_str().unwrap(), "targets", "hint: "]);
    assert_eq!(fs::read(site.state()).unwrap(), before);
}

#[test]
fn targets_may_overlap_and_come_in_another_order() {
    let site = Site::new();
    site.scope.put("a/x", "1");
    site.scope.put("b", "1");
    let (all, below) = (site.scope.prefix().to_owned(), site.scope.key("a/"));
    let look = |targets: [&str; 2]| {
        let watch = site.scope.kvw(["watch", "--for", "0", "--state"]);
        watch.args([site.state()]).args(targets).ok()
    };
    assert_eq!(look([&all, &below]).lines().count(), 2);
    assert_eq!(look([&below, &all]), "");
    site.scope.put("a/x", "2");
    assert_eq!(look([&all, &below]).lines().count(), 1);
}

#[test]
fn a_file_that_is_none_and_one_of_another_version_are_refused() {
    let site = Site::new();
    for (bytes, words) in [
        (&b""[..], "was not written by kvw"),
        (b"precious notes\n", "was not written by kvw"),
        (b"kvw state 2\n", "format 2"),
    ] {
        fs::write(site.state(), bytes).unwrap();
        let output = site.look();
        output.expect(2).one_line();
        output.says(&[site.state().to_str().unwrap(), words, "hint: "]);
        assert_eq!(fs::read(site.state()).unwrap(), bytes);
    }
}

#[test]
fn a_torn_record_is_said_and_its_batch_comes_again() {
    let mut site = Site::new();
    site.scope.put("a", "1");
    site.reported();
    site.scope.put("b", "1");
    site.reported();
    let bytes = fs::read(site.state()).unwrap();
    fs::write(site.state(), &bytes[..bytes.len() - 9]).unwrap();
    let output = site.look();
    output.expect(0);
    output.says(&[site.state().to_str().unwrap(), "comes again"]);
    let batch = site.batches().remove(0);
    assert_eq!(site.changes(&batch), ["create b"]);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_damaged_file_is_named_and_never_started_over() {
    let site = Site::new();
    site.scope.put("a", "1");
    site.look().expect(0);
    let mut bytes = fs::read(site.state()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(site.state(), &bytes).unwrap();
    let output = site.look();
    output.expect(2).one_line();
    output.says(&[site.state().to_str().unwrap(), "damaged", "hint: "]);
    assert_eq!(fs::read(site.state()).unwrap(), bytes);
}

#[test]
fn two_watches_do_not_share_a_file() {
    let site = Site::new();
    site.scope.put("a", "1");
    let mut first = site.watch(&[]).spawn();
    first.line();
    let output = site.look();
    output.expect(2).one_line();
    output.says(&["in use by another kvw", "hint: "]);
    first.signal("KILL");
    first.wait(PATIENCE);
    site.look().expect(0);
}

#[test]
fn a_line_that_is_wrong_and_files_that_cannot_be_read_leave_no_state_file() {
    let site = Site::new();
    for args in [
        &["--route", "[=true"][..],
        &["--include", "["],
        &["--exec", ""],
        &["--each"],
        &[
            "--http-addr",
            "https://127.0.0.1:1",
            "--ca-file",
            "none.pem",
        ],
        &[
            "--http-addr",
            "https://127.0.0.1:1",
            "--client-cert",
            "none.pem",
            "--client-key",
            "none",
        ],
        &["--token-file", "none"],
    ] {
        let watch = site.scope.kvw(["watch", "a/", "--once", "--state"]);
        watch.args([site.state()]).args(args).run().expect(2);
        assert!(!site.state().exists(), "{args:?}");
    }
}

#[test]
fn a_folder_that_takes_no_file_is_an_error_at_the_start() {
    let site = Site::new();
    let missing = site.path("no/folder/state");
    let at = |state: &Path| {
        let watch = site.scope.kvw(["watch", site.scope.prefix(), "--state"]);
        watch.args([state]).run()
    };
    at(&missing).expect(2).one_line().says(&["no/folder/state"]);
    at(Path::new("/dev/null")).expect(2).one_line();
    at(site.folder.path()).expect(2).one_line();
    let folder = site.path("read-only");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        not_tried("a read-only folder: this user may write to one");
    } else {
        at(&folder.join("state")).expect(2).one_line();
    }
}

/// Written so often, a key of this name fills more than [`limited`] allows.
const WRITES: usize = 16;

fn long_name() -> String {
    "n".repeat(400)
}

/// A watch whose files may not grow beyond some 4.5 KB: a full disk. What is written at the start
/// to find that out fits in.
fn limited(site: &Site, handler: &str) -> Running {
    let script = "ulimit -S -f 9; exec \"$@\"";
    let args = ["--exec", handler, "--debounce", "0"];
    site.watch(&args).under(["sh", "-c", script, "sh"]).spawn()
}

#[test]
fn a_full_disk_is_said_once_and_the_handler_is_not_run_again_for_it() {
    let mut site = Site::new();
    let ended = site.path("ended");
    let handler = format!("cat > /dev/null; echo >> {}", ended.display());
    let mut running = limited(&site, &handler);
    for write in 0..WRITES {
        site.scope.put(&long_name(), write.to_string());
        running.err_line_with("handled in");
    }
    let output = running.stop();
    let failed = format!("{} cannot be written", site.state().display());
    let said = output.stderr.matches(&failed).count();
    assert_eq!(said, 2, "once, and that it is so at the end: {output}");
    let runs = fs::read_to_string(&ended).unwrap();
    assert_eq!(runs.lines().count(), WRITES);
    // What could not be kept comes again, as one batch.
    let name = long_name();
    assert_eq!(site.reported(), [format!("update {name}")]);
}

#[test]
fn a_disk_with_room_again_is_said_and_nothing_comes_twice() {
    let prlimit = Command::new("prlimit").arg("--version").output();
    if !prlimit.is_ok_and(|output| output.status.success()) {
        not_tried("a disk that has room again: there is no prlimit here");
        return;
    }
    let mut site = Site::new();
    let mut running = limited(&site, "cat > /dev/null");
    for write in 0..WRITES {
        site.scope.put(&long_name(), write.to_string());
        running.err_line_with("handled in");
    }
    let pid = running.pid().to_string();
    let raised = Command::new("prlimit")
        .args(["--pid", &pid, "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(raised.success());
    running.err_line_with("the state file is up to date again");
    running.signal("KILL");
    running.wait(PATIENCE);
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_policy_that_forgets_contradicts_a_memory() {
    let site = Site::new();
    let handler = site.handler("true");
    let output = site.watch(&["--exec", &handler, "--on-busy", "drop"]).run();
    output.expect(2).one_line();
    output.says(&["--on-busy", "drop", "--state"]);
}

/// A Consul of the test's making: `a` and `b`, at index 100.
const TWO: &str = r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"MQ==","CreateIndex":90,"ModifyIndex":90},
{"LockIndex":0,"Key":"p/b","Flags":0,"Value":"MQ==","CreateIndex":100,"ModifyIndex":100}]"#;

/// Remembers `p/a` and `p/b` in a file.
fn remembered(folder: &Path) -> PathBuf {
    let state = folder.join("state");
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(100, TWO)
        .on("GET /v1/kv/p/?recurse&index=100")
        .perhaps()
        .stalls()
        .start();
    let text = one_look(server.address(), &state, &[]).ok();
    assert_eq!(text.lines().count(), 2, "{text}");
    state
}

fn one_look(address: &str, state: &Path, args: &[&str]) -> Kvw {
    Kvw::at(address)
        .args(["watch", "p/", "--for", "0", "--state"])
        .args([state])
        .args(args)
}

const BOTH_GONE: &str = r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"key \"p/a\" doesn't exist"},{"OpIndex":1,"What":"key \"p/b\" doesn't exist"}]}"#;

#[test]
fn a_consul_that_looks_reset_is_an_outage_until_it_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let state = remembered(folder.path());
    let reset = || {
        Faulty::script()
            .on("GET /v1/kv/p/?recurse")
            .misses(7)
            .on("GET /v1/kv/p/?recurse&consistent")
            .misses(7)
            .on("GET /v1/kv/p/?consistent")
            .misses(7)
            .on("PUT /v1/txn")
            .answers(409, BOTH_GONE)
            .on("GET /v1/kv/p/?recurse&index=7")
            .perhaps()
            .stalls()
            .start()
    };
    let server = reset();
    let held = one_look(server.address(), &state, &[]).run();
    held.expect(3).says(&["reset", "--accept-reset"]);
    assert_eq!(held.text(), "");
    drop(server);
    let server = reset();
    let text = one_look(server.address(), &state, &["--accept-reset"]).ok();
    assert!(text.contains("- p/a") && text.contains("- p/b"), "{text}");
    drop(server);
    // What was accepted is what is remembered: nothing is reset any more.
    let server = reset_and_empty();
    assert_eq!(one_look(server.address(), &state, &[]).ok(), "");
}

fn reset_and_empty() -> Faulty {
    Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .misses(7)
        .on("GET /v1/kv/p/?consistent")
        .misses(7)
        .on("GET /v1/kv/p/?recurse&index=7")
        .perhaps()
        .stalls()
        .start()
}

#[test]
fn a_reset_consul_that_is_being_filled_is_held_until_all_keys_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let state = remembered(folder.path());
    let one =
        r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"MQ==","CreateIndex":8,"ModifyIndex":8}]"#;
    let both = r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"MQ==","CreateIndex":8,"ModifyIndex":8},
{"LockIndex":0,"Key":"p/b","Flags":0,"Value":"Mg==","CreateIndex":9,"ModifyIndex":9}]"#;
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .misses(7)
        .on("GET /v1/kv/p/?recurse&consistent")
        .misses(7)
        .on("GET /v1/kv/p/?consistent")
        .misses(7)
        .on("PUT /v1/txn")
        .answers(409, BOTH_GONE)
        .on("GET /v1/kv/p/?recurse")
        .finds(8, one)
        .on("GET /v1/kv/p/?recurse")
        .finds(9, both)
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = Kvw::at(server.address())
        .args(["watch", "p/", "--state"])
        .args([&state])
        .spawn();
    running.err_line_with("reset");
    running.err_line_with("the state of Consul is restored");
    assert!(running.line().contains("~ p/b"));
    server.wait_until_played();
    let output = running.stop();
    assert_eq!(output.text().lines().count(), 1, "{output}");
}

#[test]
fn an_empty_prefix_with_an_old_mark_is_no_reset() {
    // A recursive delete above the target leaves the listing at the index of an older mark below
    // it; the table's own index shows that this Consul is the same as ever.
    let folder = tempfile::tempdir().unwrap();
    let state = remembered(folder.path());
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .misses(95)
        .on("GET /v1/kv/p/?recurse&consistent")
        .misses(95)
        .on("GET /v1/kv/p/?consistent")
        .misses(120)
        .on("PUT /v1/txn")
        .answers(409, BOTH_GONE)
        .on("GET /v1/kv/p/?recurse&index=95")
        .perhaps()
        .stalls()
        .start();
    let text = one_look(server.address(), &state, &[]).ok();
    assert!(text.contains("- p/a") && text.contains("- p/b"), "{text}");
}

#[test]
fn deletes_over_the_bound_are_held_back_until_a_higher_bound_accepts_them() {
    let mut site = Site::new();
    for name in ["a", "b", "c"] {
        site.scope.put(name, "1");
    }
    site.reported();
    site.scope.delete("a");
    site.scope.delete("b");
    site.scope.put("d", "1");
    let output = site.look_with(&["--max-delete", "1"]);
    output.expect(0).says(&["held back", "--max-delete"]);
    let batch = site.batches().remove(0);
    assert_eq!(site.changes(&batch), ["create d"]);
    site.look_with(&["--max-delete", "10%"]).expect(0);
    assert_eq!(site.batches().len(), 0);
    site.look_with(&["--max-delete", "2"]).expect(0);
    let batch = site.batches().remove(0);
    assert_eq!(site.changes(&batch), ["delete a", "delete b"]);
}

#[test]
fn held_back_deletes_whose_keys_return_never_happened() {
    let mut site = Site::new();
    for name in ["a", "b", "c"] {
        site.scope.put(name, "1");
    }
    site.reported();
    let handler = site.handler("true");
    let args = ["--exec", &handler, "--max-delete", "1"];
    let mut running = site.watch(&args).spawn();
    site.scope.put("c", "2");
    running.err_line_with("handled in");
    let prefix = format!("/v1/kv/{}?recurse", site.scope.prefix());
    site.scope.http("DELETE", &prefix, b"");
    running.err_line_with("held back");
    for (name, value) in [("a", "1"), ("b", "1"), ("c", "2")] {
        site.scope.put(name, value);
    }
    running.err_line_with("deletes are no longer held back");
    running.stop();
    let batches = site.batches();
    assert_eq!(batches.len(), 1, "{batches:#?}");
    assert_eq!(site.reported(), [""; 0]);
}

#[test]
fn a_wrong_command_line_leaves_no_state_file() {
    let site = Site::new();
    for flags in [
        &["--route", "[=x"][..],
        &["--route", "no-command"],
        &["--route", "a/*= "],
        &["--exec", "x", "--debounce", "2s", "--max-delay", "1s"],
        &["--events", "all"],
    ] {
        site.watch(flags).run().expect(2);
        assert!(!site.state().exists(), "{flags:?}");
    }
}
