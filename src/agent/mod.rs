//! The embedded agent of `kvw dev`: Consul's KV, blocking queries, transactions and sessions, in
//! memory.
//!
//! It answers as Consul 1.8.7 does, byte for byte where a client can see a difference. It must not
//! know `consul`: a client and an agent that shared wire code would hide the same mistake.
//!
//! Not implemented are ACLs (tokens are ignored), services, checks, snapshots and other datacenters.
//! Their endpoints answer 501 with a sentence.
//!
//! - `listener`, `server`: the socket and its threads. `http`: requests in, responses out. `routes`, `path`,
//!   `params`, `request`: from a request to its endpoint. `api`: the endpoints.
//! - `store`: the lock around the state and the blocking queries on it. `state`: the rules.
//! - `golang`: texts in Go's formats. `hosts`: names of this machine. `semaphore`, `large_requests`,
//!   `answer_limits`: limits on connections and memory.

mod answer_limits;
mod api;
mod golang;
mod hosts;
mod http;
mod large_requests;
mod listener;
mod params;
mod path;
mod request;
mod routes;
mod semaphore;
mod server;
mod state;
mod store;

pub use listener::ListenAddress;
#[cfg(any(test, fuzzing))]
pub use server::answers_to;
pub use server::{DevServer, ServerConfig};
#[cfg(any(test, fuzzing))]
pub use state::compare_with_reference;
