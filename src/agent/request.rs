//! One routed request: what an endpoint is given, and what it may answer.

use std::net::SocketAddr;

use super::http::{BodyError, Connection, Head, Length, Response};
use super::params::Params;
use super::store::{Gone, Store};

/// What handlers work on.
pub struct Agent {
    pub store: Store,
    pub address: SocketAddr,
}

/// One request, routed.
pub struct Request<'a> {
    pub agent: &'a Agent,
    pub head: &'a Head,
    pub path: &'a [u8],
    pub params: Params,
    pub connection: &'a mut Connection,
}

/// Why a handler gives no answer of its own.
#[derive(Debug)]
pub enum Refused {
    With(Response),
    /// Nobody is there to be answered.
    Gone,
}

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Refused::With(response)
    }
}

impl From<Gone> for Refused {
    fn from(_: Gone) -> Self {
        Refused::Gone
    }
}

/// What a handler gives.
pub type Answer = Result<Response, Refused>;

impl Request<'_> {
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
    ) -> Result<Vec<u8>, Refused> {
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
                BodyError::Lost => Refused::Gone,
            })
    }

    /// JSON, indented where `?pretty` asks for it.
    pub fn json(&self, status: u16, value: &impl serde::Serialize) -> Response {
        super::api::json(status, value, self.params.has("pretty"))
    }
}
