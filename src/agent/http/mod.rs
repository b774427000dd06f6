//! HTTP/1.1 on a socket: one request in, one response out. A request that two readers could
//! understand differently is refused.

mod connection;
mod head;
mod response;

pub use connection::{BodyError, ClientConnection};
pub use head::{BodyLength, Foreign, RequestHead};
pub use response::Response;
