//! Real directories: what matters is what the file system does. Unreadable ones are tried by the suite, as
//! a user who is not root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::read_directory;
use crate::model::{Desired, Glob};
use crate::sources::SourceOptions;

/// A directory of files.
fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    root
}

fn read_with(root: &Path, options: &SourceOptions) -> Result<Vec<String>, String> {
    let shown = |entry: Desired| {
        let value = entry.value.unwrap();
        let flags = entry
            .flags
            .map_or_else(String::new, |flags| format!(" flags {flags}"));
        format!("{}={}{flags}", entry.key, value.escape_ascii())
    };
    let read = read_directory(root, options);
    let root = format!("{}/", root.display());
    read.map(|entries| entries.into_iter().map(shown).collect())
        .map_err(|error| error.to_string().replace(&root, ""))
}

fn read(root: &TempDir) -> Result<Vec<String>, String> {
    read_with(root.path(), &SourceOptions::default())
}

#[test]
fn a_file_is_a_key_and_its_last_newline_no_part_of_the_value() {
    let root = directory(&[
        ("a/b", b"8080\n"),
        ("a/crlf", b"x\r\n"),
        ("a.yaml", b"x: 1\n\n"),
        ("binary", b"\xff\n"),
        ("empty", b""),
        ("large", &[b'x'; 600 * 1024]),
    ]);
    let mut entries = read(&root).unwrap();
    assert!(entries.pop().unwrap().len() > 600 * 1024);
    assert_eq!(
        entries,
        [
            "a.yaml=x: 1\\n",
            "a/b=8080",
            "a/crlf=x",
            "binary=\\xff\\n",
            "empty="
        ]
    );
    let options = SourceOptions {
        prefix: "p/".to_owned(),
        exact: true,
        ..SourceOptions::default()
    };
    assert_eq!(
        read_with(root.path(), &options).unwrap()[1],
        "p/a/b=8080\\n"
    );
}

#[test]
fn odd_names_are_names() {
    let root = directory(&[
        ("a b", b""),
        ("a%2Fb", b""),
        ("dot.", b""),
        ("ne\u{301}", b""),
        ("x\ty", b""),
        ("\\", b""),
    ]);
    let mut names = ["a b=", "a%2Fb=", "dot.=", "ne\u{301}=", "x\ty=", "\\="];
    names.sort_unstable();
    assert_eq!(read(&root).unwrap(), names);
}

#[test]
fn hidden_files_are_no_keys_unless_asked_for() {
    let root = directory(&[
        (".git/config", b""),
        (".hidden", b""),
        ("a/..x", b""),
        ("a/.git/x", b""),
        ("a/b", b""),
        (".dir/c", b""),
    ]);
    assert_eq!(read(&root).unwrap(), ["a/b="]);
    let options = SourceOptions {
        hidden: true,
        ..SourceOptions::default()
    };
    assert_eq!(
        read_with(root.path(), &options).unwrap(),
        [".dir/c=", ".hidden=", "a/..x=", "a/b="]
    );
}

#[test]
fn ignored_files_are_no_keys_and_are_not_even_looked_at() {
    let root = directory(&[
        (".kvwignore", b"# docs\n\n/*.md\nskip/\n**/tmp/**\r\n"),
        ("README.md", b""),
        ("a/README.md", b""),
        ("skip/b", b""),
        ("a/tmp/c", b""),
        ("d", b""),
    ]);
    symlink("/nowhere", root.path().join("x.md")).unwrap();
    assert_eq!(read(&root).unwrap(), ["a/README.md=", "d="]);
    fs::write(root.path().join(".kvwignore"), "ok\n[a\n").unwrap();
    let error = read(&root).unwrap_err();
    assert!(error.starts_with(".kvwignore:2: glob '[a'"), "{error}");
    fs::write(root.path().join(".kvwignore"), "!a\n").unwrap();
    let error = read(&root).unwrap_err();
    assert!(error.starts_with(".kvwignore:1: a line takes"), "{error}");
}

#[test]
fn a_mount_of_kubernetes_is_read_as_its_keys() {
    let root = directory(&[("..2026_01/key", b"v\n"), ("..2026_01/dir/x", b"w\n")]);
    symlink("..2026_01", root.path().join("..data")).unwrap();
    symlink("..data/key", root.path().join("key")).unwrap();
    symlink("..data/dir", root.path().join("dir")).unwrap();
    assert_eq!(read(&root).unwrap(), ["dir/x=w", "key=v"]);
}

#[test]
fn links_that_lead_out_or_nowhere_or_in_a_loop_are_refused() {
    let outside = directory(&[("x", b"")]);
    let outside_file = outside.path().join("x");
    for (target, words) in [
        (
            outside_file.as_path(),
            "a/link: the symbolic link leads out of the directory",
        ),
        (
            outside.path(),
            "a/link: the symbolic link leads out of the directory",
        ),
        (
            Path::new("../.."),
            "a/link: the symbolic link leads out of the directory",
        ),
        (
            Path::new("none"),
            "a/link: the symbolic link leads to nothing",
        ),
        (Path::new("link"), "a/link: a symbolic link makes a loop"),
        (Path::new("../a"), "a/link: a symbolic link makes a loop"),
        (Path::new(".."), "a/link: a symbolic link makes a loop"),
    ] {
        let root = directory(&[("a/b", b"")]);
        symlink(target, root.path().join("a/link")).unwrap();
        assert_eq!(read(&root).unwrap_err(), words, "{}", target.display());
    }
    // Two names of one directory are no loop, and the source itself may be a link.
    let root = directory(&[("a/b", b"")]);
    symlink("a", root.path().join("c")).unwrap();
    assert_eq!(read(&root).unwrap(), ["a/b=", "c/b="]);
    let link = outside.path().join("link");
    symlink(root.path(), &link).unwrap();
    assert_eq!(
        read_with(&link, &SourceOptions::default()).unwrap(),
        ["a/b=", "c/b="]
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let root = directory(&[("a/b", b"")]);
    let pipe = root.path().join("a/pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(read(&root).unwrap_err(), "a/pipe: a named pipe is no value");
    fs::remove_file(&pipe).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&pipe).unwrap();
    assert_eq!(read(&root).unwrap_err(), "a/pipe: a socket is no value");
}

#[test]
fn a_name_that_is_not_utf8_is_refused() {
    let root = directory(&[("a", b"")]);
    fs::write(root.path().join(OsStr::from_bytes(b"x\xff")), "").unwrap();
    let error = read(&root).unwrap_err();
    assert!(error.ends_with(": the name is not UTF-8"), "{error}");
}

#[test]
fn a_missing_directory_and_a_file_in_its_place_are_refused() {
    let root = directory(&[("a", b"")]);
    let missing = root.path().join("none");
    assert!(read_with(&missing, &SourceOptions::default()).is_err());
    assert!(read_with(&root.path().join("a"), &SourceOptions::default()).is_err());
}

#[test]
fn structured_files_become_subtrees_where_asked_for() {
    let root = directory(&[
        ("web/app.yaml", b"db: {host: h}\n"),
        ("web/app.txt", b"x"),
        ("prod.env", b"A=1\n"),
        ("raw.json", b"{}"),
    ]);
    let glob = |pattern| Glob::new(pattern).unwrap();
    let mut options = SourceOptions {
        expand: vec![glob("web/**"), glob("*.env")],
        ..SourceOptions::default()
    };
    assert_eq!(
        read_with(root.path(), &options).unwrap(),
        [
            "prod/A=1",
            "raw.json={}",
            "web/app.txt=x",
            "web/app/db/host=h"
        ]
    );
    options.expand = vec![glob("**")];
    options.strip_extension = true;
    assert_eq!(
        read_with(root.path(), &options).unwrap(),
        ["prod/A=1", "web/app=x", "web/app/db/host=h"]
    );
    fs::write(root.path().join("web/app.yaml"), "a: 1\nb: [\n").unwrap();
    let error = read_with(root.path(), &options).unwrap_err();
    assert!(error.starts_with("web/app.yaml:"), "{error}");
}

#[test]
fn two_files_of_one_key_are_refused_with_both_places() {
    let root = directory(&[("a.txt", b""), ("a.md", b"")]);
    let options = SourceOptions {
        strip_extension: true,
        ..SourceOptions::default()
    };
    let error = read_with(root.path(), &options).unwrap_err();
    let places = [
        "a.txt: key a is also in a.md",
        "a.md: key a is also in a.txt",
    ];
    assert!(places.contains(&&*error), "{error}");
}

#[test]
fn empty_directories_are_folder_keys_where_asked_for() {
    let root = directory(&[("a/b", b"")]);
    fs::create_dir_all(root.path().join("c/d")).unwrap();
    assert_eq!(read(&root).unwrap(), ["a/b="]);
    let options = SourceOptions {
        folders: true,
        ..SourceOptions::default()
    };
    assert_eq!(read_with(root.path(), &options).unwrap(), ["a/b=", "c/d/="]);
}

#[test]
fn entries_that_files_cannot_hold_win_over_files() {
    let lines = concat!(
        "{\"key\":\"\",\"value\":\"\",\"encoding\":\"utf8\",\"flags\":0}\n",
        "{\"key\":\"a\",\"value\":\"x\\r\",\"encoding\":\"utf8\",\"flags\":3}\n",
        "{\"key\":\"a//b\",\"value\":\"/w==\",\"encoding\":\"base64\",\"flags\":0}\n",
    );
    let root = directory(&[(".kvw.jsonl", lines.as_bytes()), ("a", b"file"), ("c", b"")]);
    let options = SourceOptions {
        prefix: "p/".to_owned(),
        ..SourceOptions::default()
    };
    assert_eq!(
        read_with(root.path(), &options).unwrap(),
        [
            "p/= flags 0",
            "p/a=x\\r flags 3",
            "p/a//b=\\xff flags 0",
            "p/c="
        ]
    );
    fs::write(root.path().join(".kvw.jsonl"), lines.repeat(2)).unwrap();
    let error = read_with(root.path(), &options).unwrap_err();
    assert!(error.contains("key p/ is also in"), "{error}");
}
