//! One routed request: what an endpoint is given, and what it may answer.

use std::net::SocketAddr;

use super::http::{BodyError, ClientConnection, Length, RequestHead, Response};
use super::params::Params;
use super::store::{ClientGone, Store};

/// What handlers work on.
pub struct AgentState {
    pub store: Store,
    pub address: SocketAddr,
}

/// One request, routed.
pub struct ApiRequest<'a> {
    pub agent: &'a AgentState,
    pub head: &'a RequestHead,
    pub path: &'a [u8],
    pub params: Params,
    pub connection: &'a mut ClientConnection,
}

/// Why a handler gives no answer of its own.
#[derive(Debug)]
pub enum NoAnswer {
    With(Response),
    /// Nobody is there to be answered.
    Gone,
}

impl From<Response> for NoAnswer {
    fn from(response: Response) -> Self {
        NoAnswer::With(response)
    }
}

impl From<ClientGone> for NoAnswer {
    fn from(_: ClientGone) -> Self {
        NoAnswer::Gone
    }
}

/// What a handler gives.
pub type Answer = Result<Response, NoAnswer>;

impl ApiRequest<'_> {
    /// What stands behind the endpoint's own part of the path.
    pub fn behind(&self, endpoint: &str) -> &[u8] {
        self.path.strip_prefix(endpoint.as_bytes()).unwrap_or(b"")
    }

    /// The body, if it is no longer than `most`; `too_large` says so otherwise. The length is
    /// looked at before anything is read.
    pub fn body(
        &mut self,
        most: usize,
        too_large: impl Fn(Option<u64>) -> String,
    ) -> Result<Vec<u8>, NoAnswer> {
        if let Length::Exactly(length) = self.head.length {
            if length > most as u64 {
                return Err(Response::text(413, too_large(Some(length))).into());
            }
        }
        self.connection
            .body(self.head, most)
            .map_err(|error| match error {
                BodyError::TooLarge => Response::text(413, too_large(None)).into(),
                BodyError::Crowded => Response::crowded().into(),
                BodyError::Malformed => Response::refusal(400, "400 Bad Request").into(),
                BodyError::Lost => NoAnswer::Gone,
            })
    }

    /// JSON, indented where `?pretty` asks for it.
    pub fn json(&self, status: u16, value: &impl serde::Serialize) -> Response {
        super::api::json(status, value, self.params.has("pretty"))
    }
}
