//! A routed request: what an endpoint is given and what it may return.

use std::net::{Ipv4Addr, SocketAddr};

use super::answer_limits::AnswerLimits;
use super::http::{BodyError, BodyLength, ClientConnection, RequestHead, Response};
use super::listener::ListenAddress;
use super::params::QueryParams;
use super::store::{ClientGone, Store};

/// The state that all endpoints share.
pub struct AgentState {
    pub store: Store,
    pub address: ListenAddress,
    pub answers: AnswerLimits,
}

/// The port on which servers of Consul speak with each other.
const SERVER_PORT: u16 = 8300;

impl AgentState {
    /// Returns the address by which servers know each other.
    pub fn server_address(&self) -> SocketAddr {
        match &self.address {
            ListenAddress::Tcp(address) => *address,
            ListenAddress::Unix(_) => (Ipv4Addr::LOCALHOST, SERVER_PORT).into(),
        }
    }
}

/// A request with its path and parameters decoded.
pub struct ApiRequest<'a> {
    pub agent: &'a AgentState,
    pub head: &'a RequestHead,
    pub path: &'a [u8],
    pub params: QueryParams,
    pub connection: &'a mut ClientConnection,
}

/// The reason why an endpoint did not succeed.
#[derive(Debug)]
pub enum ApiError {
    /// The request was refused with this response.
    Refused(Response),
    /// The client has disconnected, so there is no response.
    ClientGone,
}

impl From<Response> for ApiError {
    fn from(response: Response) -> Self {
        ApiError::Refused(response)
    }
}

impl From<ClientGone> for ApiError {
    fn from(_: ClientGone) -> Self {
        ApiError::ClientGone
    }
}

/// The result of an endpoint.
pub type ApiResult = Result<Response, ApiError>;

impl ApiRequest<'_> {
    /// Returns the part of the path after `endpoint`.
    pub fn path_after(&self, endpoint: &str) -> &[u8] {
        self.path.strip_prefix(endpoint.as_bytes()).unwrap_or(b"")
    }

    /// Reads the body, of at most `limit` bytes. A longer one is refused with the text that
    /// `too_large` returns for its length, before anything is read where the length is given.
    pub fn read_body(
        &mut self,
        limit: usize,
        too_large: impl Fn(Option<u64>) -> String,
    ) -> Result<Vec<u8>, ApiError> {
        if let BodyLength::Exact(length) = self.head.length {
            if length > limit as u64 {
                return Err(Response::text(413, too_large(Some(length))).into());
            }
        }
        self.connection
            .read_body(self.head, limit)
            .map_err(|error| match error {
                BodyError::TooLarge => Response::text(413, too_large(None)).into(),
                BodyError::TooManyLarge => Response::too_many_large_requests().into(),
                BodyError::TimedOut => Response::timed_out().into(),
                BodyError::Malformed => Response::closing(400, "400 Bad Request").into(),
                BodyError::Lost => ApiError::ClientGone,
            })
    }

    /// Returns a response of JSON, indented where `?pretty` asks for it, or a refusal of one that is too
    /// large.
    pub fn json(&self, status: u16, value: &impl serde::Serialize) -> Response {
        let pretty = self.params.has("pretty");
        super::api::json(status, value, pretty, &self.agent.answers)
    }
}
