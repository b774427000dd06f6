//! The client: headers, retries, statuses; the only caller of ureq.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{HeaderValue, Request as HttpRequest};
use ureq::{AsSendBody, Body};

use super::answer::{Answer, Decoder, Meta, Meter};
use super::error::{Cause, RequestContext};
use super::redact::Redactor;
use super::request::Request;
use super::server::{FailedServers, Move, Server, Servers};
use super::setup::{can_reread, read_token};
use super::{Address, Config, Consistency, ConsulEndpoint, Error, TokenSource};
use crate::backoff::Backoff;

/// The time that a blocking query may take above its wait: Consul holds a request for 7 s while
/// there is no leader.
const SLACK: Duration = Duration::from_secs(10);
/// The size of a body in bytes above which the client waits for `100 Continue` before it sends the
/// body: the server's default limit.
const EXPECT_ABOVE: usize = 512 * 1024;
const EXPECTATION_FAILED: u16 = 417;
/// The most bytes that are read of the text of an error; Consul's are short.
const ERROR_TEXT: u64 = 64 * 1024;

/// A connection to one agent, or to several agents of one cluster of which one is asked; clones share
/// it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<ClientInner>,
    consistency: Consistency,
    retry_for: Duration,
    meter: Meter,
}

struct ClientInner {
    servers: Servers,
    config: Config,
    token: Mutex<Option<HeaderValue>>,
    redactor: Redactor,
    /// Set once the server is known to support namespaces and partitions.
    tenancy_checked: OnceLock<()>,
}

impl Client {
    /// Builds the client; sends nothing.
    ///
    /// # Errors
    /// When the token file or a file of TLS cannot be read, or a token or password is not valid in a
    /// header.
    pub fn new(config: Config) -> Result<Self, Error> {
        let token = read_token(&config)?;
        let redactor = Redactor::new(&config);
        redactor.add_token(token.as_ref());
        let servers = Servers::new(&config)?;
        Ok(Client {
            consistency: config.consistency,
            retry_for: config.retry_for,
            meter: Meter::default(),
            shared: Arc::new(ClientInner {
                servers,
                token: Mutex::new(token),
                redactor,
                tenancy_checked: OnceLock::new(),
                config,
            }),
        })
    }

    /// The same connection with another consistency of reads.
    pub fn with_consistency(&self, consistency: Consistency) -> Self {
        Client {
            consistency,
            ..self.clone()
        }
    }

    /// The same connection with another time for retries of reads: a watch retries itself.
    pub fn with_retry_for(&self, retry_for: Duration) -> Self {
        Client {
            retry_for,
            ..self.clone()
        }
    }

    /// The same connection with its own count of received bytes.
    pub fn metered(&self) -> Self {
        Client {
            meter: Meter::default(),
            ..self.clone()
        }
    }

    /// The bytes of bodies received so far, by clones too.
    pub fn received(&self) -> u64 {
        self.meter.bytes()
    }

    /// The configuration that the client was built from.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The place of the address that answers at present, see [`Config::endpoints`].
    pub fn place(&self) -> usize {
        self.shared.servers.current()
    }

    /// Returns where requests go, for questions: the address that answers at present, and the datacenter
    /// where it is another one's.
    pub fn location(&self) -> String {
        let address = self.endpoint(self.place()).address.with_port();
        match &self.config().datacenter {
            Some(datacenter) => format!("{address}, datacenter {datacenter}"),
            None => address,
        }
    }

    /// Set once the server is known to support namespaces and partitions.
    pub(super) fn tenancy_checked(&self) -> &OnceLock<()> {
        &self.shared.tenancy_checked
    }

    /// Sends the request and returns an answer with status 200 or the other one that is accepted,
    /// its body still on the socket.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, Error> {
        self.ask(request, Ok)
    }

    /// Sends the request and reads the answer. A write is sent once, and once more only where the
    /// server cannot have received all of it, or did nothing. A read is retried while the failure may
    /// be transient. Of several addresses each is asked before there is a failure.
    pub(super) fn ask<T>(
        &self,
        request: &Request<'_>,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let servers = &self.shared.servers;
        let mut place = servers.current();
        let mut failed = FailedServers::default();
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        let mut failing_since = None;
        let mut token_reread = false;
        let mut tls_reread = false;
        loop {
            let token = self.token();
            let asked = servers.are_several().then(Instant::now);
            let answer = self.attempt(request, place, token.as_ref());
            let mut error = match answer.and_then(&read) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !token_reread && is_forbidden(&error) && self.reread_token(token.as_ref()) {
                token_reread = true;
                continue;
            }
            // Nothing of the request was done, so a write may be sent again too.
            if !tls_reread && matches!(error.cause(), Cause::Handshake(_)) && self.reread_tls(place)
            {
                tls_reread = true;
                continue;
            }
            let first = failing_since.is_none();
            let since = *failing_since.get_or_insert_with(Instant::now);
            let left = self.retry_for.saturating_sub(since.elapsed());
            let mut retry = Retry::after(&error, request.write, first, left);
            if let Some(asked) = asked.filter(|_| retry != Retry::AtOnce) {
                let next = Move::after(&error, request.write, request.block, asked.elapsed());
                if next != Move::Stay {
                    servers.leave(place);
                }
                if next == Move::SameRequest {
                    log::info!("{error}");
                    failed.push(place, error);
                    if let Some(next) = servers.next(&failed) {
                        place = next;
                        continue;
                    }
                    error = failed.take();
                    retry = Retry::after(&error, request.write, false, left);
                    place = servers.current();
                }
            }
            if retry == Retry::No {
                return Err(error);
            }
            log::info!("{error}; retrying");
            if retry == Retry::AfterBackoff {
                thread::sleep(backoff.next(fastrand::f64()).min(left));
            }
        }
    }

    /// The context of errors of a request.
    pub(super) fn context(&self, doing: String, write: bool) -> RequestContext {
        self.context_at(self.place(), doing, write)
    }

    fn context_at(&self, place: usize, doing: String, write: bool) -> RequestContext {
        RequestContext {
            doing,
            address: self.endpoint(place).address.with_port(),
            write,
            anonymous: self.shared.config.token.is_none(),
            redactor: self.shared.redactor.clone(),
        }
    }

    fn endpoint(&self, place: usize) -> &ConsulEndpoint {
        self.shared.config.endpoint_at(place)
    }

    fn attempt(
        &self,
        request: &Request<'_>,
        place: usize,
        token: Option<&HeaderValue>,
    ) -> Result<Answer, Error> {
        let server = self.shared.servers.at(place);
        let context = self.context_at(place, request.doing.clone(), request.write);
        let target = request.target(&self.shared.config, self.consistency);
        let secrets = [token, server.basic_auth.as_ref()];
        let size = server.base.len()
            + target.len()
            + secrets
                .into_iter()
                .flatten()
                .map(HeaderValue::len)
                .sum::<usize>()
            + request.body.map_or(0, <[u8]>::len);
        let endpoint = self.endpoint(place);
        let agent = server.agent(&self.shared.config, endpoint, size, request.long)?;
        let started = Instant::now();
        let expects = request.body.is_some_and(|body| body.len() > EXPECT_ABOVE);
        let mut result = self.run((server, agent), request, &target, token, expects);
        // A proxy that does not know `Expect` has taken nothing yet.
        if expects && matches!(&result, Ok(response) if response.status() == EXPECTATION_FAILED) {
            result = self.run((server, agent), request, &target, token, false);
        }
        let method = request.method;
        let at = self.shown_place(place);
        let took = started.elapsed();
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                let shown = error.to_string();
                let shown = context.redactor.blank(&shown);
                log::info!("{method} {target}{at}: {shown}, {took:.1?}");
                return Err(context.map_ureq(&error));
            }
        };
        let status = response.status().as_u16();
        let meta = Meta::from_headers(response.headers(), place);
        match meta.index {
            Some(index) => log::info!("{method} {target}{at}: {status}, index {index}, {took:.1?}"),
            None => log::info!("{method} {target}{at}: {status}, {took:.1?}"),
        }
        let (head, body) = response.into_parts();
        let body = Decoder::new(&head.headers, body, server.asks_for_gzip);
        if status == 200 || request.accepts == Some(status) {
            let body = body.map_err(|encoding| {
                context.invalid_answer(format_args!(
                    "in the encoding '{encoding}', which was not asked for"
                ))
            })?;
            return Ok(Answer {
                status,
                meta,
                context,
                body,
                bounds: self.shared.config.bounds,
                meter: self.meter.clone(),
            });
        }
        // The text may be incomplete; the status decides.
        let until = Instant::now() + self.shared.config.request_timeout;
        let text = body.map(|body| read_until(body.take(ERROR_TEXT), until));
        let text = text.unwrap_or_default();
        Err(context.map_status(status, &String::from_utf8_lossy(&text)))
    }

    /// What names the address in the log, where there is more than one.
    fn shown_place(&self, place: usize) -> impl fmt::Display + '_ {
        let several = self.shared.servers.are_several();
        ShownPlace(several.then(|| &self.endpoint(place).address))
    }

    fn run(
        &self,
        (server, agent): (&Server, &ureq::Agent),
        request: &Request<'_>,
        target: &str,
        token: Option<&HeaderValue>,
        expects: bool,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let mut builder = HttpRequest::builder()
            .method(request.method)
            .uri(format!("{}{target}", server.base));
        if let Some(token) = token {
            builder = builder.header("X-Consul-Token", token);
        }
        if let Some(basic_auth) = &server.basic_auth {
            builder = builder.header("Authorization", basic_auth);
        }
        if server.asks_for_gzip {
            builder = builder.header("Accept-Encoding", "gzip");
        }
        if expects {
            builder = builder.header("Expect", "100-continue");
        }
        match request.body {
            Some(body) => self.run_within(agent, request, builder.body(body)?),
            None => self.run_within(agent, request, builder.body(())?),
        }
    }

    /// Runs a request within the times that its answer may take: a held one its wait and more until it
    /// begins, a short one the request time-out until it is whole. A long one has a least rate.
    fn run_within<B: AsSendBody>(
        &self,
        agent: &ureq::Agent,
        request: &Request<'_>,
        http: ureq::http::Request<B>,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let longest = self.shared.config.request_timeout;
        let mut http = agent.configure_request(http);
        if let Some(block) = request.block {
            let timeout = block.wait + block.wait / 16 + SLACK.min(longest);
            http = http
                .timeout_recv_response(Some(timeout))
                .timeout_per_read(Some(timeout));
        }
        if !request.long {
            http = http.timeout_recv_body(Some(longest));
        }
        agent.run(http.build())
    }

    /// Returns the token file, if it holds no token.
    pub fn empty_token_file(&self) -> Option<&Path> {
        match &self.shared.config.token {
            Some(TokenSource::File(path)) if self.token().is_none() => Some(path),
            _ => None,
        }
    }

    pub(super) fn token(&self) -> Option<HeaderValue> {
        self.shared
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads the files of TLS again, after a failed handshake. Returns whether they have changed.
    fn reread_tls(&self, place: usize) -> bool {
        let tls = &self.shared.servers.at(place).tls;
        tls.as_ref().is_some_and(|tls| tls.reread())
    }

    /// Reads the token file again, after a 403 with the token `used`. Returns whether the token has
    /// changed; a file that cannot be read, because it is being replaced, counts as unchanged.
    fn reread_token(&self, used: Option<&HeaderValue>) -> bool {
        let config = &self.shared.config;
        if !config.token.as_ref().is_some_and(can_reread) {
            return false;
        }
        let Ok(fresh) = read_token(config) else {
            return false;
        };
        let changed = used != fresh.as_ref();
        self.shared.redactor.add_token(fresh.as_ref());
        *self
            .shared
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        changed
    }
}

/// ` at ADDRESS`, or nothing.
struct ShownPlace<'a>(Option<&'a Address>);

impl fmt::Display for ShownPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, " at {address}"),
            None => Ok(()),
        }
    }
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error.cause(), Cause::Denied | Cause::UnknownToken)
}

/// Whether a failed request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    No,
    AtOnce,
    AfterBackoff,
}

impl Retry {
    /// Decides after an error, the `first` of the request or a later one, with the time `left`.
    fn after(error: &Error, write: bool, first: bool, left: Duration) -> Self {
        let cause = error.cause();
        if write {
            // The server did nothing with half a request.
            return match cause {
                Cause::Unsent if first => Retry::AtOnce,
                _ => Retry::No,
            };
        }
        if !error.is_retryable() || left.is_zero() {
            return Retry::No;
        }
        match cause {
            // An idle connection may have been closed: that alone is no reason to wait.
            Cause::Lost | Cause::Unsent if first => Retry::AtOnce,
            _ => Retry::AfterBackoff,
        }
    }
}

/// Reads to the end, an error, or this time.
fn read_until(mut reader: impl Read, until: Instant) -> Vec<u8> {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while Instant::now() < until {
        match reader.read(&mut part) {
            Ok(read @ 1..) => text.extend_from_slice(&part[..read]),
            Ok(0) | Err(_) => break,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_requests_are_retried_and_when() {
        let left = Duration::from_secs(1);
        for (cause, write, first, left, retry) in [
            (Cause::Lost, false, true, left, Retry::AtOnce),
            (Cause::Lost, false, false, left, Retry::AfterBackoff),
            (Cause::Lost, false, false, Duration::ZERO, Retry::No),
            (Cause::NoLeader, false, true, left, Retry::AfterBackoff),
            (Cause::RateLimited, false, false, left, Retry::AfterBackoff),
            (Cause::Unreachable, false, true, left, Retry::No),
            (Cause::TimedOut, false, true, left, Retry::No),
            (Cause::Refused, false, true, left, Retry::No),
            (Cause::UnknownDatacenter, false, true, left, Retry::No),
            (Cause::Unsent, true, true, left, Retry::AtOnce),
            (Cause::Unsent, true, true, Duration::ZERO, Retry::AtOnce),
            (Cause::Unsent, true, false, left, Retry::No),
            (Cause::Lost, true, true, left, Retry::No),
            (Cause::NoLeader, true, true, left, Retry::No),
            (Cause::RateLimited, true, true, left, Retry::No),
        ] {
            let context = RequestContext {
                doing: String::new(),
                address: String::new(),
                write,
                anonymous: true,
                redactor: Redactor::default(),
            };
            let error = context.error(cause, "");
            assert_eq!(
                Retry::after(&error, write, first, left),
                retry,
                "{cause:?} {write} {first}"
            );
        }
    }
}
