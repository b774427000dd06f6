//! kvw ls and kvw tree

use crate::harness::contract::{Entry, Listed, Node, parse_document};
use crate::harness::{Agent, Kvw, Scope};

fn filled() -> Scope {
    let scope = Agent::shared();
    for (name, value) in [
        ("c/a", "12345"),
        ("c/f/", ""),
        ("c/f/x", "1"),
        ("c/g/h/i", "22"),
        ("c2", ""),
    ] {
        scope.put(name, value);
    }
    scope
}

#[test]
fn one_level_is_listed_and_a_folder_needs_no_slash() {
    let scope = filled();
    let c = scope.key("c/");
    let expected = format!("{c}a\n{c}f/\n{c}g/\n");
    assert_eq!(scope.kvw(["ls", &c]).ok(), expected);
    assert_eq!(scope.kvw(["ls", &scope.key("c")]).ok(), expected);
    let names: Vec<String> = parse_document(&scope.kvw(["ls", &c, "-o", "json"]).ok());
    assert_eq!(names, [format!("{c}a"), format!("{c}f/"), format!("{c}g/")]);
    assert_eq!(scope.kvw(["ls", &scope.key("none")]).ok(), "");
}

#[test]
fn relative_names_leave_out_the_folder() {
    let scope = filled();
    let c = scope.key("c");
    assert_eq!(scope.kvw(["ls", "--relative", &c]).ok(), "a\nf/\ng/\n");
    let names: Vec<String> =
        parse_document(&scope.kvw(["ls", "--relative", &c, "-o", "json"]).ok());
    assert_eq!(names, ["a", "f/", "g/"]);
    let long = scope.kvw(["ls", "--relative", "--long", &c]).ok();
    let names: Vec<_> = long.lines().map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(names, [Some("a"), Some("f/"), Some("g/")]);
    // The folder's own key.
    let f = scope.key("c/f/");
    assert_eq!(scope.kvw(["ls", "--relative", &f]).ok(), "\nx\n");
}

#[test]
fn only_one_level_is_asked_for() {
    let scope = filled();
    let output = scope.kvw(["ls", "-v", scope.prefix()]).run();
    output.expect(0).says(&["?keys&separator=%2F"]);
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
}

#[test]
fn the_long_form_reads_the_keys_of_the_level() {
    let scope = filled();
    let c = scope.key("c/");
    scope.put("c/z?flags=7", "zz");
    scope.put("c/", "");
    let text = scope.kvw(["ls", "--long", &c]).ok();
    let lines: Vec<Vec<_>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let index = scope.entry("c/z").unwrap()["ModifyIndex"].to_string();
    assert_eq!(lines[4], ["2", &index, "7", "-", &format!("{c}z")]);
    assert_eq!(lines[2], ["-", "-", "-", "-", &format!("{c}f/")]);
    let listed: Vec<Listed> = parse_document(&scope.kvw(["ls", "--long", &c, "-o", "json"]).ok());
    let shown: Vec<_> = listed
        .iter()
        .map(|listed| match listed {
            Listed::Entry(entry) => (entry.key.replace(&c, ""), false),
            Listed::Folder(folder) => (folder.key.replace(&c, ""), folder.folder),
        })
        .collect();
    let expected = [
        ("", false),
        ("a", false),
        ("f/", true),
        ("g/", true),
        ("z", false),
    ];
    assert_eq!(
        shown,
        expected.map(|(key, folder)| (key.to_owned(), folder))
    );
}

#[test]
fn a_level_of_many_keys_is_read_in_lots() {
    let scope = Agent::shared();
    let lines: String = (0..150)
        .map(|number| format!("{{\"key\":\"{}{number:03}\"}}\n", scope.prefix()))
        .collect();
    scope.kvw(["import"]).stdin(lines).ok();
    let text = scope.kvw(["ls", "-l", scope.prefix(), "-o", "jsonl"]).ok();
    let keys: Vec<Entry> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(keys.len(), 150);
    assert!(keys.is_sorted_by(|a, b| a.key < b.key));
}

#[test]
fn the_tree_counts_what_is_below_each_folder() {
    let scope = filled();
    let c = scope.key("c");
    let expected = format!(
        "{c}/\n├── a\n├── f/ (2 keys)\n│   └── x\n└── g/ (1 key)\n    └── h/ (1 key)\n        └── i\n\n\
         3 folders, 4 keys\n"
    );
    assert_eq!(scope.kvw(["tree", &c]).ok(), expected);
    let expected = format!("{c}/\n├── a\n├── f/ (2 keys)\n└── g/ (1 key)\n\n2 folders, 4 keys\n");
    assert_eq!(scope.kvw(["tree", "--depth", "1", &c]).ok(), expected);
    let expected = format!(
        "{c}/\n├── a (5 B)\n├── f/ (2 keys, 1 B)\n└── g/ (1 key, 2 B)\n\n2 folders, 4 keys, 8 B\n"
    );
    assert_eq!(
        scope.kvw(["tree", "--depth", "1", "--du", &c]).ok(),
        expected
    );
}

#[test]
fn the_tree_as_json_has_sizes_only_where_they_were_read() {
    let scope = filled();
    let c = scope.key("c/");
    let root: Node = parse_document(&scope.kvw(["tree", &c, "-o", "json"]).ok());
    assert_eq!((&*root.name, root.keys, root.bytes), (&*c, 4, None));
    let names: Vec<_> = root
        .children
        .iter()
        .map(|child| (&*child.name, child.keys))
        .collect();
    assert_eq!(names, [("a", 1), ("f/", 2), ("g/", 1)]);
    let root: Node = parse_document(&scope.kvw(["tree", &c, "--du", "-o", "json"]).ok());
    assert_eq!(root.bytes, Some(8));
    assert_eq!(root.children[0].bytes, Some(5));
}

#[test]
fn an_empty_tree_is_its_root() {
    let scope = Agent::shared();
    let none = scope.key("none");
    let text = scope.kvw(["tree", &none]).ok();
    assert_eq!(text, format!("{none}/\n\n0 folders, 0 keys\n"));
    let root: Node = parse_document(&scope.kvw(["tree", &none, "-o", "json"]).ok());
    assert_eq!((root.keys, root.children.len()), (0, 0));
}

#[test]
fn a_key_of_many_slashes_is_drawn_and_does_not_bring_it_down() {
    let scope = Agent::shared();
    let key = scope.key(&"/".repeat(50_000));
    scope.kvw(["txn", "-"]).stdin(format!("set {key} v")).ok();
    for format in ["text", "json"] {
        scope.kvw(["tree", scope.prefix(), "-o", format]).ok();
    }
    let output = scope.kvw(["ls", scope.prefix()]).run();
    output.expect(0);
}

#[test]
fn names_on_a_terminal_are_made_visible() {
    let scope = Agent::shared();
    scope
        .kvw(["put", "--exact-key", &scope.key("\x1b[2J/x"), "v"])
        .ok();
    for args in [&["tree"][..], &["ls"], &["ls", "-l"]] {
        let output = scope
            .kvw([])
            .args(args)
            .args([scope.prefix()])
            .on_terminal()
            .run();
        output.expect(0);
        assert!(output.text().contains("\\x1b[2J/"), "{output}");
        // Colours are kvw's own.
        let text = output.text();
        let mut sequences = text.split('\x1b').skip(1);
        let is_colour = |after: &str| {
            after.starts_with("[0m") || after.starts_with("[1;36m") || after.starts_with("[2m")
        };
        assert!(sequences.all(is_colour), "{output}");
    }
}

#[test]
fn a_terminal_gets_folders_in_colour_a_header_and_sizes_for_people() {
    let scope = Agent::shared();
    scope.put("f/key", "x");
    scope.put("key", "x".repeat(2048));
    let seen = |args: &[&str]| {
        let output = scope
            .kvw([])
            .args(args)
            .args([scope.prefix()])
            .on_terminal()
            .run();
        output.expect(0);
        output.text()
    };
    let folder = format!("\x1b[1;36m{}\x1b[0m", scope.key("f/"));
    for verb in [&["ls"][..], &["ls", "-l"]] {
        let text = seen(verb);
        assert!(text.contains(&folder), "{text:?}");
        assert!(text.contains(&scope.key("key")), "{text:?}");
    }
    assert!(seen(&["tree"]).contains("\x1b[1;36mf/\x1b[0m"));
    let key = format!("\x1b[36m{}\x1b[0m:x", scope.key("f/key"));
    assert!(seen(&["get", "--recurse"]).contains(&key));
    let long = seen(&["ls", "-l", "--color", "never"]);
    assert!(long.trim_start().starts_with("SIZE "), "{long:?}");
    assert!(long.contains("2.00 KiB "), "{long:?}");
    // A pipe gets lines of keys alone, and exact sizes.
    let piped = scope.kvw(["ls", "-l", scope.prefix()]).ok();
    assert!(
        piped.contains("    2048 ") && !piped.contains("SIZE"),
        "{piped}"
    );
    let dumb = scope
        .kvw(["ls", scope.prefix()])
        .env("TERM", "dumb")
        .on_terminal();
    assert!(!dumb.run().text().contains('\x1b'));
}

#[test]
fn unclean_folders_are_refused_unless_they_are_meant() {
    for verb in ["ls", "tree", "export"] {
        let output = Kvw::at("127.0.0.1:1").args([verb, "a//b/"]).run();
        output.expect(2).one_line().says(&["did you mean 'a/b/'?"]);
    }
}

#[test]
fn an_empty_folder_that_looks_like_a_glob_is_warned_of() {
    let scope = filled();
    let (folder, glob) = (scope.key("c/"), scope.key("c/**"));
    for (verb, format) in [
        ("ls", "text"),
        ("ls", "json"),
        ("tree", "text"),
        ("tree", "json"),
    ] {
        let output = scope.kvw([verb, &glob, "-o", format]).run();
        output.expect(0);
        let expected = format!(
            "warning: no key starts with {glob}/\n\
             hint: a prefix is not a glob: {verb} {folder} prints what is below\n"
        );
        assert_eq!(output.stderr, expected, "{output}");
        let none = scope.key("none");
        let output = scope.kvw([verb, &none, "-o", format]).run();
        output.expect(0);
        assert_eq!(output.stderr, format!("no keys below {none}/\n"));
    }
}
