//! What a client is built from: the ureq agent, and headers that hold secrets.

use std::time::Duration;

use ureq::http::HeaderValue;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;

use super::error::{Cause, RequestContext, io_words};
use super::transport::FailureTagging;
use super::{Config, Error, Secret, TokenSource};

/// ureq's own 128 kB a direction are wrong for a watch of hundreds of targets.
const RECEIVE_BUFFER: usize = 16 * 1024;
const SEND_BUFFER: usize = 8 * 1024;
/// How long a server may take to say whether it wants a large body.
const ASK_WAIT: Duration = Duration::from_secs(5);

/// How ureq is to behave: its own ways are wrong for Consul in redirects, proxies, buffers and
/// compression.
pub(super) fn agent(config: &Config) -> Result<ureq::Agent, Error> {
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
        FailureTagging::<DefaultConnector>::default(),
        FailureTagging::<DefaultResolver>::default(),
    ))
}

/// The token as a header, read from its file where it stands in one; none where that is empty.
pub(super) fn read_token(source: &TokenSource) -> Result<Option<HeaderValue>, Error> {
    let token = match source {
        TokenSource::Literal(token) => token.clone(),
        TokenSource::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Secret::new(text.trim()),
            Err(error) => {
                let doing = format!("reading the token file {}", path.display());
                return Err(setup(&doing, &io_words(&error)));
            }
        },
    };
    // As in Consul's own client: an empty file is no token.
    if token.expose().is_empty() {
        return Ok(None);
    }
    header(token.expose(), "token").map(Some)
}

/// A header that ureq does not log.
pub(super) fn header(text: &str, what: &str) -> Result<HeaderValue, Error> {
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
    let nothing_asked = RequestContext {
        doing: doing.to_owned(),
        address: String::new(),
        write: false,
        anonymous: true,
    };
    nothing_asked.error(Cause::Setup, text)
}
