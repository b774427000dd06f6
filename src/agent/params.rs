//! Query parameters: presence, first values, and those that every endpoint understands.

use std::time::Duration;

use super::golang;
use super::http::Response;
use super::path;

/// The name of the only datacenter.
pub const DATACENTER: &str = "dc1";

/// The wait of a blocking query that gives none.
const DEFAULT_WAIT: Duration = Duration::from_secs(5 * 60);
/// The longest wait of a blocking query.
const MAX_WAIT: Duration = Duration::from_secs(10 * 60);

/// The decoded parameters, in the order given.
#[derive(Debug, Default)]
pub struct QueryParams(Vec<(String, String)>);

/// The options of a blocking query: an answer newer than `index`, or the current one after `wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockingQuery {
    pub index: u64,
    pub wait: Duration,
}

impl QueryParams {
    /// Parses a query string; `None` when an escape in it is malformed. The Go version of Consul
    /// 1.8.7 separates at `;` too.
    pub fn parse(query: &str) -> Option<Self> {
        let mut params = Vec::new();
        for part in query.split(['&', ';']).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let text = |part| Some(golang::utf8_lossy(&path::decode(part, true)?).into_owned());
            params.push((text(name)?, text(value)?));
        }
        Some(QueryParams(params))
    }

    /// Whether the parameter is given, with any value: Consul takes `?recurse=false` as a yes.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// Returns the first value of a parameter, empty where there is none.
    pub fn first(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map_or("", |(_, value)| value)
    }

    /// Encodes all parameters in alphabetical order, as Consul quotes them.
    pub fn encode(&self) -> String {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let escape = |text: &str| {
            text.bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        char::from(byte).to_string()
                    }
                    b' ' => "+".to_owned(),
                    byte => format!("%{byte:02X}"),
                })
                .collect::<String>()
        };
        let parts: Vec<_> = sorted
            .into_iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect();
        parts.join("&")
    }

    /// Refuses more than one of these parameters together.
    pub fn check_exclusive(&self, names: &[&str]) -> Result<(), Response> {
        if names.iter().filter(|name| self.has(name)).count() > 1 {
            let text = format!("Conflicting flags: {}", self.encode());
            return Err(Response::text(400, text));
        }
        Ok(())
    }

    /// Parses the query options that most endpoints read. Refuses, as Consul does, contradicting
    /// consistency modes and malformed waits and indexes. Returns `None` for a query that does not
    /// block: one without an index or with index 0.
    pub fn blocking_query(&self, cache_control: &str) -> Result<Option<BlockingQuery>, Response> {
        self.check_consistency()?;
        check_cache_control(cache_control)?;
        let wait = match self.first("wait") {
            "" => 0,
            text => golang::parse_duration(text)
                .map_err(|_| Response::text(400, "Invalid wait time"))?,
        };
        let index = match self.first("index") {
            "" => 0,
            text => golang::parse_uint(text).map_err(|_| Response::text(400, "Invalid index"))?,
        };
        Ok((index > 0).then(|| BlockingQuery {
            index,
            wait: golang::positive_duration(wait)
                .unwrap_or(DEFAULT_WAIT)
                .min(MAX_WAIT),
        }))
    }

    fn check_consistency(&self) -> Result<(), Response> {
        let bound = self.first("max_stale");
        if !bound.is_empty() && golang::parse_duration(bound).is_err() {
            let text = format!("Invalid max_stale value {}", golang::quote(bound));
            return Err(Response::text(400, text));
        }
        for mode in ["stale", "cached"] {
            if self.has(mode) && self.has("consistent") {
                let text =
                    format!("Cannot specify ?{mode} with ?consistent, conflicting semantics.");
                return Err(Response::text(400, text));
            }
        }
        Ok(())
    }

    /// Refuses any other datacenter; the name is case-sensitive.
    pub fn check_datacenter(&self) -> Result<(), Response> {
        match self.first("dc") {
            "" | DATACENTER => Ok(()),
            _ => Err(Response::text(500, "No path to datacenter")),
        }
    }

    /// Refuses a namespace, as the community build does.
    pub fn check_namespace(&self, header: &str) -> Result<(), Response> {
        let place = if !self.first("ns").is_empty() {
            "query parameter: \"ns\""
        } else if !header.is_empty() {
            "header: \"X-Consul-Namespace\""
        } else {
            return Ok(());
        };
        let text =
            format!("Bad request: Invalid {place} - Namespaces are a Consul Enterprise feature");
        Err(Response::text(400, text))
    }
}

fn check_cache_control(header: &str) -> Result<(), Response> {
    for directive in header.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let needs_number = matches!(
            name.trim().to_ascii_lowercase().as_str(),
            "max-age" | "stale-if-error"
        );
        if needs_number && value.trim().parse::<u64>().is_err() {
            return Err(Response::text(400, "Invalid Cache-Control header."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> QueryParams {
        QueryParams::parse(query).unwrap()
    }

    #[test]
    fn a_parameter_counts_by_presence_and_the_first_value_wins() {
        let params = params("recurse=false&a=1&a=2&b");
        assert!(params.has("recurse"));
        assert_eq!(params.first("a"), "1");
        assert_eq!(params.first("b"), "");
        assert!(!params.has("c"));
    }

    #[test]
    fn a_malformed_escape_makes_the_whole_query_invalid() {
        assert!(QueryParams::parse("a=%zz").is_none());
    }

    #[test]
    fn conflicting_flags_are_quoted_in_alphabetical_order() {
        let error = params("cas=1&acquire=x y&flags=2").check_exclusive(&["cas", "acquire"]);
        assert_eq!(
            error.unwrap_err().body(),
            b"Conflicting flags: acquire=x+y&cas=1&flags=2"
        );
        assert!(params("cas=1").check_exclusive(&["cas", "acquire"]).is_ok());
    }

    #[test]
    fn a_query_blocks_only_with_an_index_above_zero() {
        let parse = |query| params(query).blocking_query("").unwrap();
        assert_eq!(parse("wait=1s"), None);
        assert_eq!(parse("index=0&wait=1s"), None);
        let blocking = parse("index=7&wait=1s").unwrap();
        assert_eq!((blocking.index, blocking.wait), (7, Duration::from_secs(1)));
    }

    #[test]
    fn waits_are_five_minutes_by_default_and_ten_at_most() {
        for (query, seconds) in [
            ("index=1", 300),
            ("index=1&wait=0", 300),
            ("index=1&wait=-5s", 300),
            ("index=1&wait=1h", 600),
        ] {
            let blocking = params(query).blocking_query("").unwrap().unwrap();
            assert_eq!(blocking.wait, Duration::from_secs(seconds), "{query}");
        }
    }

    #[test]
    fn malformed_options_are_refused_in_consuls_words() {
        for (query, text) in [
            ("index=abc", "Invalid index"),
            ("index=%2B5", "Invalid index"),
            ("wait=5", "Invalid wait time"),
            ("wait=+1s", "Invalid wait time"),
            ("max_stale=x", "Invalid max_stale value \"x\""),
            (
                "stale&consistent",
                "Cannot specify ?stale with ?consistent, conflicting semantics.",
            ),
            (
                "cached&consistent",
                "Cannot specify ?cached with ?consistent, conflicting semantics.",
            ),
        ] {
            let error = params(query).blocking_query("").unwrap_err();
            assert_eq!(error.body(), text.as_bytes(), "{query}");
        }
        assert!(params("").blocking_query("max-age=abc").is_err());
        assert!(params("").blocking_query("no-cache, max-age=5").is_ok());
    }
}
