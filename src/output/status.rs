//! The answer of `kvw status`.

use std::io::{self, Write};

use super::Format;
use super::json;

/// Writes the status as text or JSON.
///
/// # Errors
/// Those of the writer.
pub fn write(status: &json::StatusReport, format: Format, mut out: impl Write) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer(&mut out, status)?;
            return out.write_all(b"\n");
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    let unknown = "unknown".to_owned();
    let leader = status.leader.as_ref().unwrap_or(&unknown);
    let datacenter = status.datacenter.as_ref().unwrap_or(&unknown);
    writeln!(out, "leader:      {leader}")?;
    writeln!(out, "servers:     {}", status.servers.join(", "))?;
    writeln!(out, "round trip:  {} ms", status.rtt_ms())?;
    writeln!(out, "datacenter:  {datacenter}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(status: &json::StatusReport, format: Format) -> String {
        let mut out = Vec::new();
        write(status, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_not_known_is_null_or_shown_as_unknown() {
        let status = json::StatusReport {
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
