//! How long Consul may hold a query.

use std::time::Duration;

use clap::Args;

use super::duration::{duration, duration_text};

/// The default: less than the 50 or 60 s after which load balancers cut idle connections. A recursive
/// delete above a target does not end its query, and is found when this time is over.
const WAIT: Duration = Duration::from_secs(45);

/// The shortest wait: less would be polling.
const SHORTEST: Duration = Duration::from_secs(1);

/// The flags of blocking queries.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct BlockingArgs {
    /// Longest time that Consul may hold a query
    ///
    /// At least 1s. Where something between here and Consul cuts queries earlier, they are held for
    /// less time by themselves.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = wait,
        default_value = duration_text(WAIT),
        hide_short_help = true
    )]
    pub wait: Duration,
}

fn wait(text: &str) -> Result<Duration, String> {
    let wait = duration(text)?;
    if wait < SHORTEST {
        return Err(format!("shorter than {}", duration_text(SHORTEST)));
    }
    Ok(wait)
}
