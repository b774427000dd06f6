//! Keys and prefixes as they are typed.

use clap::Args;

use crate::exit::Failure;
use crate::model::{Key, Obstacle, Prefix, obstacle};

/// How keys on the command line are taken.
#[derive(Debug, Clone, Default, Args)]
pub struct KeyArgs {
    /// Take keys as they stand, also those that other clients of Consul cannot reach (a leading /,
    /// //, . or .. as a segment, control characters)
    #[arg(long)]
    exact_key: bool,
}

impl KeyArgs {
    /// The key, unless it was probably not meant so: exit 2.
    pub fn key(&self, text: &str) -> Result<Key, Failure> {
        self.check("key", text)?;
        Key::new(text).map_err(|error| Failure::usage(error.to_string()))
    }

    /// The prefix, unless it was probably not meant so: exit 2. An empty one is the whole store.
    pub fn prefix(&self, text: &str) -> Result<Prefix, Failure> {
        self.check("prefix", text)?;
        Ok(Prefix::new(text))
    }

    /// Refuses a name that the router of Consul's HTTP API would clean: other clients then write,
    /// read or delete another key and say that all went well.
    pub fn check(&self, what: &str, text: &str) -> Result<(), Failure> {
        let Some(obstacle) = obstacle(text).filter(|_| !self.exact_key) else {
            return Ok(());
        };
        let trouble = match obstacle {
            Obstacle::Unprintable => "other clients of Consul cannot reach it",
            _ => "other clients of Consul would take it for another",
        };
        let failure = Failure::usage(format!("{what} '{text}' {obstacle}: {trouble}"));
        let as_it_stands = format!("--exact-key takes the {what} as it stands");
        Err(failure.hint(match meant(text) {
            meant if meant.is_empty() && what == "key" => as_it_stands,
            meant => format!("did you mean '{meant}'? {as_it_stands}"),
        }))
    }
}

/// The name of a folder as it is typed: `config` means `config/`, and nothing the top.
pub fn folder(text: &str) -> String {
    if text.is_empty() || text.ends_with('/') {
        text.to_owned()
    } else {
        format!("{text}/")
    }
}

/// The nearest name without an obstacle: what the router would make of it, control characters
/// left out.
fn meant(text: &str) -> String {
    let printable = text.chars().filter(|c| {
        !matches!(
            obstacle(c.encode_utf8(&mut [0; 4])),
            Some(Obstacle::Unprintable)
        )
    });
    let text: String = printable.collect();
    let mut segments = Vec::new();
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let folder = !segments.is_empty() && ["/", "/.", "/.."].iter().any(|end| text.ends_with(end));
    let mut clean = segments.join("/");
    if folder {
        clean.push('/');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_was_probably_meant_is_named() {
        for (typed, name) in [
            ("/app/name", "app/name"),
            ("app//name", "app/name"),
            ("app//", "app/"),
            ("./app/name", "app/name"),
            ("app/../web", "web"),
            ("app/.", "app/"),
            ("app/a/..", "app/"),
            ("app\tname", "appname"),
            ("/", ""),
            ("..", ""),
            ("a\u{200b}b", "ab"),
        ] {
            assert_eq!(meant(typed), name, "{typed:?}");
            assert_eq!(obstacle(&meant(typed)), None);
        }
    }

    #[test]
    fn an_exact_key_is_taken_as_it_stands() {
        let refused = KeyArgs::default().key("/a").unwrap_err();
        assert_eq!(
            refused.message,
            "key '/a' starts with '/': other clients of Consul would take it for another"
        );
        let hint = "did you mean 'a'? --exact-key takes the key as it stands";
        assert_eq!(refused.hint.as_deref(), Some(hint));
        let exact = KeyArgs { exact_key: true };
        assert_eq!(exact.key("/a").unwrap().as_str(), "/a");
    }

    #[test]
    fn the_root_written_as_a_slash_is_probably_the_empty_prefix() {
        let refused = KeyArgs::default().prefix("/").unwrap_err();
        let hint = "did you mean ''? --exact-key takes the prefix as it stands";
        assert_eq!(refused.hint.as_deref(), Some(hint));
        assert!(KeyArgs::default().prefix("").unwrap().is_root());
    }
}
