//! The answer of `kvw status`.

use std::io::{self, Write};

use super::value_line::line_name;
use super::{Format, json};
use crate::term::Style;

/// Writes the status as text or JSON.
///
/// # Errors
/// Those of the writer.
pub fn write(
    status: &json::StatusReport,
    format: Format,
    style: Style,
    mut out: impl Write,
) -> io::Result<()> {
    match format {
        Format::Json => return json::write_line(out, status),
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    let unknown = "unknown".to_owned();
    let leader = status.leader.as_ref().unwrap_or(&unknown);
    let datacenter = status.datacenter.as_ref().unwrap_or(&unknown);
    let servers: Vec<_> = status
        .servers
        .iter()
        .map(|server| line_name(server, style))
        .collect();
    writeln!(out, "leader:      {}", line_name(leader, style))?;
    writeln!(out, "servers:     {}", servers.join(", "))?;
    writeln!(out, "round trip:  {} ms", status.rtt_ms())?;
    writeln!(out, "datacenter:  {}", line_name(datacenter, style))?;
    writeln!(out, "address:     {}", line_name(&status.address, style))?;
    let token = match status.token {
        Some("none") => "none (anonymous)",
        Some("known") => "known",
        Some("unknown") => "not known to the cluster",
        Some(_) => "not checked: ACLs are disabled",
        None => "unknown",
    };
    writeln!(out, "token:       {token}")?;
    let Some(access) = &status.access else {
        return Ok(());
    };
    let answer = |may| if may { "yes" } else { "no" };
    writeln!(
        out,
        "access to {}: read {}, write {}",
        match access.prefix.as_str() {
            "" => "all keys".into(),
            prefix => line_name(prefix, style),
        },
        answer(access.read),
        answer(access.write)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(status: &json::StatusReport, format: Format, terminal: bool) -> String {
        let mut out = Vec::new();
        let style = Style {
            terminal,
            color: false,
        };
        write(status, format, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_not_known_is_null_or_shown_as_unknown() {
        let status = json::StatusReport {
            leader: Some("127.0.0.1:8300".to_owned()),
            servers: vec!["127.0.0.1:8300".to_owned(), "127.0.0.2:8300".to_owned()],
            rtt: Duration::from_micros(1234),
            datacenter: None,
            address: "127.0.0.1:8500".to_owned(),
            token: None,
            access: None,
        };
        assert_eq!(
            shown(&status, Format::Json, false),
            "{\"leader\":\"127.0.0.1:8300\",\"servers\":[\"127.0.0.1:8300\",\"127.0.0.2:8300\"],\"rtt_ms\":1.23,\"datacenter\":null,\"address\":\"127.0.0.1:8500\",\"token\":null}\n"
        );
        assert_eq!(
            shown(&status, Format::Text, false),
            "leader:      127.0.0.1:8300\nservers:     127.0.0.1:8300, 127.0.0.2:8300\nround trip:  1.23 ms\ndatacenter:  unknown\naddress:     127.0.0.1:8500\ntoken:       unknown\n"
        );
    }

    #[test]
    fn names_of_servers_do_not_control_a_terminal() {
        let status = json::StatusReport {
            leader: Some("\u{1b}]52;c;eA==\u{7}".to_owned()),
            servers: vec!["a\nb".to_owned(), "\u{9b}2J".to_owned()],
            rtt: Duration::from_micros(1234),
            datacenter: Some("\u{202e}1cd".to_owned()),
            address: "h:8500".to_owned(),
            token: Some("known"),
            access: Some(json::AccessReport {
                prefix: "a\rb/".to_owned(),
                read: true,
                write: false,
            }),
        };
        assert_eq!(
            shown(&status, Format::Text, true),
            "leader:      \\x1b]52;c;eA==\\x07\nservers:     a\\x0ab, \\u{9b}2J\nround trip:  1.23 ms\ndatacenter:  \\u{202e}1cd\naddress:     h:8500\ntoken:       known\naccess to a\\x0db/: read yes, write no\n"
        );
        assert_eq!(
            shown(&status, Format::Json, true),
            "{\"leader\":\"\\u001b]52;c;eA==\\u0007\",\"servers\":[\"a\\nb\",\"\\u009b2J\"],\"rtt_ms\":1.23,\"datacenter\":\"\\u202e1cd\",\"address\":\"h:8500\",\"token\":\"known\",\"access\":{\"prefix\":\"a\\rb/\",\"read\":true,\"write\":false}}\n"
        );
    }
}
