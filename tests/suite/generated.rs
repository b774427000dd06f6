//! completions/ and man/ are what the binary prints. `KVW_TEST_REGENERATE=1` writes them anew.

use std::collections::BTreeMap;
use std::path::Path;

use crate::harness::Kvw;

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
        .args(["man".as_ref(), folder.path().as_os_str()])
        .ok();
    hold("man", &files(folder.path()));
}

#[test]
fn man_alone_prints_the_page_of_the_program() {
    let printed = Kvw::bare().args(["man"]).ok();
    assert!(printed.contains(".TH kvw 1"), "{printed}");
}

/// Verbs with so few flags that their whole help is shorter than a page.
const SMALL: [&str; 12] = [
    "ls",
    "tree",
    "status",
    "dev",
    "completions",
    "man",
    "session",
    "session-list",
    "session-show",
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
