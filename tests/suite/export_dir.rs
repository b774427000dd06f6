//! kvw export --to-dir

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::harness::{Agent, Kvw, Output, Scope};

fn filled() -> Scope {
    let scope = Agent::shared();
    for (key, value) in [
        ("port", &b"8080"[..]),
        ("tls/mode", b"on\n"),
        ("tls", b"both a key and a folder"),
        ("binary", b"\xff\x00\n"),
        ("empty", b""),
        ("crlf", b"a\r\n"),
        ("cr", b"a\r"),
        ("flagged?flags=18446744073709551615", b"x"),
        ("folder/", b""),
        (".hidden", b"x"),
        (".kvw.jsonl", b"x"),
        (".kvwignore", b"**"),
        ("a%20b%252Fc", b"x"),
        ("%C3%BC", b"x"),
        ("", b"of the prefix itself"),
    ] {
        scope.put(key, value);
    }
    for key in ["x//y", "..", "x/../y", "a\nb"] {
        scope
            .kvw(["put", "--exact-key", &scope.key(key), "odd"])
            .ok();
    }
    scope
}

fn export(scope: &Scope, directory: &Path, args: &[&str]) -> Kvw {
    let directory = directory.to_str().unwrap();
    scope
        .kvw(["export", scope.prefix(), "--to-dir", directory])
        .args(args)
}

fn diff(scope: &Scope, directory: &Path) -> Output {
    let directory = directory.to_str().unwrap();
    let args = ["--prefix", scope.prefix(), "--prune", "--folders"];
    scope.kvw(["diff", directory]).args(args).run()
}

#[test]
fn what_is_exported_does_not_differ_from_the_store() {
    let scope = filled();
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("new/config");
    export(&scope, &directory, &[]).ok();
    assert_eq!(fs::read(directory.join("port")).unwrap(), b"8080\n");
    assert_eq!(fs::read(directory.join("binary")).unwrap(), b"\xff\x00\n");
    assert_eq!(fs::read(directory.join("empty")).unwrap(), b"");
    assert!(directory.join("tls/mode").is_file());
    let exceptions = fs::read_to_string(directory.join(".kvw.jsonl")).unwrap();
    assert!(exceptions.contains(r#"{"key":"cr","value":"a\r","encoding":"utf8","flags":0}"#));
    let output = diff(&scope, &directory);
    assert_eq!(output.expect(0).text(), "", "{output}");
    // And back: into another prefix, where everything is as it was.
    let other = Agent::shared();
    let path = directory.to_str().unwrap();
    other.kvw(["apply", path, "--prefix", other.prefix()]).ok();
    let entries = |scope: &Scope| {
        let text = scope.kvw(["export", scope.prefix()]).ok();
        text.replace(scope.prefix(), "")
    };
    assert_eq!(entries(&other), entries(&scope));
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let scope = filled();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "x").unwrap();
    for args in [&[][..], &["--sync"]] {
        let output = export(&scope, home.path(), args).run();
        output.expect(2).one_line().says(&["is not empty"]);
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    let file = home.path().join("mine");
    export(&scope, &file, &[]).run().expect(2).one_line();
}

#[test]
fn a_new_repository_of_git_is_as_good_as_empty() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b.md", "1");
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".git")).unwrap();
    fs::write(home.path().join(".kvwignore"), "*.md\n").unwrap();
    export(&scope, home.path(), &[]).ok();
    assert!(home.path().join("a").exists());
    // What the directory ignores is kept beside the files.
    assert!(!home.path().join("b.md").exists());
    diff(&scope, home.path()).expect(0);
    fs::write(home.path().join("README.md"), "x").unwrap();
    export(&scope, home.path(), &["--sync"]).ok();
    assert!(home.path().join("README.md").exists());
}

#[test]
fn an_exported_directory_is_brought_up_to_date() {
    let scope = Agent::shared();
    for (key, value) in [("a", "1"), ("b/c", "1"), ("d", "1"), ("same", "1")] {
        scope.put(key, value);
    }
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("config");
    export(&scope, &directory, &[]).ok();
    export(&scope, &directory, &[])
        .run()
        .expect(2)
        .says(&["--sync"]);
    let unchanged = fs::metadata(directory.join("same"))
        .unwrap()
        .modified()
        .unwrap();
    // A file becomes a directory, a directory a file.
    scope.delete("a");
    scope.delete("b/c");
    scope.put("a/x", "2");
    scope.put("b", "2");
    scope.put("d", "2");
    fs::write(directory.join("notes.txt"), "mine").unwrap();
    let output = export(&scope, &directory, &["--sync"]).run();
    output.expect(0).says(&[
        "leaving 1 file that no export wrote: notes.txt",
        "3 files written, 2 removed",
    ]);
    assert_eq!(fs::read(directory.join("a/x")).unwrap(), b"2\n");
    assert_eq!(fs::read(directory.join("b")).unwrap(), b"2\n");
    assert_eq!(fs::read(directory.join("notes.txt")).unwrap(), b"mine");
    assert_eq!(
        fs::metadata(directory.join("same"))
            .unwrap()
            .modified()
            .unwrap(),
        unchanged
    );
    // A key that comes where another file is does not replace it.
    scope.put("notes.txt", "theirs");
    let output = export(&scope, &directory, &["--sync"]).run();
    output
        .expect(2)
        .one_line()
        .says(&["not replacing", "notes.txt"]);
    fs::remove_file(directory.join("notes.txt")).unwrap();
    export(&scope, &directory, &["--sync"]).ok();
    assert_eq!(diff(&scope, &directory).expect(0).text(), "");
    let other = Agent::shared();
    let output = export(&other, &directory, &["--sync"]).run();
    output.expect(2).one_line().says(&["is an export of"]);
}

#[test]
fn a_directory_that_was_exported_in_part_is_no_source() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b", "1");
    let home = tempfile::tempdir().unwrap();
    export(&scope, home.path(), &[]).ok();
    let list = home.path().join(".kvw.files");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(
        &list,
        text.replace("\"complete\":true", "\"complete\":false"),
    )
    .unwrap();
    fs::remove_file(home.path().join("b")).unwrap();
    let output = diff(&scope, home.path());
    output
        .expect(2)
        .one_line()
        .says(&["was not completed", "--sync"]);
    export(&scope, home.path(), &["--sync"]).ok();
    diff(&scope, home.path()).expect(0);
}

#[test]
fn nothing_is_written_through_a_link() {
    let scope = Agent::shared();
    scope.put("link/x", "1");
    let home = tempfile::tempdir().unwrap();
    let (directory, outside) = (home.path().join("config"), home.path().join("outside"));
    export(&scope, &directory, &[]).ok();
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(directory.join("link")).unwrap();
    symlink(&outside, directory.join("link")).unwrap();
    export(&scope, &directory, &["--sync"]).run().expect(2);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_private_export_is_the_users_alone() {
    let scope = Agent::shared();
    scope.put("a/b", "1");
    scope.put("c?flags=1", "1");
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("config");
    export(&scope, &directory, &["--private"]).ok();
    let mode = |name: &str| {
        fs::metadata(directory.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("a"), mode("")), (0o700, 0o700));
    for name in ["a/b", ".kvw.jsonl", ".kvw.files"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn an_export_needs_a_folder_or_the_whole_store() {
    let scope = Agent::shared();
    let output = scope.kvw(["export", "config", "--to-dir", "x"]).run();
    output.expect(2).one_line().says(&["did you mean config/?"]);
    for args in [["--output-file", "y"], ["-o", "jsonl"]] {
        let base = ["export", "--to-dir", "x"];
        scope.kvw(base).args(args).run().expect(2);
    }
    let output = scope.kvw(["export", "--sync"]).run();
    output.expect(2);
    let none = scope.key("none/");
    let output = scope
        .kvw(["export", &none, "--to-dir", "x", "--non-empty"])
        .run();
    output.expect(1);
}
