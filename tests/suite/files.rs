//! What kvw writes to a disk: only files of its own, replaced as a whole, by one rule for every verb.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Agent, Kvw, Output, Scope, not_tried, wait_for};

/// The name of the file that each verb writes: the first manual page has no other.
const FILE: &str = "kvw.1";

/// Another user.
const OTHER: u32 = 54321;

/// A verb that writes a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WritingVerb {
    State,
    Status,
    Export,
    Man,
}

const WRITING_VERBS: [WritingVerb; 4] = [
    WritingVerb::State,
    WritingVerb::Status,
    WritingVerb::Export,
    WritingVerb::Man,
];

impl WritingVerb {
    /// The verb, about to write this file.
    fn kvw(self, scope: &Scope, path: &Path) -> Kvw {
        let watch = || scope.kvw(["watch", scope.prefix(), "--for", "0"]);
        match self {
            WritingVerb::State => watch().args(["--state"]).args([path]),
            WritingVerb::Status => watch().args(["--status-file"]).args([path]),
            WritingVerb::Export => {
                let export = scope.kvw(["export", scope.prefix(), "--output-file"]);
                export.args([path])
            }
            WritingVerb::Man => scope.kvw(["man", "--dir"]).args([path.parent().unwrap()]),
        }
    }

    #[track_caller]
    fn refuses(self, scope: &Scope, path: &Path, words: &[&str]) {
        let output = self.kvw(scope, path).run();
        output.expect(2).one_line().says(words);
        output.says(&[path.to_str().unwrap()]);
    }

    /// Whether it has written what is there.
    fn wrote(self, bytes: &[u8]) -> bool {
        let start: &[u8] = match self {
            WritingVerb::State => b"kvw state 1\n",
            WritingVerb::Status => b"{\"version\":",
            WritingVerb::Export => b"[\n",
            WritingVerb::Man => b".ie ",
        };
        bytes.starts_with(start)
    }
}

/// A prefix with a key, and a folder.
fn site() -> (Scope, tempfile::TempDir) {
    let scope = Agent::shared();
    scope.put("a", "1");
    (scope, tempfile::tempdir().unwrap())
}

/// Everything that can be seen of a folder.
fn picture(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        let content = match about.is_file() {
            true => fs::read(&path).unwrap(),
            false => Vec::new(),
        };
        files.push(format!(
            "{} {:o} {} {} {} {} {:?} {:?}",
            path.display(),
            about.mode(),
            about.uid(),
            about.ino(),
            about.nlink(),
            about.mtime_nsec(),
            fs::read_link(&path).ok(),
            String::from_utf8_lossy(&content)
        ));
    }
    files.sort();
    files
}

/// Whether this user may give files away; says so if not.
fn is_root() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let given = chown(folder.path(), Some(OTHER), None).is_ok();
    if !given {
        not_tried("files of another user: only root can make them");
    }
    given
}

#[test]
fn what_is_no_file_of_ones_own_is_neither_replaced_nor_touched() {
    let (scope, _) = site();
    for verb in WRITING_VERBS {
        for (what, words) in [
            ("folder", "not a regular file"),
            ("socket", "not a regular file"),
            ("pipe", "not a regular file"),
            ("twin", "2 hard links"),
        ] {
            // A pipe is written to by an export, which then waits for its reader.
            if (verb, what) == (WritingVerb::Export, "pipe") {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE);
            let mut held = None;
            match what {
                "folder" => fs::create_dir(&path).unwrap(),
                "socket" => {
                    held = Some(std::os::unix::net::UnixListener::bind(&path).unwrap());
                }
                "pipe" => {
                    let made = Command::new("mkfifo").arg(&path).status().unwrap();
                    assert!(made.success());
                }
                _ => {
                    fs::write(&path, "").unwrap();
                    fs::hard_link(&path, folder.path().join("twin")).unwrap();
                }
            }
            let before = picture(folder.path());
            // An export writes to what is no file, and a socket takes no verb.
            let words = match (verb, what) {
                (WritingVerb::Export, "socket") => "writing",
                _ => words,
            };
            verb.refuses(&scope, &path, &[words]);
            assert_eq!(picture(folder.path()), before, "{verb:?} {what}");
            drop(held);
        }
    }
}

#[test]
fn a_device_is_written_to_by_an_export_and_replaced_by_nothing() {
    let (scope, folder) = site();
    let path = folder.path().join(FILE);
    let made = Command::new("mknod")
        .arg(&path)
        .args(["c", "1", "3"])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return not_tried("devices: this user may not make one");
    }
    for verb in WRITING_VERBS {
        match verb {
            WritingVerb::Export => drop(verb.kvw(&scope, &path).ok()),
            _ => verb.refuses(&scope, &path, &["not a regular file"]),
        }
        let about = fs::symlink_metadata(&path).unwrap();
        assert!(about.file_type().is_char_device(), "{verb:?}");
    }
}

#[test]
fn a_file_that_belongs_to_someone_else_is_refused() {
    if !is_root() {
        return;
    }
    let (scope, _) = site();
    for verb in WRITING_VERBS {
        for mode in [0o755, 0o1777] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE);
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            fs::write(&path, "").unwrap();
            chown(&path, Some(OTHER), None).unwrap();
            let before = picture(folder.path());
            verb.refuses(&scope, &path, &["belongs to user 54321"]);
            assert_eq!(picture(folder.path()), before, "{verb:?} {mode:o}");
        }
    }
}

#[test]
fn a_link_that_someone_else_made_is_not_followed() {
    if !is_root() {
        return;
    }
    let (scope, own) = site();
    for verb in WRITING_VERBS {
        for exists in [true, false] {
            let victim = own.path().join("victim");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE);
            fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
            symlink(&victim, &path).unwrap();
            lchown(&path, Some(OTHER), None).unwrap();
            if exists {
                fs::write(&victim, "").unwrap();
            }
            let before = (picture(folder.path()), picture(own.path()));
            verb.refuses(&scope, &path, &["link"]);
            let after = (picture(folder.path()), picture(own.path()));
            assert_eq!(after, before, "{verb:?} {exists}");
            let _ = fs::remove_file(&victim);
        }
    }
}

#[test]
fn a_link_to_a_folder_that_someone_else_made_in_a_shared_one_is_not_followed() {
    if !is_root() {
        return;
    }
    let (scope, own) = site();
    let shared = tempfile::tempdir().unwrap();
    fs::set_permissions(shared.path(), Permissions::from_mode(0o1777)).unwrap();
    let link = shared.path().join("link");
    symlink(own.path(), &link).unwrap();
    let path = link.join(FILE);
    for verb in WRITING_VERBS {
        lchown(&link, Some(OTHER), None).unwrap();
        verb.refuses(&scope, &path, &["the link belongs to user 54321"]);
        assert_eq!(picture(own.path()), [""; 0]);
    }
    lchown(&link, Some(0), None).unwrap();
    for verb in WRITING_VERBS {
        verb.kvw(&scope, &path).ok();
        assert!(verb.wrote(&fs::read(own.path().join(FILE)).unwrap()));
        fs::remove_file(own.path().join(FILE)).unwrap();
    }
}

#[test]
fn a_pipe_that_someone_else_made_gets_no_export() {
    if !is_root() {
        return;
    }
    let (scope, folder) = site();
    let path = folder.path().join("pipe");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    chown(&path, Some(OTHER), None).unwrap();
    WritingVerb::Export.refuses(
        &scope,
        &path,
        &["writing", "the pipe belongs to user 54321"],
    );
}

#[test]
fn ones_own_file_is_replaced_also_in_a_folder_that_others_may_write_to() {
    let (scope, folder) = site();
    for mode in [0o755, 0o1777] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        for verb in WRITING_VERBS {
            let sub = folder.path().join(format!("{verb:?}{mode:o}"));
            fs::create_dir(&sub).unwrap();
            fs::set_permissions(&sub, Permissions::from_mode(mode)).unwrap();
            let path = sub.join(FILE);
            for _ in 0..2 {
                verb.kvw(&scope, &path).ok();
                let bytes = fs::read(&path).unwrap();
                assert!(verb.wrote(&bytes), "{}", String::from_utf8_lossy(&bytes));
            }
            let names = fs::read_dir(&sub).unwrap();
            let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let foreign: Vec<_> = names.filter(|name| !name.starts_with("kvw")).collect();
            assert!(foreign.is_empty(), "{foreign:?}");
        }
    }
}

#[test]
fn a_link_of_ones_own_is_kept_except_by_the_pages_which_nobody_named() {
    let (scope, _) = site();
    for verb in WRITING_VERBS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let real = folder.path().join("real");
        symlink("real", &path).unwrap();
        if verb == WritingVerb::Man {
            fs::write(&real, "precious").unwrap();
            let before = picture(folder.path());
            verb.refuses(&scope, &path, &["replacing", "symbolic link"]);
            assert_eq!(picture(folder.path()), before);
            continue;
        }
        for _ in 0..2 {
            verb.kvw(&scope, &path).ok();
            assert!(path.is_symlink(), "{verb:?}");
            assert!(verb.wrote(&fs::read(&real).unwrap()), "{verb:?}");
        }
    }
}

#[test]
fn the_pages_are_all_replaced_or_none_is() {
    let (scope, folder) = site();
    fs::write(folder.path().join("kvw.1"), "old").unwrap();
    fs::create_dir(folder.path().join("kvw-watch.1")).unwrap();
    let before = picture(folder.path());
    let output = scope.kvw(["man", "--dir"]).args([folder.path()]).run();
    output.expect(2).one_line();
    output.says(&["replacing", "kvw-watch.1", "not a regular file"]);
    assert_eq!(picture(folder.path()), before);
}

#[test]
fn the_folder_of_the_pages_is_created_and_what_was_written_is_said() {
    let (scope, folder) = site();
    let missing = folder.path().join("share/man/man1");
    let man = |dir: &Path| scope.kvw(["man", "--dir"]).args([dir]).run();
    let output = man(&missing);
    let written = format!(" pages to {}\n", missing.display());
    assert!(output.expect(0).stderr.ends_with(&written), "{output}");
    assert!(output.stderr.starts_with("wrote "), "{output}");
    assert!(missing.join("kvw.1").is_file() && output.stdout.is_empty());
    assert_eq!(man(&missing).expect(0).stderr, output.stderr);
    // A file where the folder would be, or a part of its path.
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for dir in [&file, &file.join("below")] {
        let output = man(dir);
        let named = format!("creating the folder {}: ", dir.display());
        output.expect(2).one_line().says(&[&named]);
    }
    let quiet = scope.kvw(["man", "-q", "--dir"]).args([&missing]).run();
    assert_eq!(quiet.expect(0).stderr, "");
}

#[test]
fn a_message_has_no_number_of_a_system_error() {
    let (scope, folder) = site();
    scope.put("a", "1");
    let (key, prefix) = (scope.key("a"), scope.prefix());
    let none = folder.path().join("none/file");
    let none = none.to_str().unwrap();
    let at = format!("@{none}");
    let certificate = [
        "get",
        &key,
        "--http-addr",
        "https://127.0.0.1:1",
        "--ca-file",
        none,
    ];
    let tries: &[&[&str]] = &[
        &["put", &key, &at],
        &["put", &key, "v", "--undo", none],
        &["get", &key, "--token-file", none],
        &["get", &key, "--fallback", none],
        &["get", &key, "--http-addr", &format!("unix://{none}")],
        &["get", &key, "--http-addr", "127.0.0.1:1"],
        &certificate,
        &["txn", "--file", none],
        &["import", none],
        &["diff", none, "--prefix", prefix],
        &["apply", "--plan", none],
        &["undo", none],
        &["export", prefix, "--output-file", none],
        &["export", prefix, "--to-dir", none],
        &["watch", prefix, "--state", none],
        &["watch", prefix, "--status-file", none],
        &["watch", prefix, "--once", "--", "./none"],
        &[
            "watch", prefix, "--once", "-o", "jsonl", "--events", "all", "--", "./none",
        ],
        &["run", prefix, "--", "./none"],
        &["lock", &scope.key("job"), "--", "./none"],
        &["elect", &scope.key("leader"), "--", "./none"],
        &["dev", "--load", none],
        &["dev", "--listen", "127.0.0.1:0", "--", "./none"],
        &["man", "--dir", "/dev/null/x"],
    ];
    for args in tries {
        let output = scope.kvw([]).args(*args).run();
        let said = [&*output.stderr, &output.text()].concat();
        assert!(!said.is_empty(), "{output}");
        assert!(!said.contains("os error"), "{output}");
    }
    let editor = scope.kvw(["edit", &key]).env("EDITOR", "./none");
    let output = editor.on_terminal().run();
    assert!(output.text().contains("editor"), "{output}");
    assert!(!output.text().contains("os error"), "{output}");
}

#[test]
fn a_status_file_replaces_nothing_but_a_status() {
    let (scope, folder) = site();
    let path = folder.path().join("status");
    let state = folder.path().join("state");
    for foreign in [
        "precious notes\n",
        "{}\n",
        "[]",
        "null",
        "kvw state 1\n",
        "\n",
        r#"{"version":"1","pid":1,"state":"ended"}"#,
        r#"{"version":"1","pid":1,"state":"ended","targets":[],"handlers":[]} and more"#,
    ] {
        fs::write(&path, foreign).unwrap();
        let before = picture(folder.path());
        let output = WritingVerb::Status
            .kvw(&scope, &path)
            .args(["--state"])
            .args([&state])
            .run();
        output.expect(2).one_line();
        output.says(&[path.to_str().unwrap(), "status of kvw", "hint: "]);
        assert_eq!(picture(folder.path()), before, "{foreign}");
    }
    fs::write(&path, "").unwrap();
    for _ in 0..2 {
        WritingVerb::Status.kvw(&scope, &path).ok();
        assert!(WritingVerb::Status.wrote(&fs::read(&path).unwrap()));
    }
}

#[test]
fn a_status_file_that_becomes_another_file_meanwhile_is_left_alone() {
    let (scope, folder) = site();
    let path = folder.path().join("status");
    let args = ["--status-file", path.to_str().unwrap()];
    let mut running = scope.watch(&args).spawn();
    wait_for("the status", || {
        let text = fs::read_to_string(&path).ok()?;
        text.contains("watching").then_some(())
    });
    let notes = folder.path().join("notes");
    fs::write(&notes, "precious").unwrap();
    fs::rename(&notes, &path).unwrap();
    scope.put("b", "1");
    running.err_line_with("status file: replacing");
    running.stop();
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn one_file_is_not_both_state_and_status() {
    let (scope, folder) = site();
    let path = |name: &str| folder.path().join(name);
    symlink("state", path("link")).unwrap();
    fs::create_dir(path("sub")).unwrap();
    for exists in [false, true] {
        let before = picture(folder.path());
        for other in ["state", "sub/../state", "link"] {
            let watch = WritingVerb::State.kvw(&scope, &path("state"));
            let output = watch.args(["--status-file"]).args([path(other)]).run();
            output.expect(2).one_line();
            output.says(&["--state", "--status-file", path("state").to_str().unwrap()]);
            assert_eq!(picture(folder.path()), before, "{other} {exists}");
        }
        WritingVerb::State.kvw(&scope, &path("state")).ok();
    }
}

#[test]
fn a_refused_state_file_is_left_as_it_was_and_so_is_what_is_beside_it() {
    let (scope, folder) = site();
    let path = folder.path().join("state");
    WritingVerb::State.kvw(&scope, &path).ok();
    let bytes = fs::read(&path).unwrap();
    fs::write(folder.path().join("state.new"), "precious").unwrap();
    // Of another watch, cut inside its base, and no state at all.
    let other = Agent::shared();
    for (content, scope) in [
        (&bytes[..], &other),
        (&bytes[..40], &scope),
        (b"precious\n", &scope),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let before = picture(folder.path());
        WritingVerb::State.refuses(scope, &path, &["state file"]);
        assert_eq!(picture(folder.path()), before);
    }
    // Its own is made private, and what is beside it stays.
    fs::write(&path, &bytes).unwrap();
    WritingVerb::State.kvw(&scope, &path).ok();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let beside = fs::read(folder.path().join("state.new")).unwrap();
    assert_eq!(beside, b"precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_state_file_has_no_empty_base_after_the_first_batch_and_a_cut_of_it_is_refused() {
    let (scope, folder) = site();
    let path = folder.path().join("state");
    WritingVerb::State.kvw(&scope, &path).ok();
    let bytes = fs::read(&path).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(String::from_utf8_lossy(lines[2]).contains("\"entry\""));
    let head = lines[0].len() + lines[1].len();
    for cut in [head, head - 1, head + 9, bytes.len() - 1] {
        fs::write(&path, &bytes[..cut]).unwrap();
        let output = WritingVerb::State.kvw(&scope, &path).run();
        output.expect(2).one_line().says(&["damaged", "hint: "]);
        assert_eq!(fs::read(&path).unwrap(), &bytes[..cut]);
    }
}

#[test]
fn a_file_of_gigabytes_is_no_state_by_its_first_line() {
    let (scope, folder) = site();
    let path = folder.path().join("state");
    let file = fs::File::create(&path).unwrap();
    if file.set_len(3 << 30).is_err() {
        return not_tried("a file of 3 GB: this file system takes none");
    }
    // Less memory than the file has bytes.
    let script = "ulimit -v 1000000; exec \"$0\" \"$@\"";
    let watch = WritingVerb::State.kvw(&scope, &path);
    let output = watch.under(["sh", "-c", script]).run();
    output.expect(2).one_line();
    output.says(&["was not written by kvw", "hint: "]);
    let mut start = [1; 16];
    (&file).read_exact(&mut start).unwrap_err();
    assert_eq!(file.metadata().unwrap().len(), 3 << 30);
}

/// Runs a verb on a file in a file system of its own, after the script has filled it.
fn on_full_disk(verb: WritingVerb, scope: &Scope, options: &str, fill: &str) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(FILE);
    let place = folder.path().display();
    let script = format!(
        "mount -t tmpfs -o {options},mode=700 none {place} || exit 77; {fill} {place}/full; \
         \"$0\" \"$@\"; status=$?; ls -A {place} | grep -vx full; exit $status"
    );
    let verb = verb.kvw(scope, &path);
    let output = verb.under(["unshare", "-rm", "sh", "-c", &script]).run();
    let possible = output.code != 77 && !output.stderr.starts_with("unshare: ");
    possible.then_some(output)
}

#[test]
fn a_full_disk_is_trouble_and_names_the_file_and_not_its_temporary_one() {
    let (scope, _) = site();
    let big = "yes | head -c 100000 >";
    for (options, fill) in [("size=8k", big), ("nr_inodes=2", "echo >")] {
        for verb in WRITING_VERBS {
            let Some(output) = on_full_disk(verb, &scope, options, fill) else {
                return not_tried("a full disk: this user may not mount one");
            };
            output.expect(3);
            let error = output
                .stderr
                .lines()
                .find(|line| line.starts_with("error: "));
            let error = error.unwrap_or_else(|| panic!("{output}"));
            assert!(error.contains(FILE), "{output}");
            assert!(error.contains("No space left"), "{output}");
            assert!(!error.contains(".kvw-"), "{output}");
            assert!(
                verb != WritingVerb::Status || error.contains("status file: "),
                "{output}"
            );
            assert_eq!(output.text(), "", "something was left behind: {output}");
        }
    }
}
