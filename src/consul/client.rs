//! Builds requests, sends them, reads headers and maps statuses; the only caller of ureq.

use std::fmt::Write as _;
use std::io::{BufReader, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::{HeaderMap, HeaderValue, Request as HttpRequest};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Body, BodyReader};

use super::error::{Cause, Context};
use super::kv::Block;
use super::transport::Marking;
use super::{Config, Consistency, Error, Secret, TokenSource};
use crate::backoff::Backoff;
use crate::model::Index;

/// ureq's own 128 kB a direction are wrong for a watch of hundreds of targets.
const RECEIVE_BUFFER: usize = 16 * 1024;
const SEND_BUFFER: usize = 8 * 1024;
/// serde_json reads byte by byte.
const PARSE_BUFFER: usize = 64 * 1024;
/// How long a blocking query may take above its wait: Consul holds a request for 7 s while there
/// is no leader.
const SLACK: Duration = Duration::from_secs(10);
/// Above this the server is asked first whether it wants the body: its default limit.
const ASK_FIRST: usize = 512 * 1024;
/// How long it may take to say so.
const ASK_WAIT: Duration = Duration::from_secs(5);
/// Error texts are short; what is longer is not Consul's.
const ERROR_TEXT: u64 = 64 * 1024;

/// What the headers of a read say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meta {
    /// `X-Consul-Index`, at least 1; absent on transactions.
    pub index: Option<Index>,
    /// `X-Consul-Results-Filtered-By-ACLs: true` (servers from 1.11, requests with a token).
    pub filtered: bool,
    /// `X-Consul-KnownLeader`.
    pub known_leader: Option<bool>,
    /// `X-Consul-LastContact`: how long ago the answering server heard from the leader.
    pub last_contact: Option<Duration>,
}

impl Meta {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name| text(name).and_then(|text| text.parse::<u64>().ok());
        Meta {
            // Never wait on 0: that would not block at all.
            index: number("x-consul-index").map(|index| Index(index.max(1))),
            filtered: text("x-consul-results-filtered-by-acls") == Some("true"),
            known_leader: text("x-consul-knownleader").map(|known| known == "true"),
            last_contact: number("x-consul-lastcontact").map(Duration::from_millis),
        }
    }
}

/// A read's value and what its headers said.
#[derive(Debug)]
pub struct Reply<T> {
    /// The headers.
    pub meta: Meta,
    /// The answer.
    pub value: T,
}

/// A connection to one agent; clones share it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    consistency: Consistency,
    retry_for: Duration,
}

struct Shared {
    agent: ureq::Agent,
    config: Config,
    /// Everything before `/v1`.
    base: String,
    token: Mutex<Option<HeaderValue>>,
    basic_auth: Option<HeaderValue>,
    /// Whether the server was found to know namespaces and partitions.
    divided: OnceLock<()>,
}

/// What is asked.
pub(super) struct Request<'a> {
    pub(super) method: &'static str,
    /// After the base, encoded: `/v1/kv/a`, see [`encoded`].
    pub(super) path: String,
    pub(super) query: Query,
    pub(super) body: Option<&'a [u8]>,
    /// `reading key a`
    pub(super) doing: String,
    /// Whether it may change something.
    pub(super) write: bool,
    /// A status other than 200 that is an answer too.
    pub(super) accepts: Option<u16>,
    pub(super) block: Option<Block>,
}

impl<'a> Request<'a> {
    /// A plain read.
    pub(super) fn get(path: String, doing: String) -> Self {
        Request {
            method: "GET",
            path,
            query: Query::default(),
            body: None,
            doing,
            write: false,
            accepts: None,
            block: None,
        }
    }

    /// Something sent.
    pub(super) fn put(path: String, doing: String, body: &'a [u8]) -> Self {
        Request {
            method: "PUT",
            body: Some(body),
            write: true,
            ..Request::get(path, doing)
        }
    }
}

/// A query string in the making.
#[derive(Debug, Default)]
pub(super) struct Query(String);

impl Query {
    pub(super) fn flag(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.flag(name);
        let value = utf8_percent_encode(value, UNRESERVED);
        // Writing to a String cannot fail.
        let _ = write!(self.0, "={value}");
    }
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// A key as it stands in a URL's path. Names that a path cannot carry must not come here.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PATH).to_string()
}

/// An answer whose status was one of the expected ones.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) meta: Meta,
    pub(super) context: Context,
    body: Body,
}

/// The body of an answer, buffered for parsing.
pub(super) type Reader = BufReader<BodyReader<'static>>;

impl Answer {
    /// The body, to be read to its end: only then is the connection used again.
    pub(super) fn reader(self) -> (Reader, Context) {
        let reader = BufReader::with_capacity(PARSE_BUFFER, self.body.into_reader());
        (reader, self.context)
    }

    /// The index of a read. Every one that reached Consul's store has it, also that of a missing
    /// key: an answer without one comes from somebody else.
    pub(super) fn index(&self) -> Result<Index, Error> {
        self.meta.index.ok_or_else(|| {
            let text = format!("{} without an X-Consul-Index", self.status);
            self.context.nonsense(text)
        })
    }

    /// The whole body, of an answer that is short.
    pub(super) fn bytes(self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        match self.body.into_reader().read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.context.body(&error)),
        }
    }

    /// The body as JSON of a short answer.
    pub(super) fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        let context = self.context.clone();
        serde_json::from_slice(&self.bytes()?).map_err(|error| context.json(error))
    }

    /// `true` or `false`: what Consul answers to a write.
    pub(super) fn yes(self) -> Result<bool, Error> {
        let context = self.context.clone();
        // Agents in dev mode put a newline behind it.
        match self.bytes()?.trim_ascii() {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(context.nonsense("neither true nor false")),
        }
    }
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
            shared: Arc::new(Shared {
                agent: agent(&config)?,
                base: config.address.base(),
                token: Mutex::new(token),
                basic_auth,
                divided: OnceLock::new(),
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

    /// What it was built from.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    pub(super) fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// Whether it was proven that the server knows namespaces and partitions.
    pub(super) fn divided(&self) -> &OnceLock<()> {
        &self.shared.divided
    }

    /// Sends the request and gives an answer with status 200 or the other one that is accepted.
    /// Writes are sent once, and once more only where the server cannot have had the whole of it.
    /// Reads are tried again while the trouble may pass.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        let mut trouble_since = None;
        let mut token_reread = false;
        loop {
            let error = match self.attempt(request) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !token_reread && is_forbidden(&error) && self.reread_token() {
                token_reread = true;
                continue;
            }
            let first = trouble_since.is_none();
            let since = *trouble_since.get_or_insert_with(Instant::now);
            if request.write {
                if first && error.cause() == Cause::Unsent {
                    continue;
                }
                return Err(error);
            }
            let left = self.retry_for.saturating_sub(since.elapsed());
            if !error.passes() || left.is_zero() {
                return Err(error);
            }
            log::info!("{error}; trying again");
            // A kept connection may have died of age: that alone is no reason to wait.
            if !(first && error.cause() == Cause::Lost) {
                thread::sleep(backoff.next(fastrand::f64()).min(left));
            }
        }
    }

    /// What is being done, for errors.
    pub(super) fn context(&self, doing: String, write: bool) -> Context {
        Context {
            doing,
            address: self.shared.config.address.to_string(),
            write,
            anonymous: self.shared.config.token.is_none(),
        }
    }

    fn attempt(&self, request: &Request<'_>) -> Result<Answer, Error> {
        let context = self.context(request.doing.clone(), request.write);
        let target = format!("{}{}", request.path, self.query(request));
        let started = Instant::now();
        let result = self.run(request, &target);
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
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let mut builder = HttpRequest::builder()
            .method(request.method)
            .uri(format!("{}{target}", self.shared.base));
        if let Some(token) = self.token() {
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

    fn query(&self, request: &Request<'_>) -> String {
        let config = &self.shared.config;
        let mut query = Query(request.query.0.clone());
        if let Some(block) = request.block {
            query.add("index", &block.since.to_string());
            // 0 would mean the server's default of 5 minutes.
            query.add("wait", &format!("{}ms", block.wait.as_millis().max(1)));
        }
        if !request.write {
            match self.consistency {
                Consistency::Default => {}
                Consistency::Stale => query.flag("stale"),
                Consistency::Consistent => query.flag("consistent"),
            }
        }
        for (name, value) in [
            ("dc", &config.datacenter),
            ("ns", &config.namespace),
            ("partition", &config.partition),
        ] {
            if let Some(value) = value {
                query.add(name, value);
            }
        }
        query.0
    }

    fn token(&self) -> Option<HeaderValue> {
        self.shared
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads the token file again, after a 403. Whether there is another token in it now: one that
    /// is being replaced at this moment, and cannot be read, is not.
    fn reread_token(&self) -> bool {
        let Some(source @ TokenSource::File(_)) = &self.shared.config.token else {
            return false;
        };
        let Ok(fresh) = read_token(source) else {
            return false;
        };
        let mut token = self
            .shared
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = *token != fresh;
        *token = fresh;
        changed
    }
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error.cause(), Cause::Denied | Cause::UnknownToken)
}

fn agent(config: &Config) -> Result<ureq::Agent, Error> {
    let loopback = config.address.is_loopback();
    let proxy = match &config.proxy {
        Some(proxy) if !loopback => Some(
            ureq::Proxy::new(proxy)
                .map_err(|_| setup("using the proxy", "its address is not a URL"))?,
        ),
        _ => None,
    };
    let mut builder = ureq::config::Config::builder()
        .http_status_as_error(false)
        // A redirected PUT becomes a GET: the write would be lost and look well.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("kvw/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy)
        .input_buffer_size(RECEIVE_BUFFER)
        .output_buffer_size(SEND_BUFFER)
        .max_idle_connections(config.connections)
        .max_idle_connections_per_host(config.connections)
        .timeout_connect(Some(config.connect_timeout))
        .timeout_per_write(Some(config.request_timeout))
        .timeout_await_100(Some(ASK_WAIT))
        .timeout_recv_response(Some(config.request_timeout))
        .timeout_per_read(Some(config.request_timeout));
    if loopback {
        // Compressing costs more than it saves here, and an agent of 1.8 compresses even `true`.
        builder = builder.accept_encoding("");
    }
    if config.address.needs_lookup() {
        // Costs a thread in ureq, so only where a name is looked up.
        builder = builder.timeout_resolve(Some(config.connect_timeout));
    }
    Ok(ureq::Agent::with_parts(
        builder.build(),
        Marking::<DefaultConnector>::default(),
        Marking::<DefaultResolver>::default(),
    ))
}

fn read_token(source: &TokenSource) -> Result<Option<HeaderValue>, Error> {
    let token = match source {
        TokenSource::Literal(token) => token.clone(),
        TokenSource::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Secret::new(text.trim()),
            Err(error) => {
                let doing = format!("reading the token file {}", path.display());
                return Err(setup(&doing, &super::error::io_words(&error)));
            }
        },
    };
    // As in Consul's own client: an empty file is no token.
    if token.expose().is_empty() {
        return Ok(None);
    }
    header(token.expose(), "token").map(Some)
}

fn header(text: &str, what: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        setup(
            &format!("using the {what}"),
            "it holds characters that cannot stand in a header",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn setup(doing: &str, text: &str) -> Error {
    let nothing_asked = Context {
        doing: doing.to_owned(),
        address: String::new(),
        write: false,
        anonymous: true,
    };
    nothing_asked.error(Cause::Setup, text)
}
