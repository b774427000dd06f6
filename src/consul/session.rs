//! `/v1/session`: the holders of locks.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::error::Cause;
use super::request::Request;
use super::{Client, Error};
use crate::model::{Index, Session, SessionEnd, SessionSettings, abbreviate};

/// The check of the gossip layer, which Consul binds to a session that names no checks.
pub const SERF_HEALTH: &str = "serfHealth";

/// What Consul's answer to a renewal of a session that does not exist begins with. Any other 404 is
/// somebody else's: a proxy's, or another path's.
const NOT_FOUND: &str = "Session id '";

/// A session to create, in Consul's JSON. Durations are text with a unit: a number below 1000 counts
/// seconds, a larger one nanoseconds. The checks are always said: without a word Consul binds
/// serfHealth.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewSessionJson<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    lock_delay: String,
    behavior: &'static str,
    node_checks: &'a [String],
}

/// A session in Consul's JSON.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoredSessionJson {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    node: String,
    /// In nanoseconds; a negative one acts as none.
    #[serde(default)]
    lock_delay: i64,
    #[serde(default)]
    behavior: String,
    #[serde(rename = "TTL", default)]
    ttl: String,
    node_checks: Option<Vec<String>>,
    service_checks: Option<Vec<ServiceCheckJson>>,
    /// Before 1.7 all checks stood here.
    checks: Option<Vec<String>>,
    #[serde(default)]
    create_index: u64,
}

#[derive(Deserialize)]
struct ServiceCheckJson {
    #[serde(rename = "ID")]
    id: String,
}

impl Client {
    /// Creates a session and returns its id. The creation of one with a TTL is repeated as a read is.
    ///
    /// # Errors
    /// For one without, [`Error::class`] tells whether it may have been created all the same.
    pub fn create_session(&self, settings: &SessionSettings) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct CreatedJson {
            #[serde(rename = "ID")]
            id: String,
        }
        let context = self.context("creating a session".to_owned(), false);
        let body = serde_json::to_vec(&NewSessionJson {
            name: &settings.name,
            node: settings.node.as_deref(),
            ttl: settings.ttl.map(go_duration),
            lock_delay: go_duration(settings.lock_delay),
            behavior: settings.behavior.name(),
            node_checks: &settings.checks,
        })
        .map_err(|error| context.map_json(error))?;
        let request = Request {
            // One that was created twice by a repetition runs out by itself, if it has a TTL.
            write: settings.ttl.is_none(),
            ..Request::put(
                "/v1/session/create".to_owned(),
                "creating a session".to_owned(),
                &body,
            )
        };
        self.ask(&request, |answer| {
            let context = answer.context.clone();
            let CreatedJson { id } = answer.short_json()?;
            // It is printed, and stands in the environment of programs.
            match !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                true => Ok(id),
                false => Err(context.invalid_answer("with an id that is none of a session")),
            }
        })
    }

    /// Starts the TTL of a session again, and returns the session; `None` is proof that it has ended.
    /// A renewal is not written to the log of the servers, so that a leader that was cut off from the
    /// others may answer it for some seconds.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn renew_session(&self, id: &str) -> Result<Option<Session>, Error> {
        let doing = format!("renewing session {}", abbreviate(id));
        let request = Request {
            // A second renewal does no harm.
            write: false,
            accepts: Some(404),
            ..Request::put(session_path("renew", id), doing, b"")
        };
        self.ask(&request, |answer| {
            let context = answer.context.clone();
            if answer.status == 200 {
                return sessions(answer).map(|sessions| sessions.into_iter().next());
            }
            let text = answer.short_text()?;
            match text.starts_with(NOT_FOUND) {
                true => Ok(None),
                false => Err(context.map_status(404, &text)),
            }
        })
    }

    /// Reads a session. `None` proves nothing: a token that may not read sessions gets the same answer.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn session(&self, id: &str) -> Result<Option<Session>, Error> {
        let doing = format!("reading session {}", abbreviate(id));
        let request = Request::get(session_path("info", id), doing);
        let sessions = self.ask(&request, sessions)?;
        Ok(sessions.into_iter().next())
    }

    /// Lists the sessions that the token may read, by id.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn sessions(&self) -> Result<Vec<Session>, Error> {
        let request = Request::get(
            "/v1/session/list".to_owned(),
            "listing the sessions".to_owned(),
        );
        self.ask(&request, sessions)
    }

    /// Ends a session; one that does not exist is no error. Its keys are released or deleted, and
    /// cannot be locked for its lock delay.
    ///
    /// # Errors
    /// [`Error::class`] tells whether it may have ended all the same.
    pub fn destroy_session(&self, id: &str) -> Result<(), Error> {
        let doing = format!("destroying session {}", abbreviate(id));
        let request = Request::put(session_path("destroy", id), doing, b"");
        match self.ask(&request, Answer::into_bool) {
            Ok(_) => Ok(()),
            // Old servers refuse what is no UUID, and no session has it.
            Err(error) if error.cause() == Cause::UnknownSession => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn session_path(endpoint: &str, id: &str) -> String {
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
    format!("/v1/session/{endpoint}/{id}")
}

/// Parses a list of sessions. `consul lock` names its sessions by whole command lines, which may hold
/// a secret of this client.
fn sessions(answer: Answer) -> Result<Vec<Session>, Error> {
    let context = answer.context.clone();
    let sessions: Option<Vec<StoredSessionJson>> = answer.json()?;
    let sessions = sessions.unwrap_or_default().into_iter().map(Session::from);
    Ok(sessions
        .map(|session| Session {
            name: context.redactor.blank(&session.name).into_owned(),
            ..session
        })
        .collect())
}

impl From<StoredSessionJson> for Session {
    fn from(json: StoredSessionJson) -> Self {
        let services = json.service_checks.unwrap_or_default().into_iter();
        let checks = json.node_checks.or(json.checks).unwrap_or_default();
        Session {
            id: json.id,
            name: json.name,
            node: json.node,
            ttl: parse_go_duration(&json.ttl).filter(|ttl| !ttl.is_zero()),
            lock_delay: Duration::from_nanos(u64::try_from(json.lock_delay).unwrap_or(0)),
            behavior: match &*json.behavior {
                "delete" => SessionEnd::Delete,
                _ => SessionEnd::Release,
            },
            checks: checks
                .into_iter()
                .chain(services.map(|check| check.id))
                .collect(),
            created: Index(json.create_index),
        }
    }
}

/// Writes a duration as Go parses it.
fn go_duration(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// Parses a duration as Go writes it or a client wrote it: `15s`, `1h30m0s`, `1.5m`. `None` for
/// anything else, also for a negative one.
fn parse_go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    // To the microsecond: 0.1 s has no exact binary form.
    let micros = (seconds * 1e6).round();
    (!text.is_empty())
        .then(|| Duration::try_from_secs_f64(micros / 1e6).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_are_parsed() {
        for (text, millis) in [
            ("15s", Some(15_000)),
            ("10500ms", Some(10_500)),
            ("24h", Some(86_400_000)),
            ("1h30m0s", Some(5_400_000)),
            ("1.5m", Some(90_000)),
            ("12.1s", Some(12_100)),
            ("0s", Some(0)),
            ("", None),
            ("0", None),
            ("15", None),
            ("-1s", None),
            ("s", None),
            ("1.2.3s", None),
            ("1 s", None),
            ("1d", None),
        ] {
            let duration = parse_go_duration(text);
            let rounded = duration.map(|duration| (duration.as_secs_f64() * 1e3).round());
            assert_eq!(rounded, millis.map(f64::from), "{text}");
        }
    }

    #[test]
    fn a_session_of_old_and_new_servers_is_read() {
        let text = r#"{"ID":"i","Name":"n","Node":"w","LockDelay":15000000000,"Behavior":"delete","TTL":"15s","NodeChecks":["serfHealth"],"ServiceChecks":[{"ID":"web","Namespace":""}],"CreateIndex":7,"ModifyIndex":7}"#;
        let session: StoredSessionJson = serde_json::from_str(text).unwrap();
        let session = Session::from(session);
        assert_eq!(session.checks, ["serfHealth", "web"]);
        assert_eq!(session.ttl, Some(Duration::from_secs(15)));
        assert_eq!(session.lock_delay, Duration::from_secs(15));
        assert_eq!(session.behavior, SessionEnd::Delete);
        let text = r#"{"ID":"i","LockDelay":-5000000000000000000,"Behavior":"release","TTL":"","NodeChecks":null,"Checks":["a"],"CreateIndex":7}"#;
        let session: StoredSessionJson = serde_json::from_str(text).unwrap();
        let session = Session::from(session);
        assert_eq!((session.ttl, session.lock_delay), (None, Duration::ZERO));
        assert_eq!(session.checks, ["a"]);
    }

    #[test]
    fn the_checks_of_a_new_session_are_always_said() {
        let json = NewSessionJson {
            name: "",
            node: None,
            ttl: Some(go_duration(Duration::from_secs(15))),
            lock_delay: go_duration(Duration::from_millis(500)),
            behavior: SessionEnd::Release.name(),
            node_checks: &[],
        };
        assert_eq!(
            serde_json::to_string(&json).unwrap(),
            r#"{"TTL":"15000ms","LockDelay":"500ms","Behavior":"release","NodeChecks":[]}"#
        );
    }
}
