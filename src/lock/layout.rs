//! How locks stand in the store, as `consul lock` and Consul's own client write them.

use std::time::SystemTime;

use serde::Deserialize;

use crate::model::{Index, Key, Session};

/// The last part of the name of a lock's key.
const LOCK_NAME: &str = ".lock";

/// Returns the key that `consul lock KEY` locks.
///
/// # Panics
/// Never: the name is not empty.
pub fn lock_key(key: &Key) -> Key {
    let folder = key.as_str().trim_end_matches('/');
    Key::new(format!("{folder}/{LOCK_NAME}")).expect("it has a name")
}

/// What a holder writes into the key, for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HolderNote {
    host: String,
    pid: u32,
    /// The name of the command, without its arguments, which may be secret.
    command: Option<String>,
    started: String,
}

impl HolderNote {
    /// Describes this process.
    pub fn new(host: String, command: Option<String>, started: String) -> Self {
        HolderNote {
            host,
            pid: std::process::id(),
            command,
            started,
        }
    }

    /// Returns the value of the key.
    pub fn to_value(&self) -> Vec<u8> {
        let HolderNote {
            host,
            pid,
            command,
            started,
        } = self;
        let note = serde_json::json!({
            "host": host, "pid": pid, "command": command, "started": started,
        });
        note.to_string().into_bytes()
    }

    fn parse(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }
}

/// Returns the time for a note: RFC 3339 to the second, in UTC.
pub fn note_time(time: SystemTime) -> String {
    let time = time.max(SystemTime::UNIX_EPOCH);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The holder of a lock, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// The id of its session.
    pub session: String,
    /// What Consul shows of the session; `None` where the token may not read it.
    pub info: Option<Session>,
    /// What it wrote into its key.
    pub value: Vec<u8>,
    /// The index of the last write of its key.
    pub since: Index,
}

/// `web-3 (pid 812, backup.sh) since 2026-11-27T14:02:11Z`
impl std::fmt::Display for LockHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LONGEST: usize = 60;
        let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
        if let Some(note) = HolderNote::parse(&self.value) {
            let (host, pid) = (cut(&note.host), note.pid);
            let command = note.command.map(|command| format!(", {}", cut(&command)));
            let command = command.unwrap_or_default();
            return write!(
                f,
                "{host} (pid {pid}{command}) since {}",
                cut(&note.started)
            );
        }
        match &self.info {
            // The name holds the whole command line, secrets included.
            Some(session) if session.name.starts_with("Consul lock for ") => {
                write!(f, "consul lock on {}", cut(&session.node))?;
            }
            Some(session) if session.name.is_empty() => {
                write!(f, "a session of {}", cut(&session.node))?;
            }
            Some(session) => write!(f, "'{}' on {}", cut(&session.name), cut(&session.node))?,
            None => f.write_str("another client")?,
        }
        write!(f, " (session {})", cut(&self.session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_lock_stands_below_its_name() {
        for (key, lock) in [("jobs/a", "jobs/a/.lock"), ("jobs/a/", "jobs/a/.lock")] {
            assert_eq!(lock_key(&Key::new(key).unwrap()).as_str(), lock);
        }
    }

    #[test]
    fn a_holder_is_described_by_its_note_or_by_its_session() {
        let note = HolderNote {
            host: "web-3".to_owned(),
            pid: 812,
            command: Some("backup.sh".to_owned()),
            started: "2026-11-27T14:02:11Z".to_owned(),
        };
        let holder = |value: &[u8], name: &str| {
            let info = Session {
                id: "8f0c".to_owned(),
                name: name.to_owned(),
                node: "n1".to_owned(),
                ttl: None,
                lock_delay: std::time::Duration::ZERO,
                behavior: crate::model::SessionEnd::Release,
                checks: Vec::new(),
                created: Index(1),
            };
            let holder = LockHolder {
                session: "8f0c".to_owned(),
                info: Some(info),
                value: value.to_vec(),
                since: Index(1),
            };
            holder.to_string()
        };
        assert_eq!(
            holder(&note.to_value(), ""),
            "web-3 (pid 812, backup.sh) since 2026-11-27T14:02:11Z"
        );
        assert_eq!(
            holder(b"", "Consul lock for 'mysql -pSECRET' at 'jobs/a'"),
            "consul lock on n1 (session 8f0c)"
        );
        assert_eq!(holder(b"x", "deploy"), "'deploy' on n1 (session 8f0c)");
        assert_eq!(holder(b"{}", ""), "a session of n1 (session 8f0c)");
    }
}
