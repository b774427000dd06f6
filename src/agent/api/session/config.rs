//! The body of `/v1/session/create`, decoded and checked as Consul does.

use std::time::Duration;

use serde_json::Value;

use crate::agent::api::body::{self, GoField};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::state::{NODE, SessionBehavior, SessionConfig};

const DEFAULT_LOCK_DELAY: Duration = Duration::from_secs(15);
const MIN_TTL: Duration = Duration::from_secs(10);
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The check that a node always has.
const SERF: &str = "serfHealth";

/// Returns the session of an empty body.
pub(super) fn default_config() -> SessionConfig {
    SessionConfig {
        name: String::new(),
        behavior: SessionBehavior::Release,
        ttl: None,
        ttl_text: String::new(),
        lock_delay: DEFAULT_LOCK_DELAY,
        node_checks: Some(vec![SERF.to_owned()]),
    }
}

/// Parses a body. A member that is missing has its default, and an id is ignored.
pub(super) fn parse(body: &[u8]) -> Result<SessionConfig, Response> {
    let undecodable =
        |error: String| Response::text(400, format!("Request decode failed: {error}"));
    let members = match body::parse(body).map_err(undecodable)? {
        Value::Null => return Ok(default_config()),
        Value::Object(members) => members,
        other => {
            let kind = body::type_name(&other);
            return Err(undecodable(format!(
                "json: cannot unmarshal {kind} into Go value of type struct {{ LockDelay \
                 interface {{}}; *structs.Alias }}"
            )));
        }
    };
    let mut session = default_config();
    let (mut behavior, mut node) = (None, None);
    let (mut checks, mut node_checks) = (None, None);
    for (name, value) in &members {
        let field = |name, kind| GoField {
            owner: "",
            name,
            kind,
        };
        let text = |name, kind| field(name, kind).decode_string(value).map_err(undecodable);
        let list = |name| {
            field(name, "[]string")
                .decode_strings(value)
                .map_err(undecodable)
        };
        match &*name.to_ascii_lowercase() {
            "name" => session.name = text("Name", "string")?.unwrap_or_default(),
            "node" => node = text("Node", "string")?,
            "behavior" => behavior = text("Behavior", "structs.SessionBehavior")?,
            "ttl" => session.ttl_text = text("TTL", "string")?.unwrap_or_default(),
            "lockdelay" => session.lock_delay = parse_lock_delay(value).map_err(undecodable)?,
            "checks" => checks = Some(list("Checks")?.unwrap_or_default()),
            "nodechecks" => node_checks = Some(list("NodeChecks")?),
            // Unknown members are ignored, unlike in transactions.
            _ => {}
        }
    }
    // The older member counts where the newer one is as by default. A null is no check, and is shown as
    // it was given.
    session.node_checks = match (node_checks, checks) {
        (Some(given), _) if given != session.node_checks => given,
        (_, Some(checks)) => Some(checks),
        (_, None) => session.node_checks,
    };
    validate(session, behavior.as_deref(), node.as_deref())
        .map_err(|text| Response::text(500, text))
}

/// Checks what Consul checks after decoding.
fn validate(
    mut session: SessionConfig,
    behavior: Option<&str>,
    node: Option<&str>,
) -> Result<SessionConfig, String> {
    if node == Some("") {
        return Err("Must provide Node".to_owned());
    }
    session.behavior = match behavior.unwrap_or_default() {
        "" | "release" => SessionBehavior::Release,
        "delete" => SessionBehavior::Delete,
        other => return Err(format!("Invalid Behavior setting '{other}'")),
    };
    session.ttl = parse_ttl(&session.ttl_text)?;
    if node.is_some_and(|node| node != NODE) {
        return Err("Missing node registration".to_owned());
    }
    let mut checks = session.node_checks.iter().flatten();
    match checks.find(|check| *check != SERF) {
        Some(check) => Err(format!("Missing check '{check}' registration")),
        None => Ok(session),
    }
}

fn parse_ttl(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let nanos = golang::parse_duration(text)
        .map_err(|error| format!("Session TTL '{text}' invalid: time: {error}"))?;
    let range = MIN_TTL..=MAX_TTL;
    match golang::positive_duration(nanos) {
        None if nanos == 0 => Ok(None),
        Some(ttl) if range.contains(&ttl) => Ok(Some(ttl)),
        _ => Err(format!(
            "Invalid Session TTL '{nanos}', must be between [10s=24h0m0s]"
        )),
    }
}

/// Parses a duration or a number. A number below 1000 counts seconds, else nanoseconds; that holds for
/// the nanoseconds of a duration too.
fn parse_lock_delay(value: &Value) -> Result<Duration, String> {
    let nanos = match value {
        Value::Null => return Ok(DEFAULT_LOCK_DELAY),
        Value::String(text) => {
            golang::parse_duration(text).map_err(|error| format!("time: {error}"))?
        }
        // Truncated, as in Go.
        #[allow(clippy::cast_possible_truncation)]
        Value::Number(number) => number.as_f64().unwrap_or_default() as i64,
        _ => 0,
    };
    let delay = golang::positive_duration(nanos).unwrap_or_default();
    if delay.as_nanos() < 1000 {
        return Ok(Duration::from_secs(delay.subsec_nanos().into()));
    }
    Ok(delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_text(body: &str) -> String {
        String::from_utf8(parse(body.as_bytes()).unwrap_err().body().to_vec()).unwrap()
    }

    #[test]
    fn members_have_defaults_and_unknown_ones_are_ignored() {
        assert_eq!(parse(b"{}").unwrap(), default_config());
        assert_eq!(parse(b"null").unwrap(), default_config());
        assert_eq!(parse(br#"{"ID":"x","Bogus":1}"#).unwrap(), default_config());
        let session = parse(br#"{"name":"n","ttl":"15s","Behavior":"delete"}"#).unwrap();
        assert_eq!(session.name, "n");
        assert_eq!(session.ttl, Some(Duration::from_secs(15)));
        assert_eq!(session.behavior, SessionBehavior::Delete);
        assert!(
            parse(br#"{"NodeChecks":[]}"#)
                .unwrap()
                .node_checks
                .is_some_and(|checks| checks.is_empty())
        );
    }

    #[test]
    fn a_lock_delay_below_a_thousand_counts_seconds() {
        for (delay, seconds) in [
            ("0", 0),
            ("3", 3),
            ("\"0s\"", 0),
            ("\"1ns\"", 1),
            ("\"7s\"", 7),
            ("15000000000", 15),
            ("1.5", 1),
            ("true", 0),
            ("-5", 0),
        ] {
            let session = parse(format!(r#"{{"LockDelay":{delay}}}"#).as_bytes()).unwrap();
            assert_eq!(session.lock_delay, Duration::from_secs(seconds), "{delay}");
        }
    }

    #[test]
    fn invalid_sessions_are_refused_with_consuls_text() {
        for (body, text) in [
            (
                "[]",
                "Request decode failed: json: cannot unmarshal array into Go value of type struct { LockDelay interface {}; *structs.Alias }",
            ),
            (
                r#"{"LockDelay":"abc"}"#,
                "Request decode failed: time: invalid duration \"abc\"",
            ),
            (
                r#"{"TTL":10}"#,
                "Request decode failed: json: cannot unmarshal number into Go struct field .TTL of type string",
            ),
            (
                r#"{"TTL":"5s"}"#,
                "Invalid Session TTL '5000000000', must be between [10s=24h0m0s]",
            ),
            (
                r#"{"TTL":"10"}"#,
                "Session TTL '10' invalid: time: missing unit in duration \"10\"",
            ),
            (r#"{"Behavior":"x"}"#, "Invalid Behavior setting 'x'"),
            (r#"{"Node":"nope"}"#, "Missing node registration"),
            (
                r#"{"Checks":["nocheck"]}"#,
                "Missing check 'nocheck' registration",
            ),
        ] {
            assert_eq!(refused_text(body), text, "{body}");
        }
    }
}
