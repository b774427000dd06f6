//! How `kvw status` looks.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::Format;

/// A Consul that is there and led.
#[derive(Debug, Clone, Serialize)]
pub struct StatusReport {
    /// The leader's address among servers; `None` when it changed while this was asked.
    pub leader: Option<String>,
    /// The servers' addresses.
    pub servers: Vec<String>,
    /// How long a consistent read took.
    #[serde(rename = "rtt_ms", serialize_with = "milliseconds")]
    pub rtt: Duration,
    /// `None` when it may not be read.
    pub datacenter: Option<String>,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*time))
}

/// Milliseconds with two decimals.
fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Writes it.
///
/// # Errors
/// Those of the writer.
pub fn write(status: &StatusReport, format: Format, mut out: impl Write) -> io::Result<()> {
    if format == Format::Json {
        serde_json::to_writer(&mut out, status)?;
        return out.write_all(b"\n");
    }
    let unknown = "unknown".to_owned();
    let leader = status.leader.as_ref().unwrap_or(&unknown);
    let datacenter = status.datacenter.as_ref().unwrap_or(&unknown);
    writeln!(out, "leader:      {leader}")?;
    writeln!(out, "servers:     {}", status.servers.join(", "))?;
    writeln!(out, "round trip:  {} ms", rounded(status.rtt))?;
    writeln!(out, "datacenter:  {datacenter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(status: &StatusReport, format: Format) -> String {
        let mut out = Vec::new();
        write(status, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_not_known_is_null_or_said_so() {
        let status = StatusReport {
            leader: Some("127.0.0.1:8300".to_owned()),
            servers: vec!["127.0.0.1:8300".to_owned(), "127.0.0.2:8300".to_owned()],
            rtt: Duration::from_micros(1234),
            datacenter: None,
        };
        assert_eq!(
            shown(&status, Format::Json),
            "{\"leader\":\"127.0.0.1:8300\",\"servers\":[\"127.0.0.1:8300\",\"127.0.0.2:8300\"],\"rtt_ms\":1.23,\"datacenter\":null}\n"
        );
        assert_eq!(
            shown(&status, Format::Text),
            "leader:      127.0.0.1:8300\nservers:     127.0.0.1:8300, 127.0.0.2:8300\nround trip:  1.23 ms\ndatacenter:  unknown\n"
        );
    }
}
