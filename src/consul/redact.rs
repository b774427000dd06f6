//! Secrets are blanked in texts that others wrote: a server, or a proxy before it, may send back the
//! headers of a request, and its answer becomes an error, a log line or a document.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::HeaderValue;

use super::{Config, Secret, TokenSource};

/// What stands where a secret was.
const BLANK: &str = "(redacted)";

/// The length below which a secret is blanked only where it stands alone: a password of one letter
/// would blank every word.
const SHORT: usize = 4;

/// The secrets of one client; clones share them.
#[derive(Clone, Default)]
pub(super) struct Redactor(Arc<RwLock<Vec<String>>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(BLANK)
    }
}

/// Errors are compared by what they say, which has no secrets.
impl PartialEq for Redactor {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Redactor {}

impl Redactor {
    /// Creates a redactor of the secrets of a configuration, but for those in files.
    pub(super) fn new(config: &Config) -> Self {
        let redactor = Redactor::default();
        if let Some(TokenSource::Literal(token)) = &config.token {
            redactor.add(token.expose());
        }
        for endpoint in config.endpoints() {
            if let Some((user, password)) = &endpoint.basic_auth {
                redactor.add_pair(user, password.expose());
            }
            let proxy = endpoint.proxy.as_ref().map(Secret::expose);
            if let Some((pair, _)) = proxy.and_then(|proxy| proxy.rsplit_once('@')) {
                let pair = pair.split_once("://").map_or(pair, |(_, pair)| pair);
                let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
                redactor.add_pair(user, password);
                let decoded = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy();
                redactor.add_pair(&decoded(user), &decoded(password));
            }
        }
        redactor
    }

    fn add_pair(&self, user: &str, password: &str) {
        self.add(password);
        if !password.is_empty() {
            self.add(&format!("{user}:{password}"));
        }
        // Where there is no password, a token may stand in the place of the user.
        self.add(&STANDARD.encode(format!("{user}:{password}")));
    }

    /// Adds the token of a header, which a file had.
    pub(super) fn add_token(&self, token: Option<&HeaderValue>) {
        if let Some(text) = token.and_then(|token| std::str::from_utf8(token.as_bytes()).ok()) {
            self.add(text);
        }
    }

    /// Adds a secret, in each form that it may have in a text.
    fn add(&self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let quoted = serde_json::Value::from(secret).to_string();
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let mut secrets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for form in [secret, quoted.trim_matches('"'), &encoded] {
            if !form.is_empty() && !secrets.iter().any(|other| other == form) {
                secrets.push(form.to_owned());
            }
        }
        // A secret may hold another one.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// Returns the text without secrets, also where it was cut within one.
    pub(super) fn blank<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = Cow::Borrowed(text);
        for secret in secrets.iter() {
            if let Some(blanked) = blank_one(&text, secret) {
                text = blanked.into();
            }
        }
        if let Some(start) = text.strip_suffix('…') {
            let cut = secrets
                .iter()
                .filter_map(|secret| cut_within(start, secret))
                .min();
            if let Some(cut) = cut {
                text = format!("{}{BLANK}…", &start[..cut]).into();
            }
        }
        text
    }
}

/// Replaces a secret; `None` where it does not occur.
fn blank_one(text: &str, secret: &str) -> Option<String> {
    let alone = |at: usize| {
        let is_word = |c: char| c.is_alphanumeric();
        !text[..at].ends_with(is_word) && !text[at + secret.len()..].starts_with(is_word)
    };
    let mut blanked = None::<String>;
    let mut rest = 0;
    for (at, _) in text.match_indices(secret) {
        if secret.len() >= SHORT || alone(at) {
            let blanked = blanked.get_or_insert_default();
            blanked.push_str(&text[rest..at]);
            blanked.push_str(BLANK);
            rest = at + secret.len();
        }
    }
    let mut blanked = blanked?;
    blanked.push_str(&text[rest..]);
    Some(blanked)
}

/// Returns where the end of a text begins that is the beginning of a secret.
fn cut_within(text: &str, secret: &str) -> Option<usize> {
    let longest = secret.len().min(text.len());
    (SHORT..=longest)
        .rev()
        .filter(|length| secret.is_char_boundary(*length))
        .find(|length| text.ends_with(&secret[..*length]))
        .map(|length| text.len() - length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consul::ConsulEndpoint;

    fn redactor() -> Redactor {
        Redactor::new(&Config {
            token: Some(TokenSource::Literal(Secret::new("t0ken-of-mine"))),
            endpoint: ConsulEndpoint {
                basic_auth: Some(("user".to_owned(), Secret::new("p@\"ss"))),
                proxy: Some(Secret::new("http://proxy:hidden%2F@h:1")),
                ..ConsulEndpoint::default()
            },
            ..Config::default()
        })
    }

    #[test]
    fn a_secret_is_blanked_in_each_form_that_it_may_have() {
        let pair = STANDARD.encode("user:p@\"ss");
        let proxy = STANDARD.encode("proxy:hidden/");
        for (text, blanked) in [
            (
                "token t0ken-of-mine, again t0ken-of-mine",
                "token (redacted), again (redacted)",
            ),
            (&format!("Basic {pair}"), "Basic (redacted)"),
            ("user:p@\"ss", "(redacted)"),
            (r#"{"password":"p@\"ss"}"#, r#"{"password":"(redacted)"}"#),
            ("p%40%22ss", "(redacted)"),
            (&format!("Proxy {proxy}"), "Proxy (redacted)"),
            ("hidden%2F hidden/", "(redacted) (redacted)"),
            ("user t0ken", "user t0ken"),
            ("", ""),
        ] {
            assert_eq!(redactor().blank(text), blanked, "{text}");
        }
    }

    #[test]
    fn a_text_that_was_cut_within_a_secret_loses_the_part_that_is_left() {
        assert_eq!(redactor().blank("echo t0ken-of…"), "echo (redacted)…");
        assert_eq!(redactor().blank("echo t0…"), "echo t0…");
        assert_eq!(redactor().blank("echo…"), "echo…");
    }

    #[test]
    fn a_short_secret_is_blanked_where_it_stands_alone() {
        let redactor = Redactor::default();
        redactor.add("a");
        assert_eq!(
            redactor.blank("a bad answer: 'a'"),
            "(redacted) bad answer: '(redacted)'"
        );
    }

    #[test]
    fn a_token_that_came_later_is_known_to_clones() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        redactor.add_token(Some(&HeaderValue::from_static("rotated")));
        assert_eq!(clone.blank("rotated"), "(redacted)");
    }
}
