//! Keys and prefixes on the command line.

use clap::Args;
use percent_encoding::percent_decode_str;

use crate::consul::without_user;
use crate::exit::Failure;
use crate::model::{Key, Obstacle, Prefix, abbreviate, obstacle};

/// The check of keys on the command line, and the flag that disables it.
#[derive(Debug, Clone, Default, Args)]
pub struct KeyArgs {
    /// Allow keys that other clients cannot address (leading /, //, …)
    ///
    /// Other clients of Consul take a key with a leading /, with //, or with . or .. as a segment
    /// for another key, and cannot address one with control characters.
    #[arg(long, hide_short_help = true)]
    exact_key: bool,
}

impl KeyArgs {
    /// Whether keys are allowed that other clients cannot address.
    pub fn allows_any(&self) -> bool {
        self.exact_key
    }

    /// Parses a key.
    ///
    /// # Errors
    /// Exit 2 if other clients cannot address it, and `--exact-key` does not allow it.
    pub fn key(&self, text: &str) -> Result<Key, Failure> {
        self.check("key", text)?;
        Key::new(text).map_err(|error| Failure::usage(error.to_string()))
    }

    /// Parses a prefix; an empty one is the whole store.
    ///
    /// # Errors
    /// As [`KeyArgs::key`].
    pub fn prefix(&self, text: &str) -> Result<Prefix, Failure> {
        self.check("prefix", text)?;
        Ok(Prefix::new(text))
    }

    /// Parses the prefix of a folder: `config` stands for `config/`, and `/` for the whole store.
    ///
    /// # Errors
    /// As [`KeyArgs::key`].
    pub fn folder(&self, text: &str) -> Result<Prefix, Failure> {
        match text {
            "/" if !self.exact_key => Ok(Prefix::default()),
            text => self.prefix(&folder(text)),
        }
    }

    /// Checks the name of a key, prefix, … (`kind`). The router of Consul's HTTP API normalises some
    /// paths: other clients then write, read or delete another key and report success.
    ///
    /// # Errors
    /// As [`KeyArgs::key`].
    pub fn check(&self, kind: &str, text: &str) -> Result<(), Failure> {
        let Some(obstacle) = obstacle(text).filter(|_| !self.exact_key) else {
            return Ok(());
        };
        let consequence = match obstacle {
            Obstacle::Unprintable => "other clients of Consul cannot address it",
            _ => "other clients of Consul would take it for another key",
        };
        let shown = match text.contains("://") {
            true => without_user(text),
            false => text.into(),
        };
        let text = &*shown;
        let shown = abbreviate(text);
        let failure = Failure::usage(format!("{kind} '{shown}' {obstacle}: {consequence}"));
        let allow = format!("--exact-key allows this {kind}");
        if let Some((address, key)) = key_of_url(text) {
            let address = match address {
                "" => String::new(),
                address => format!("; the address goes to --http-addr {address}"),
            };
            return Err(failure.hint(format!("the {kind} is '{key}'{address}")));
        }
        Err(failure.hint(match normalized(text) {
            name if name.is_empty() && kind == "key" => allow,
            name => format!("did you mean '{}'? {allow}", abbreviate(&name)),
        }))
    }
}

/// Returns the prefix of a folder on the command line: `config` stands for `config/`, and an empty
/// name for the whole store.
pub fn folder(text: &str) -> String {
    if text.is_empty() || text.ends_with('/') {
        text.to_owned()
    } else {
        format!("{text}/")
    }
}

/// Returns host and port, and the key, of a URL of Consul's API (`http://HOST/v1/kv/KEY`) or its user
/// interface (`http://HOST/ui/DC/kv/KEY/edit`), also without the host.
pub fn key_of_url(text: &str) -> Option<(&str, String)> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (host, path) = match rest.starts_with("v1/kv/") {
        true => ("", rest),
        false => rest.split_once('/')?,
    };
    let path = path.split(['?', '#']).next()?;
    let key = match path.strip_prefix("v1/kv/") {
        Some(key) => key,
        None => {
            let (_, key) = path.strip_prefix("ui/")?.split_once("/kv/")?;
            key.strip_suffix("/edit").unwrap_or(key)
        }
    };
    let key = percent_decode_str(key).decode_utf8().ok()?;
    Some((host, key.into_owned()))
}

/// Returns the name without obstacles that was probably meant: normalised as the router does it,
/// without control characters.
fn normalized(text: &str) -> String {
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
            assert_eq!(normalized(typed), name, "{typed:?}");
            assert_eq!(obstacle(&normalized(typed)), None);
        }
    }

    #[test]
    fn the_key_of_a_url_is_named() {
        for (url, host, key) in [
            ("http://h:8500/v1/kv/a", "h:8500", "a"),
            ("https://h/v1/kv/a%20b/c?raw#x", "h", "a b/c"),
            ("h:8500/v1/kv/a/", "h:8500", "a/"),
            ("/v1/kv/a", "", "a"),
            ("v1/kv/a/b", "", "a/b"),
            ("http://h:8500/ui/dc1/kv/a/b/edit", "h:8500", "a/b"),
            ("http://h:8500/ui/dc1/kv/a/", "h:8500", "a/"),
        ] {
            assert_eq!(key_of_url(url), Some((host, key.to_owned())), "{url}");
        }
        for text in ["/a", "a//b", "http://h/v1/catalog", "http://h"] {
            assert_eq!(key_of_url(text), None, "{text}");
        }
        let refused = KeyArgs::default().key("http://h:8500/v1/kv/a").unwrap_err();
        let hint = "the key is 'a'; the address goes to --http-addr h:8500";
        assert_eq!(refused.hint.as_deref(), Some(hint));
    }

    #[test]
    fn an_exact_key_is_allowed() {
        let refused = KeyArgs::default().key("/a").unwrap_err();
        assert_eq!(
            refused.message,
            "key '/a' starts with '/': other clients of Consul would take it for another key"
        );
        let hint = "did you mean 'a'? --exact-key allows this key";
        assert_eq!(refused.hint.as_deref(), Some(hint));
        let exact = KeyArgs { exact_key: true };
        assert_eq!(exact.key("/a").unwrap().as_str(), "/a");
    }

    #[test]
    fn the_root_written_as_a_slash_is_probably_the_empty_prefix() {
        let refused = KeyArgs::default().prefix("/").unwrap_err();
        let hint = "did you mean ''? --exact-key allows this prefix";
        assert_eq!(refused.hint.as_deref(), Some(hint));
        assert!(KeyArgs::default().prefix("").unwrap().is_root());
    }
}
