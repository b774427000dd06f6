//! The addresses of a client: one that is asked, and others of the same cluster in its stead.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::HeaderValue;

use super::error::Cause;
use super::request::Block;
use super::setup::{Buffers, agent, header, tls};
use super::tls::Tls;
use super::{Config, ConsulEndpoint, Error};

/// An address that is ready to be asked.
pub(super) struct Server {
    agent: ureq::Agent,
    /// For what the buffers of the other are too small for; built when it is needed.
    large: OnceLock<ureq::Agent>,
    pub(super) tls: Option<Arc<Tls>>,
    /// The part of URLs before `/v1`.
    pub(super) base: String,
    pub(super) basic_auth: Option<HeaderValue>,
    /// Whether answers are asked for in gzip.
    pub(super) asks_for_gzip: bool,
}

impl Server {
    fn new(config: &Config, endpoint: &ConsulEndpoint, other: Option<&Tls>) -> Result<Self, Error> {
        let basic_auth = match &endpoint.basic_auth {
            Some((user, password)) => {
                let credentials = STANDARD.encode(format!("{user}:{}", password.expose()));
                Some(header(
                    &format!("Basic {credentials}"),
                    "HTTP user and password",
                )?)
            }
            None => None,
        };
        let tls = tls(config, &endpoint.address, other)?;
        Ok(Server {
            agent: agent(config, endpoint, tls.clone(), Buffers::SMALL)?,
            large: OnceLock::new(),
            tls,
            base: endpoint.address.base(),
            basic_auth,
            asks_for_gzip: !endpoint.address.is_loopback(),
        })
    }

    /// The agent for a request of which what is known has `size` bytes, and whose answer may be `long`.
    pub(super) fn agent(
        &self,
        config: &Config,
        endpoint: &ConsulEndpoint,
        size: usize,
        long: bool,
    ) -> Result<&ureq::Agent, Error> {
        // Of many connections each may be held for long; an only one stays the same.
        let only = config.connections == 1;
        let large = self.large.get();
        if Buffers::SMALL.hold(size) && !(only && (long || large.is_some())) {
            return Ok(&self.agent);
        }
        if let Some(large) = large {
            return Ok(large);
        }
        let built = agent(config, endpoint, self.tls.clone(), Buffers::LARGE)?;
        Ok(self.large.get_or_init(|| built))
    }
}

/// The addresses of a client, of which one is asked until it gives no answer. With a single address
/// nothing is decided.
pub(super) struct Servers {
    first: Server,
    others: Vec<Server>,
    /// The place of the server that the next request goes to.
    current: AtomicUsize,
}

impl Servers {
    /// Reads and checks what all addresses need, so that none turns out to be useless when another
    /// one fails.
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let first = Server::new(config, &config.endpoint, None)?;
        let mut others: Vec<Server> = Vec::new();
        for endpoint in &config.alternatives {
            let read = std::iter::once(&first).chain(&others);
            let read = read.filter_map(|server| server.tls.as_deref()).next();
            let server = Server::new(config, endpoint, read)?;
            others.push(server);
        }
        Ok(Servers {
            first,
            others,
            current: AtomicUsize::new(0),
        })
    }

    /// Whether there is more than one.
    pub(super) fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// The place of the server that the next request goes to: the one that answered last.
    pub(super) fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// The server at this place.
    pub(super) fn at(&self, place: usize) -> &Server {
        match place {
            0 => &self.first,
            place => &self.others[place - 1],
        }
    }

    /// Lets the next request go to another server than this one, unless that was done already.
    pub(super) fn leave(&self, place: usize) {
        let next = (place + 1) % (1 + self.others.len());
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.current.compare_exchange(place, next, success, failure);
    }

    /// The place of the server to ask next in a request that failed at others; `None` when it failed
    /// at all of them.
    pub(super) fn next(&self, failed: &FailedServers) -> Option<usize> {
        next_place(self.current(), 1 + self.others.len(), failed)
    }
}

fn next_place(current: usize, count: usize, failed: &FailedServers) -> Option<usize> {
    let mut places = (current..count).chain(0..current);
    places.find(|place| !failed.0.iter().any(|(failed, _)| failed == place))
}

/// The servers at which a request failed, in the order in which they were asked.
#[derive(Default)]
pub(super) struct FailedServers(Vec<(usize, Error)>);

impl FailedServers {
    pub(super) fn push(&mut self, place: usize, error: Error) {
        self.0.push((place, error));
    }

    /// Returns one error of all of them, and is empty then. There is at least one.
    pub(super) fn take(&mut self) -> Error {
        let errors = std::mem::take(&mut self.0);
        Error::at_all(errors.into_iter().map(|(_, error)| error).collect())
            .expect("a request failed somewhere")
    }
}

/// What a failed request means for the address that it went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// The request belongs to this address.
    Stay,
    /// The next request goes to another address; this one is not sent again.
    NextRequest,
    /// The same request is sent to another address.
    SameRequest,
}

impl Move {
    /// Decides after an error. A write is sent again only where it is certain that nothing was done.
    /// `held` is the time for which the answer of a blocking query was waited for.
    pub(super) fn after(error: &Error, write: bool, block: Option<Block>, held: Duration) -> Self {
        match error.cause() {
            Cause::Unreachable
            | Cause::ProxyUnreachable
            | Cause::Unsent
            | Cause::Handshake(_)
            | Cause::NoLeader
            | Cause::TooManyConnections
            // Of another agent, the node may be registered.
            | Cause::Unregistered => Move::SameRequest,
            // What is between the client and Consul may cut queries that are held. The caller asks
            // once more, in a query that is not, and that is answered here or by another address.
            Cause::Lost | Cause::Dropped | Cause::Server
                if block.is_some_and(|block| block.is_held(held)) =>
            {
                Move::Stay
            }
            Cause::Lost | Cause::Dropped | Cause::Server | Cause::LeaderLost | Cause::TimedOut => {
                match write {
                    true => Move::NextRequest,
                    false => Move::SameRequest,
                }
            }
            _ => Move::Stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consul::tls::TlsFault;
    use crate::model::Index;

    #[test]
    fn only_a_write_that_was_certainly_not_done_goes_to_another_address() {
        use Move::{NextRequest, SameRequest, Stay};
        let at_once = Duration::from_millis(20);
        for (cause, read, write) in [
            (Cause::Unreachable, SameRequest, SameRequest),
            (Cause::ProxyUnreachable, SameRequest, SameRequest),
            (Cause::Unsent, SameRequest, SameRequest),
            (Cause::NoLeader, SameRequest, SameRequest),
            (Cause::TooManyConnections, SameRequest, SameRequest),
            (Cause::Unregistered, SameRequest, SameRequest),
            (
                Cause::Handshake(TlsFault::ServerExpired),
                SameRequest,
                SameRequest,
            ),
            (Cause::LeaderLost, SameRequest, NextRequest),
            (Cause::TimedOut, SameRequest, NextRequest),
            (Cause::Lost, SameRequest, NextRequest),
            (Cause::Dropped, SameRequest, NextRequest),
            (Cause::Server, SameRequest, NextRequest),
            (Cause::OutOfFiles, Stay, Stay),
            (Cause::RateLimited, Stay, Stay),
            (Cause::Denied, Stay, Stay),
            (Cause::UnknownToken, Stay, Stay),
            (Cause::Refused, Stay, Stay),
            (Cause::NotConsul, Stay, Stay),
            (Cause::InvalidAnswer, Stay, Stay),
        ] {
            let error = Error::with_cause(cause);
            let after = |write| Move::after(&error, write, None, at_once);
            assert_eq!((after(false), after(true)), (read, write), "{cause:?}");
        }
    }

    #[test]
    fn a_query_that_was_held_and_cut_is_asked_again_where_it_was() {
        let block = |wait| Block {
            since: Index(1),
            wait: Duration::from_millis(wait),
        };
        let (early, late) = (Duration::from_millis(20), Duration::from_secs(20));
        for (cause, wait, held, next) in [
            (Cause::Lost, 45_000, late, Move::Stay),
            (Cause::Lost, 45_000, early, Move::SameRequest),
            (Cause::Server, 1, late, Move::SameRequest),
            (Cause::Unreachable, 45_000, late, Move::SameRequest),
            (Cause::NoLeader, 45_000, late, Move::SameRequest),
            (Cause::TimedOut, 45_000, late, Move::SameRequest),
        ] {
            let error = Error::with_cause(cause);
            let after = Move::after(&error, false, Some(block(wait)), held);
            assert_eq!(after, next, "{cause:?} {wait} {held:?}");
        }
    }

    #[test]
    fn every_address_is_asked_once_in_its_order_beginning_with_the_present_one() {
        let mut failed = FailedServers::default();
        let mut asked = Vec::new();
        while let Some(place) = next_place(1, 3, &failed) {
            asked.push(place);
            failed.push(place, Error::with_cause(Cause::Unreachable));
        }
        assert_eq!(asked, [1, 2, 0]);
    }
}
