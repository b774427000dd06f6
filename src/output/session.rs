//! Sessions as text.

use std::io::{self, Write};
use std::time::Duration;

use super::value_line::line_name;
use crate::model::Session;
use crate::term::Style;

/// Writes one line for each session: id, TTL, lock delay, behaviour, node, name.
///
/// # Errors
/// Those of the writer.
pub fn write_lines(sessions: &[Session], style: Style, mut out: impl Write) -> io::Result<()> {
    let texts: Vec<_> = sessions
        .iter()
        .map(|session| {
            let node = line_name(&session.node, style).into_owned();
            (ttl(session), time(session.lock_delay), node)
        })
        .collect();
    let width = |column: &dyn Fn(&(String, String, String)) -> usize| {
        texts.iter().map(column).max().unwrap_or(0)
    };
    let ttls = width(&|(ttl, _, _)| ttl.len());
    let delays = width(&|(_, delay, _)| delay.len());
    let nodes = width(&|(_, _, node)| node.chars().count());
    for (session, (ttl, delay, node)) in sessions.iter().zip(&texts) {
        let (id, own) = (
            line_name(&session.id, style),
            line_name(&session.name, style),
        );
        let behavior = session.behavior.name();
        let line = format!(
            "{id}  ttl {ttl:<ttls$}  delay {delay:<delays$}  {behavior:<7}  {node:<nodes$}  {own}"
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes all that is known of a session.
///
/// # Errors
/// Those of the writer.
pub fn write_full(
    session: &Session,
    keys: &[String],
    style: Style,
    mut out: impl Write,
) -> io::Result<()> {
    let checks: Vec<_> = session
        .checks
        .iter()
        .map(|check| line_name(check, style))
        .collect();
    let checks = match &checks[..] {
        [] => "none".to_owned(),
        checks => checks.join(", "),
    };
    writeln!(out, "id:          {}", line_name(&session.id, style))?;
    writeln!(out, "name:        {}", line_name(&session.name, style))?;
    writeln!(out, "node:        {}", line_name(&session.node, style))?;
    writeln!(out, "ttl:         {}", ttl(session))?;
    writeln!(out, "lock delay:  {}", time(session.lock_delay))?;
    writeln!(out, "behavior:    {}", session.behavior)?;
    writeln!(out, "checks:      {checks}")?;
    writeln!(out, "created at:  {}", session.created)?;
    for key in keys {
        writeln!(out, "holds:       {}", line_name(key, style))?;
    }
    Ok(())
}

fn ttl(session: &Session) -> String {
    session.ttl.map_or_else(|| "none".to_owned(), time)
}

fn time(time: Duration) -> String {
    humantime::format_duration(time)
        .to_string()
        .replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Index, SessionEnd};

    fn session() -> Session {
        Session {
            id: "8f0c".to_owned(),
            name: "a\u{1b}[2J".to_owned(),
            node: "web-3".to_owned(),
            ttl: Some(Duration::from_secs(15)),
            lock_delay: Duration::from_millis(1500),
            behavior: SessionEnd::Release,
            checks: Vec::new(),
            created: Index(7),
        }
    }

    #[test]
    fn columns_are_aligned_and_names_do_not_control_a_terminal() {
        let style = Style {
            terminal: true,
            color: false,
        };
        let other = Session {
            ttl: None,
            name: String::new(),
            behavior: SessionEnd::Delete,
            ..session()
        };
        let mut out = Vec::new();
        write_lines(&[session(), other], style, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "8f0c  ttl 15s   delay 1s500ms  release  web-3  a\\x1b[2J\n\
             8f0c  ttl none  delay 1s500ms  delete   web-3\n"
        );
    }
}
