//! The client: headers, retries, statuses; the only caller of ureq.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderValue, Request as HttpRequest};
use ureq::{AsSendBody, Body};

use super::answer::{Answer, Decoder, Meta, Meter, asks_for_gzip};
use super::error::{Cause, RequestContext};
use super::redact::Redactor;
use super::request::Request;
use super::setup::{agent, can_reread, header, read_token, tls};
use super::tls::Tls;
use super::{Config, Consistency, Error, TokenSource};
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

/// A connection to one agent; clones share it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<ClientInner>,
    consistency: Consistency,
    retry_for: Duration,
    meter: Meter,
}

struct ClientInner {
    agent: ureq::Agent,
    tls: Option<Arc<Tls>>,
    config: Config,
    /// The part of URLs before `/v1`.
    base: String,
    token: Mutex<Option<HeaderValue>>,
    basic_auth: Option<HeaderValue>,
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
        let basic_auth = match &config.basic_auth {
            Some((user, password)) => {
                let credentials = STANDARD.encode(format!("{user}:{}", password.expose()));
                Some(header(
                    &format!("Basic {credentials}"),
                    "HTTP user and password",
                )?)
            }
            None => None,
        };
        let redactor = Redactor::new(&config);
        redactor.add_token(token.as_ref());
        let tls = tls(&config)?;
        Ok(Client {
            consistency: config.consistency,
            retry_for: config.retry_for,
            meter: Meter::default(),
            shared: Arc::new(ClientInner {
                agent: agent(&config, tls.clone())?,
                tls,
                base: config.address.base(),
                token: Mutex::new(token),
                basic_auth,
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
    /// server cannot have received all of it. A read is retried while the failure may be transient.
    pub(super) fn ask<T>(
        &self,
        request: &Request<'_>,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        let mut failing_since = None;
        let mut token_reread = false;
        let mut tls_reread = false;
        loop {
            let token = self.token();
            let error = match self.attempt(request, token.as_ref()).and_then(&read) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !token_reread && is_forbidden(&error) && self.reread_token(token.as_ref()) {
                token_reread = true;
                continue;
            }
            // Nothing of the request was done, so a write may be sent again too.
            if !tls_reread && matches!(error.cause(), Cause::Handshake(_)) && self.reread_tls() {
                tls_reread = true;
                continue;
            }
            let first = failing_since.is_none();
            let since = *failing_since.get_or_insert_with(Instant::now);
            let left = self.retry_for.saturating_sub(since.elapsed());
            let retry = Retry::after(&error, request.write, first, left);
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
        RequestContext {
            doing,
            address: self.shared.config.address.with_port(),
            write,
            anonymous: self.shared.config.token.is_none(),
            redactor: self.shared.redactor.clone(),
        }
    }

    fn attempt(&self, request: &Request<'_>, token: Option<&HeaderValue>) -> Result<Answer, Error> {
        let context = self.context(request.doing.clone(), request.write);
        let target = request.target(&self.shared.config, self.consistency);
        let started = Instant::now();
        let expects = request.body.is_some_and(|body| body.len() > EXPECT_ABOVE);
        let mut result = self.run(request, &target, token, expects);
        // A proxy that does not know `Expect` has taken nothing yet.
        if expects && matches!(&result, Ok(response) if response.status() == EXPECTATION_FAILED) {
            result = self.run(request, &target, token, false);
        }
        let method = request.method;
        let took = started.elapsed();
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                let shown = error.to_string();
                let shown = context.redactor.blank(&shown);
                log::info!("{method} {target}: {shown}, {took:.1?}");
                return Err(context.map_ureq(&error));
            }
        };
        let status = response.status().as_u16();
        let meta = Meta::from_headers(response.headers());
        match meta.index {
            Some(index) => log::info!("{method} {target}: {status}, index {index}, {took:.1?}"),
            None => log::info!("{method} {target}: {status}, {took:.1?}"),
        }
        let (head, body) = response.into_parts();
        let body = Decoder::new(&head.headers, body, asks_for_gzip(&self.shared.config));
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

    fn run(
        &self,
        request: &Request<'_>,
        target: &str,
        token: Option<&HeaderValue>,
        expects: bool,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let mut builder = HttpRequest::builder()
            .method(request.method)
            .uri(format!("{}{target}", self.shared.base));
        if let Some(token) = token {
            builder = builder.header("X-Consul-Token", token);
        }
        if let Some(basic_auth) = &self.shared.basic_auth {
            builder = builder.header("Authorization", basic_auth);
        }
        if asks_for_gzip(&self.shared.config) {
            builder = builder.header("Accept-Encoding", "gzip");
        }
        if expects {
            builder = builder.header("Expect", "100-continue");
        }
        match request.body {
            Some(body) => self.run_within(request, builder.body(body)?),
            None => self.run_within(request, builder.body(())?),
        }
    }

    /// Runs a request within the times that its answer may take: a held one its wait and more until it
    /// begins, a short one the request time-out until it is whole. A long one has a least rate.
    fn run_within<B: AsSendBody>(
        &self,
        request: &Request<'_>,
        http: ureq::http::Request<B>,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let longest = self.shared.config.request_timeout;
        let agent = &self.shared.agent;
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
    fn reread_tls(&self) -> bool {
        self.shared.tls.as_ref().is_some_and(|tls| tls.reread())
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
