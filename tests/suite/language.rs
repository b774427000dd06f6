//! The words of the code: the standard term for each thing, one thing for each name. What is
//! forbidden here was in use once and has a plain name now.

use std::collections::BTreeMap;

use crate::harness::source::{Source, pattern, sources};

/// Words that occur nowhere: not in names, comments, messages, tests. A name's parts count.
const WORDS: &[&str] = &[
    "told",
    "deed",
    "deeds",
    "wish",
    "wishes",
    "wished",
    "news",
    "seat",
    "seats",
    "owed",
    "muddled",
    "nudge",
    "nudges",
    "nudged",
    "farewell",
    "onlooker",
    "onlookers",
];

/// Phrases that occur nowhere.
const PHRASES: &[&str] = &[
    "Looking on",
    "looks on",
    "look on",
    "remembered and believed",
    "When it ends",
];

/// Words that name no type. As English they may occur.
const TYPES: &[&str] = &[
    "Account",
    "Alone",
    "Around",
    "Consistent",
    "Consuls",
    "Damage",
    "Deeds",
    "Floor",
    "Goal",
    "Gone",
    "Halt",
    "Hidden",
    "Imitation",
    "InFile",
    "Look",
    "Marking",
    "Memory",
    "MemoryArgs",
    "Note",
    "Notice",
    "Notices",
    "Ours",
    "Pace",
    "Plain",
    "Poll",
    "Polling",
    "Probe",
    "Question",
    "Recorder",
    "Refused",
    "Remembered",
    "Renewal",
    "Resume",
    "Seat",
    "Seats",
    "Seen",
    "Setback",
    "Standing",
    "Standings",
    "Stored",
    "Together",
    "Told",
    "Trouble",
    "Vague",
    "Verdict",
    "Wake",
    "Way",
    "Why",
    "Wire",
    "Wish",
    "Witness",
];

/// Words that name no function.
const FUNCTIONS: &[&str] = &[
    "be_patient",
    "calm",
    "cease",
    "deaf",
    "farewell",
    "heeds_news",
    "hurry",
    "look_at",
    "look_at_the_clock",
    "named",
    "nudge",
    "of",
    "put_all",
    "refused",
    "told",
];

/// Words that name no constant.
const CONSTANTS: &[&str] = &["LANES", "TWIN"];

/// Words that name no module.
const MODULES: &[&str] = &[
    "answers",
    "closing",
    "floor",
    "handing",
    "imitation",
    "look",
    "reading",
    "refusal",
    "remembered",
    "resume",
    "samples",
    "several",
    "standing",
    "traps",
];

/// The published JSON types have the names of what they show, and are written `json::X`.
const PUBLISHED: &str = "src/output/json";

#[test]
fn retired_words_do_not_come_back() {
    let mut wrong = Vec::new();
    let word = pattern(&format!(r"(?i)(?:\b|_)({})(?:\b|_)", WORDS.join("|")));
    let phrase = pattern(&format!("({})", PHRASES.join("|")));
    for source in all_but_this() {
        for pattern in [&word, &phrase] {
            wrong.extend(source.find_in(&source.text, pattern));
        }
    }
    none(&wrong);
}

#[test]
fn retired_names_do_not_come_back() {
    let mut wrong = Vec::new();
    let definitions = [
        (r"struct|enum|trait|type", TYPES),
        ("fn", FUNCTIONS),
        ("const|static", CONSTANTS),
        ("mod", MODULES),
    ];
    for source in all_but_this() {
        for (keyword, names) in definitions {
            let names = names.join("|");
            let definition = pattern(&format!(r"\b(?:{keyword})\s+({names})\b"));
            wrong.extend(source.find_code(&definition));
        }
    }
    none(&wrong);
}

#[test]
fn no_two_types_of_the_crate_have_one_name() {
    let (published, others): (Vec<_>, Vec<_>) = sources("src").into_iter().partition(is_published);
    none(&repeated(&published));
    none(&repeated(&others));
}

#[test]
fn no_two_types_of_the_suite_have_one_name() {
    none(&repeated(&sources("tests")));
}

#[test]
fn published_types_are_written_with_their_module() {
    let mut wrong = Vec::new();
    // Imported by its own name, or with all others.
    let import = pattern(r"\buse\s+([^;]*\bjson::\s*[A-Z{*][^;]*)");
    for source in sources("src") {
        if is_published(&source) {
            continue;
        }
        for (place, import) in source.find_code(&import) {
            let is_in_room = source.path.starts_with("src/output");
            if is_in_room || import.contains("output::") {
                wrong.push((place, import));
            }
        }
    }
    none(&wrong);
}

fn is_published(source: &Source) -> bool {
    let path = source.path.to_str().unwrap();
    path.starts_with(PUBLISHED) && !path.ends_with("tests.rs")
}

/// Every definition of a type whose name is defined twice.
fn repeated(sources: &[Source]) -> Vec<(String, String)> {
    let definition = pattern(r"\b(?:struct|enum|trait)\s+(\w+)");
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources {
        for (place, name) in source.find_code(&definition) {
            places.entry(name).or_default().push(place);
        }
    }
    places.retain(|_, places| places.len() > 1);
    let repeated = places.into_iter();
    repeated
        .flat_map(|(name, places)| places.into_iter().map(move |place| (place, name.clone())))
        .collect()
}

/// The files whose words count: this one lists those that are forbidden.
fn all_but_this() -> impl Iterator<Item = Source> {
    let all = sources("src").into_iter().chain(sources("tests"));
    all.filter(|source| !source.path.ends_with(file!()))
}

#[track_caller]
fn none(wrong: &[(String, String)]) {
    let lines: Vec<_> = wrong
        .iter()
        .map(|(place, found)| format!("{place}: {found}"))
        .collect();
    assert!(
        lines.is_empty(),
        "{} times a retired word or name, or a name that stands twice: use the term of \
         CONTRIBUTING.md, or one that says what the thing is\n{}",
        lines.len(),
        lines.join("\n")
    );
}
