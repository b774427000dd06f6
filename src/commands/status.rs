//! `kvw status`

use std::time::{Duration, Instant};

use clap::Args;

use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::output::formats;
use crate::backoff::Backoff;
use crate::consul::{Client, Error};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Format, json, status};

/// Say whether Consul is there and led
///
/// Exits 0 when a leader answered a consistent read, which a leader that just died cannot, and 3
/// when none did.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Wait this long for a leader [default: do not wait]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,

    /// How to print it: text or json [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: StatusArgs) -> anyhow::Result<Exit> {
    let StatusArgs {
        wait,
        output,
        connect,
    } = args;
    let client = ctx.client(&connect)?;
    let found = match wait {
        Some(wait) => look_until(&client, Instant::now() + wait)?,
        None => look(&client)?,
    };
    status::write(&found, output, ctx.ui.out())?;
    Ok(Exit::Yes)
}

/// Tries again whatever the trouble is, as long as it may pass: a server that is being started
/// refuses connections first and has no leader then.
fn look_until(client: &Client, until: Instant) -> Result<json::StatusReport, Error> {
    let client = client.with_retry_for(Duration::ZERO);
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        let error = match look(&client) {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || !error.is_transient() {
            return Err(error);
        }
        std::thread::sleep(backoff.next(fastrand::f64()).min(left));
    }
}

fn look(client: &Client) -> Result<json::StatusReport, Error> {
    let asked = Instant::now();
    client.prove_leader()?;
    let rtt = asked.elapsed();
    Ok(json::StatusReport {
        leader: client.leader()?,
        servers: client.peers()?,
        rtt,
        datacenter: client.datacenter()?,
    })
}
