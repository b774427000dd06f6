//! From method and path to a handler, by way of what Go's router does first.

use super::api::{kv, session, status, txn};
use super::http::{ClientConnection, RequestHead, Response};
use super::params::Params;
use super::path::{self, Bad};
use super::request::{AgentState, Answer, ApiRequest, NoAnswer};

type RouteHandler = fn(&mut ApiRequest<'_>) -> Answer;

/// What a registered path takes, and who answers.
struct Route {
    methods: &'static [&'static str],
    handler: RouteHandler,
}

/// The endpoint of a clean path. A name that ends in `/` stands for everything below it.
fn route(path: &[u8]) -> Option<Route> {
    let text = String::from_utf8_lossy(path);
    let found =
        |methods: &'static [&'static str], handler: RouteHandler| Some(Route { methods, handler });
    match &*text {
        "/v1/txn" => found(&["PUT"], txn::txn),
        "/v1/session/create" => found(&["PUT"], session::create),
        "/v1/session/list" => found(&["GET"], session::list),
        "/v1/status/leader" => found(&["GET"], status::leader),
        "/v1/status/peers" => found(&["GET"], status::peers),
        "/v1/catalog/datacenters" => found(&["GET"], status::datacenters),
        "/v1/agent/self" => found(&["GET"], status::agent_self),
        text if text.starts_with("/v1/kv/") => found(&["GET", "PUT", "DELETE"], kv::kv),
        text if text.starts_with("/v1/session/destroy/") => found(&["PUT"], session::destroy),
        text if text.starts_with("/v1/session/renew/") => found(&["PUT"], session::renew),
        text if text.starts_with("/v1/session/info/") => found(&["GET"], session::info),
        text if text.starts_with("/v1/session/node/") => found(&["GET"], session::node),
        _ => None,
    }
}

/// Endpoints that Consul has and this agent has not.
const NOT_HERE: [&str; 16] = [
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

/// The answer to a request; nothing when its client has gone.
pub fn answer(
    agent: &AgentState,
    head: &RequestHead,
    connection: &mut ClientConnection,
) -> Option<Response> {
    let (path, query) = match path::split(&head.target) {
        Ok(split) => split,
        Err(Bad::Escape | Bad::Form) => return Some(Response::refusal(400, "400 Bad Request")),
    };
    if !path::is_printable(&path) {
        return Some(Response::empty(400));
    }
    let cleaned = path::clean(&path);
    if cleaned != path {
        return Some(moved(head, &cleaned, query));
    }
    let Some(route) = route(&path) else {
        return Some(unrouted(head, &path, query));
    };
    let answered = match Params::parse(query) {
        None => Ok(Response::empty(500)),
        Some(_) if !route.methods.contains(&&*head.method) => Ok(refuse_method(head, &route)),
        Some(params) => (route.handler)(&mut ApiRequest {
            agent,
            head,
            path: &path,
            params,
            connection,
        }),
    };
    match answered {
        Ok(response) | Err(NoAnswer::With(response)) => Some(response.varies()),
        Err(NoAnswer::Gone) => None,
    }
}

fn moved(head: &RequestHead, path: &[u8], query: &str) -> Response {
    let mut target = path::encode(path);
    if !query.is_empty() {
        target.push('?');
        target.push_str(query);
    }
    if !matches!(&*head.method, "GET" | "HEAD") {
        return Response::empty(301).with("Location", target);
    }
    let shown = target
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;");
    let body = format!("<a href=\"{shown}\">Moved Permanently</a>.\n\n");
    Response::bytes(301, "text/html; charset=utf-8", body.into_bytes()).with("Location", target)
}

fn unrouted(head: &RequestHead, path: &[u8], query: &str) -> Response {
    if path == b"/" {
        return Response::text(200, "Consul Agent");
    }
    let mut folder = path.to_vec();
    folder.push(b'/');
    if route(&folder).is_some() {
        return moved(head, &folder, query);
    }
    let text = String::from_utf8_lossy(path);
    let room = text
        .strip_prefix("/v1/")
        .and_then(|rest| rest.split('/').next());
    match room {
        Some(room) if NOT_HERE.contains(&room) => Response::text(
            501,
            format!("kvw dev has KV, transactions and sessions only: {text} is not implemented"),
        ),
        _ => Response::empty(404),
    }
}

fn refuse_method(head: &RequestHead, route: &Route) -> Response {
    let allow = format!("OPTIONS,{}", route.methods.join(","));
    if head.method == "OPTIONS" {
        return Response::empty(200).with("Allow", allow);
    }
    Response::text(405, format!("method {} not allowed", head.method)).with("Allow", allow)
}
