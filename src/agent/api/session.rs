//! The endpoints `/v1/session/…`.

mod config;

use serde::Serialize;

use super::{MAX_BYTES, with_index};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::request::{ApiError, ApiRequest, ApiResult};
use crate::agent::state::{KvQuery, KvState, NODE, SessionBehavior, StoredSession};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SessionJson {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    node: &'static str,
    /// The lock delay in nanoseconds.
    lock_delay: u128,
    behavior: &'static str,
    #[serde(rename = "TTL")]
    ttl: String,
    node_checks: Option<Vec<String>>,
    service_checks: Option<()>,
    create_index: u64,
    modify_index: u64,
}

impl SessionJson {
    fn new(session: &StoredSession) -> Self {
        let config = session.config.clone();
        SessionJson {
            id: session.id.to_string(),
            name: config.name,
            node: NODE,
            lock_delay: config.lock_delay.as_nanos(),
            behavior: match config.behavior {
                SessionBehavior::Release => "release",
                SessionBehavior::Delete => "delete",
            },
            ttl: config.ttl_text,
            node_checks: config.node_checks,
            service_checks: None,
            create_index: session.created,
            modify_index: session.created,
        }
    }
}

/// Creates a session.
pub fn create(request: &mut ApiRequest<'_>) -> ApiResult {
    request.params.check_namespace(&request.head.namespace)?;
    request.params.check_datacenter()?;
    let body = request.read_body(MAX_BYTES, |_| "Request body too large".to_owned())?;
    let config = if body.is_empty() {
        config::default_config()
    } else {
        config::parse(&body)?
    };
    let id = format_uuid(fastrand::u128(..));
    let created = request
        .agent
        .store
        .write(|state, now| state.create_session(&id, config, now));
    created.map_err(|error| Response::text(409, error.to_string()))?;
    Ok(request.json(200, &serde_json::json!({ "ID": id })))
}

/// Ends a session; an unknown id is no error.
pub fn destroy(request: &mut ApiRequest<'_>) -> ApiResult {
    let id = required_name(request, "/v1/session/destroy/", "Missing session")?;
    let destroyed = request
        .agent
        .store
        .write(|state, now| state.destroy_session(&id, now));
    destroyed.map_err(|text| Response::text(500, text))?;
    Ok(request.json(200, &true))
}

/// Renews a session: its TTL starts again.
pub fn renew(request: &mut ApiRequest<'_>) -> ApiResult {
    let id = required_name(request, "/v1/session/renew/", "Missing session")?;
    let renewed = request.agent.store.write(|state, now| {
        let session = state.renew_session(&id, now)?;
        Ok(session.map(SessionJson::new))
    });
    match renewed.map_err(|text: String| Response::text(500, text))? {
        Some(session) => Ok(request.json(200, &[session])),
        None => Ok(Response::text(404, format!("Session id '{id}' not found"))),
    }
}

/// Returns a session, in a list.
pub fn info(request: &mut ApiRequest<'_>) -> ApiResult {
    let id = required_name(request, "/v1/session/info/", "Missing session")?;
    // Checked before the wait: a malformed id stays malformed.
    let checked = request
        .agent
        .store
        .read_now(|state| state.session(&id).map(drop));
    checked.map_err(|text| Response::text(500, text))?;
    read_sessions(request, |state| {
        let found = state.session(&id).ok().flatten();
        found.map(SessionJson::new).into_iter().collect()
    })
}

/// Lists all sessions.
pub fn list(request: &mut ApiRequest<'_>) -> ApiResult {
    read_sessions(request, |state| {
        state.sessions().map(SessionJson::new).collect()
    })
}

/// Lists the sessions of a node: all of them for this node, none for others.
pub fn node(request: &mut ApiRequest<'_>) -> ApiResult {
    let name = required_name(request, "/v1/session/node/", "Missing node name")?;
    read_sessions(request, |state| {
        let sessions = state.sessions().filter(|_| name == NODE);
        sessions.map(SessionJson::new).collect()
    })
}

fn read_sessions(
    request: &ApiRequest<'_>,
    read: impl Fn(&KvState) -> Vec<SessionJson>,
) -> ApiResult {
    let blocking = request.params.blocking_query(&request.head.cache_control)?;
    request.params.check_namespace(&request.head.namespace)?;
    request.params.check_datacenter()?;
    let is_gone = || request.connection.is_gone();
    let store = &request.agent.store;
    let (index, shown) = store.read(&KvQuery::Sessions, blocking, is_gone, read)?;
    Ok(with_index(request.json(200, &shown), index))
}

fn required_name(
    request: &ApiRequest<'_>,
    endpoint: &str,
    missing: &str,
) -> Result<String, ApiError> {
    request.params.check_namespace(&request.head.namespace)?;
    request.params.check_datacenter()?;
    match golang::utf8_lossy(request.path_after(endpoint)).into_owned() {
        name if name.is_empty() => Err(Response::text(400, missing).into()),
        name => Ok(name),
    }
}

fn format_uuid(random: u128) -> String {
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

    #[test]
    fn an_id_has_five_groups() {
        assert_eq!(format_uuid(0x1234), "00000000-0000-0000-0000-000000001234");
    }
}
