//! The targets as properties: what `cargo fuzz` runs for hours is run here for moments, on stable.
//!
//! `KVW_FUZZ_CASES` asks for more cases of each target, `KVW_FUZZ_SECONDS` for a time of each. `PROPTEST_RNG_SEED` makes
//! them the same ones again.

#![allow(clippy::print_stdout, reason = "a long run says what it has tried")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use super::*;

/// A target, with what it takes: seeds are cut up and put together anew.
struct FuzzTarget {
    name: &'static str,
    run: fn(&[u8]),
    seeds: &'static [&'static str],
    /// The usual number of cases; some targets are slow without optimization.
    cases: u32,
}

const TARGETS: [FuzzTarget; 12] = [
    FuzzTarget {
        name: "answer",
        run: answer,
        seeds: &[
            r#"[{"LockIndex":0,"Key":"a/b","Flags":7,"Value":"djE=","CreateIndex":5,"ModifyIndex":6,"Session":"s"},{"Key":"é","Value":null,"ModifyIndex":1}]"#,
            r#"[{"LockIndex":0,"Key":"a/b","Flags":7,"Value":null,"Session":"s","CreateIndex":5,"ModifyIndex":6}]"#,
            r#"{"Results":[{"KV":{"LockIndex":0,"Key":"a","Flags":0,"Value":null,"CreateIndex":5,"ModifyIndex":6}}],"Errors":null,"Index":0,"LastContact":0,"KnownLeader":true}"#,
            r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"failed index check for key \"a\", current modify index 6 != 5"}]}"#,
            "[ ]\n",
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "txn_lines",
        run: txn_lines,
        seeds: &[
            "set a 'b c'\ncas k 5 $'\\x41\\u00e9\\n'\n# no\ndelete-tree p/\n",
            "set --flags 3 --base64 a djE=\nlock a s -- --x\nunlock a s \"b\\\"c\"\n",
            "set a {\"b\": \"c\"}\\\n\r\nget-or-empty b\r\ncheck-absent c\n",
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "txn_json",
        run: txn_json,
        seeds: &[
            r#"[{"op":"set","key":"a","value":"dg==","encoding":"base64"},{"KV":{"Verb":"set","Key":"a","Value":"dg=="}}]"#,
            r#"[{"KV":{"Verb":"cas","Key":"a","Value":"dg==","Index":5,"Flags":18446744073709551615}}]"#,
            r#"[{"op":"lock","key":"a","value":"v","session":"s","flags":3},{"op":"check","key":"b","index":7}]"#,
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "document",
        run: document,
        seeds: &[
            r#"[{"key":"a","flags":0,"value":"djE="},{"key":"b","value":"x","encoding":"utf8","create_index":3}]"#,
            "{\"key\":\"a\",\"value\":\"djE=\",\"flags\":18446744073709551615}\n{\"Key\":\"b\",\"Value\":\"\"}\n",
            r#"[{"LockIndex":0,"Key":"a","Flags":0,"Value":null,"CreateIndex":5,"ModifyIndex":6}]"#,
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "source",
        run: source,
        seeds: &[
            "\0\x08a:\n  b: 1\n  c: [x, 'y']\n  d: |\n    two\n    lines\n&x e: ~\n",
            "\x01\x0a{\"a\":{\"b\":1,\"c\":[true,null]},\"d\":\"e\"}",
            "\x02\x08a = 1\n[b]\nc = \"d\"\n[[e]]\nf = 2020-01-02\n",
            "\x03\0a.b = c \\\n  d\n! no\ne:\\u00e9\n",
            "\x04\x20export A_B=\"c d\"\n# no\nE='f'\n",
            "\x05\0A=b c\n",
            "\x06\0[{\"key\":\"a\",\"flags\":0,\"value\":\"djE=\"}]",
            "\x07\0{\"key\":\"a\",\"value\":\"djE=\"}\n",
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "state_file",
        run: state_file,
        seeds: &[
            "{\"entry\":{\"key\":\"a/b\",\"created\":12,\"modified\":812,\"hash\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}\n{\"batch\":[{\"gone\":{\"key\":\"a/b\",\"index\":901}}]}",
            "{\"run\":[{\"key\":\"a/c\",\"flags\":1,\"created\":1,\"modified\":2,\"locked\":1,\"session\":\"s\",\"value\":\"AA\"}]}\n{\"batch\":[{\"put\":{\"key\":\"a/c\",\"created\":1,\"modified\":2}}]}",
            "kvw state 1\n",
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "plan_file",
        run: plan_file,
        seeds: &[
            r#"{"kvw":"plan","version":1,"created_at":"2026-01-02T03:04:05Z","kvw_version":"0.1.0","address":"127.0.0.1:8500","prefix":"a/","changes":[{"change":"create","key":"a/b","value":"x","encoding":"utf8","flags":0}]}"#,
            "{\"kvw\":\"undo\",\"version\":1,\"address\":\"127.0.0.1:8500\"}\n{\"key\":\"a\",\"before\":null,\"after\":{\"value\":\"x\",\"encoding\":\"utf8\",\"flags\":0}}\n",
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "addresses",
        run: addresses,
        seeds: &[
            "http://u%20s:p%40w@h:8500/x,https://[::1]:8501,unix:///a,b,127.0.0.1:1",
            ":8500,consul.example:80/behind/proxy/,http://h/v1/kv",
        ],
        cases: 2000,
    },
    FuzzTarget {
        name: "patterns",
        run: patterns,
        seeds: &["a/**/{b,c}*[d-f]?\na/x/bye", "^(a|b)+[^c]{2,5}\\d$\naabb12"],
        cases: 500,
    },
    FuzzTarget {
        name: "conditions",
        run: conditions,
        seeds: &[
            "x\na\n--equals\na=x\n--absent=b",
            "7\n--any\n--matches\na=^\\d+$\n--changed-since=b=7\n--not-equals\nc=",
            "\n--exact-key\n--absent\n/a//b\n--timeout\n1s",
            // A key that is named as a flag is.
            "x\na\n--absent=b\n--\n--any",
        ],
        cases: 200,
    },
    FuzzTarget {
        name: "agent_http",
        run: agent_http,
        seeds: &[
            "PUT /v1/kv/a%2fb?flags=7 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nv1",
            "GET /v1/kv/a?recurse&pretty HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /v1/kv/?keys&separator=%2F&index=1&wait=1s HTTP/1.1\r\nHost: h\r\nCache-Control: max-age=5\r\n\r\n",
            "PUT /v1/txn HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n[{\"KV\":{\"Verb\":\"set\",\"Key\":\"a\",\"Value\":\"\"}}]\r\n0\r\n\r\n",
            "PUT /v1/session/create HTTP/1.1\r\nHost: h\r\nContent-Length: 25\r\n\r\n{\"TTL\":\"10s\",\"Name\":\"n\" }",
            "PUT /v1/kv/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
            "DELETE /v1/kv/a?cas=5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /v1/status/leader HTTP/1.0\r\n\r\n",
            "OPTIONS http://localhost/v1//kv/../a HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n",
        ],
        cases: 500,
    },
    FuzzTarget {
        name: "agent_store",
        run: agent_store,
        seeds: &[
            "\0\0\x03\0\x04\x01\x01\0\0\x04\x03\0\x04\0\0\0\x08\x07\x08\x07",
            "\x07\0\x02\0\x01\x01\0\x02\x03\0\x04\x01\0\x07\0\0\0\x02\x03\0\x04\x01\0",
            "\x05\x03\x01\x03\x02\x04\x01\0\x08\x01\0\x04\0\0\0\x05\x02\0\x04\0\0\0",
            "\0\0\x01\0\x04\x01\0\0\x05\x02\0\x04\0\0\0\x06\x02\x05\0\0\x04\0\0\x07\0\0\x04\0\0",
        ],
        cases: 1000,
    },
];

/// What stands between the parts of all that is parsed.
const SIGNS: &[u8] = b"{}[]\",:\\\0\n\r' -%@/=&?0\xff\xc3";

/// Bytes that are put together from parts of seeds, and of any kind.
fn bytes_for(seeds: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let seed = prop::sample::select(seeds).prop_map(str::as_bytes);
    let of_seed = (seed.clone(), any::<(u8, u8)>()).prop_map(|(bytes, (start, length))| {
        let start = usize::from(start) % bytes.len();
        let end = bytes.len().min(start + usize::from(length));
        bytes[start..end].to_vec()
    });
    let part = prop_oneof![
        4 => of_seed,
        3 => seed.prop_map(<[u8]>::to_vec),
        3 => vec(prop::sample::select(SIGNS), 1..4),
        1 => vec(any::<u8>(), 0..40),
    ];
    vec(part, 1..5).prop_map(|parts| parts.concat())
}

fn number_of(variable: &str) -> Option<u32> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap())
}

/// Runs a target on what its seeds become.
#[track_caller]
fn try_target(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    for seed in target.seeds {
        (target.run)(seed.as_bytes());
    }
    let cases = number_of("KVW_FUZZ_CASES").unwrap_or(target.cases);
    let time = number_of("KVW_FUZZ_SECONDS").map(|seconds| Duration::from_secs(seconds.into()));
    let started = Instant::now();
    let mut tried = 0;
    loop {
        let mut config = ProptestConfig {
            cases: if time.is_some() { 100 } else { cases },
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        // PROPTEST_RNG_SEED: each round has other cases, and those of the first round are those without a time.
        if let RngSeed::Fixed(seed) = &mut config.rng_seed {
            *seed = seed.wrapping_add(tried.into());
        }
        tried += config.cases;
        let outcome = TestRunner::new(config).run(&bytes_for(target.seeds), |bytes| {
            (target.run)(&bytes);
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
        if time.is_none_or(|time| started.elapsed() >= time) {
            break;
        }
    }
    println!("{name}: {tried} cases in {:.1?}", started.elapsed());
}

macro_rules! targets {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                try_target($name);
            }
        )*

        #[test]
        fn each_target_has_a_property() {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

targets! {
    an_answer_is_read_the_same_however_it_arrives: "answer",
    no_lines_are_fatal_to_a_transaction: "txn_lines",
    no_json_is_fatal_to_a_transaction: "txn_json",
    a_document_is_read_the_same_however_it_arrives: "document",
    a_source_never_desires_a_key_twice: "source",
    no_record_is_fatal_to_a_state_file: "state_file",
    no_bytes_are_fatal_to_a_plan: "plan_file",
    what_is_shown_of_an_address_is_that_address: "addresses",
    no_pattern_is_fatal: "patterns",
    what_a_set_of_conditions_says_follows_from_them: "conditions",
    every_answer_of_the_agent_is_one_of_http: "agent_http",
    the_agents_store_agrees_with_a_second_account_of_its_rules: "agent_store",
}

/// What grows long by repetition: what opens and does not close, what is looked back at, and the seeds.
const UNITS: [&str; 38] = [
    "[",
    "{",
    "(",
    "\"",
    "'",
    "\\",
    " ",
    "\n",
    "\r",
    "\t",
    "#",
    ",",
    ";",
    "%",
    "=",
    "a",
    "a/",
    "a:",
    "a.",
    "- ",
    "? ",
    "{a: ",
    "&a ",
    "*a ",
    "a: [",
    "\" \"",
    "' '",
    "{\"a\":",
    "[{",
    "$'",
    "\\\n",
    "[[a]]\n",
    "[a.b]\n",
    "a=",
    "0\r\n",
    "1\r\nx\r\n",
    "\u{e9}",
    "GET / HTTP/1.0\r\n\r\n",
];

#[test]
fn the_work_of_a_target_is_bounded_by_the_length_of_what_it_gets() {
    for target in &TARGETS {
        let length = match target.name {
            // Each decision is a step, after which everything is compared.
            "agent_store" => 8 << 10,
            "agent_http" => 32 << 10,
            _ => 256 << 10,
        };
        let mut slowest = (Duration::ZERO, "");
        for unit in UNITS.iter().chain(target.seeds) {
            // What chooses a format stands at the beginning.
            for start in 0..if target.name == "source" { 8_u8 } else { 1 } {
                let mut bytes = match target.name {
                    "source" => vec![start, 0x08],
                    "answer" | "txn_json" => b"[".to_vec(),
                    "document" => b"[{\"key\":\"a\",\"value\":".to_vec(),
                    _ => Vec::new(),
                };
                bytes.extend(unit.as_bytes().repeat(length / unit.len()));
                let started = Instant::now();
                (target.run)(&bytes);
                let time = started.elapsed();
                assert!(
                    time < Duration::from_secs(20),
                    "{}: {unit:?}: {time:?}",
                    target.name
                );
                slowest = slowest.max((time, unit));
            }
        }
        println!(
            "{}: {:?} at most, for {:?}",
            target.name, slowest.0, slowest.1
        );
    }
}

/// `fuzz/`, which the package does not carry.
fn fuzz_folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    if !folder.exists() {
        println!("not tried: the targets of cargo fuzz are not in the package");
    }
    folder.exists().then_some(folder)
}

#[test]
fn each_target_is_one_of_cargo_fuzz() {
    let Some(folder) = fuzz_folder() else {
        return;
    };
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let names = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let names: Vec<_> = names
        .filter_map(|line| line.strip_suffix(".rs\""))
        .collect();
    assert_eq!(names, TARGETS.each_ref().map(|target| target.name));
    for name in names {
        let text = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            text.contains(&format!("kvw::fuzzing::{name}(bytes)")),
            "{text}"
        );
    }
}

/// `KVW_FUZZ_CORPUS` is a folder to which the seeds are written, a folder for each target: `fuzz/run` begins
/// with them.
#[test]
fn seeds_are_written_where_a_corpus_is_asked_for() {
    let Ok(folder) = std::env::var("KVW_FUZZ_CORPUS") else {
        return;
    };
    for target in &TARGETS {
        let folder = Path::new(&folder).join(target.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in target.seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
        }
    }
}
