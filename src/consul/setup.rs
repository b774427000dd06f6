//! The parts of a client: the ureq agent, and headers that hold secrets.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::HeaderValue;

use super::error::{Cause, RequestContext, describe_io};
use super::files::read_file;
use super::tls::Tls;
use super::transport::{TaggingConnector, TaggingResolver};
use super::{Address, Config, ConsulEndpoint, Error, Secret, TokenSource};
use crate::model::abbreviate;

/// The buffers of a connection, in bytes. ureq fills both with zeros when it connects, and its default of
/// 128 kB each is too much for a watch of hundreds of targets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buffers {
    receive: usize,
    send: usize,
}

impl Buffers {
    /// For what is short in both directions, and for a connection of many.
    pub(super) const SMALL: Buffers = Buffers {
        receive: 16 * 1024,
        send: 8 * 1024,
    };
    /// A long listing is read with a third of the system's time; the head of a request has a path of up to
    /// [`LONGEST_PATH`](super::kv::LONGEST_PATH).
    pub(super) const LARGE: Buffers = Buffers {
        receive: 64 * 1024,
        send: 72 * 1024,
    };

    /// Whether a request fits, of which what is known has this many bytes.
    pub(super) fn hold(self, request: usize) -> bool {
        // The rest of the head: names of headers, the host, the user agent.
        const REST: usize = 1024;
        request + REST <= self.send
    }
}

/// The time that a server has to answer whether it accepts a large body.
const EXPECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a token file; a token of Consul has 36.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// Reads what TLS needs, for an address of https. `other` is the TLS of another address, whose files
/// are the same.
pub(super) fn tls(
    config: &Config,
    address: &Address,
    other: Option<&Tls>,
) -> Result<Option<Arc<Tls>>, Error> {
    let Some(host) = address.host().filter(|_| address.is_https()) else {
        return Ok(None);
    };
    let tls = match other {
        Some(other) => other.for_host(host),
        None => Tls::new(&config.tls, host, config.request_timeout),
    };
    match tls {
        Ok(tls) => Ok(Some(Arc::new(tls))),
        Err((doing, reason)) => Err(setup_error(&doing, &reason)),
    }
}

/// Builds a ureq agent of an address. Its defaults are wrong for Consul in redirects, proxies,
/// buffers and compression.
pub(super) fn agent(
    config: &Config,
    endpoint: &ConsulEndpoint,
    tls: Option<Arc<Tls>>,
    buffers: Buffers,
) -> Result<ureq::Agent, Error> {
    let address = &endpoint.address;
    let proxy = match &endpoint.proxy {
        Some(proxy) if !address.is_loopback() => Some(proxy_of(proxy)?),
        _ => None,
    };
    let socket = match address {
        Address::Unix(path) => Some(path.clone()),
        Address::Tcp { .. } => None,
    };
    let mut builder = ureq::config::Config::builder()
        .http_status_as_error(false)
        // A redirected PUT becomes a GET: the write would be lost and look successful.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("kvw/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy)
        .input_buffer_size(buffers.receive)
        .output_buffer_size(buffers.send)
        .max_idle_connections(config.connections)
        .max_idle_connections_per_host(config.connections)
        .timeout_connect(Some(config.connect_timeout))
        .timeout_per_write(Some(config.request_timeout))
        .timeout_await_100(Some(EXPECT_TIMEOUT))
        .timeout_recv_response(Some(config.request_timeout))
        .timeout_per_read(Some(config.request_timeout));
    if address.needs_lookup() {
        // Costs a thread in ureq, so it is set only where a name is looked up.
        builder = builder.timeout_resolve(Some(config.connect_timeout));
    }
    Ok(ureq::Agent::with_parts(
        builder.build(),
        TaggingConnector::new(socket.clone(), tls),
        TaggingResolver::new(socket.is_some()),
    ))
}

/// Builds the proxy. ureq panics at the first request through one of SOCKS, which it is built without.
fn proxy_of(url: &Secret) -> Result<ureq::Proxy, Error> {
    let doing = "using the proxy";
    let proxy = ureq::Proxy::new(url.expose())
        .map_err(|_| setup_error(doing, "its address is not a URL"))?;
    match proxy.protocol() {
        ureq::ProxyProtocol::Http => Ok(proxy),
        _ => Err(setup_error(
            doing,
            "kvw speaks only plain HTTP to a proxy: its URL has to start with http://",
        )),
    }
}

/// Whether the token may be another one when it is read again: a pipe gives it once.
pub(super) fn can_reread(source: &TokenSource) -> bool {
    matches!(source, TokenSource::File(path) if path.is_file())
}

/// Reads a token file.
fn read_token_file(path: &Path, patience: Duration) -> io::Result<String> {
    let bytes = read_file(path, LONGEST_TOKEN, patience).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => io::Error::other("it is too long for a token"),
        _ => error,
    })?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not valid UTF-8"))
}

/// Returns the token as a header, read from its file if it is in one; `None` if it is empty.
pub(super) fn read_token(config: &Config) -> Result<Option<HeaderValue>, Error> {
    let Some(source) = &config.token else {
        return Ok(None);
    };
    let token = match source {
        TokenSource::Literal(token) => token.clone(),
        TokenSource::File(path) => match read_token_file(path, config.request_timeout) {
            // An editor may write a byte order mark; no token begins with one.
            Ok(text) => Secret::new(text.trim_start_matches('\u{feff}').trim()),
            Err(_) if is_token(path) => {
                let text = "its name looks like a token: CONSUL_HTTP_TOKEN or --token takes one";
                return Err(setup_error("reading the token file", text));
            }
            Err(error) => {
                let name = path.display().to_string();
                let doing = format!("reading the token file {}", abbreviate(&name));
                return Err(setup_error(&doing, &describe_io(&error)));
            }
        },
    };
    // As in Consul's own client, an empty file is no token.
    if token.expose().is_empty() {
        return Ok(None);
    }
    let what = match source {
        TokenSource::Literal(_) => "token".to_owned(),
        TokenSource::File(path) => format!("token of {}", path.display()),
    };
    header(token.expose(), &what).map(Some)
}

/// Whether the name of a file is a UUID, as tokens are. It is not shown then.
fn is_token(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    let dashes = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, &u8)| match dashes.contains(&at) {
        true => *byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    name.len() == 36 && name.iter().enumerate().all(fits)
}

/// Builds a header that ureq does not log.
pub(super) fn header(text: &str, what: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        setup_error(
            &format!("using the {what}"),
            "it contains characters that no header may have, such as a line break",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn setup_error(doing: &str, text: &str) -> Error {
    let context = RequestContext {
        doing: doing.to_owned(),
        anonymous: true,
        ..RequestContext::default()
    };
    context.error(Cause::Setup, text)
}
