//! The file that keeps an answer for the time when Consul cannot be reached.
//!
//! ```text
//! kvw answer 1
//! SUM {"question":{…},"taken_ms":1764201600000,"prefixes":[[{"key":"app/a","value":"MQ==",…}]],"keys":[null]}
//! ```
//!
//! SUM is a checksum over the rest of its line: a file that was torn does not count. The question stands
//! in it: an answer to another one does not count either. A key that did not exist is `null`.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::question::{KeyQuestion, StoredAnswer};
use crate::atomic_file::{AtomicFile, Links, open_replaceable};
use crate::consul::Config;
use crate::model::{Entry, Fields, Index, Snapshot};

/// The first line, up to the version.
const MAGIC: &str = "kvw answer ";

/// The version of the format that is written, and the only one that is read.
const VERSION: &str = "1";

/// The mode of a new file: values may be secret.
const PRIVATE: u32 = 0o600;

/// A question as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptQuestion {
    prefixes: Vec<String>,
    keys: Vec<String>,
    datacenter: Option<String>,
    namespace: Option<String>,
    partition: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptDocument {
    question: KeptQuestion,
    /// When Consul gave the answer, in milliseconds since 1970.
    taken_ms: u64,
    prefixes: Vec<Vec<KeptEntry>>,
    keys: Vec<Option<KeptEntry>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEntry {
    key: String,
    value: String,
    flags: u64,
    created: u64,
    modified: u64,
    locked: u64,
    session: Option<String>,
}

/// The place of a kept answer.
#[derive(Debug, Clone)]
pub struct AnswerFile {
    path: PathBuf,
    question: KeptQuestion,
}

/// An answer that was kept.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The answer. Its snapshots have no index.
    pub answer: StoredAnswer,
    /// Its age; `None` where the clock was set back since.
    pub age: Option<Duration>,
}

/// The reason why what is in the place of an answer counts as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnusableAnswer {
    /// It cannot be read, or must not be.
    Unreadable(String),
    /// It is no answer.
    Foreign,
    /// It is written in another version of the format.
    Version,
    /// Its end is missing, or it was changed.
    Torn,
    /// It answers another question.
    OtherQuestion,
}

impl fmt::Display for UnusableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnusableAnswer::Unreadable(reason) => reason,
            UnusableAnswer::Foreign => "it is no kept answer of kvw",
            UnusableAnswer::Version => "it is of another version of kvw",
            UnusableAnswer::Torn => "it is incomplete or was changed",
            UnusableAnswer::OtherQuestion => "it answers another question",
        })
    }
}

impl AnswerFile {
    /// The file of a question, which is asked by this connection.
    pub fn new(path: &Path, question: &KeyQuestion, config: &Config) -> Self {
        let prefixes = question.prefixes.iter();
        let keys = question.keys.iter();
        AnswerFile {
            path: path.to_owned(),
            question: KeptQuestion {
                prefixes: prefixes.map(|prefix| prefix.as_str().to_owned()).collect(),
                keys: keys.map(|key| key.as_str().to_owned()).collect(),
                datacenter: config.datacenter.clone(),
                namespace: config.namespace.clone(),
                partition: config.partition.clone(),
            },
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file by an answer that Consul just gave.
    ///
    /// # Errors
    /// If it cannot be replaced, or is a file of somebody else: the name may be a mistake.
    pub fn keep(&self, answer: &StoredAnswer, now: SystemTime) -> io::Result<()> {
        self.check_replaceable()?;
        let text = self.render(answer, now)?;
        let mut file = AtomicFile::create(&self.path, PRIVATE, Links::Follow)?;
        file.write_all(text.as_bytes())?;
        file.persist()
    }

    /// Reads the kept answer; `None` if there is none.
    ///
    /// # Errors
    /// When what is there is none to this question.
    pub fn load(&self, now: SystemTime) -> Result<Option<KeptAnswer>, UnusableAnswer> {
        let unreadable = |error: io::Error| UnusableAnswer::Unreadable(error.to_string());
        let Some(mut file) = open_replaceable(&self.path).map_err(unreadable)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        self.parse(&bytes, now).map(Some)
    }

    /// An answer may be replaced, also one that is torn, and an empty file.
    fn check_replaceable(&self) -> io::Result<()> {
        let Some(file) = open_replaceable(&self.path)? else {
            return Ok(());
        };
        let mut start = Vec::new();
        file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        match MAGIC.as_bytes().starts_with(&start) {
            true => Ok(()),
            false => {
                let path = self.path.display();
                let message = format!("{path} is another file, which is not replaced");
                Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
            }
        }
    }

    fn render(&self, answer: &StoredAnswer, now: SystemTime) -> io::Result<String> {
        let kept = |entry: &Entry| KeptEntry {
            key: entry.key().to_owned(),
            value: STANDARD.encode(entry.value()),
            flags: entry.flags(),
            created: entry.created().0,
            modified: entry.modified().0,
            locked: entry.locked(),
            session: entry.session().map(ToOwned::to_owned),
        };
        let listed = answer.prefixes.iter();
        let listed = listed.map(|listed| listed.entries().iter().map(kept).collect());
        let document = KeptDocument {
            question: self.question.clone(),
            taken_ms: milliseconds(now),
            prefixes: listed.collect(),
            keys: answer
                .keys
                .iter()
                .map(|entry| entry.as_ref().map(kept))
                .collect(),
        };
        let json = serde_json::to_string(&document)?;
        Ok(format!("{MAGIC}{VERSION}\n{} {json}\n", checksum(&json)))
    }

    fn parse(&self, bytes: &[u8], now: SystemTime) -> Result<KeptAnswer, UnusableAnswer> {
        let text = std::str::from_utf8(bytes).map_err(|_| UnusableAnswer::Foreign)?;
        let rest = text.strip_prefix(MAGIC).ok_or(UnusableAnswer::Foreign)?;
        let (version, line) = rest.split_once('\n').ok_or(UnusableAnswer::Torn)?;
        if version != VERSION {
            return Err(UnusableAnswer::Version);
        }
        let line = line.strip_suffix('\n').ok_or(UnusableAnswer::Torn)?;
        let (sum, json) = line.split_once(' ').ok_or(UnusableAnswer::Torn)?;
        if sum != checksum(json) {
            return Err(UnusableAnswer::Torn);
        }
        let document: KeptDocument =
            serde_json::from_str(json).map_err(|_| UnusableAnswer::Version)?;
        let question = &document.question;
        if *question != self.question
            || question.prefixes.len() != document.prefixes.len()
            || question.keys.len() != document.keys.len()
        {
            return Err(UnusableAnswer::OtherQuestion);
        }
        let listed = document.prefixes.iter().map(|listed| {
            let entries = listed.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
            Ok(Snapshot::new(Index(0), entries))
        });
        let keys = document.keys.iter();
        let keys = keys.map(|kept| kept.as_ref().map(entry).transpose());
        let age = milliseconds(now).checked_sub(document.taken_ms);
        Ok(KeptAnswer {
            answer: StoredAnswer {
                prefixes: listed.collect::<Result<_, _>>()?,
                keys: keys.collect::<Result<_, _>>()?,
            },
            age: age.map(Duration::from_millis),
        })
    }
}

fn entry(kept: &KeptEntry) -> Result<Entry, UnusableAnswer> {
    let value = STANDARD.decode(&kept.value);
    let value = value.map_err(|_| UnusableAnswer::Version)?;
    Ok(Entry::pack(&Fields {
        key: &kept.key,
        value: Some(&value),
        flags: kept.flags,
        created: kept.created,
        modified: kept.modified,
        locked: kept.locked,
        session: kept.session.as_deref(),
    }))
}

fn checksum(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Key, Prefix};

    const NOW: Duration = Duration::from_secs(1_764_201_600);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW
    }

    fn file(prefixes: &[&str], keys: &[&str], config: &Config) -> AnswerFile {
        let question = KeyQuestion {
            prefixes: prefixes.iter().map(|text| Prefix::new(*text)).collect(),
            keys: keys.iter().map(|text| Key::new(*text).unwrap()).collect(),
        };
        AnswerFile::new(Path::new("f"), &question, config)
    }

    fn answer(value: &[u8]) -> StoredAnswer {
        let entry = |key| {
            Entry::pack(&Fields {
                key,
                value: Some(value),
                flags: u64::MAX,
                created: 1,
                modified: 2,
                locked: 3,
                session: Some("s"),
            })
        };
        StoredAnswer {
            prefixes: vec![Snapshot::new(
                Index(0),
                vec![entry("a/x"), entry("a/ü\"\n")],
            )],
            keys: vec![None, Some(entry("k"))],
        }
    }

    #[test]
    fn an_answer_is_read_back_with_its_age_and_missing_keys() {
        let file = file(&["a/"], &["none", "k"], &Config::default());
        let kept = answer(b"\xff\0");
        let text = file.render(&kept, now()).unwrap();
        let later = now() + Duration::from_secs(90);
        let read = file.parse(text.as_bytes(), later).unwrap();
        assert_eq!(read.answer, kept);
        assert_eq!(read.age, Some(Duration::from_secs(90)));
        let earlier = now() - Duration::from_secs(1);
        assert_eq!(file.parse(text.as_bytes(), earlier).unwrap().age, None);
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        let config = Config::default();
        let own = file(&["a/"], &["none", "k"], &config);
        let text = own.render(&answer(b"1"), now()).unwrap();
        let elsewhere = Config {
            datacenter: Some("dc2".to_owned()),
            ..Config::default()
        };
        for other in [
            file(&["b/"], &["none", "k"], &config),
            file(&["a/"], &["k", "none"], &config),
            file(&[], &["none", "k"], &config),
            file(&["a/"], &["none", "k"], &elsewhere),
        ] {
            let error = other.parse(text.as_bytes(), now()).unwrap_err();
            assert_eq!(error, UnusableAnswer::OtherQuestion);
        }
        for (text, error) in [
            ("", UnusableAnswer::Foreign),
            ("{}", UnusableAnswer::Foreign),
            ("kvw state 1\n", UnusableAnswer::Foreign),
            ("kvw answer 2\nx {}\n", UnusableAnswer::Version),
            ("kvw answer 1", UnusableAnswer::Torn),
            ("kvw answer 1\n", UnusableAnswer::Torn),
        ] {
            assert_eq!(own.parse(text.as_bytes(), now()), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_file_that_was_torn_or_changed_anywhere_is_none(
            at in any::<prop::sample::Index>(), change in any::<Option<u8>>()
        ) {
            let file = file(&["a/"], &["none", "k"], &Config::default());
            let mut bytes = file.render(&answer(b"secret"), now()).unwrap().into_bytes();
            let at = at.index(bytes.len());
            match change {
                None => bytes.truncate(at),
                Some(byte) if byte == bytes[at] => return Ok(()),
                Some(byte) => bytes[at] = byte,
            }
            prop_assert!(file.parse(&bytes, now()).is_err());
        }
    }
}
