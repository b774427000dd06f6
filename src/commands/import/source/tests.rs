//! Documents that are read, and those that are refused.

use super::*;

fn source(document: &str) -> ImportDocument {
    ImportDocument {
        content: Content::Memory(document.as_bytes().to_vec()),
        name: "doc".to_owned(),
        names: KeyMapping::default(),
        filter: Filter::default(),
        tenancy: Some(Tenancy::default()),
    }
}

fn check_error(source: &ImportDocument) -> String {
    format!("{:#}", source.check().unwrap_err())
}

#[test]
fn a_document_can_be_read_several_times() {
    let source = source(r#"[{"key":"a","value":"eHk="},{"key":"b"}]"#);
    let found = DocumentSummary {
        keys: 2,
        first: Key::new("a").ok(),
        ..DocumentSummary::default()
    };
    assert_eq!(source.check().unwrap(), found);
    assert_eq!(source.entries().unwrap().count(), 2);
    assert_eq!(source.check().unwrap(), found);
}

#[test]
fn a_key_that_occurs_twice_is_refused_in_any_order() {
    let sorted = source(r#"[{"key":"a"},{"key":"a"}]"#);
    assert_eq!(
        check_error(&sorted),
        "doc: entry 2: key a occurs twice: entries 1 and 2"
    );
    let unsorted = source(r#"[{"key":"b"},{"key":"a"},{"key":"c"},{"key":"b"}]"#);
    assert_eq!(
        check_error(&unsorted),
        "doc: entry 4: key b occurs twice: entries 1 and 4"
    );
    let unsorted = source(r#"[{"key":"b"},{"key":"a"}]"#);
    assert_eq!(unsorted.check().unwrap().keys, 2);
}

#[test]
fn keys_are_stripped_and_prefixed_and_what_does_not_fit_is_refused() {
    let mut source = source(r#"[{"key":"old/"},{"key":"old/a"}]"#);
    source.names.strip = "old/".to_owned();
    assert_eq!(source.check().unwrap().nameless, 1);
    source.names.prefix = "new/".to_owned();
    let keys = source
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().key.to_string());
    assert_eq!(keys.collect::<Vec<_>>(), ["new/", "new/a"]);
    source.names.strip = "old/a".to_owned();
    let message = "doc: entry 1: key old/ does not start with old/a, see --strip";
    assert_eq!(check_error(&source), message);
}

#[test]
fn entries_of_another_namespace_or_partition_are_refused() {
    let document = |member: &str| source(&format!(r#"[{{"key":"a",{member}}}]"#));
    for same in [
        r#""namespace":"default","partition":"Default""#,
        r#""namespace":"","partition":null"#,
    ] {
        assert_eq!(document(same).check().unwrap().keys, 1, "{same}");
    }
    let mut other = document(r#""namespace":"team""#);
    let message = "doc: entry 1: key a belongs to namespace team, and the import writes to default";
    assert_eq!(check_error(&other), message);
    other.tenancy = Some(Tenancy {
        namespace: Some("team".to_owned()),
        partition: None,
    });
    assert_eq!(other.check().unwrap().keys, 1);
    let mut other = document(r#""partition":"p""#);
    assert!(check_error(&other).contains("belongs to partition p,"));
    other.tenancy = None;
    assert_eq!(other.check().unwrap().keys, 1);
}

#[test]
fn members_that_mean_nothing_are_named() {
    let document = r#"[{"key":"a","Comment":1,"ModifyIndex":7,"session":null},{"key":"b","x":[]}]"#;
    let found = source(document).check().unwrap();
    let names: Vec<_> = found.unknown_members.iter().collect();
    assert_eq!(names, ["comment", "x"]);
}
