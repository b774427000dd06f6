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

fn condition(key: &str, wish: Wish) -> Condition {
    Condition {
        key: Key::new(key).unwrap(),
        wish,
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn each_wish_holds_where_it_should() {
    let x = entry("x", 7);
    let matches = |regex: &str| Wish::Matches(Regex::new(regex).unwrap());
    let since = |index| Wish::ChangedSince(Index(index));
    // The wish; whether it holds for `x` at 7; whether for no entry.
    let table = [
        (Wish::Exists, true, false),
        (Wish::Absent, false, true),
        (Wish::Equals(bytes("x")), true, false),
        (Wish::Equals(bytes("y")), false, false),
        (Wish::Equals(bytes("")), false, false),
        (Wish::NotEquals(bytes("x")), false, true),
        (Wish::NotEquals(bytes("y")), true, true),
        (matches("^x$"), true, false),
        (matches("y"), false, false),
        (matches(""), true, false),
        (since(6), true, true),
        (since(7), false, true),
        (since(8), false, true),
        (since(0), true, false),
    ];
    for (wish, there, missing) in table {
        let condition = condition("a", wish);
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
    let matches = |regex| condition("a", Wish::Matches(Regex::new(regex).unwrap()));
    assert!(matches("ok$").holds(Some(&binary)));
    assert!(matches(r"(?-u)^\xff").holds(Some(&binary)));
}

#[test]
fn what_does_not_hold_is_named_without_the_present_value() {
    let secret = entry("secret", 7);
    let table = [
        (Wish::Exists, None, "a does not exist"),
        (Wish::Absent, Some(&secret), "a exists"),
        (Wish::Equals(bytes("x")), None, "a does not exist"),
        (Wish::Equals(bytes("x")), Some(&secret), "a is not 'x'"),
        (
            Wish::NotEquals(bytes("secret")),
            Some(&secret),
            "a is still 'secret'",
        ),
        (
            Wish::Matches(Regex::new("^x").unwrap()),
            Some(&secret),
            "a does not match '^x'",
        ),
        (
            Wish::ChangedSince(Index(9)),
            Some(&secret),
            "a has not changed since index 9",
        ),
        (Wish::ChangedSince(Index(0)), None, "a does not exist"),
    ];
    for (wish, entry, text) in table {
        let condition = condition("a", wish);
        assert!(!condition.holds(entry), "{text}");
        assert_eq!(condition.unmet(entry), text);
    }
}

#[test]
fn a_long_value_is_cut_between_characters() {
    let long = "ä".repeat(100);
    let told = condition("a", Wish::Equals(bytes(&long))).to_string();
    assert_eq!(told, format!("a to be '{}…'", "ä".repeat(SHOWN)));
}

#[test]
fn all_have_to_hold_or_any() {
    let conditions = || {
        vec![
            condition("a", Wish::Exists),
            condition("b", Wish::Absent),
            condition("a", Wish::Equals(bytes("x"))),
        ]
    };
    let x = entry("x", 1);
    let all = Goal::new(conditions(), false);
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
    let any = Goal::new(conditions(), true);
    assert_eq!(
        any.to_string(),
        "a to exist or b to be absent or a to be 'x'"
    );
    assert!(any.unmet(there(&["a", "b"])).is_empty());
    assert_eq!(any.unmet(there(&["b"])), ["a does not exist", "b exists"]);
}

#[test]
fn a_key_that_nobody_has_seen_meets_nothing() {
    let goal = Goal::new(vec![condition("a", Wish::Absent)], false);
    assert_eq!(goal.unmet(|_| None), ["a was not seen"]);
}
