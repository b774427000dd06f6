//! HTTP/1.1 on a socket: one request in, one response out. A request that two readers could
//! understand differently is refused.

mod connection;
mod head;
mod response;

pub use connection::{BodyError, ClientConnection};
pub use head::{BodyLength, Foreign, RequestHead};
pub use response::Response;

/// Parses the head of a request, for fuzzing. Returns whether it is one.
#[cfg(any(test, fuzzing))]
pub fn is_request_head(bytes: &[u8]) -> bool {
    head::parse_head(bytes).is_ok()
}
