//! The parts of a client: the ureq agent, and headers that hold secrets.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use ureq::http::HeaderValue;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;

use super::error::{Cause, RequestContext, describe_io};
use super::transport::FailureTagging;
use super::{Config, Error, Secret, TokenSource};
use crate::model::abbreviate;

/// ureq's default of 128 kB in each direction is too much for a watch of hundreds of targets.
const RECEIVE_BUFFER: usize = 16 * 1024;
/// The buffer of an only connection. A long listing is read with a third of the system's time.
const LARGE_RECEIVE_BUFFER: usize = 64 * 1024;
/// It holds the head of a request: a path of [`LONGEST_PATH`](super::kv::LONGEST_PATH) and more.
const SEND_BUFFER: usize = 72 * 1024;
/// The time that a server has to answer whether it accepts a large body.
const EXPECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a token file; a token of Consul has 36.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// Builds the ureq agent. Its defaults are wrong for Consul in redirects, proxies, buffers and
/// compression.
pub(super) fn agent(config: &Config) -> Result<ureq::Agent, Error> {
    let loopback = config.address.is_loopback();
    let proxy = match &config.proxy {
        Some(proxy) if !loopback => Some(
            ureq::Proxy::new(proxy.expose())
                .map_err(|_| setup_error("using the proxy", "its address is not a URL"))?,
        ),
        _ => None,
    };
    let receive_buffer = match config.connections {
        1 => LARGE_RECEIVE_BUFFER,
        _ => RECEIVE_BUFFER,
    };
    let mut builder = ureq::config::Config::builder()
        .http_status_as_error(false)
        // A redirected PUT becomes a GET: the write would be lost and look successful.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("kvw/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy)
        .input_buffer_size(receive_buffer)
        .output_buffer_size(SEND_BUFFER)
        .max_idle_connections(config.connections)
        .max_idle_connections_per_host(config.connections)
        .timeout_connect(Some(config.connect_timeout))
        .timeout_per_write(Some(config.request_timeout))
        .timeout_await_100(Some(EXPECT_TIMEOUT))
        .timeout_recv_response(Some(config.request_timeout))
        .timeout_per_read(Some(config.request_timeout));
    if config.address.needs_lookup() {
        // Costs a thread in ureq, so it is set only where a name is looked up.
        builder = builder.timeout_resolve(Some(config.connect_timeout));
    }
    Ok(ureq::Agent::with_parts(
        builder.build(),
        FailureTagging::<DefaultConnector>::default(),
        FailureTagging::<DefaultResolver>::default(),
    ))
}

/// Whether the token may be another one when it is read again: a pipe gives it once.
pub(super) fn can_reread(source: &TokenSource) -> bool {
    matches!(source, TokenSource::File(path) if path.is_file())
}

/// Reads a token file. One that is no regular file is waited for within `patience`: a pipe may have no
/// writer.
fn read_file(path: &Path, patience: Duration) -> io::Result<String> {
    if path.is_file() || !path.exists() {
        return read_limited(path);
    }
    let (send, text) = channel();
    let own = path.to_owned();
    // Where nothing comes, the thread waits until the process ends.
    thread::Builder::new().spawn(move || send.send(read_limited(&own)))?;
    text.recv_timeout(patience).unwrap_or_else(|_| {
        let text = format!(
            "nothing came within {}",
            humantime::format_duration(patience)
        );
        Err(io::Error::other(text))
    })
}

/// Reads a file that is no longer than a token may be; a device may have no end.
fn read_limited(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(LONGEST_TOKEN + 1)
        .read_to_string(&mut text)?;
    if read as u64 > LONGEST_TOKEN {
        return Err(io::Error::other("it is too long for a token"));
    }
    Ok(text)
}

/// Returns the token as a header, read from its file if it is in one; `None` if it is empty.
pub(super) fn read_token(config: &Config) -> Result<Option<HeaderValue>, Error> {
    let Some(source) = &config.token else {
        return Ok(None);
    };
    let token = match source {
        TokenSource::Literal(token) => token.clone(),
        TokenSource::File(path) => match read_file(path, config.request_timeout) {
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
