//! completions/ and man/ are what the binary prints. `KVW_TEST_REGENERATE=1` writes them anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::harness::{Kvw, not_tried, write_script};

const SHELLS: [(&str, &str); 5] = [
    ("bash", "kvw.bash"),
    ("zsh", "_kvw"),
    ("fish", "kvw.fish"),
    ("elvish", "kvw.elv"),
    ("powershell", "_kvw.ps1"),
];

#[test]
fn the_committed_completions_are_fresh() {
    let scripts = SHELLS.map(|(shell, file)| {
        (
            file.to_owned(),
            Kvw::bare()
                .args(["completions", shell])
                .run()
                .expect(0)
                .stdout
                .clone(),
        )
    });
    hold("completions", &scripts.into());
}

#[test]
fn the_committed_man_pages_are_fresh() {
    let folder = tempfile::tempdir().unwrap();
    Kvw::bare()
        .args(["man".as_ref(), "--dir".as_ref(), folder.path().as_os_str()])
        .ok();
    hold("man", &files(folder.path()));
}

#[test]
fn man_alone_prints_the_page_of_the_program() {
    let printed = Kvw::bare().args(["man"]).ok();
    assert!(printed.contains(".TH kvw 1"), "{printed}");
}

/// Verbs with so few flags that their whole help is shorter than a page.
const SMALL: [&str; 14] = [
    "ls",
    "tree",
    "status",
    "dev",
    "completions",
    "man",
    "help",
    "session",
    "session-list",
    "session-show",
    "undo",
    "session-create",
    "session-renew",
    "session-destroy",
];

#[test]
fn the_short_help_of_each_verb_fits_a_screen() {
    let verbs: Vec<String> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("man"))
        .keys()
        .filter_map(|page| page.strip_prefix("kvw-")?.strip_suffix(".1"))
        .map(ToOwned::to_owned)
        .collect();
    assert!(verbs.len() >= 14, "{verbs:?}");
    for verb in verbs {
        let help = Kvw::bare()
            .env("COLUMNS", "80")
            .args(verb.split('-'))
            .args(["-h"])
            .ok();
        let lines = help.lines().count();
        let least = if SMALL.contains(&&*verb) { 10 } else { 24 };
        assert!((least..=40).contains(&lines), "{verb}: {lines}\n{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 80),
            "{help}"
        );
        assert!(!help.contains("--token-file"), "{help}");
    }
}

fn hold(folder: &str, fresh: &BTreeMap<String, Vec<u8>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("KVW_TEST_REGENERATE").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        for (name, bytes) in fresh {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let committed = files(&folder);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&committed),
        names(fresh),
        "files of {}",
        folder.display()
    );
    for (name, bytes) in fresh {
        assert!(
            committed[name] == *bytes,
            "{} is stale: run the suite once with KVW_TEST_REGENERATE=1",
            folder.join(name).display()
        );
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(Result::unwrap);
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn each_flag_of_a_page_is_described_and_no_formatter_warns() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    for (name, page) in files(&folder) {
        let page = String::from_utf8(page).unwrap();
        let lines: Vec<_> = page.lines().collect();
        let undescribed = lines
            .windows(3)
            .filter(|three| three[0] == ".TP" && three[2].trim().is_empty());
        assert_eq!(undescribed.count(), 0, "{name}");
        for section in ["NAME", "SEE ALSO"] {
            assert!(
                page.contains(&format!(".SH {section}"))
                    || page.contains(&format!(".SH \"{section}\"")),
                "{name}"
            );
        }
        let linted = Command::new("mandoc")
            .args(["-Tlint", "-Wwarning"])
            .arg(folder.join(&name))
            .output();
        match linted {
            Ok(linted) => assert!(
                linted.stdout.is_empty(),
                "{name}: {}",
                String::from_utf8_lossy(&linted.stdout)
            ),
            Err(_) => not_tried("the pages in mandoc: it is not installed"),
        }
    }
}

/// A folder with one program of this name.
fn program(name: &str, script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    write_script(&path, script);
    folder
}

#[test]
fn a_page_is_shown_on_a_terminal_and_printed_into_a_pipe() {
    let page = Kvw::bare().args(["man", "watch"]).ok();
    assert!(page.contains(".TH kvw-watch 1"), "{page}");
    let man = program("man", r#"echo "man $*: $(head -c 100 | grep -c TH)""#);
    let usual = std::env::var("PATH").unwrap();
    let path = format!("{}:{usual}", man.path().display());
    let kvw = Kvw::bare().args(["man", "watch"]).env("PATH", &path);
    let shown = kvw.on_terminal().run();
    assert!(shown.expect(0).text().contains("man -l -: "), "{shown}");

    // Where there is no man, the help is shown by the pager.
    let bare = program("sh", r#"exec /bin/sh "$@""#);
    let mut script = std::env::split_paths(&usual).map(|folder| folder.join("script"));
    let script = script.find(|path| path.exists()).unwrap();
    std::os::unix::fs::symlink(script, bare.path().join("script")).unwrap();
    let kvw = || Kvw::bare().env("PATH", bare.path()).args(["man", "put"]);
    let shown = kvw().env("PAGER", "/bin/sed 's/^/> /'").on_terminal().run();
    assert!(
        shown.expect(0).text().contains("> Write a value to a key"),
        "{shown}"
    );
    let shown = kvw().env("PAGER", "/nonexistent").on_terminal().run();
    assert!(
        shown.expect(0).text().contains("Write a value to a key"),
        "{shown}"
    );
}

#[test]
fn a_page_that_does_not_exist_is_named() {
    for (word, hint) in [
        ("fnord", "kvw -h"),
        ("./man", "--dir DIR"),
        ("man1/", "--dir DIR"),
    ] {
        let output = Kvw::bare().args(["man", word]).run();
        output.expect(2).says(&["no page for", hint]);
    }
}
