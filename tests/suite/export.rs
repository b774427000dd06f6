//! kvw export

use crate::harness::contract::Entry;
use crate::harness::{Agent, Faulty, Kvw, PATIENCE, Scope, not_tried};

/// A document's entries, of any of the shapes that are arrays.
fn document(text: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(text).unwrap()
}

fn filled() -> Scope {
    let scope = Agent::shared();
    scope.put("a", "text");
    scope.put("b/", "");
    scope.put("b/c?flags=18446744073709551615", b"\x00\xff");
    scope.put("%3Cd%3E%26%C3%BC", "<d>");
    scope
}

const ENTRY: &str =
    r#"{"Key":"a","Flags":0,"Value":null,"LockIndex":0,"CreateIndex":1,"ModifyIndex":1}"#;

#[test]
fn the_document_is_that_of_the_official_client() {
    let scope = filled();
    let prefix = scope.prefix();
    let entry = |key: &str, flags: u64, value: &str| {
        format!(
            "\t{{\n\t\t\"key\": \"{prefix}{key}\",\n\t\t\"flags\": {flags},\n\t\t\"value\": \"{value}\"\n\t}}"
        )
    };
    let entries = [
        entry("\\u003cd\\u003e\\u0026ü", 0, "PGQ+"),
        entry("a", 0, "dGV4dA=="),
        entry("b/", 0, ""),
        entry("b/c", u64::MAX, "AP8="),
    ];
    let text = scope.kvw(["export", prefix]).ok();
    assert_eq!(text, format!("[\n{}\n]\n", entries.join(",\n")));
    for format in ["text", "json"] {
        assert_eq!(scope.kvw(["export", prefix, "-o", format]).ok(), text);
    }
}

#[test]
fn it_equals_the_official_clients_byte_for_byte() {
    let Some(consul) = std::env::var_os("KVW_TEST_CONSUL") else {
        not_tried("KVW_TEST_CONSUL names no official client");
        return;
    };
    let scope = filled();
    let odd = "e\u{8}\u{c}\n\r\t\u{1}\u{7f}\u{2028}\"\\'🚀";
    scope.kvw(["put", "--exact-key", &scope.key(odd), "v"]).ok();
    let official = std::process::Command::new(consul)
        .args(["kv", "export", scope.prefix()])
        .env("CONSUL_HTTP_ADDR", scope.address())
        .output()
        .unwrap();
    assert!(official.status.success());
    let mut theirs = String::from_utf8(official.stdout).unwrap();
    if Agent::is_newer() {
        // Built with Go 1.22 or later it has short names for two characters.
        theirs = theirs.replace(r"e\b\f\n", r"e\u0008\u000c\n");
    }
    let ours = scope.kvw(["export", scope.prefix()]).run();
    assert_eq!(theirs, ours.expect(0).text());
}

#[test]
fn nothing_is_an_empty_array() {
    let scope = Agent::shared();
    assert_eq!(scope.kvw(["export", &scope.key("none/")]).ok(), "[]\n");
    let text = scope
        .kvw(["export", &scope.key("none/"), "-o", "jsonl"])
        .ok();
    assert_eq!(text, "");
}

#[test]
fn other_shapes_have_all_fields() {
    let scope = filled();
    let text = scope.kvw(["export", scope.prefix(), "-o", "jsonl"]).ok();
    let entries: Vec<Entry> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[3].bytes(), b"\x00\xff");
    let text = scope.kvw(["export", scope.prefix(), "-o", "consul"]).ok();
    let answer = scope.http("GET", &format!("/v1/kv/{}?recurse", scope.prefix()), b"");
    assert_eq!(text.trim_end().as_bytes(), answer.body());
}

/// A folder with an old document in `file`.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "old").unwrap();
    (folder, file.to_str().unwrap().to_owned())
}

#[track_caller]
fn is_untouched((folder, file): &(tempfile::TempDir, String)) {
    assert_eq!(std::fs::read_to_string(file).unwrap(), "old");
    let names = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(names.count(), 1, "something was left behind");
}

#[test]
fn a_file_is_replaced_when_the_document_is_complete() {
    use std::os::unix::fs::PermissionsExt;
    let scope = filled();
    let (folder, file) = folder();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("file", &link).unwrap();
    let output = scope
        .kvw(["export", scope.prefix(), "--output-file"])
        .args([&link])
        .run();
    assert_eq!(output.expect(0).text(), "");
    output.says(&[&format!("exported 4 keys to {}", link.display())]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(document(&text).len(), 4);
    assert!(link.is_symlink());
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o640);
    let new = format!("{file}-new");
    scope
        .kvw(["export", scope.prefix(), "--output-file", &new])
        .ok();
    assert_eq!(mode(&new), 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn an_export_that_breaks_off_is_trouble_and_leaves_the_old_file() {
    let broken = || {
        let json = format!("[{ENTRY},{ENTRY}]");
        let kept = ENTRY.len() + 10;
        Faulty::script()
            .on("GET /v1/kv/?recurse")
            .cuts(7, &json, kept)
            .start()
    };
    let server = broken();
    let output = Kvw::at(server.address()).args(["export"]).run();
    output.expect(3).one_line();
    assert!(serde_json::from_str::<serde_json::Value>(&output.text()).is_err());
    let (server, old) = (broken(), folder());
    let output = Kvw::at(server.address())
        .args(["export", "--output-file", &old.1])
        .run();
    output.expect(3).one_line();
    is_untouched(&old);
}

#[test]
fn a_signal_leaves_the_old_file_and_no_other() {
    let server = Faulty::script().on("GET /v1/kv/?recurse").stalls().start();
    let old = folder();
    let args = ["export", "--output-file", &old.1];
    let running = Kvw::at(server.address()).args(args).spawn();
    server.wait_until_played();
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
    is_untouched(&old);
}

#[test]
fn what_acls_cut_down_is_printed_and_exits_four_unless_allowed() {
    let json = format!("[{ENTRY}]");
    let length = json.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nX-Consul-Results-Filtered-By-ACLs: true\r\n\
         Content-Length: {length}\r\n\r\n{json}"
    );
    let server = || {
        Faulty::script()
            .on("GET /v1/kv/?recurse")
            .writes(answer.clone())
            .start()
    };
    let first = server();
    let output = Kvw::at(first.address()).args(["export"]).run();
    output
        .expect(4)
        .one_line()
        .says(&["the export is filtered by ACLs", "--allow-filtered"]);
    assert_eq!(document(&output.text()).len(), 1);
    let second = server();
    let args = ["export", "--allow-filtered"];
    assert_eq!(
        document(&Kvw::at(second.address()).args(args).ok()).len(),
        1
    );
    let third = server();
    let old = folder();
    let output = Kvw::at(third.address())
        .args(["export", "--output-file", &old.1])
        .run();
    output
        .expect(4)
        .one_line()
        .says(&["not replacing ", &old.1]);
    is_untouched(&old);
}

#[test]
fn what_cannot_be_replaced_is_wrong_usage() {
    for (doing, file, words) in [
        ("writing", "none/file", "No such file or directory"),
        ("replacing", ".", "not a regular file"),
    ] {
        let output = Kvw::at("127.0.0.1:1")
            .args(["export", "--output-file", file])
            .run();
        output.expect(2).one_line().says(&[doing, file, words]);
    }
}

#[test]
fn streams_are_written_to_and_never_replaced() {
    let scope = filled();
    let document = scope.kvw(["export", scope.prefix()]).ok();
    for path in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let args = ["export", scope.prefix(), "--output-file", path];
        let output = scope.kvw(args).run();
        assert_eq!(output.expect(0).text(), document, "{path}");
        let output = scope.kvw(args).under(["sh", "-c", LOGGED]).run();
        let text = format!("before\n{document}after\n");
        assert_eq!(output.expect(0).text(), text, "{path}");
    }
    let args = ["export", scope.prefix(), "--output-file", "/dev/fd/7"];
    let logged = LOGGED.replace("\"$@\"", "\"$@\" 7>&1");
    let output = scope.kvw(args).under(["sh", "-c", &logged]).run();
    assert_eq!(
        output.expect(0).text(),
        format!("before\n{document}after\n")
    );
    let args = ["export", scope.prefix(), "--output-file", "/dev/null"];
    scope.kvw(args).ok();
    let args = ["export", scope.prefix(), "--output-file", "pipe"];
    let piped =
        "mkfifo pipe; cat pipe & \"$0\" \"$@\"; status=$?; wait; test -p pipe; exit $status";
    let output = scope.kvw(args).under(["sh", "-c", piped]).run();
    assert_eq!(output.expect(0).text(), document);
    let args = ["export", scope.prefix(), "--output-file", "/dev/full"];
    let output = scope.kvw(args).run();
    output.expect(3).one_line().says(&["writing /dev/full: "]);
    let args = ["export", scope.prefix(), "--output-file", "/dev/fd/99"];
    scope
        .kvw(args)
        .run()
        .expect(2)
        .one_line()
        .says(&["/dev/fd/99"]);
}

/// Runs the command between two lines of a log.
const LOGGED: &str = r#"{ echo before; "$0" "$@"; echo after; } >log; cat log"#;

#[test]
fn an_empty_export_can_be_a_failure() {
    let scope = filled();
    let none = scope.key("none/");
    let output = scope.kvw(["export", &none, "--non-empty"]).run();
    output
        .expect(1)
        .one_line()
        .says(&["no key starts with ", &none]);
    assert_eq!(output.text(), "");
    let old = folder();
    let args = ["export", &none, "--non-empty", "--output-file", &old.1];
    let output = scope.kvw(args).run();
    output
        .expect(1)
        .one_line()
        .says(&["not replacing ", &old.1, &none]);
    is_untouched(&old);
    scope.kvw(["export", scope.prefix(), "--non-empty"]).ok();
    let args = ["export", &none, "--output-file", &old.1];
    scope
        .kvw(args)
        .run()
        .expect(0)
        .says(&["exported 0 keys to "]);
}

#[test]
fn a_failed_export_to_a_new_file_replaces_nothing_and_does_not_say_so() {
    let scope = filled();
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let none = scope.key("none/");
    let args = ["export", &none, "--non-empty", "--output-file"];
    let output = scope.kvw(args).args([&new]).run();
    output.expect(1).one_line();
    assert_eq!(output.stderr, format!("error: no key starts with {none}\n"));
    assert!(!new.exists());
}

#[test]
fn an_empty_export_of_what_looks_like_a_glob_is_warned_of() {
    let scope = filled();
    let glob = scope.key("*");
    let hint = format!(
        "hint: a prefix is not a glob: export {} prints what is below\n",
        scope.prefix()
    );
    let output = scope.kvw(["export", &glob]).run();
    output.expect(0);
    assert_eq!(document(&output.text()).len(), 0);
    let warning = format!("warning: no key starts with {glob}\n{hint}");
    assert_eq!(output.stderr, warning);
    let output = scope.kvw(["export", &glob, "--non-empty"]).run();
    output.expect(1).one_line().says(&[&hint]);
}

#[test]
fn yaml_and_properties_are_read_back_as_they_were() {
    let scope = Agent::shared();
    for (key, value) in [
        ("web/port", &b"8080"[..]),
        ("web", b"1.10"),
        ("web/motd", b"hello\n  world\n"),
        ("web/on", b"no"),
        ("folder/", b""),
        ("%C3%BC%20b", "ü\t".as_bytes()),
    ] {
        scope.put(key, value);
    }
    let prefix = scope.prefix();
    let exported = |format: &str| {
        scope
            .kvw(["export", prefix, "--relative", "-o", format])
            .run()
    };
    let output = exported("yaml");
    let expected = "web: \"1.10\"\nweb/motd: |\n  hello\n    world\nweb/on: \"no\"\nweb/port: 8080\n\
        \"ü b\": \"ü\\t\"\n";
    assert_eq!(output.expect(0).text(), expected);
    output.says(&["1 empty folder key left out"]);
    for format in ["yaml", "properties"] {
        let text = exported(format).text();
        let args = [
            "diff", "-", "--format", format, "--prune", "--prefix", prefix,
        ];
        let output = scope.kvw(args).stdin(text).run();
        assert_eq!(output.expect(0).text(), "", "{output}");
        // Whole names are those of the whole store.
        let text = scope.kvw(["export", prefix, "-o", format]).ok();
        let args = ["diff", "-", "--format", format, "--all"];
        let output = scope.kvw(args).stdin(text).run();
        assert_eq!(output.expect(0).text(), "", "{output}");
    }
    scope.put("binary", b"\xff");
    let text = exported("yaml").text();
    assert!(text.starts_with("binary: !!binary /w==\n"), "{text}");
    let output = exported("properties");
    output
        .expect(2)
        .one_line()
        .says(&["binary", "not UTF-8", "--to-dir"]);
    scope.put("flagged?flags=1", b"");
    let output = exported("yaml");
    output
        .expect(2)
        .one_line()
        .says(&["flagged", "it has flags"]);
    assert_eq!(output.text(), "");
    let output = scope.kvw(["export", "--relative"]).run();
    output.expect(2).one_line().says(&["--relative"]);
}
