use super::super::Fields;
use super::*;

fn entry(value: &str, modified: u64) -> Entry {
    Entry::pack(&Fields {
        key: "a",
        value: Some(value.as_bytes()),
        modified,
        ..Fields::default()
    })
}

fn condition(key: &str, predicate: Predicate) -> Condition {
    Condition {
        key: Key::new(key).unwrap(),
        predicate,
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn each_predicate_is_met_where_it_should() {
    let x = entry("x", 7);
    let matches = |regex: &str| Predicate::Matches(Regex::new(regex).unwrap());
    let since = |index| Predicate::ChangedSince(Index(index));
    // The predicate; whether it holds for `x` at 7; whether for no entry.
    let table = [
        (Predicate::Exists, true, false),
        (Predicate::Absent, false, true),
        (Predicate::Equals(bytes("x")), true, false),
        (Predicate::Equals(bytes("y")), false, false),
        (Predicate::Equals(bytes("")), false, false),
        (Predicate::NotEquals(bytes("x")), false, true),
        (Predicate::NotEquals(bytes("y")), true, true),
        (matches("^x$"), true, false),
        (matches("y"), false, false),
        (matches(""), true, false),
        (since(6), true, true),
        (since(7), false, true),
        (since(8), false, true),
        (since(0), true, false),
    ];
    for (predicate, there, missing) in table {
        let condition = condition("a", predicate);
        assert_eq!(condition.holds(Some(&x)), there, "{condition}");
        assert_eq!(condition.holds(None), missing, "{condition}");
    }
}

#[test]
fn a_regular_expression_sees_bytes() {
    let binary = Entry::pack(&Fields {
        key: "a",
        value: Some(b"\xff\x00ok"),
        ..Fields::default()
    });
    let matches = |regex| condition("a", Predicate::Matches(Regex::new(regex).unwrap()));
    assert!(matches("ok$").holds(Some(&binary)));
    assert!(matches(r"(?-u)^\xff").holds(Some(&binary)));
}

#[test]
fn an_unmet_condition_is_described_without_the_value() {
    let secret = entry("secret", 7);
    let table = [
        (Predicate::Exists, None, "a does not exist"),
        (Predicate::Absent, Some(&secret), "a exists"),
        (Predicate::Equals(bytes("x")), None, "a does not exist"),
        (Predicate::Equals(bytes("x")), Some(&secret), "a is not 'x'"),
        (
            Predicate::NotEquals(bytes("secret")),
            Some(&secret),
            "a is still 'secret'",
        ),
        (
            Predicate::Matches(Regex::new("^x").unwrap()),
            Some(&secret),
            "a does not match '^x'",
        ),
        (
            Predicate::ChangedSince(Index(9)),
            Some(&secret),
            "a has not changed since index 9",
        ),
        (Predicate::ChangedSince(Index(0)), None, "a does not exist"),
    ];
    for (predicate, entry, text) in table {
        let condition = condition("a", predicate);
        assert!(!condition.holds(entry), "{text}");
        assert_eq!(condition.describe_unmet(entry), text);
    }
}

#[test]
fn a_long_value_is_cut_between_characters() {
    let long = "ä".repeat(100);
    let text = condition("a", Predicate::Equals(bytes(&long))).to_string();
    assert_eq!(text, format!("a to be '{}…'", "ä".repeat(MAX_SHOWN)));
}

#[test]
fn all_have_to_be_met_or_any() {
    let conditions = || {
        vec![
            condition("a", Predicate::Exists),
            condition("b", Predicate::Absent),
            condition("a", Predicate::Equals(bytes("x"))),
        ]
    };
    let x = entry("x", 1);
    let all = ConditionSet::new(conditions(), false);
    assert_eq!(
        all.to_string(),
        "a to exist and b to be absent and a to be 'x'"
    );
    assert_eq!(all.keys().len(), 2);
    let there = |there: &'static [&str]| {
        let x = &x;
        move |key: &Key| Some(there.contains(&key.as_str()).then_some(x))
    };
    assert!(all.unmet(there(&["a"])).is_empty());
    assert_eq!(all.unmet(there(&["a", "b"])), ["b exists"]);
    assert_eq!(all.unmet(there(&["b"])), ["a does not exist", "b exists"]);
    let any = ConditionSet::new(conditions(), true);
    assert_eq!(
        any.to_string(),
        "a to exist or b to be absent or a to be 'x'"
    );
    assert!(any.unmet(there(&["a", "b"])).is_empty());
    assert_eq!(any.unmet(there(&["b"])), ["a does not exist", "b exists"]);
}

#[test]
fn a_key_that_was_not_read_meets_nothing() {
    let goal = ConditionSet::new(vec![condition("a", Predicate::Absent)], false);
    assert_eq!(goal.unmet(|_| None), ["a was not seen"]);
}
