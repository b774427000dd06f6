//! Imports run one way. The table is the one of CONTRIBUTING.md, as data: a room may use only what
//! its row names (plus std and crates). What is said here is checked against every `crate::` path in
//! `src/`, test modules aside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("exit", &[]),
    ("backoff", &[]),
    ("atomic_file", &[]),
    ("term", &[]),
    ("process", &[]),
    ("consul", &["model", "backoff"]),
    // Never `consul`: a client and its imitation that shared wire code would share mistakes.
    ("agent", &["model"]),
    ("output", &["model", "term"]),
    ("rate_limiter", &[]),
    ("fetch", &["model", "consul"]),
    ("state_file", &["model", "backoff", "exit"]),
    ("handlers", &["model", "process", "backoff", "output"]),
    (
        "watch",
        &[
            "model",
            "consul",
            "fetch",
            "state_file",
            "handlers",
            "process",
            "backoff",
            "rate_limiter",
            "exit",
        ],
    ),
    (
        "observers",
        &[
            "model",
            "process",
            "handlers",
            "watch",
            "output",
            "atomic_file",
            "term",
            "exit",
        ],
    ),
    (
        "args",
        &[
            "model", "consul", "handlers", "process", "output", "term", "exit",
        ],
    ),
    ("context", &["args", "consul", "term"]),
    (
        "commands",
        &[
            "model",
            "exit",
            "backoff",
            "atomic_file",
            "rate_limiter",
            "fetch",
            "state_file",
            "term",
            "process",
            "consul",
            "agent",
            "output",
            "handlers",
            "watch",
            "observers",
            "args",
            "context",
        ],
    ),
    ("report", &["consul", "model", "exit", "term"]),
    ("cli", &["args", "commands", "context", "exit", "term"]),
    ("lib", &["cli", "process", "report", "exit", "term"]),
];

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for file in sources(Path::new("src")) {
        let room = room_of(&file);
        if room == "main" {
            continue;
        }
        let (_, allowed) = ROOMS
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{} stands in no room of the table", file.display()));
        let text = std::fs::read_to_string(&file).unwrap();
        for used in used_rooms(production(&text)) {
            if used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the table:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn verbs_do_not_know_each_other() {
    for file in sources(Path::new("src/commands")) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            !production(&text).contains("crate::commands::"),
            "{} uses another verb",
            file.display()
        );
    }
}

#[test]
fn imports_are_written_so_that_this_test_can_read_them() {
    for file in sources(Path::new("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for forbidden in ["super::super", "use crate::{"] {
            assert!(
                !production(&text).contains(forbidden),
                "{}: {forbidden}",
                file.display()
            );
        }
    }
}

#[test]
fn every_file_of_the_suite_is_declared() {
    let main = std::fs::read_to_string("tests/suite/main.rs").unwrap();
    for file in sources(Path::new("tests/suite")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if file.parent() == Some(Path::new("tests/suite")) && name != "main" {
            assert!(
                main.contains(&format!("mod {name};")),
                "{} is declared nowhere",
                file.display()
            );
        }
    }
}

/// What stands before the test module at the end of a file; nothing of a file of tests.
fn production(text: &str) -> &str {
    text.find("#[cfg(test)]").map_or(text, |at| &text[..at])
}

fn used_rooms(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

fn room_of(file: &Path) -> String {
    let inside = file.strip_prefix("src").unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// All Rust files below, but for siblings that hold nothing but tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs")
            && path.file_stem().unwrap() != "tests"
        {
            found.push(path);
        }
    }
    found.sort();
    found
}
