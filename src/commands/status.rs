//! `kvw status`

use std::time::{Duration, Instant};

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::backoff::Backoff;
use crate::consul::{Access, Client, Error, TokenState};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Format, json, status};

/// Check that Consul is reachable and has a leader
///
/// Exits with 0 if the leader answers a consistent read, which a leader that just died cannot, and
/// with 3 otherwise. Tells whether the cluster knows the token, and with --access what the token may do:
/// exits with 4 if it may neither read nor write there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw status
  kvw status --wait 30s && ./start.sh
  kvw status --access config/
  kvw status -o json | jq -r .leader
  kvw status --http-addr consul.example:8500")]
pub struct StatusArgs {
    /// Wait up to this long for a leader [default: no wait]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,

    /// Try what the token may do with PREFIX, without writing
    ///
    /// The name itself is tried: rules for keys below it may say otherwise.
    #[arg(long, value_name = "PREFIX", add = complete::live_keys())]
    access: Option<String>,

    #[command(flatten)]
    key_args: KeyArgs,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: StatusArgs) -> anyhow::Result<Exit> {
    let StatusArgs {
        wait,
        access,
        key_args,
        output,
        connect,
    } = args;
    let tried = match access.as_deref() {
        // Of no prefix, any name will do.
        Some("") => Some((String::new(), key_args.key("kvw")?)),
        Some(prefix) => Some((prefix.to_owned(), key_args.key(prefix)?)),
        None => None,
    };
    let config = connect.config(&ctx.env)?;
    let client = ctx.connect(config)?;
    let mut report = match wait {
        Some(wait) => query_until(&client, Instant::now() + wait)?,
        None => query(&client)?,
    };
    if let Some((prefix, key)) = tried {
        let Access { read, write } = client.access(&key)?;
        report.access = Some(json::AccessReport {
            prefix,
            read,
            write,
        });
    }
    status::write(&report, output, ctx.ui.style(), &ctx.ui)?;
    if report.token == Some("unknown") {
        ctx.ui
            .warn("the cluster does not know this token: what it asks for is denied");
    }
    Ok(match report.access {
        Some(access) if !access.read && !access.write => Exit::Denied,
        _ => Exit::Yes,
    })
}

/// Retries every transient error until the deadline: a server that is starting refuses connections
/// first and then has no leader.
fn query_until(client: &Client, until: Instant) -> Result<json::StatusReport, Error> {
    let client = client.with_retry_for(Duration::ZERO);
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        let error = match query(&client) {
            Ok(report) => return Ok(report),
            Err(error) => error,
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || !error.is_transient() {
            return Err(error);
        }
        std::thread::sleep(backoff.next(fastrand::f64()).min(left));
    }
}

fn query(client: &Client) -> Result<json::StatusReport, Error> {
    let start = Instant::now();
    client.prove_leader()?;
    let rtt = start.elapsed();
    Ok(json::StatusReport {
        leader: client.leader()?,
        servers: client.peers()?,
        rtt,
        datacenter: client.datacenter()?,
        address: client
            .config()
            .endpoint_at(client.place())
            .address
            .with_port(),
        token: client.token_state()?.map(|state| match state {
            TokenState::Anonymous => "none",
            TokenState::Known => "known",
            TokenState::NotFound => "unknown",
            TokenState::Unchecked => "unchecked",
        }),
        access: None,
    })
}
