//! What attackers and accidents send: answers cut at any byte, JSON of any shape, framings that are
//! none, state files with flipped bits, command lines of random words. Whatever comes, kvw neither panics
//! nor reports a success that was none.
//!
//! `KVW_ATTACK=50 cargo test --release --test suite attack -- --nocapture` tries fifty times as much and
//! prints the figures. The seed of a run is printed; `KVW_ATTACK_SEED` repeats it.

use std::env;
use std::fs;
use std::io::Write as _;

use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::{
    Agent, Authority, Break, Ending, Faulty, Kvw, Output, Parrot, Presents, Proxy, TlsFront,
    Transport,
};

/// The times by which each round is longer.
fn rounds(usual: usize) -> usize {
    let times = env::var("KVW_ATTACK").map_or(1, |times| times.parse().unwrap());
    usual * times
}

fn random(what: &str) -> Rng {
    let seed = env::var("KVW_ATTACK_SEED")
        .map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("{what}: KVW_ATTACK_SEED={seed}");
    Rng::with_seed(seed)
}

/// Fails for a death that kvw does not choose: a panic aborts.
#[track_caller]
fn survives(output: &Output) {
    assert_eq!(output.signal, None, "{output}");
    assert!(!output.stderr.contains("panicked"), "{output}");
    assert!(output.code <= 5 || output.code == 124, "{output}");
}

const ENTRY: &str =
    r#"{"LockIndex":0,"Key":"a","Flags":0,"Value":"djE=","CreateIndex":5,"ModifyIndex":5}"#;

/// Each verb, the body that it takes for a good answer, and its exit code for none.
fn verbs() -> Vec<(&'static [&'static str], String, i32)> {
    let list = format!("[{ENTRY}]");
    let applied = format!(r#"{{"Results":[{{"KV":{ENTRY}}}],"Errors":null}}"#);
    vec![
        (&["get", "a"], list.clone(), 3),
        (&["get", "--recurse", "a"], list.clone(), 3),
        (&["get", "--keys", "a"], r#"["a","ab"]"#.to_owned(), 3),
        (&["export", "a"], list.clone(), 3),
        (&["export", "a", "-o", "jsonl"], list.clone(), 3),
        (&["tree", "a/"], r#"["a/b","a/c"]"#.to_owned(), 3),
        (&["txn", "get a"], applied.clone(), 3),
        (&["txn", "set a v1"], applied.clone(), 5),
        (&["put", "--create", "a", "v1"], "true".to_owned(), 5),
        (
            &["delete", "--cas", "--modify-index", "5", "a"],
            applied.clone(),
            5,
        ),
    ]
}

/// How a client finds the end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunks,
    /// It ends where the connection does.
    Close,
}

fn response(body: &str, framing: Framing) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\n";
    let length = body.len();
    match framing {
        Framing::Length => format!("{head}Content-Length: {length}\r\n\r\n{body}"),
        Framing::Chunks => {
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
        }
        Framing::Close => format!("{head}Connection: close\r\n\r\n{body}"),
    }
    .into_bytes()
}

#[test]
fn an_answer_that_is_cut_anywhere_is_never_a_success() {
    let mut random = random("cuts");
    let mut cuts = 0;
    for server in Parrot::on_each_transport() {
        let endings = match server.transport {
            Transport::Plain => &[Ending::Closes, Ending::Resets][..],
            Transport::Tls => &[
                Ending::Closes,
                Ending::Breaks,
                Ending::Resets,
                Ending::Alerts,
                Ending::Garbles,
            ],
        };
        for (args, body, none) in verbs() {
            for framing in [Framing::Length, Framing::Chunks, Framing::Close] {
                let whole = response(&body, framing);
                let output = server.run(args, &whole);
                assert_eq!(output.code, 0, "{output}");
                for _ in 0..rounds(6) {
                    let kept = random.usize(..whole.len());
                    // What ends a chunked answer may be cut once all of it is there.
                    if framing == Framing::Chunks && whole.len() - kept <= "0\r\n\r\n".len() {
                        continue;
                    }
                    let ending = endings[random.usize(..endings.len())];
                    server.ends(&whole[..kept], ending);
                    let output = server.run_again(args);
                    survives(&output);
                    let shown = format!("{:?} {framing:?} {ending:?}", server.transport);
                    let length = whole.len();
                    assert_eq!(output.code, none, "{shown}, {kept} of {length}: {output}");
                    cuts += 1;
                }
            }
        }
    }
    println!("{cuts} answers cut, 0 taken for whole");
}

#[test]
fn an_answer_whose_end_may_have_been_cut_off_is_not_taken_for_whole() {
    let server = Parrot::new(Transport::Tls);
    for (args, body, none) in verbs() {
        for ending in [
            Ending::Breaks,
            Ending::Resets,
            Ending::Alerts,
            Ending::Garbles,
        ] {
            // All that it says is there, and something may have followed.
            server.ends(&response(&body, Framing::Close), ending);
            let output = server.run_again(args);
            survives(&output);
            assert_eq!(output.code, none, "{ending:?}: {output}");
            // What comes behind the end that was named is not waited for.
            server.ends(&response(&body, Framing::Length), ending);
            let output = server.run_again(args);
            survives(&output);
            assert!([0, none].contains(&output.code), "{ending:?}: {output}");
        }
    }
}

/// JSON that is no answer, or not to what was asked.
const SHAPES: [&str; 26] = [
    "",
    " ",
    "null",
    "{}",
    "[",
    "]",
    "[]]",
    "[null]",
    "[[]]",
    "[{}]",
    "[{},{}]",
    "[1]",
    "1e999",
    "\"a\"",
    "[\"a\",1]",
    "[{\"Key\":\"a\"}]",
    "[{\"Key\":1,\"Value\":null,\"ModifyIndex\":1}]",
    "[{\"Key\":\"a\",\"Value\":1,\"ModifyIndex\":1}]",
    "[{\"Key\":\"a\",\"Value\":\"!\",\"ModifyIndex\":1}]",
    "[{\"Key\":\"a\",\"Value\":\"QQ=\",\"ModifyIndex\":1}]",
    "[{\"Key\":\"a\",\"Value\":null,\"ModifyIndex\":-1}]",
    "[{\"Key\":\"a\",\"Value\":null,\"ModifyIndex\":99999999999999999999}]",
    "[{\"Key\":\"a\",\"Key\":\"a\",\"Value\":null,\"ModifyIndex\":1}]",
    "[{\"Key\":\"b\",\"Value\":null,\"ModifyIndex\":1}]",
    "{\"Results\":[{\"KV\":null}],\"Errors\":null}",
    "{\"Results\":null,\"Errors\":[{\"OpIndex\":-1,\"What\":\"x\"}]}",
];

#[test]
fn json_of_any_other_shape_is_never_a_success() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut tried = 0;
    for server in Parrot::on_each_transport() {
        for shape in SHAPES.into_iter().chain([&*deep]) {
            for (args, _, none) in verbs() {
                let output = server.run(args, &response(shape, Framing::Length));
                survives(&output);
                let shown: String = shape.chars().take(60).collect();
                assert_eq!(output.code, none, "{shown}: {output}");
                tried += 1;
            }
        }
    }
    println!("{tried} answers of other shapes, 0 taken");
}

#[test]
fn random_framings_are_survived() {
    let mut random = random("framings");
    let servers = Parrot::on_each_transport();
    let pieces = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200\r\n",
        "HTTP/9.9 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n",
        "Content-Length: 4\r\n",
        "Content-Length: -4\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Encoding: gzip\r\n",
        "X-Consul-Index: 7\r\n",
        "X-Consul-Index: -7\r\n",
        "X-Consul-Index: \u{e9}\r\n",
        ": no name\r\n",
        "\r\n",
        "\n",
        "true",
        "4\r\ntrue\r\n",
        "ffffffffffffffff\r\n",
        "0\r\n\r\n",
        "\0\u{ff}",
        "\x1f\u{8b}\x08",
    ];
    for _ in 0..rounds(90) {
        let count = random.usize(1..9);
        let answer: String = (0..count)
            .map(|_| pieces[random.usize(..pieces.len())])
            .collect();
        let verbs = verbs();
        let (args, ..) = &verbs[random.usize(..verbs.len())];
        let output = servers[random.usize(..2)].run(args, answer.as_bytes());
        survives(&output);
        // A read never succeeds on these: there is no listing among them.
        if args[0] != "put" && args[0] != "delete" {
            assert_ne!(output.code, 0, "{answer:?}: {output}");
        }
    }
}

#[test]
fn damaged_state_files_are_survived_and_named() {
    let scope = Agent::shared();
    let mut random = random("state files");
    for name in ["a", "b", "c"] {
        scope.put(name, "v");
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let watched = || {
        let args = ["--exec", "true", "--initial", "run", "--for", "0"];
        scope
            .watch(&args)
            .args(["--state".as_ref(), state.as_os_str()])
    };
    watched().ok();
    let good = fs::read(&state).unwrap();
    let mut refused = 0;
    for _ in 0..rounds(40) {
        let mut bad = good.clone();
        match random.u8(..4) {
            0 => bad.truncate(random.usize(..bad.len())),
            1 => bad[random.usize(..good.len())] ^= 1 << random.u8(..8),
            2 => bad.insert(random.usize(..good.len()), random.u8(..)),
            _ => bad.extend((0..random.usize(1..50)).map(|_| random.u8(..))),
        }
        fs::write(&state, &bad).unwrap();
        let output = watched().run();
        survives(&output);
        if output.code != 0 {
            refused += 1;
            assert!(output.stderr.contains("state"), "{output}");
            assert_eq!(fs::read(&state).unwrap(), bad, "a refusal changes nothing");
        }
    }
    println!("{refused} refused");
}

#[test]
fn random_command_lines_are_survived() {
    let mut random = random("command lines");
    let words = [
        "get",
        "put",
        "delete",
        "txn",
        "wait",
        "ls",
        "tree",
        "export",
        "import",
        "status",
        "help",
        "completions",
        "kv",
        "a",
        "a/",
        "a=b",
        "",
        "-",
        "--",
        "-x",
        "-h",
        "-qv",
        "--recurse",
        "-recurse",
        "--keys",
        "--cas",
        "--modify-index",
        "0",
        "-1",
        "1.5s",
        "18446744073709551616",
        "--all",
        "--equals",
        "--timeout",
        "1ms",
        "--output",
        "-o",
        "json",
        "raw",
        "--http-addr=",
        "--token",
        "\u{1b}[2J",
        "\u{202e}",
        "a\nb",
        "set a 1",
        "'",
        "$'\\x",
        "@none",
        "--version",
        "--help",
    ];
    for _ in 0..rounds(120) {
        let count = random.usize(1..7);
        let line: Vec<_> = (0..count)
            .map(|_| words[random.usize(..words.len())])
            .collect();
        let kvw = Kvw::at("127.0.0.1:1").args(&line);
        let output = kvw.stdin("").under(["timeout", "20"]).run();
        survives(&output);
        assert!(!output.stderr.contains(['\u{1b}', '\u{202e}']), "{output}");
        let bound = output
            .stderr
            .lines()
            .filter(|line| line.starts_with("error:"))
            .count();
        assert!(bound <= 2, "{output}");
    }
}

fn in_gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Little enough that what is not bounded does not fit.
const LITTLE_MEMORY: [&str; 3] = ["sh", "-c", r#"ulimit -v 300000; exec "$0" "$@""#];

/// The most memory of a command that is answered with 100 MB, in KiB. A listing is read entry by entry: the buffer of
/// the longest entry that is taken by default, which was doubled. The answer to a transaction is read as a whole: of 48 MiB
/// at most by default, in a buffer that was doubled.
fn most_memory(verb: &str) -> u64 {
    match verb {
        "txn" => 128 << 10,
        _ => 48 << 10,
    }
}

/// What a server sends that wants to fill the memory of its client.
const FLOODS: [&str; 13] = [
    "a header of 100 MB",
    "headers without end",
    "a value of 100 MB",
    "a value in gzip",
    "no JSON",
    "space without end",
    "deep JSON",
    "a string without end",
    "the longest length",
    "a chunk that is none",
    "small chunks",
    "a reason of 100 MB",
    "an error of 100 MB",
];

/// Returns 100 MB, or what becomes of them.
fn flood(name: &str) -> Vec<u8> {
    const MUCH: usize = 100 << 20;
    let status = match name {
        "an error of 100 MB" => "500 No",
        _ => "200 OK",
    };
    let head = format!("HTTP/1.1 {status}\r\nX-Consul-Index: 7\r\n");
    let with_length = |body: &[u8]| {
        let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    let value = || format!("[{}]", ENTRY.replace("djE=", &"A".repeat(MUCH))).into_bytes();
    match name {
        "a header of 100 MB" => format!("{head}X-Much: {}\r\n\r\n", "A".repeat(MUCH)).into(),
        "headers without end" => format!("{head}{}\r\n", "X-Much: 1\r\n".repeat(MUCH / 11)).into(),
        "a value of 100 MB" => with_length(&value()),
        "a value in gzip" => {
            let body = in_gzip(&value());
            let length = body.len();
            let head = format!("{head}Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
            [head.as_bytes(), &body].concat()
        }
        "no JSON" | "an error of 100 MB" => with_length(&vec![b'A'; MUCH]),
        "space without end" => with_length(&vec![b' '; MUCH]),
        "deep JSON" => with_length(&[&b"[{\"Key\":"[..], &vec![b'['; MUCH]].concat()),
        "a string without end" => with_length(&[&b"[\""[..], &vec![b'A'; MUCH]].concat()),
        "the longest length" => format!("{head}Content-Length: {}\r\n\r\n", u64::MAX).into(),
        "a chunk that is none" => [chunked.as_bytes(), &vec![b'A'; MUCH]].concat(),
        "small chunks" => format!("{chunked}2\r\n[\"\r\n{}", "1\r\nA\r\n".repeat(MUCH / 6)).into(),
        "a reason of 100 MB" => format!("HTTP/1.1 500 {}\r\n\r\n", "A".repeat(MUCH)).into(),
        other => panic!("no flood is {other}"),
    }
}

#[test]
fn a_hundred_megabytes_where_a_hundred_bytes_were_due_do_not_fill_the_memory() {
    let verbs: [(&[&str], i32); 6] = [
        (&["get", "a"], 3),
        (&["txn", "get a"], 3),
        (&["watch", "a", "--max-outage", "1ms"], 3),
        (&["export", "a"], 3),
        (&["ls", "a"], 3),
        (&["txn", "set a v1"], 5),
    ];
    let servers = Parrot::on_each_transport();
    let mut peaks = Vec::new();
    for name in FLOODS {
        let answer = flood(name);
        for server in &servers {
            // The others read in the same ways.
            let verbs = match server.transport {
                Transport::Plain => &verbs[..],
                Transport::Tls => &verbs[..3],
            };
            server.says(&answer);
            for (args, code) in verbs {
                let kvw = server
                    .kvw_from_afar()
                    .args(*args)
                    .args(["--request-timeout", "5s"]);
                let kvw = match args[0] {
                    "watch" => kvw,
                    _ => kvw.args(["--retry-for", "0"]),
                };
                let (output, peak) = kvw.under(LITTLE_MEMORY).run_measured();
                survives(&output);
                assert_eq!(output.code, *code, "{name}: {output}");
                let shown = format!("{name}, {:?}", server.transport);
                let most = most_memory(args[0]);
                assert!(peak < most, "{peak} KiB for {shown}: {output}");
                peaks.push((peak, args[0], shown));
            }
        }
    }
    peaks.sort();
    for verb in ["get", "export", "ls", "txn", "watch"] {
        let of_verb = peaks.iter().rev().find(|(_, other, _)| *other == verb);
        let (peak, _, answer) = of_verb.unwrap();
        println!("highest memory of {verb}: {} MiB ({answer})", peak >> 10);
    }
}

#[test]
fn an_index_that_is_none_is_no_answer_of_consul() {
    let parrots = Parrot::on_each_transport();
    let list = format!("[{ENTRY}]");
    for (index, code) in [
        ("X-Consul-Index: -5\r\n", 3),
        ("X-Consul-Index: 18446744073709551616\r\n", 3),
        ("X-Consul-Index: 7.5\r\n", 3),
        ("X-Consul-Index: \r\n", 3),
        ("", 3),
        ("X-Consul-Index: 18446744073709551615\r\n", 0),
        ("X-Consul-Index: 0\r\n", 0),
    ] {
        let length = list.len();
        let answer = format!("HTTP/1.1 200 OK\r\n{index}Content-Length: {length}\r\n\r\n{list}");
        for parrot in &parrots {
            for args in [
                &["get", "a"][..],
                &["get", "--recurse", "a"],
                &["export", "a"],
            ] {
                let output = parrot.run(args, answer.as_bytes());
                survives(&output);
                assert_eq!(output.code, code, "{index}: {output}");
            }
        }
    }
}

#[test]
fn no_token_follows_a_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Faulty::script().start();
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://{}/v1/kv/a\r\nContent-Length: 0\r\n\r\n",
            elsewhere.address()
        );
        for parrot in Parrot::on_each_transport() {
            for args in [
                &["get", "a", "--token=secret"][..],
                &["put", "a", "1", "--token=secret", "-q"],
            ] {
                let output = parrot.run(args, answer.as_bytes());
                assert_eq!(output.code, 3, "{output}");
                assert_eq!(elsewhere.connections(), 0, "{output}");
            }
        }
    }
}

#[test]
fn an_answer_over_tls_that_breaks_at_any_byte_is_never_a_success() {
    let agent = Agent::shared();
    agent.put("a", "1");
    let authority = Authority::new("Agent CA");
    let certificate = authority.server(&["127.0.0.1"]);
    let front = TlsFront::start(&agent.address(), &Presents::new(&certificate));
    let proxy = Proxy::start(front.address().trim_start_matches("https://"));
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let (get, put) = (agent.key("a"), agent.key("b"));
    let run = |args: &[&str], bytes: usize, with: Break| {
        proxy.break_after(bytes, with);
        let limits = ["--retry-for", "0", "--request-timeout", "5s"];
        let kvw = Kvw::at(&format!("https://{}", proxy.address()));
        kvw.env("CONSUL_CACERT", &ca).args(args).args(limits).run()
    };
    for (args, codes) in [
        (&["get", &get, "-oraw"][..], &[3][..]),
        // In the handshake nothing was done.
        (&["put", &put, "1", "-q"], &[3, 5]),
    ] {
        let mut broken = 0;
        let mut bytes = fastrand::usize(1..20);
        loop {
            let with = [Break::Close, Break::Alert, Break::Garbage];
            let with = with[broken % with.len()];
            let output = run(args, bytes, with);
            survives(&output);
            if output.code == 0 {
                break;
            }
            assert!(
                codes.contains(&output.code),
                "{with:?} after {bytes} bytes: {output}"
            );
            assert_eq!(output.stdout, b"", "{with:?} after {bytes} bytes: {output}");
            broken += 1;
            // Each part of the handshake, and nearly each byte of the answer.
            bytes += match bytes {
                ..900 => fastrand::usize(1..60),
                _ => fastrand::usize(1..8),
            };
            assert!(bytes < 20_000, "it is never whole: {output}");
        }
        assert!(broken > 40, "only {broken} breaks");
    }
}
