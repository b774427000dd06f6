//! `docs/json.md` and the schemas of `docs/schema`, held to what the program prints.

mod documents;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use self::documents::{Document, documents};
use self::schema::{Met, Schemas};
use crate::harness::Kvw;
use crate::harness::source::{pattern, sources};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/json.md")).unwrap()
}

fn schemas() -> Schemas {
    Schemas::read(&root().join("docs/schema"))
}

fn all_documents() -> &'static [Document] {
    static DOCUMENTS: OnceLock<Vec<Document>> = OnceLock::new();
    DOCUMENTS.get_or_init(documents)
}

/// Checks a document, and returns the places of schemas that it has met.
#[track_caller]
fn check(schemas: &Schemas, document: &Document) -> Met {
    let file = format!("{}.json", document.schema);
    schemas
        .check(&file, &document.value)
        .unwrap_or_else(|error| panic!("{}: {error}", document.command))
}

/// A command of the tables of the page, the format or file that it prints, and the schemas it names.
struct Row {
    command: String,
    format: String,
    schemas: Vec<String>,
}

fn rows() -> Vec<Row> {
    let page = page();
    let mut rows = Vec::new();
    let code = pattern("`([^`]+)`");
    let link = pattern(r"\(schema/([a-z-]+)\.json\)");
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_matches('|').splitn(3, " | ");
        let mut cell = || cells.next().unwrap().to_owned();
        let (commands, formats, shapes) = (cell(), cell(), cell());
        let all = |pattern: &regex::Regex, text: &str| -> Vec<String> {
            let found = pattern.captures_iter(text);
            found.map(|found| found[1].to_owned()).collect()
        };
        let format = formats.trim().trim_matches('`').to_owned();
        for command in all(&code, &commands) {
            rows.push(Row {
                command,
                format: format.clone(),
                schemas: all(&link, &shapes),
            });
        }
    }
    assert!(rows.len() > 40);
    rows
}

#[test]
fn real_documents_of_every_row_of_the_page_fit_their_schemas() {
    let schemas = schemas();
    let mut real = BTreeSet::new();
    for document in all_documents() {
        check(&schemas, document);
        real.insert((document.command, document.format, document.schema));
    }
    // Input that is read by the same code as that of another row, and shapes inside of shapes.
    let read_alike = [("dev --load", "FILE"), ("diff", "FILE"), ("apply", "FILE")];
    let mut documented = BTreeSet::new();
    for row in rows() {
        let (command, format) = (&*row.command, &*row.format);
        if read_alike.contains(&(command, format)) {
            continue;
        }
        let mut has_one = row.schemas.is_empty() && command == "diff";
        for schema in &row.schemas {
            documented.insert((command.to_owned(), format.to_owned(), schema.clone()));
            has_one |= real.contains(&(command, format, &**schema));
        }
        assert!(has_one, "no real document of {command}, {format}");
    }
    for (command, format, schema) in real {
        let row = (command.to_owned(), format.to_owned(), schema.to_owned());
        assert!(documented.contains(&row), "the page lacks {row:?}");
    }
}

/// Places that no document of the suite meets, with the reason.
const UNSEEN: [(&str, &str); 1] = [(
    "saved-plan.json/properties/checks/items",
    "kvw diff has no --guard, so that its list is empty",
)];

#[test]
fn each_member_and_alternative_of_a_schema_is_in_a_real_document() {
    let schemas = schemas();
    let mut met = Met::new();
    for document in all_documents() {
        met.append(&mut check(&schemas, document));
    }
    let places = schemas.places();
    let missing: Vec<_> = places
        .difference(&met)
        .filter(|place| !UNSEEN.iter().any(|(unseen, _)| place.starts_with(unseen)))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_member_that_is_added_removed_or_renamed_is_noticed() {
    let schemas = schemas();
    let mut by_place: BTreeMap<String, Vec<&Document>> = BTreeMap::new();
    for document in all_documents() {
        for place in check(&schemas, document) {
            by_place.entry(place).or_default().push(document);
        }
    }
    let fails = |changed: &Schemas, place: &str| {
        by_place[place].iter().any(|document| {
            let file = format!("{}.json", document.schema);
            changed.check(&file, &document.value).is_err()
        })
    };
    let mut tried = 0;
    for place in schemas.places() {
        let Some((object, name)) = place.rsplit_once("/properties/") else {
            continue;
        };
        if name.contains('/') || !by_place.contains_key(&place) {
            continue;
        }
        // What the program prints and the schema does not name: a member that was added or renamed.
        let mut changed = schemas.clone();
        let members = changed.at_mut(&format!("{object}/properties"));
        members.as_object_mut().unwrap().remove(name);
        assert!(fails(&changed, &place), "{place}: removed from the schema");
        // What the schema demands and the program does not print: a member that was removed.
        let mut changed = schemas.clone();
        let required = match object.contains('/') {
            true => changed.at_mut(object),
            false => changed.0.get_mut(object).unwrap(),
        };
        let required = required["required"].as_array_mut().unwrap();
        required.push(json!(format!("{name}_")));
        assert!(fails(&changed, &place), "{place}: added to the schema");
        tried += 1;
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn every_schema_is_on_the_page_and_every_link_leads_somewhere() {
    let page = page();
    let link = pattern(r"\]\((schema/[a-z-]+\.json|\.\./[^)#]+)");
    let mut linked = BTreeSet::new();
    for found in link.captures_iter(&page) {
        let path: PathBuf = root().join("docs").join(&found[1]);
        assert!(path.exists(), "{}", path.display());
        linked.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    for file in schemas().0.keys() {
        assert!(linked.contains(file), "docs/json.md does not name {file}");
    }
}

/// The verbs of the program, by their manual pages, which another test holds fresh.
fn verbs() -> Vec<String> {
    let pages = std::fs::read_dir(root().join("man")).unwrap();
    let mut verbs: Vec<_> = pages
        .filter_map(|page| {
            let name = page.unwrap().file_name().into_string().unwrap();
            let verb = name.strip_prefix("kvw-")?.strip_suffix(".1")?;
            Some(verb.replace('-', " "))
        })
        .collect();
    verbs.sort();
    verbs
}

#[test]
fn every_verb_that_prints_json_is_on_the_page_with_each_of_its_formats() {
    let values = pattern(r"possible values: ([a-z, ]+)\]");
    let mut offered = BTreeSet::new();
    for verb in verbs() {
        // What is refused is listed with what is not.
        let wrong = Kvw::bare().args(verb.split(' ')).args(["-o", "none"]);
        let output = wrong.run();
        let Some(found) = values.captures(&output.stderr) else {
            continue;
        };
        output.expect(2);
        for format in found[1].split(", ") {
            if matches!(format, "json" | "jsonl" | "consul") {
                offered.insert((verb.clone(), format.to_owned()));
            }
        }
    }
    assert!(offered.len() > 25, "{offered:?}");
    let mut documented = BTreeSet::new();
    for row in rows() {
        if matches!(&*row.format, "json" | "jsonl" | "consul") {
            let words: Vec<_> = row.command.split(' ').collect();
            let verb = match words[0] {
                "session" => words[..2].join(" "),
                verb => verb.to_owned(),
            };
            documented.insert((verb, row.format));
        }
    }
    assert_eq!(documented, offered);
}

/// Each type that others than kvw read as JSON, and the schema that has its members.
const PUBLISHED: [(&str, &str); 50] = [
    ("AccessReport", "status"),
    ("Applied", "applied"),
    ("Batch", "batch"),
    ("Change", "change"),
    ("CheckRun", "applied"),
    ("ConditionsMet", "wait"),
    ("ConditionsUnmet", "wait"),
    ("Conflict", "applied"),
    ("ConsulEntry", "consul-entries"),
    ("Copied", "copied"),
    ("Deleted", "delete"),
    ("DeletedPrefix", "delete"),
    ("Entry", "entry"),
    ("Event", "event"),
    ("FailedOp", "txn"),
    ("Folder", "folder"),
    ("HandlerEvent", "event"),
    ("HandlerStatus", "status-file"),
    ("HeldLock", "held-lock"),
    ("Imported", "import"),
    ("Lag", "status-file"),
    ("LastChange", "status-file"),
    ("LastRun", "status-file"),
    ("LeaderEvent", "leader"),
    ("LockHolder", "lock-state"),
    ("LockState", "lock-state"),
    ("Outage", "status-file"),
    ("Plan", "plan"),
    ("PlanOrigin", "undo-file"),
    ("PlannedChange", "planned-change"),
    ("PlannedContent", "planned-change"),
    ("PortableEntry", "portable-entry"),
    ("SavedCheck", "saved-plan"),
    ("SavedOp", "saved-plan"),
    ("SavedPlan", "saved-plan"),
    ("SecretChange", "planned-change"),
    ("Session", "session"),
    ("Skipped", "plan"),
    ("StatusReport", "status"),
    ("TargetStatus", "status-file"),
    ("Tree", "tree"),
    ("TxnOutcome", "txn"),
    ("UndoAnswer", "undo-file"),
    ("UndoContent", "undo-file"),
    ("UndoEntry", "undo-file"),
    ("UndoHead", "undo-file"),
    ("WatchStatus", "status-file"),
    ("WatchedEntry", "consul-watch"),
    ("WithheldKeys", "status-file"),
    ("WouldDelete", "delete"),
];

/// Types, or files of types, that kvw alone reads back, or that are Consul's.
const PRIVATE: [(&str, &str); 8] = [
    ("src/agent/", "what Consul answers"),
    ("src/consul/", "what Consul is asked"),
    (
        "src/fallback/file.rs",
        "an answer that is kept, with a checksum",
    ),
    ("src/lock/limited.rs", "the document of consul lock -n"),
    (
        "src/sources/directory/manifest.rs",
        "the files of an export",
    ),
    ("src/state_file/", "the state of a watch, with a checksum"),
    ("Encoding", "one of two texts"),
    ("UndoLine", "its variants are the members"),
];

/// Members that are written under another name, or as the members of the type that they have.
const RENAMED: [(&str, &str); 2] = [("rtt", "rtt_ms"), ("origin", "address")];

#[test]
fn every_type_that_is_written_as_json_is_documented_with_its_members() {
    let item = pattern(
        r"(?s)#\[derive\([^\]]*\bSerialize\b[^\]]*\)\]\s*(?:#\[[^\n]*\]\s*)*(?:pub(?:\([a-z ]+\))? )?(?:struct|enum) ([A-Za-z]+)[^{;(]*\{(.*?)\n\}",
    );
    let member = pattern(r"(?m)^\s+(?:pub(?:\([a-z]+\))? )?([a-z_]+0?): ");
    let schemas = schemas();
    let mut found = BTreeSet::new();
    for source in sources("src") {
        let path = source.path.to_str().unwrap();
        if PRIVATE.iter().any(|(private, _)| path.starts_with(private)) {
            continue;
        }
        for item in item.captures_iter(&source.production_code()) {
            let (name, body) = (&item[1], &item[2]);
            if PRIVATE.iter().any(|(private, _)| *private == name) {
                continue;
            }
            let schema = PUBLISHED.iter().find(|(published, _)| *published == name);
            let (_, schema) = schema.unwrap_or_else(|| panic!("{path}: {name} has no schema"));
            found.insert(name.to_owned());
            let names = member_names(&schemas.0[&format!("{schema}.json")]);
            for member in member.captures_iter(body) {
                let renamed = RENAMED.iter().find(|(from, _)| *from == &member[1]);
                let name_in_json = renamed.map_or(&member[1], |(_, to)| to);
                let is_documented =
                    names.contains(name_in_json) || names.contains(&pascal(name_in_json));
                assert!(
                    is_documented,
                    "{path}: {name}.{name_in_json} is not in {schema}"
                );
            }
        }
    }
    let listed = PUBLISHED.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(found, listed.collect::<BTreeSet<_>>());
}

fn pascal(name: &str) -> String {
    let words = name
        .split('_')
        .map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

fn member_names(schema: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match schema {
        Value::Object(members) => {
            for (keyword, rule) in members {
                if let ("properties", Value::Object(properties)) = (&**keyword, rule) {
                    names.extend(properties.keys().cloned());
                }
                names.append(&mut member_names(rule));
            }
        }
        Value::Array(rules) => names.extend(rules.iter().flat_map(member_names)),
        _ => {}
    }
    names
}
