//! Verbs of operations, and operations that are not known to be complete.

use super::Op;
use crate::model::{Index, Invalid, Key, Prefix, abbreviate};

/// The verb of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Write.
    Set,
    /// Write if unchanged.
    Cas,
    /// Write if absent: Consul's `cas` with index 0.
    Create,
    /// Read.
    Get,
    /// Read, if it exists.
    GetOrEmpty,
    /// Read all below.
    GetTree,
    /// Fail if changed.
    Check,
    /// Fail if present.
    CheckAbsent,
    /// Fail unless the lock is held.
    CheckSession,
    /// Acquire the lock.
    Lock,
    /// Release the lock.
    Unlock,
    /// Delete.
    Delete,
    /// Delete all below.
    DeleteTree,
    /// Delete if unchanged.
    DeleteCas,
}

/// Verb, name on the command line, name in Consul's JSON.
const VERBS: [(Verb, &str, &str); 14] = [
    (Verb::Set, "set", "set"),
    (Verb::Create, "create", "cas"),
    (Verb::Cas, "cas", "cas"),
    (Verb::Get, "get", "get"),
    (Verb::GetOrEmpty, "get-or-empty", "get-or-empty"),
    (Verb::GetTree, "get-tree", "get-tree"),
    (Verb::Check, "check", "check-index"),
    (Verb::CheckAbsent, "check-absent", "check-not-exists"),
    (Verb::CheckSession, "check-session", "check-session"),
    (Verb::Lock, "lock", "lock"),
    (Verb::Unlock, "unlock", "unlock"),
    (Verb::Delete, "delete", "delete"),
    (Verb::DeleteTree, "delete-tree", "delete-tree"),
    (Verb::DeleteCas, "delete-cas", "delete-cas"),
];

impl Verb {
    /// Returns the verb of this name on a command line or in kvw's JSON.
    pub fn from_name(name: &str) -> Result<Self, Invalid> {
        Verb::find(name, |(_, kvw, _)| kvw)
    }

    /// Returns the verb of this name in Consul's JSON.
    pub fn from_consul(name: &str) -> Result<Self, Invalid> {
        match name {
            // Index 0 makes it a `create` when it becomes an operation.
            "cas" => Ok(Verb::Cas),
            name => Verb::find(name, |(_, _, consul)| consul),
        }
    }

    fn find(
        name: &str,
        column: impl Fn((Verb, &'static str, &'static str)) -> &'static str,
    ) -> Result<Self, Invalid> {
        let found = VERBS.into_iter().find(|row| column(*row) == name);
        found.map(|(verb, _, _)| verb).ok_or_else(|| {
            let names: Vec<_> = VERBS.into_iter().map(column).collect();
            let known = names.join(", ");
            let name = abbreviate(name);
            let near = names
                .iter()
                .map(|known| (strsim::jaro(known, &name), known));
            let near = near.max_by(|(one, _), (other, _)| one.total_cmp(other));
            let meant = match near {
                Some((likeness, known)) if likeness > 0.8 => format!(": did you mean '{known}'?"),
                _ => String::new(),
            };
            let what = format!("unknown operation '{name}'{meant} (known: {known})");
            Invalid::new("", what)
        })
    }

    /// Returns the name on a command line.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Returns the name in Consul's JSON.
    pub fn consul_name(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Verb, &'static str, &'static str) {
        let row = VERBS.into_iter().find(|(verb, _, _)| *verb == self);
        row.expect("the table holds every verb")
    }

    /// Whether it writes a value.
    pub fn has_value(self) -> bool {
        matches!(
            self,
            Verb::Set | Verb::Cas | Verb::Create | Verb::Lock | Verb::Unlock
        )
    }

    /// Whether it names an index.
    pub fn has_index(self) -> bool {
        matches!(self, Verb::Cas | Verb::Check | Verb::DeleteCas)
    }

    /// Whether it names a session.
    pub fn has_session(self) -> bool {
        matches!(self, Verb::CheckSession | Verb::Lock | Verb::Unlock)
    }
}

/// The parts of an operation, of which some may be missing or excess.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The verb.
    pub verb: Verb,
    /// The key or the prefix.
    pub name: Option<String>,
    /// The value to write.
    pub value: Option<Vec<u8>>,
    /// The application's 64-bit number to write.
    pub flags: Option<u64>,
    /// The index to compare with.
    pub index: Option<Index>,
    /// The session.
    pub session: Option<String>,
}

impl Draft {
    /// A draft with nothing but a verb.
    pub fn new(verb: Verb) -> Self {
        Draft {
            verb,
            name: None,
            value: None,
            flags: None,
            index: None,
            session: None,
        }
    }

    /// Returns the operation.
    ///
    /// # Errors
    /// When a part is missing, or the verb does not take one.
    pub fn finish(self) -> Result<Op, Invalid> {
        let verb = self.verb.name();
        let lacks = |what: &str| Invalid::new("", format!("{verb} needs {what}"));
        self.check_excess()?;
        let name = self.name.ok_or_else(|| lacks("a key"))?;
        let value = || self.value.ok_or_else(|| lacks("a value"));
        let index = || self.index.ok_or_else(|| lacks("an index"));
        let session = || self.session.ok_or_else(|| lacks("a session"));
        let key = || Key::new(name.as_str());
        let prefix = || Prefix::new(name.as_str());
        let flags = self.flags.unwrap_or(0);
        Ok(match self.verb {
            Verb::Set => Op::Set {
                key: key()?,
                value: value()?,
                flags,
            },
            Verb::Cas => Op::Cas {
                key: key()?,
                index: index()?,
                value: value()?,
                flags,
            },
            Verb::Create => Op::Cas {
                key: key()?,
                index: Index(0),
                value: value()?,
                flags,
            },
            Verb::Lock => Op::Lock {
                key: key()?,
                session: session()?,
                value: value()?,
                flags,
            },
            Verb::Unlock => Op::Unlock {
                key: key()?,
                session: session()?,
                value: value()?,
                flags,
            },
            Verb::Get => Op::Get { key: key()? },
            Verb::GetOrEmpty => Op::GetOrEmpty { key: key()? },
            Verb::GetTree => Op::GetTree { prefix: prefix() },
            Verb::Check => Op::CheckIndex {
                key: key()?,
                index: index()?,
            },
            Verb::CheckAbsent => Op::CheckNotExists { key: key()? },
            Verb::CheckSession => Op::CheckSession {
                key: key()?,
                session: session()?,
            },
            Verb::Delete => Op::Delete { key: key()? },
            Verb::DeleteTree => Op::DeleteTree { prefix: prefix() },
            Verb::DeleteCas => Op::DeleteCas {
                key: key()?,
                index: index()?,
            },
        })
    }

    fn check_excess(&self) -> Result<(), Invalid> {
        let verb = self.verb;
        let excess = [
            ("value", self.value.is_some() && !verb.has_value()),
            ("flags", self.flags.is_some() && !verb.has_value()),
            ("index", self.index.is_some() && !verb.has_index()),
            ("session", self.session.is_some() && !verb.has_session()),
        ];
        match excess.iter().find(|(_, excess)| *excess) {
            Some((what, _)) => Err(Invalid::new("", format!("{} has no {what}", verb.name()))),
            None => Ok(()),
        }
    }
}
