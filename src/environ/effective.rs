//! The environment that a program gets: its variables, and what it inherits. Pure.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::rules::Variables;

/// Variables that a program gets although nothing else is inherited.
const PRISTINE: [&str; 10] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "TMPDIR", "PWD",
];

/// What of kvw's own environment a program inherits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inheritance {
    /// Nothing but what a program needs to run at all.
    pub pristine: bool,
    /// What is inherited wins over keys.
    pub preserve: bool,
}

/// Returns the environment of a program. `own` is that of kvw without what is withheld; `set` is what
/// the program gets in any case.
pub fn effective(
    own: &[(OsString, OsString)],
    set: &[(OsString, OsString)],
    variables: &Variables,
    inheritance: Inheritance,
) -> BTreeMap<OsString, OsString> {
    let inherited = own.iter().filter(|(name, _)| {
        let locale = || name.as_bytes().starts_with(b"LC_");
        !inheritance.pristine || locale() || PRISTINE.iter().any(|kept| name == kept)
    });
    let mut all: BTreeMap<OsString, OsString> = inherited.chain(set).cloned().collect();
    for (name, entry) in variables {
        let name = OsString::from(name);
        if !inheritance.preserve || !all.contains_key(&name) {
            all.insert(name, OsStr::from_bytes(entry.value()).to_owned());
        }
    }
    all
}

/// Returns the names in which two environments differ, sorted.
pub fn differing_names(
    one: &BTreeMap<OsString, OsString>,
    other: &BTreeMap<OsString, OsString>,
) -> Vec<String> {
    let mut names: Vec<String> = one
        .iter()
        .filter(|(name, value)| other.get(*name) != Some(value))
        .chain(other.iter().filter(|(name, _)| !one.contains_key(*name)))
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, Fields};

    fn own() -> Vec<(OsString, OsString)> {
        let own = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("A", "own"),
            ("B", "own"),
        ];
        own.map(|(name, value)| (name.into(), value.into())).into()
    }

    fn variables(all: &[(&str, &[u8])]) -> Variables {
        let pack = |value| {
            Entry::pack(&Fields {
                key: "k",
                value: Some(value),
                ..Fields::default()
            })
        };
        let all = all.iter();
        all.map(|(name, value)| ((*name).to_owned(), pack(*value)))
            .collect()
    }

    fn shown(inheritance: Inheritance) -> Vec<String> {
        let variables = variables(&[("A", b"key"), ("C", b"\xff")]);
        let all = effective(&own(), &[], &variables, inheritance);
        let all = all.iter();
        all.map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
            .collect()
    }

    #[test]
    fn keys_win_over_what_is_inherited() {
        assert_eq!(
            shown(Inheritance::default()),
            ["A=key", "B=own", "C=\u{fffd}", "LC_ALL=C", "PATH=/bin"]
        );
    }

    #[test]
    fn what_is_inherited_can_be_preserved_or_left_out() {
        let (pristine, preserve) = (true, true);
        let preserved = shown(Inheritance {
            pristine: false,
            preserve,
        });
        assert_eq!(preserved[0], "A=own");
        let alone = shown(Inheritance {
            pristine,
            preserve: false,
        });
        assert_eq!(alone, ["A=key", "C=\u{fffd}", "LC_ALL=C", "PATH=/bin"]);
    }

    #[test]
    fn a_key_that_the_program_does_not_see_makes_no_difference() {
        let inheritance = Inheritance {
            preserve: true,
            ..Inheritance::default()
        };
        let with = |value: &[u8]| effective(&own(), &[], &variables(&[("A", value)]), inheritance);
        assert_eq!(with(b"1"), with(b"2"));
        let all = |all| effective(&own(), &[], &variables(all), Inheritance::default());
        let names = differing_names(
            &all(&[("A", b"1"), ("X", b"1"), ("Y", b"1")]),
            &all(&[("A", b"2"), ("Y", b"1"), ("Z", b"")]),
        );
        assert_eq!(names, ["A", "X", "Z"]);
    }
}
