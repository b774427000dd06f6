//! Sends requests: headers, retries, statuses; the only caller of ureq.

use std::io::Read;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::Body;
use ureq::http::{HeaderValue, Request as HttpRequest};

use super::answer::{Answer, Meta, Meter};
use super::error::{Cause, RequestContext};
use super::request::Request;
use super::setup::{agent, header, read_token};
use super::{Config, Consistency, Error, TokenSource};
use crate::backoff::Backoff;

/// How long a blocking query may take above its wait: Consul holds a request for 7 s while there
/// is no leader.
const SLACK: Duration = Duration::from_secs(10);
/// Above this the server is asked first whether it wants the body: its default limit.
const ASK_FIRST: usize = 512 * 1024;
/// Error texts are short; what is longer is not Consul's.
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
    config: Config,
    /// Everything before `/v1`.
    base: String,
    token: Mutex<Option<HeaderValue>>,
    basic_auth: Option<HeaderValue>,
    /// Set once the server was found to know namespaces and partitions.
    tenancy_proven: OnceLock<()>,
}

impl Client {
    /// Builds the client; sends nothing.
    ///
    /// # Errors
    /// When the token file cannot be read, or a token or password cannot stand in a header.
    pub fn new(config: Config) -> Result<Self, Error> {
        let token = match &config.token {
            Some(source) => read_token(source)?,
            None => None,
        };
        let basic_auth = match &config.basic_auth {
            Some((user, password)) => {
                let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
                Some(header(&format!("Basic {pair}"), "HTTP user and password")?)
            }
            None => None,
        };
        Ok(Client {
            consistency: config.consistency,
            retry_for: config.retry_for,
            meter: Meter::default(),
            shared: Arc::new(ClientInner {
                agent: agent(&config)?,
                base: config.address.base(),
                token: Mutex::new(token),
                basic_auth,
                tenancy_proven: OnceLock::new(),
                config,
            }),
        })
    }

    /// The same connection, reading in another mode: the proof of a delete is always consistent.
    pub fn with_consistency(&self, consistency: Consistency) -> Self {
        Client {
            consistency,
            ..self.clone()
        }
    }

    /// The same connection, trying reads again for another time: a watch does that itself.
    pub fn with_retry_for(&self, retry_for: Duration) -> Self {
        Client {
            retry_for,
            ..self.clone()
        }
    }

    /// The same connection with a count of its own of the bytes received.
    pub fn metered(&self) -> Self {
        Client {
            meter: Meter::default(),
            ..self.clone()
        }
    }

    /// How many bytes the bodies of its answers had until now, those of its clones included.
    pub fn received(&self) -> u64 {
        self.meter.bytes()
    }

    /// What it was built from.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Set once the server was found to know namespaces and partitions.
    pub(super) fn tenancy_proven(&self) -> &OnceLock<()> {
        &self.shared.tenancy_proven
    }

    /// Sends the request and gives an answer with status 200 or the other one that is accepted,
    /// its body still on the way.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, Error> {
        self.ask(request, Ok)
    }

    /// Sends the request and reads the answer. Writes are sent once, and once more only where the
    /// server cannot have had the whole of it. Reads are tried again while the trouble may pass.
    pub(super) fn ask<T>(
        &self,
        request: &Request<'_>,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        let mut trouble_since = None;
        let mut token_reread = false;
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
            let first = trouble_since.is_none();
            let since = *trouble_since.get_or_insert_with(Instant::now);
            let left = self.retry_for.saturating_sub(since.elapsed());
            let again = Again::after(&error, request.write, first, left);
            if again == Again::No {
                return Err(error);
            }
            log::info!("{error}; trying again");
            if again == Again::Later {
                thread::sleep(backoff.next(fastrand::f64()).min(left));
            }
        }
    }

    /// What is being done, for errors.
    pub(super) fn context(&self, doing: String, write: bool) -> RequestContext {
        RequestContext {
            doing,
            address: self.shared.config.address.to_string(),
            write,
            anonymous: self.shared.config.token.is_none(),
        }
    }

    fn attempt(&self, request: &Request<'_>, token: Option<&HeaderValue>) -> Result<Answer, Error> {
        let context = self.context(request.doing.clone(), request.write);
        let target = request.target(&self.shared.config, self.consistency);
        let started = Instant::now();
        let result = self.run(request, &target, token);
        let method = request.method;
        let took = started.elapsed();
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                log::info!("{method} {target}: {error}, {took:.1?}");
                return Err(context.failed(&error));
            }
        };
        let status = response.status().as_u16();
        let meta = Meta::of(response.headers());
        match meta.index {
            Some(index) => log::info!("{method} {target}: {status}, index {index}, {took:.1?}"),
            None => log::info!("{method} {target}: {status}, {took:.1?}"),
        }
        let body = response.into_body();
        if status == 200 || request.accepts == Some(status) {
            return Ok(Answer {
                status,
                meta,
                context,
                body,
                meter: self.meter.clone(),
            });
        }
        let mut text = Vec::new();
        // Whatever of the text came is shown; the status is what counts.
        let _ = body.into_reader().take(ERROR_TEXT).read_to_end(&mut text);
        Err(context.status(status, &String::from_utf8_lossy(&text)))
    }

    fn run(
        &self,
        request: &Request<'_>,
        target: &str,
        token: Option<&HeaderValue>,
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
        if request.body.is_some_and(|body| body.len() > ASK_FIRST) {
            builder = builder.header("Expect", "100-continue");
        }
        let agent = &self.shared.agent;
        match (request.body, request.block) {
            (Some(body), _) => agent.run(builder.body(body)?),
            (None, None) => agent.run(builder.body(())?),
            (None, Some(block)) => {
                let patience = block.wait + block.wait / 16 + SLACK;
                let request = agent
                    .configure_request(builder.body(())?)
                    .timeout_recv_response(Some(patience))
                    .timeout_per_read(Some(patience))
                    .build();
                agent.run(request)
            }
        }
    }

    fn token(&self) -> Option<HeaderValue> {
        self.shared
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads the token file again, after a 403 with the token `used`. Whether there is another one
    /// now: a file that is being replaced at this moment, and cannot be read, has none.
    fn reread_token(&self, used: Option<&HeaderValue>) -> bool {
        let Some(source @ TokenSource::File(_)) = &self.shared.config.token else {
            return false;
        };
        let Ok(fresh) = read_token(source) else {
            return false;
        };
        let changed = used != fresh.as_ref();
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
enum Again {
    No,
    AtOnce,
    Later,
}

impl Again {
    /// After this error, the `first` of the request or a later one, with so much time `left`.
    fn after(error: &Error, write: bool, first: bool, left: Duration) -> Self {
        let cause = error.cause();
        if write {
            // The server did nothing with half a request.
            return match cause {
                Cause::Unsent if first => Again::AtOnce,
                _ => Again::No,
            };
        }
        if !error.passes() || left.is_zero() {
            return Again::No;
        }
        match cause {
            // A kept connection may have died of age: that alone is no reason to wait.
            Cause::Lost | Cause::Unsent if first => Again::AtOnce,
            _ => Again::Later,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_again_and_when() {
        let left = Duration::from_secs(1);
        for (cause, write, first, left, again) in [
            (Cause::Lost, false, true, left, Again::AtOnce),
            (Cause::Lost, false, false, left, Again::Later),
            (Cause::Lost, false, false, Duration::ZERO, Again::No),
            (Cause::NoLeader, false, true, left, Again::Later),
            (Cause::RateLimited, false, false, left, Again::Later),
            (Cause::Unreachable, false, true, left, Again::No),
            (Cause::TimedOut, false, true, left, Again::No),
            (Cause::Refused, false, true, left, Again::No),
            (Cause::UnknownDatacenter, false, true, left, Again::No),
            (Cause::Unsent, true, true, left, Again::AtOnce),
            (Cause::Unsent, true, true, Duration::ZERO, Again::AtOnce),
            (Cause::Unsent, true, false, left, Again::No),
            (Cause::Lost, true, true, left, Again::No),
            (Cause::NoLeader, true, true, left, Again::No),
            (Cause::RateLimited, true, true, left, Again::No),
        ] {
            let context = RequestContext {
                doing: String::new(),
                address: String::new(),
                write,
                anonymous: true,
            };
            let error = context.error(cause, "");
            assert_eq!(
                Again::after(&error, write, first, left),
                again,
                "{cause:?} {write} {first}"
            );
        }
    }
}
