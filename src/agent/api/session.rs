//! `/v1/session/…`

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::body::{self, Member};
use super::{MOST_BYTES, with_meta};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::request::{Answer, ApiRequest, NoAnswer};
use crate::agent::state::{Behavior, KvQuery, KvState, NODE, NewSession, StoredSession};

const DEFAULT_LOCK_DELAY: Duration = Duration::from_secs(15);
const LEAST_TTL: Duration = Duration::from_secs(10);
const MOST_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The check that a node always has.
const SERF: &str = "serfHealth";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SessionJson {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    node: &'static str,
    /// Nanoseconds.
    lock_delay: u128,
    behavior: &'static str,
    #[serde(rename = "TTL")]
    ttl: String,
    node_checks: Vec<String>,
    service_checks: Option<()>,
    create_index: u64,
    modify_index: u64,
}

impl SessionJson {
    fn new(session: &StoredSession) -> Self {
        let given = session.given.clone();
        SessionJson {
            id: session.id.to_string(),
            name: given.name,
            node: NODE,
            lock_delay: given.lock_delay.as_nanos(),
            behavior: match given.behavior {
                Behavior::Release => "release",
                Behavior::Delete => "delete",
            },
            ttl: given.ttl_text,
            node_checks: given.node_checks,
            service_checks: None,
            create_index: session.created,
            modify_index: session.created,
        }
    }
}

/// Makes a session; whatever the body does not say has a default, and an id in it is ignored.
pub fn create(request: &mut ApiRequest<'_>) -> Answer {
    request.params.namespace(&request.head.namespace)?;
    request.params.datacenter()?;
    let body = request.body(MOST_BYTES, |_| "Request body too large".to_owned())?;
    let given = if body.is_empty() {
        defaults()
    } else {
        parse(&body)?
    };
    let id = uuid(fastrand::u128(..));
    request
        .agent
        .store
        .write(|state, now| state.create_session(&id, given, now));
    Ok(request.json(200, &serde_json::json!({ "ID": id })))
}

/// Ends a session; an unknown one is no error.
pub fn destroy(request: &mut ApiRequest<'_>) -> Answer {
    let id = named(request, "/v1/session/destroy/", "Missing session")?;
    let destroyed = request
        .agent
        .store
        .write(|state, now| state.destroy_session(&id, now));
    destroyed.map_err(|text| Response::text(500, text))?;
    Ok(request.json(200, &true))
}

/// Starts the time of a session over.
pub fn renew(request: &mut ApiRequest<'_>) -> Answer {
    let id = named(request, "/v1/session/renew/", "Missing session")?;
    let renewed = request.agent.store.write(|state, now| {
        let session = state.renew_session(&id, now)?;
        Ok(session.map(SessionJson::new))
    });
    match renewed.map_err(|text: String| Response::text(500, text))? {
        Some(session) => Ok(request.json(200, &[session])),
        None => Ok(Response::text(404, format!("Session id '{id}' not found"))),
    }
}

/// One session, in a list.
pub fn info(request: &mut ApiRequest<'_>) -> Answer {
    let id = named(request, "/v1/session/info/", "Missing session")?;
    // Looked at before any waiting: what cannot be an id never will be one.
    let checked = request
        .agent
        .store
        .look(|state| state.session(&id).map(drop));
    checked.map_err(|text| Response::text(500, text))?;
    sessions(request, |state| {
        let found = state.session(&id).ok().flatten();
        found.map(SessionJson::new).into_iter().collect()
    })
}

/// All sessions.
pub fn list(request: &mut ApiRequest<'_>) -> Answer {
    sessions(request, |state| {
        state.sessions().map(SessionJson::new).collect()
    })
}

/// The sessions of a node: all of them, or none.
pub fn node(request: &mut ApiRequest<'_>) -> Answer {
    let name = named(request, "/v1/session/node/", "Missing node name")?;
    sessions(request, |state| {
        let ours = state.sessions().filter(|_| name == NODE);
        ours.map(SessionJson::new).collect()
    })
}

fn sessions(request: &ApiRequest<'_>, look: impl Fn(&KvState) -> Vec<SessionJson>) -> Answer {
    let blocking = request.params.options(&request.head.cache_control)?;
    request.params.namespace(&request.head.namespace)?;
    request.params.datacenter()?;
    let gone = || request.connection.is_gone();
    let store = &request.agent.store;
    let (index, shown) = store.read(&KvQuery::Sessions, blocking, gone, look)?;
    Ok(with_meta(request.json(200, &shown), index))
}

fn named(request: &ApiRequest<'_>, endpoint: &str, missing: &str) -> Result<String, NoAnswer> {
    request.params.namespace(&request.head.namespace)?;
    request.params.datacenter()?;
    match golang::text(request.behind(endpoint)).into_owned() {
        name if name.is_empty() => Err(Response::text(400, missing).into()),
        name => Ok(name),
    }
}

fn defaults() -> NewSession {
    NewSession {
        name: String::new(),
        behavior: Behavior::Release,
        ttl: None,
        ttl_text: String::new(),
        lock_delay: DEFAULT_LOCK_DELAY,
        node_checks: vec![SERF.to_owned()],
    }
}

fn parse(body: &[u8]) -> Result<NewSession, Response> {
    let undecodable = |why: String| Response::text(400, format!("Request decode failed: {why}"));
    let members = match body::parse(body).map_err(undecodable)? {
        Value::Null => return Ok(defaults()),
        Value::Object(members) => members,
        other => {
            let kind = body::kind(&other);
            return Err(undecodable(format!(
                "json: cannot unmarshal {kind} into Go value of type struct {{ LockDelay \
                 interface {{}}; *structs.Alias }}"
            )));
        }
    };
    let mut session = defaults();
    let (mut behavior, mut node) = (None, None);
    let mut checks = None;
    for (name, value) in &members {
        let member = |name, kind| Member {
            owner: "",
            name,
            kind,
        };
        let text = |name, kind| member(name, kind).text(value).map_err(undecodable);
        let list = |name| member(name, "[]string").texts(value).map_err(undecodable);
        match &*name.to_ascii_lowercase() {
            "name" => session.name = text("Name", "string")?.unwrap_or_default(),
            "node" => node = text("Node", "string")?,
            "behavior" => behavior = text("Behavior", "structs.SessionBehavior")?,
            "ttl" => session.ttl_text = text("TTL", "string")?.unwrap_or_default(),
            "lockdelay" => session.lock_delay = lock_delay(value).map_err(undecodable)?,
            "checks" => checks = checks.or(list("Checks")?),
            "nodechecks" => checks = list("NodeChecks")?.or(checks),
            // Others are ignored, unlike in transactions.
            _ => {}
        }
    }
    if let Some(checks) = checks {
        session.node_checks = checks;
    }
    settle(session, behavior.as_deref(), node.as_deref()).map_err(|text| Response::text(500, text))
}

/// What Consul checks after decoding.
fn settle(
    mut session: NewSession,
    behavior: Option<&str>,
    node: Option<&str>,
) -> Result<NewSession, String> {
    session.behavior = match behavior.unwrap_or_default() {
        "" | "release" => Behavior::Release,
        "delete" => Behavior::Delete,
        other => return Err(format!("Invalid Behavior setting '{other}'")),
    };
    session.ttl = ttl(&session.ttl_text)?;
    if !matches!(node.unwrap_or_default(), "" | NODE) {
        return Err("Missing node registration".to_owned());
    }
    match session.node_checks.iter().find(|check| *check != SERF) {
        Some(check) => Err(format!("Missing check '{check}' registration")),
        None => Ok(session),
    }
}

fn ttl(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let nanos = golang::parse_duration(text)
        .map_err(|why| format!("Session TTL '{text}' invalid: time: {why}"))?;
    let range = LEAST_TTL..=MOST_TTL;
    match golang::positive(nanos) {
        None if nanos == 0 => Ok(None),
        Some(ttl) if range.contains(&ttl) => Ok(Some(ttl)),
        _ => Err(format!(
            "Invalid Session TTL '{nanos}', must be between [10s=24h0m0s]"
        )),
    }
}

/// A duration, or a number: below 1000 it counts seconds, else nanoseconds, and that holds for
/// what a duration came to as well.
fn lock_delay(value: &Value) -> Result<Duration, String> {
    let nanos = match value {
        Value::Null => return Ok(DEFAULT_LOCK_DELAY),
        Value::String(text) => {
            golang::parse_duration(text).map_err(|why| format!("time: {why}"))?
        }
        // Cut off to whole numbers, as in Go.
        #[allow(clippy::cast_possible_truncation)]
        Value::Number(number) => number.as_f64().unwrap_or_default() as i64,
        _ => 0,
    };
    let delay = golang::positive(nanos).unwrap_or_default();
    if delay.as_nanos() < 1000 {
        return Ok(Duration::from_secs(delay.subsec_nanos().into()));
    }
    Ok(delay)
}

fn uuid(random: u128) -> String {
    let hex = format!("{random:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        String::from_utf8(parse(body.as_bytes()).unwrap_err().body().to_vec()).unwrap()
    }

    #[test]
    fn an_id_has_five_groups() {
        assert_eq!(uuid(0x1234), "00000000-0000-0000-0000-000000001234");
    }

    #[test]
    fn members_have_defaults_and_unknown_ones_are_ignored() {
        assert_eq!(parse(b"{}").unwrap(), defaults());
        assert_eq!(parse(b"null").unwrap(), defaults());
        assert_eq!(parse(br#"{"ID":"x","Bogus":1}"#).unwrap(), defaults());
        let session = parse(br#"{"name":"n","ttl":"15s","Behavior":"delete"}"#).unwrap();
        assert_eq!(session.name, "n");
        assert_eq!(session.ttl, Some(Duration::from_secs(15)));
        assert_eq!(session.behavior, Behavior::Delete);
        assert!(
            parse(br#"{"NodeChecks":[]}"#)
                .unwrap()
                .node_checks
                .is_empty()
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
    fn what_makes_no_session_is_refused_in_consuls_words() {
        for (body, words) in [
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
            assert_eq!(refused(body), words, "{body}");
        }
    }
}
