//! kvw get

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::harness::contract::{Entry, parse_document};
use crate::harness::{Agent, Faulty, Kvw};

/// Every byte there is.
fn all_bytes() -> Vec<u8> {
    (0..=255).collect()
}

#[test]
fn a_value_goes_to_a_pipe_byte_for_byte() {
    let scope = Agent::shared();
    scope.put("k", all_bytes());
    for format in ["text", "raw"] {
        let output = scope.kvw(["get", &scope.key("k"), "-o", format]).run();
        output.expect(0);
        assert_eq!(output.stdout, all_bytes());
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn an_empty_value_prints_nothing() {
    let scope = Agent::shared();
    scope.put("k", "");
    assert_eq!(scope.kvw(["get", &scope.key("k")]).ok(), "");
}

#[test]
fn newline_ends_each_value_with_one_newline_where_it_has_none() {
    let scope = Agent::shared();
    for (value, expected) in [
        ("one", "one\n"),
        ("two\nlines", "two\nlines\n"),
        ("line\n", "line\n"),
        ("\n", "\n"),
        ("two\n\n", "two\n\n"),
        ("", "\n"),
    ] {
        scope.put("f/k", value);
        let key = scope.key("f/k");
        for format in ["text", "raw"] {
            let args = ["get", "--newline", &key, "-o", format];
            assert_eq!(scope.kvw(args).ok(), expected, "{value:?}");
        }
        assert_eq!(scope.kvw(["get", &key]).ok(), value);
        // Each line of a list ends in one newline, and so do several keys.
        let line = format!("{key}:{expected}");
        let args = ["get", "-n", "--recurse", &scope.key("f/")];
        assert_eq!(scope.kvw(args).ok(), line);
        let args = ["get", "-n", &key, &key];
        assert_eq!(scope.kvw(args).ok(), format!("{line}{line}"));
        let detailed = scope.kvw(["get", "-n", "--detailed", &key]).ok();
        assert!(detailed.ends_with(&format!("Value            {expected}")));
    }
    let none = scope.key("none");
    assert_eq!(
        scope.kvw(["get", "-n", &none, "--default", "d"]).ok(),
        "d\n"
    );
    scope.put("b", "x\n");
    let args = ["get", "-n", "--base64", &scope.key("b")];
    assert_eq!(scope.kvw(args).ok(), "eAo=\n");
    // JSON has lines of its own, and the value stays what it is.
    let json = scope.kvw(["get", "-n", &scope.key("b"), "-o", "json"]).ok();
    assert_eq!(parse_document::<Entry>(&json).bytes(), b"x\n");
    Kvw::at("127.0.0.1:1")
        .args(["get", "-n", "--keys"])
        .run()
        .expect(2);
}

#[test]
fn relative_names_leave_out_the_prefix() {
    let scope = Agent::shared();
    for name in ["r/", "r/a", "r/b/c", "r2"] {
        scope.put(name, "v");
    }
    let folder = scope.key("r/");
    let get = |args: &[&str]| scope.kvw(["get", "--relative"]).args(args).ok();
    assert_eq!(get(&["--recurse", &folder]), ":v\na:v\nb/c:v\n");
    assert_eq!(get(&["--keys", &folder]), "\na\nb/\n");
    assert_eq!(get(&["--keys", "--recurse", &folder]), "\na\nb/c\n");
    // The prefix as it was given, folder or not.
    let keys = get(&["--keys", "--recurse", &scope.key("r")]);
    assert_eq!(keys, "/\n/a\n/b/c\n2\n");
    let entries: Vec<Entry> = parse_document(&get(&["--recurse", &folder, "-o", "json"]));
    let names: Vec<_> = entries.iter().map(|entry| &*entry.key).collect();
    assert_eq!(names, ["", "a", "b/c"]);
    assert!(get(&["--recurse", &folder, "-o", "consul"]).contains(r#""Key":"b/c""#));
    assert!(get(&["--recurse", "--detailed", &folder]).contains("Key              b/c\n"));
    Kvw::at("127.0.0.1:1")
        .args(["get", "a", "--relative"])
        .run()
        .expect(2)
        .one_line()
        .says(&["--relative requires --recurse or --keys"]);
}

#[test]
fn a_missing_key_exits_one_and_prints_its_name_on_stderr() {
    let scope = Agent::shared();
    let key = scope.key("none");
    for format in ["text", "json", "jsonl", "raw", "consul"] {
        let output = scope.kvw(["get", &key, "-o", format]).run();
        output.expect(1).one_line().says(&[&key]);
        assert_eq!(output.text(), "");
    }
}

#[test]
fn a_missing_key_that_looks_like_a_glob_is_called_none() {
    let scope = Agent::shared();
    let folder = scope.key("f/");
    let output = scope.kvw(["get", &format!("{folder}*")]).run();
    let hint = format!("hint: a key is not a glob: get --recurse {folder} prints what is below");
    output.expect(1).one_line().says(&[&hint]);
    scope.put("f/*", "v");
    assert_eq!(scope.kvw(["get", &scope.key("f/*")]).ok(), "v");
}

#[test]
fn an_empty_listing_of_what_looks_like_a_glob_is_warned_of() {
    let scope = Agent::shared();
    let (folder, glob) = (scope.key("f/"), scope.key("f/*"));
    for flag in ["--recurse", "--keys"] {
        let output = scope.kvw(["get", flag, &glob]).run();
        output.expect(0);
        assert_eq!(output.text(), "");
        let expected = format!(
            "warning: no key starts with {glob}\n\
             hint: a prefix is not a glob: get {flag} {folder} prints what is below\n"
        );
        assert_eq!(output.stderr, expected);
    }
    let output = scope.kvw(["get", "--recurse", &folder]).run();
    output.expect(0);
    assert_eq!(output.stderr, format!("no keys below {folder}\n"));
    scope.put("f/*", "v");
    let output = scope.kvw(["get", "--recurse", &glob]).run();
    output.expect(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_default_stands_in_for_a_missing_key_only() {
    let scope = Agent::shared();
    scope.put("k", "there");
    assert_eq!(
        scope.kvw(["get", &scope.key("k"), "--default", "d"]).ok(),
        "there"
    );
    assert_eq!(
        scope.kvw(["get", &scope.key("x"), "--default", "d"]).ok(),
        "d"
    );
    let args = ["get", &scope.key("x"), "--default", "", "-o", "json"];
    let entry: Entry = parse_document(&scope.kvw(args).ok());
    assert_eq!((entry.value.as_deref(), entry.modify_index), (Some(""), 0));
}

#[test]
fn several_keys_are_lines_in_the_order_asked_for() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b", all_bytes());
    let (a, b) = (scope.key("a"), scope.key("b"));
    let output = scope.kvw(["get", &b, &a, &a]).run();
    output.expect(0);
    let mut expected = format!("{b}:").into_bytes();
    expected.extend(all_bytes());
    expected.extend(format!("\n{a}:1\n{a}:1\n").into_bytes());
    assert_eq!(output.stdout, expected);
}

#[test]
fn a_missing_key_among_several_is_named_and_the_others_are_printed() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("c", "3");
    let (a, b, c) = (scope.key("a"), scope.key("b"), scope.key("c"));
    let output = scope.kvw(["get", &a, &b, &c]).run();
    output.expect(1).one_line().says(&[&b]);
    assert_eq!(output.text(), format!("{a}:1\n{c}:3\n"));
    let text = scope.kvw(["get", &a, &b, "--default", "d"]).ok();
    assert_eq!(text, format!("{a}:1\n{b}:d\n"));
    let output = scope.kvw(["get", &b, &scope.key("d")]).run();
    output.expect(1).says(&[&b, &scope.key("d")]);
}

#[test]
fn more_keys_than_the_server_reads_at_once_are_refused_with_its_words() {
    let scope = Agent::shared();
    let keys: Vec<_> = (0..129)
        .map(|number| scope.key(&number.to_string()))
        .collect();
    let output = scope.kvw(["get"]).args(keys).run();
    output.expect(2).one_line().says(&["too many operations"]);
}

#[test]
fn a_listing_is_lines_by_key() {
    let scope = Agent::shared();
    for name in ["b", "a", "a/x", "B"] {
        scope.put(name, name);
    }
    let prefix = scope.prefix();
    let text = scope.kvw(["get", "--recurse", prefix]).ok();
    let expected = ["B", "a", "a/x", "b"].map(|name| format!("{prefix}{name}:{name}\n"));
    assert_eq!(text, expected.concat());
}

#[test]
fn names_are_cut_behind_the_separator_unless_all_are_asked_for() {
    let scope = Agent::shared();
    for name in ["a", "f/x", "f/y", "f-1"] {
        scope.put(name, "");
    }
    let prefix = scope.prefix();
    let names = |args: &[&str]| {
        let text = scope.kvw(["get", "--keys", prefix]).args(args).ok();
        text.replace(prefix, "")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["a", "f-1", "f/"]);
    assert_eq!(names(&["--separator", "-"]), ["a", "f-", "f/x", "f/y"]);
    assert_eq!(names(&["--separator", ""]), ["a", "f-1", "f/x", "f/y"]);
    assert_eq!(names(&["--recurse"]), ["a", "f-1", "f/x", "f/y"]);
}

#[test]
fn all_fields_stand_in_consuls_columns() {
    let scope = Agent::shared();
    scope.put("k?flags=7", "v");
    let entry = scope.entry("k").unwrap();
    let (key, index) = (scope.key("k"), &entry["ModifyIndex"]);
    let expected = format!(
        "CreateIndex      {index}\nFlags            7\nKey              {key}\nLockIndex        0\n\
         ModifyIndex      {index}\nSession          -\nValue            v\n"
    );
    assert_eq!(scope.kvw(["get", "--detailed", &key]).ok(), expected);
    scope.put("l", "");
    let text = scope
        .kvw(["get", "--detailed", "--recurse", scope.prefix()])
        .ok();
    assert!(
        text.starts_with(&format!("{expected}\nCreateIndex")),
        "{text}"
    );
}

#[test]
fn base64_is_a_line_and_an_encoding() {
    let scope = Agent::shared();
    scope.put("k", "text");
    let key = scope.key("k");
    assert_eq!(scope.kvw(["get", "--base64", &key]).ok(), "dGV4dA==\n");
    let text = scope
        .kvw(["get", "--base64", "--recurse", scope.prefix()])
        .ok();
    assert_eq!(text, format!("{key}:dGV4dA==\n"));
    let entry: Entry = parse_document(&scope.kvw(["get", "--base64", &key, "-o", "json"]).ok());
    assert_eq!(entry.encoding.as_deref(), Some("base64"));
}

#[test]
fn consuls_own_json_is_what_the_api_answers() {
    let scope = Agent::shared();
    scope.put("a%3Cb%3E%26", "<&>");
    scope.put("b?flags=18446744073709551615", "");
    let prefix = scope.prefix();
    let answer = scope.http("GET", &format!("/v1/kv/{prefix}?recurse"), b"");
    let output = scope
        .kvw(["get", "--recurse", prefix, "-o", "consul"])
        .run();
    output.expect(0);
    let answer = String::from_utf8(answer.into_body()).unwrap();
    assert_eq!(output.text(), format!("{answer}\n"));
    let one = scope.kvw(["get", &scope.key("b"), "-o", "consul"]).ok();
    assert!(one.starts_with("[{") && one.ends_with("}]\n"), "{one}");
}

#[test]
fn keys_that_others_cannot_reach_are_refused_unless_they_are_meant() {
    let scope = Agent::shared();
    for (name, obstacle) in [
        ("a//b", "'//'"),
        ("./a", "'.' or '..'"),
        ("a/../b", "'.' or '..'"),
        ("tab\there", "unprintable"),
        ("bell\u{7}", "unprintable"),
    ] {
        let key = scope.key(name);
        let output = scope.kvw(["get", &key]).run();
        output
            .expect(2)
            .one_line()
            .says(&[obstacle, "did you mean '", "--exact-key"]);
        scope.kvw(["put", "--exact-key", &key, name]).ok();
        assert_eq!(scope.kvw(["get", "--exact-key", &key]).ok(), name);
        let text = scope.kvw(["get", "--recurse", scope.prefix()]).ok();
        assert_eq!(text, format!("{key}:{name}\n"));
        scope.kvw(["delete", "--exact-key", &key]).ok();
        scope.kvw(["get", "--exact-key", &key]).run().expect(1);
    }
    let output = Kvw::bare().args(["get", "/a"]).run();
    output
        .expect(2)
        .says(&["starts with '/'", "did you mean 'a'?"]);
}

#[test]
fn keys_that_need_escaping_in_a_url_arrive_as_they_are() {
    let scope = Agent::shared();
    for name in [
        "a b", "ключ", "🚀", "q?x=1", "h#f", "100%", "a%2Fb", "pl+us", "e\u{301}", "\"'\\",
    ] {
        let key = scope.key(name);
        scope.kvw(["put", &key, name]).ok();
        assert_eq!(scope.kvw(["get", &key]).ok(), name);
        let names = scope.kvw(["get", "--keys", scope.prefix()]).ok();
        assert_eq!(names, format!("{key}\n"));
        scope.kvw(["delete", &key]).ok();
    }
}

#[test]
fn a_terminal_sees_what_is_stored_and_is_not_driven_by_it() {
    let scope = Agent::shared();
    scope.put("k", "\x1b[2J\x07\u{202e}real\rfake\ttab\nline");
    let (key, prefix) = (scope.key("k"), scope.prefix());
    let shown = "\\x1b[2J\\x07\\u{202e}real\\x0dfake\ttab\r\nline\r\n";
    assert_eq!(scope.kvw(["get", &key]).on_terminal().run().text(), shown);
    let bad = format!("{prefix}\x1bc");
    scope.kvw(["put", "--exact-key", &bad, "v"]).ok();
    let text = scope
        .kvw(["get", "--recurse", prefix])
        .on_terminal()
        .run()
        .text();
    // The colour of keys is kvw's own.
    let colored = |key: &str| format!("\x1b[36m{key}\x1b[0m");
    let (bad, good) = (colored(&format!("{prefix}\\x1bc")), colored(&key));
    assert_eq!(text, format!("{bad}:v\r\n{good}:{shown}"));
    let text = scope
        .kvw(["get", "--keys", prefix])
        .on_terminal()
        .run()
        .text();
    assert_eq!(text, format!("{prefix}\\x1bc\r\n{key}\r\n"));
    let refused = scope.kvw(["get", "-o", "raw", &key]).on_terminal().run();
    let said = refused.expect(2).text();
    assert!(
        said.contains("--force prints them") && !said.contains("\x1b[2J"),
        "{said:?}"
    );
    let raw = scope
        .kvw(["get", "-o", "raw", "--force", &key])
        .on_terminal()
        .run();
    assert!(raw.stdout.starts_with(b"\x1b[2J"), "{raw}");
}

#[test]
fn a_terminal_gets_one_newline_where_the_value_has_none() {
    let scope = Agent::shared();
    for (value, shown) in [("v", "v\r\n"), ("v\n", "v\r\n"), ("", "\r\n")] {
        scope.put("k", value);
        let text = scope
            .kvw(["get", &scope.key("k")])
            .on_terminal()
            .run()
            .text();
        assert_eq!(text, shown, "{value:?}");
    }
}

#[test]
fn a_closed_pipe_ends_it_by_sigpipe_without_a_word() {
    let scope = Agent::shared();
    for number in 0..8 {
        scope.put(&number.to_string(), vec![b'x'; 100_000]);
    }
    let script = r#"{ "$KVW" get --recurse "$1"; echo "code $?" >&2; } | head -c 1"#;
    let output = Command::new("bash")
        .args(["-c", script, "bash", scope.prefix()])
        .env("KVW", assert_cmd::cargo::cargo_bin!("kvw"))
        .env("CONSUL_HTTP_ADDR", scope.address())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "code 141\n");
}

#[test]
fn a_full_disk_is_trouble() {
    let scope = Agent::shared();
    scope.put("k", "v");
    let output = Command::new(assert_cmd::cargo::cargo_bin!("kvw"))
        .args(["get", &scope.key("k")])
        .env("CONSUL_HTTP_ADDR", scope.address())
        .stdout(std::fs::File::create("/dev/full").unwrap())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.starts_with("error: writing to stdout: "), "{stderr}");
}

#[test]
fn the_first_entry_is_printed_before_the_last_byte_has_come() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let mut kvw = Command::new(assert_cmd::cargo::cargo_bin!("kvw"))
        .args(["get", "--recurse", "a"])
        .env_clear()
        .env("CONSUL_HTTP_ADDR", address)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(kvw.stdout.take().unwrap());
    let (mut connection, _) = server.accept().unwrap();
    let mut request = [0; 4096];
    assert!(connection.read(&mut request).unwrap() > 0);
    let entry = |key: &str| {
        format!(
            r#"{{"Key":"{key}","Flags":0,"Value":null,"LockIndex":0,"CreateIndex":1,"ModifyIndex":1}}"#
        )
    };
    let chunk = |text: String| format!("{:x}\r\n{text}\r\n", text.len());
    let head = "HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut send = |text: String| connection.write_all(text.as_bytes()).unwrap();
    send(format!("{head}{}", chunk(format!("[{},", entry("a")))));
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "a:\n");
    send(chunk(format!("{}]", entry("ab"))));
    send("0\r\n\r\n".to_owned());
    line.clear();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "ab:\n");
    assert!(kvw.wait().unwrap().success());
}

#[test]
fn a_listing_that_breaks_off_does_not_look_whole() {
    let json =
        r#"[{"Key":"a","Flags":0,"Value":null,"LockIndex":0,"CreateIndex":1,"ModifyIndex":1},"#;
    let server = Faulty::script()
        .on("GET /v1/kv/a?recurse")
        .cuts(7, &format!("{json}{json}"), json.len())
        .start();
    let args = ["get", "--recurse", "a", "-o", "json"];
    let output = Kvw::at(server.address()).args(args).run();
    output.expect(3).one_line();
    assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_err());
}

#[test]
fn a_listing_that_acls_cut_down_is_printed_with_a_warning() {
    let json = r#"["a","b"]"#;
    let length = json.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nX-Consul-Results-Filtered-By-ACLs: true\r\n\
         Content-Length: {length}\r\n\r\n{json}"
    );
    let server = Faulty::script()
        .on("GET /v1/kv/?keys")
        .writes(answer)
        .start();
    let output = Kvw::at(server.address()).args(["get", "--keys"]).run();
    output
        .expect(0)
        .says(&["warning: ", "the list is filtered by ACLs"]);
    assert_eq!(output.text(), "a\nb\n");
}

#[test]
fn wrong_usage_is_reported_before_any_request() {
    for (args, words) in [
        (&["get"][..], "<KEY>"),
        (&["get", "--recurse", "a", "b"], "a single prefix"),
        (&["get", "--recurse", "a", "-o", "raw"], "a single key"),
        (&["get", "a", "b", "-o", "raw"], "a single key"),
        (&["get", ""], "empty"),
        (&["get", "a", "-o", "yaml"], "yaml"),
        (&["get", "--recurse", "/"], "did you mean ''?"),
    ] {
        let output = Kvw::at("127.0.0.1:1").args(args).run();
        output.expect(2).says(&[words]);
        assert_eq!(output.text(), "");
    }
}

#[test]
fn an_argument_that_is_not_utf8_is_wrong_usage() {
    use std::os::unix::ffi::OsStrExt;
    let bad = std::ffi::OsStr::from_bytes(b"k\xff");
    let output = Kvw::at("127.0.0.1:1").args(["get".as_ref(), bad]).run();
    output.expect(2).says(&["UTF-8"]);
}

#[test]
fn flags_may_stand_behind_the_key() {
    let scope = Agent::shared();
    scope.put("k", "v");
    let key = scope.key("k");
    let before = scope.kvw(["get", "-o", "json", &key]).ok();
    assert_eq!(scope.kvw(["get", &key, "-o", "json"]).ok(), before);
    assert_eq!(scope.kvw(["-q", "get", &key, "--stale"]).ok(), "v");
}

#[test]
fn names_and_values_can_end_in_a_nul() {
    let scope = Agent::shared();
    scope.put("a/x", "1\n2");
    scope.put("a/y", "");
    let (folder, x, y) = (scope.key("a/"), scope.key("a/x"), scope.key("a/y"));
    let get = |args: &[&str]| scope.kvw(["get"]).args(args).ok();
    assert_eq!(get(&["-r", "-0", &folder]), format!("{x}\01\n2\0{y}\0\0"));
    assert_eq!(get(&["--keys", "--null", &folder]), format!("{x}\0{y}\0"));
    assert_eq!(get(&["-0", &x]), "1\n2\0");
    assert_eq!(get(&["-0", &y, &x]), format!("{y}\0\0{x}\01\n2\0"));
    assert_eq!(scope.kvw(["ls", "-0", &folder]).ok(), format!("{x}\0{y}\0"));
    scope.put("a/z", b"a\0b");
    for args in [
        &["get", "-0", "-r", &folder][..],
        &["get", "-0", &scope.key("a/z")],
    ] {
        let output = scope.kvw([]).args(args).run();
        output.expect(2).says(&["holds a NUL", "--base64"]);
    }
    let coded = get(&["-0", "--base64", &scope.key("a/z")]);
    assert_eq!(coded, "YQBi\0");
    for args in [
        &["get", "-0", &x, "-o", "json"][..],
        &["ls", "-0", &folder, "-o", "jsonl"],
    ] {
        scope.kvw([]).args(args).run().expect(2).says(&["-0 ends"]);
    }
}

#[test]
fn exists_answers_by_its_exit_alone() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b", "");
    let (a, b, c) = (scope.key("a"), scope.key("b"), scope.key("c"));
    for (keys, code) in [
        (&[&a][..], 0),
        (&[&a, &b], 0),
        (&[&c], 1),
        (&[&a, &c, &b], 1),
    ] {
        let output = scope.kvw(["get", "--exists"]).args(keys).run();
        assert!(
            output.stdout.is_empty() && output.stderr.is_empty(),
            "{output}"
        );
        output.expect(code);
    }
}
