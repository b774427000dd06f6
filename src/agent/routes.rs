//! From method and path to an endpoint, including what Go's router does first.

use super::api::{kv, session, status, txn};
use super::http::{ClientConnection, RequestHead, Response};
use super::params::QueryParams;
use super::path::{self, TargetError};
use super::request::{AgentState, ApiError, ApiRequest, ApiResult};

type EndpointHandler = fn(&mut ApiRequest<'_>) -> ApiResult;

/// The methods and the handler of a registered path.
struct Endpoint {
    methods: &'static [&'static str],
    handler: EndpointHandler,
}

/// Finds the endpoint of a clean path. A name that ends in `/` stands for everything below it.
fn find_endpoint(path: &[u8]) -> Option<Endpoint> {
    let text = String::from_utf8_lossy(path);
    let found = |methods: &'static [&'static str], handler: EndpointHandler| {
        Some(Endpoint { methods, handler })
    };
    match &*text {
        "/v1/txn" => found(&["PUT"], txn::apply),
        "/v1/session/create" => found(&["PUT"], session::create),
        "/v1/session/list" => found(&["GET"], session::list),
        "/v1/status/leader" => found(&["GET"], status::leader),
        "/v1/status/peers" => found(&["GET"], status::peers),
        "/v1/catalog/datacenters" => found(&["GET"], status::datacenters),
        "/v1/agent/self" => found(&["GET"], status::agent_self),
        text if text.starts_with("/v1/kv/") => found(&["GET", "PUT", "DELETE"], kv::serve),
        text if text.starts_with("/v1/session/destroy/") => found(&["PUT"], session::destroy),
        text if text.starts_with("/v1/session/renew/") => found(&["PUT"], session::renew),
        text if text.starts_with("/v1/session/info/") => found(&["GET"], session::info),
        text if text.starts_with("/v1/session/node/") => found(&["GET"], session::node),
        _ => None,
    }
}

/// Endpoints of Consul that this agent does not implement.
const UNIMPLEMENTED: [&str; 16] = [
    "acl",
    "agent",
    "catalog",
    "config",
    "connect",
    "coordinate",
    "discovery-chain",
    "event",
    "health",
    "internal",
    "operator",
    "peering",
    "query",
    "snapshot",
    "exported-services",
    "imported-services",
];

/// Returns the response to a request, `None` when its client has disconnected.
pub fn respond(
    agent: &AgentState,
    head: &RequestHead,
    connection: &mut ClientConnection,
) -> Option<Response> {
    let (path, query) = match path::split(&head.target) {
        Ok(split) => split,
        Err(TargetError::InvalidEscape | TargetError::NotAPath) => {
            return Some(Response::closing(400, "400 Bad Request"));
        }
    };
    if !path::is_printable(&path) {
        return Some(Response::empty(400));
    }
    let cleaned = path::clean(&path);
    if cleaned != path {
        return Some(redirect(head, &cleaned, query));
    }
    let Some(endpoint) = find_endpoint(&path) else {
        return Some(respond_unrouted(head, &path, query));
    };
    let result = match QueryParams::parse(query) {
        None => Ok(Response::empty(500)),
        Some(_) if !endpoint.methods.contains(&&*head.method) => Ok(refuse_method(head, &endpoint)),
        Some(params) => (endpoint.handler)(&mut ApiRequest {
            agent,
            head,
            path: &path,
            params,
            connection,
        }),
    };
    match result {
        Ok(response) | Err(ApiError::Refused(response)) => Some(response.with_vary()),
        Err(ApiError::ClientGone) => None,
    }
}

fn redirect(head: &RequestHead, path: &[u8], query: &str) -> Response {
    let mut target = path::encode(path);
    if !query.is_empty() {
        target.push('?');
        target.push_str(query);
    }
    if !matches!(&*head.method, "GET" | "HEAD") {
        return Response::empty(301).with_header("Location", target);
    }
    let shown = target
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;");
    let body = format!("<a href=\"{shown}\">Moved Permanently</a>.\n\n");
    Response::bytes(301, "text/html; charset=utf-8", body.into_bytes())
        .with_header("Location", target)
}

fn respond_unrouted(head: &RequestHead, path: &[u8], query: &str) -> Response {
    if path == b"/" {
        return Response::text(200, "Consul Agent");
    }
    let mut folder = path.to_vec();
    folder.push(b'/');
    if find_endpoint(&folder).is_some() {
        return redirect(head, &folder, query);
    }
    let text = String::from_utf8_lossy(path);
    let endpoint = text
        .strip_prefix("/v1/")
        .and_then(|rest| rest.split('/').next());
    match endpoint {
        Some(endpoint) if UNIMPLEMENTED.contains(&endpoint) => Response::text(
            501,
            format!("kvw dev has KV, transactions and sessions only: {text} is not implemented"),
        ),
        _ => Response::empty(404),
    }
}

fn refuse_method(head: &RequestHead, endpoint: &Endpoint) -> Response {
    let allow = format!("OPTIONS,{}", endpoint.methods.join(","));
    if head.method == "OPTIONS" {
        return Response::empty(200).with_header("Allow", allow);
    }
    Response::text(405, format!("method {} not allowed", head.method)).with_header("Allow", allow)
}
