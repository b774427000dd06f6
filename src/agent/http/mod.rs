//! HTTP/1.1 on a socket: one request in, one response out, and nothing that could be read two ways.

mod connection;
mod head;
mod response;

pub use connection::{BodyError, ClientConnection, Permits};
pub use head::{Length, RequestHead};
pub use response::Response;
