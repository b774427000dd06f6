//! The architecture that CONTRIBUTING.md describes, held against `src/`: imports run one way, by the
//! table that stands there; no room passes on what is another's; traits have two implementations;
//! files are written in one place.
//! Items marked `#[cfg(test)]`, and files that such a `mod` names, may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::harness::source::{Source, pattern, rust_files, sources};

/// A row of the table.
struct Room {
    name: String,
    may_use: BTreeSet<String>,
    /// Whether its files may not use each other.
    parts_are_separate: bool,
}

#[test]
fn imports_run_one_way() {
    let rooms = rooms();
    let mut wrong = Vec::new();
    for (source, room) in production(&rooms) {
        // The library's own file names rooms without `crate::`.
        let used = match &*room.name {
            "lib" => pattern(r"(?:^|[^\w:])(\w+)::"),
            _ => pattern(r"\bcrate::(\w*)"),
        };
        let is_room = |name: &str| rooms.iter().any(|room| room.name == name);
        for (place, used) in source.find_in(&source.production_code(), &used) {
            let elsewhere = room.name == "lib" && !is_room(&used);
            if used != room.name && !elsewhere && !room.may_use.contains(&used) {
                wrong.push(format!("{place}: {} may not use {used}", room.name));
            }
        }
    }
    none(&wrong);
}

#[test]
fn json_that_a_terminal_may_see_is_written_by_those_who_escape_it() {
    let rooms = rooms();
    let mut wrong = Vec::new();
    for (source, room) in production(&rooms) {
        // They write to servers and files.
        if ![
            "agent",
            "consul",
            "fallback",
            "plan",
            "sources",
            "state_file",
        ]
        .contains(&&*room.name)
        {
            let by_itself = pattern(r"\b(serde_json::to_\w+)");
            for (place, used) in source.find_in(&source.production_code(), &by_itself) {
                wrong.push(format!("{place}: {used}"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn parts_of_a_room_that_are_separate_do_not_use_each_other() {
    let rooms = rooms();
    assert!(rooms.iter().any(|room| room.parts_are_separate));
    let mut wrong = Vec::new();
    for (source, room) in production(&rooms) {
        if !room.parts_are_separate {
            continue;
        }
        let is_part = source.path.parent().unwrap().file_name().unwrap() == &*room.name;
        let other = match (
            is_part,
            &*source.path.file_name().unwrap().to_string_lossy(),
        ) {
            (true, name) if name != "mod.rs" => format!(r"\b(crate::{}|super)::", room.name),
            _ => format!(r"\b(crate::{})::", room.name),
        };
        for (place, used) in source.find_in(&source.production_code(), &pattern(&other)) {
            wrong.push(format!("{place}: {used}::"));
        }
    }
    none(&wrong);
}

#[test]
fn no_room_passes_on_what_is_another_rooms() {
    let rooms = rooms();
    let passed_on =
        pattern(r"\bpub(?:\([^)]*\))?\s+(?:use\s+(?:::)?crate|type\s+[^;]*?\bcrate)::(\w+)");
    let mut wrong = Vec::new();
    for (source, room) in production(&rooms) {
        for (place, owner) in source.find_in(&source.production_code(), &passed_on) {
            if owner != room.name {
                wrong.push(format!(
                    "{place}: {} passes on what {owner} owns",
                    room.name
                ));
            }
        }
    }
    none(&wrong);
}

#[test]
fn imports_are_written_so_that_these_tests_can_read_them() {
    let rooms = rooms();
    let mut wrong = Vec::new();
    for (source, _) in production(&rooms) {
        let code = source.production_code();
        let mut forbidden = vec![
            r"(\bsuper::super\b)",
            r"(\buse\s+crate::\s*[{*])",
            r"(\bcrate\s+as\b)",
        ];
        // Above a room is the whole crate.
        if is_top_of_room(&source.path) {
            forbidden.push(r"(\bsuper::)");
        }
        for forbidden in forbidden {
            for (place, found) in source.find_in(&code, &pattern(forbidden)) {
                wrong.push(format!("{place}: {found}"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn files_are_written_in_one_place() {
    let rooms = rooms();
    let writes = pattern(
        r"\b(fs::(?:write|rename|copy|hard_link|remove_file|set_permissions|create_dir\w*)|File::(?:create(?:_new)?|options)|OpenOptions|NamedTempFile|tempfile_in|symlink)\b",
    );
    let mut wrong = Vec::new();
    for (source, room) in production(&rooms) {
        for (place, call) in source.find_in(&source.production_code(), &writes) {
            // Its own name, which is no file on a disk.
            let is_comm = source.path == Path::new("src/process/guard.rs") && call == "fs::write";
            // It has no content, and is its own process's.
            let is_socket =
                source.path == Path::new("src/agent/listener.rs") && call == "fs::remove_file";
            if room.name != "atomic_file" && !is_comm && !is_socket {
                wrong.push(format!("{place}: {call}: files are written in atomic_file"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn a_trait_has_two_implementations() {
    let sources = sources("src");
    let mut wrong = Vec::new();
    for source in &sources {
        for (place, name) in source.find_code(&pattern(r"\btrait\s+(\w+)")) {
            let implemented = format!(r"\bimpl\b[^;{{}}]*?\b({name})\b(?:<[^;{{}}]*>)?\s+for\b");
            let implemented = pattern(&implemented);
            let count: usize = sources
                .iter()
                .map(|source| source.find_code(&implemented).len())
                .sum();
            if count < 2 {
                wrong.push(format!("{place}: trait {name} has {count}"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_file_of_the_suite_is_declared() {
    let main = std::fs::read_to_string("tests/suite/main.rs").unwrap();
    for file in rust_files(Path::new("tests/suite")) {
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

#[track_caller]
/// A row names files below `src/`, or a folder and files in it.
#[test]
fn every_place_where_something_is_decided_exists() {
    let text = std::fs::read_to_string("CONTRIBUTING.md").unwrap();
    let section = text.split("### Where things are decided").nth(1).unwrap();
    let section = section.split("\n### ").next().unwrap();
    let place = pattern(r"`([a-z0-9_/]+(?:\.rs|/))`");
    let (mut named, mut wrong) = (0, Vec::new());
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let mut folder = Path::new("src").to_owned();
        for captures in place.captures_iter(row) {
            let name = &captures[1];
            named += 1;
            let (whole, inner) = (Path::new("src").join(name), folder.join(name));
            if name.ends_with('/') {
                folder.clone_from(&whole);
            }
            if !whole.exists() && !inner.exists() {
                wrong.push(name.to_owned());
            }
        }
    }
    assert!(named > 60, "the tables were not found: {named}");
    none(&wrong);
}

#[test]
fn a_room_opens_with_what_it_must_not_know() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir("src").unwrap() {
        let top = entry.unwrap().path().join("mod.rs");
        let Ok(text) = std::fs::read_to_string(&top) else {
            continue;
        };
        let opening = text.lines().map_while(|line| line.strip_prefix("//!"));
        let opening = opening.collect::<String>().to_lowercase();
        if !opening.contains("must not know") {
            wrong.push(top.display().to_string());
        }
    }
    none(&wrong);
}

fn none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "against CONTRIBUTING.md:\n{}",
        wrong.join("\n")
    );
}

/// The table of CONTRIBUTING.md.
fn rooms() -> Vec<Room> {
    let text = std::fs::read_to_string("CONTRIBUTING.md").unwrap();
    let row = pattern(r"(?m)^\| `(\w+)` \|.*\| ([^|]+) \|$");
    let mut rooms: Vec<Room> = Vec::new();
    for captures in row.captures_iter(&text) {
        let above = || rooms.iter().map(|room| room.name.clone());
        let may_use: BTreeSet<_> = match &captures[2] {
            "nothing" => BTreeSet::new(),
            "all above, never each other" => above().collect(),
            list => list.split(", ").map(str::to_owned).collect(),
        };
        let name = captures[1].to_owned();
        for used in &may_use {
            assert!(
                above().any(|above| above == *used),
                "{name} uses {used}, which is not above it"
            );
        }
        rooms.push(Room {
            parts_are_separate: captures[2].ends_with("never each other"),
            name,
            may_use,
        });
    }
    assert!(
        rooms.len() > 10,
        "the table of CONTRIBUTING.md was not found"
    );
    rooms
}

/// The files that are not for tests, each with its room.
fn production(rooms: &[Room]) -> Vec<(Source, &Room)> {
    let files = modules();
    for file in rust_files(Path::new("src")) {
        let is_main = file == Path::new("src/main.rs");
        assert!(
            is_main || files.contains_key(&file),
            "{} is declared nowhere",
            file.display()
        );
    }
    let production = files.iter().filter(|(_, is_test)| !**is_test);
    production
        .map(|(file, _)| {
            let top = file.iter().nth(1).unwrap().to_str().unwrap();
            let name = top.trim_end_matches(".rs");
            let room = rooms.iter().find(|room| room.name == name);
            let room = room.unwrap_or_else(|| panic!("{name} is no room of the table"));
            (Source::read(file), room)
        })
        .collect()
}

/// The files of the library as its `mod` items name them, and whether each is for tests only.
fn modules() -> BTreeMap<PathBuf, bool> {
    let mut found = BTreeMap::new();
    let mut open = vec![(PathBuf::from("src/lib.rs"), false)];
    while let Some((file, is_test)) = open.pop() {
        let source = Source::read(&file);
        let test_items = source.test_items();
        for captures in pattern(r"\bmod\s+(\w+)\s*;").captures_iter(&source.code) {
            let name = captures.get(1).unwrap();
            let is_test = is_test || test_items.iter().any(|item| item.contains(&name.start()));
            let folder = folder_of(&file);
            let [flat, deep] =
                ["{}.rs", "{}/mod.rs"].map(|form| folder.join(form.replace("{}", name.as_str())));
            match [flat, deep].into_iter().find(|file| file.exists()) {
                Some(child) => open.push((child, is_test)),
                // A path of its own, outside of the crate.
                None => assert!(is_test, "{}: no file", source.place(name.start())),
            }
        }
        found.insert(file, is_test);
    }
    found
}

/// Where the files of a module's children lie.
fn folder_of(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap();
    let parent = file.parent().unwrap();
    if stem == "lib" || stem == "mod" {
        parent.to_owned()
    } else {
        parent.join(stem)
    }
}

fn is_top_of_room(file: &Path) -> bool {
    let depth = file.iter().count();
    depth == 2 || depth == 3 && file.ends_with("mod.rs")
}
