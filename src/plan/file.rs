//! Saved plans: one JSON document in a private file.
//!
//! ```text
//! {"kvw":"plan","version":1,"created":"…","address":"127.0.0.1:8500","datacenter":null,"namespace":null,
//! "partition":null,"scope":["config/web/"],"salt":"…","sources":"HASH",
//! "existing":43,"ops":[{"op":"update","key":"config/web/port","index":12,"flags":0,"value":"8081","encoding":"utf8",
//! "before":"HASH","after":"HASH"}],"checks":[{"key":"config/web/host","index":9}]}
//! ```
//!
//! `before` and `after` are hashes of value and flags. An index alone may fit by chance in another cluster,
//! so a plan is applied only where both fit. Without values, what is to be written comes from the sources
//! once more, and has to have the hash of `after`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{HashSalt, PlanConflict, PlanOrigin};
use crate::atomic_file::{AtomicFile, Links};
use crate::model::{
    ChangePlan, Desired, Entry, EntryContent, Index, Invalid, Key, PlannedChange, PlannedOp,
    abbreviate,
};

/// What the first member says.
const KIND: &str = "plan";

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// The mode of the file: values may be secret.
const PRIVATE: u32 = 0o600;

/// A plan as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    kvw: String,
    version: u32,
    created: String,
    address: String,
    datacenter: Option<String>,
    namespace: Option<String>,
    partition: Option<String>,
    scope: Vec<String>,
    salt: HashSalt,
    sources: String,
    /// The keys that there were, of which `--max-delete` allows a part.
    #[serde(default)]
    existing: u64,
    ops: Vec<SavedOp>,
    checks: Vec<SavedCheck>,
}

/// One change as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedOp {
    op: String,
    key: String,
    /// 0 for a key that must not exist.
    index: u64,
    /// The flags to write; null for a delete.
    flags: Option<u64>,
    /// Null for a delete, and in a plan without values.
    value: Option<String>,
    encoding: Option<String>,
    /// The hash of what is stored; null for a create.
    before: Option<String>,
    /// The hash of what is to be stored; null for a delete.
    after: Option<String>,
}

/// A key that must be unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedCheck {
    key: String,
    index: u64,
}

/// Whether a saved plan holds the values that it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanValues {
    /// It holds them.
    Present,
    /// It holds their hashes: the sources are to be read again.
    Absent,
    /// It writes no key, so that it does not tell whether it was saved without values.
    None,
}

impl SavedPlan {
    /// Makes what is saved of a plan. `created` is the time as text, `desired` what the sources say.
    pub fn new(
        plan: &ChangePlan,
        origin: PlanOrigin,
        scope: Vec<String>,
        desired: &[Desired],
        created: String,
        salt: HashSalt,
        with_values: bool,
    ) -> Self {
        let ops = plan
            .changes
            .iter()
            .map(|change| SavedOp::new(change, &salt, with_values));
        let checks = plan.checks.iter().map(|(key, index)| SavedCheck {
            key: key.to_string(),
            index: index.0,
        });
        SavedPlan {
            kvw: KIND.to_owned(),
            version: VERSION,
            created,
            address: origin.address,
            datacenter: origin.datacenter,
            namespace: origin.namespace,
            partition: origin.partition,
            scope,
            sources: salt.hash_sources(desired),
            existing: plan.existing,
            ops: ops.collect(),
            checks: checks.collect(),
            salt,
        }
    }

    /// Writes the plan to a file, which is replaced when it is complete.
    ///
    /// # Errors
    /// When the file cannot be written; the error names it.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut file = AtomicFile::create(path, PRIVATE, Links::Follow)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.write_all(b"\n")?;
        file.persist()
    }

    /// Parses a saved plan.
    ///
    /// # Errors
    /// When it is no plan, of another version, or says what no plan says.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Head {
            kvw: String,
            version: u32,
        }
        let no_plan = || Invalid::new("", "not a plan of kvw diff --save");
        let head: Head = serde_json::from_slice(bytes).map_err(|_| no_plan())?;
        if head.kvw != KIND {
            return Err(no_plan());
        }
        if head.version != VERSION {
            let what = format!(
                "a plan of version {}, and only {VERSION} is known",
                head.version
            );
            return Err(Invalid::new("", what));
        }
        let plan: SavedPlan = serde_json::from_slice(bytes)
            .map_err(|error| Invalid::new("", format!("a malformed plan: {error}")))?;
        for (number, op) in plan.ops.iter().enumerate() {
            op.check()
                .map_err(|what| Invalid::new(format!("operation {}", number + 1), what))?;
        }
        Ok(plan)
    }

    /// The store that the plan belongs to.
    pub fn origin(&self) -> PlanOrigin {
        PlanOrigin {
            address: self.address.clone(),
            datacenter: self.datacenter.clone(),
            namespace: self.namespace.clone(),
            partition: self.partition.clone(),
        }
    }

    /// Returns the prefixes that were read.
    pub fn scope(&self) -> &[String] {
        &self.scope
    }

    /// Returns whether what is to be written stands in it.
    pub fn values(&self) -> PlanValues {
        let mut values = PlanValues::None;
        for op in self.ops.iter().filter(|op| op.after.is_some()) {
            match op.value {
                Some(_) => values = PlanValues::Present,
                None => return PlanValues::Absent,
            }
        }
        values
    }

    /// Returns the keys of the plan: those that it changes, then those that it checks.
    ///
    /// # Errors
    /// When one is empty.
    pub fn keys(&self) -> Result<Vec<Key>, Invalid> {
        let changed = self.ops.iter().map(|op| &op.key);
        let checked = self.checks.iter().map(|check| &check.key);
        changed.chain(checked).map(Key::new).collect()
    }

    /// Takes what is to be written from sources that were read again.
    ///
    /// # Errors
    /// When they say anything else than when the plan was saved: the first key that differs is named.
    pub fn fill(&mut self, desired: &[Desired]) -> Result<(), Invalid> {
        let values: HashMap<&str, &Desired> = desired
            .iter()
            .map(|desired| (desired.key.as_str(), desired))
            .collect();
        for op in &mut self.ops {
            let (Some(hash), Some(flags)) = (&op.after, op.flags) else {
                continue;
            };
            let value = values.get(&*op.key).and_then(|found| found.value.clone());
            let content = value.map(|value| EntryContent { value, flags });
            let content = content.filter(|content| self.salt.hash(content) == *hash);
            let content = content.ok_or_else(|| {
                let key = abbreviate(&op.key);
                Invalid::new(
                    "",
                    format!("the sources have another value of key {key} than the plan"),
                )
            })?;
            op.set_value(&content.value);
        }
        if self.salt.hash_sources(desired) != self.sources {
            return Err(Invalid::new(
                "",
                "the sources have changed since the plan was saved",
            ));
        }
        Ok(())
    }

    /// Makes the plan again from the entries of [`SavedPlan::keys`] as they are now, or names the keys that
    /// are not as the plan found them.
    ///
    /// # Errors
    /// When a value is missing or malformed.
    pub fn restore(
        &self,
        present: &[Option<Entry>],
    ) -> Result<Result<ChangePlan, Vec<PlanConflict>>, Invalid> {
        let mut stale = Vec::new();
        let mut plan = ChangePlan {
            overwrite_locked: false,
            existing: self.existing.max(present.iter().flatten().count() as u64),
            ..ChangePlan::default()
        };
        let (changed, checked) = present.split_at(self.ops.len().min(present.len()));
        let mut compare = |key: &Key, index: u64, fits: bool, found: Option<&Entry>| {
            let now = found.map(Entry::modified);
            let expected = Some(Index(index)).filter(|index| index.0 != 0);
            let is_stale = now != expected || !fits;
            if is_stale {
                stale.push(PlanConflict {
                    key: key.clone(),
                    expected,
                    found: now,
                });
            }
        };
        for (op, found) in self.ops.iter().zip(changed) {
            let key = Key::new(&*op.key)?;
            let before = found.as_ref().map(|entry| self.salt.hash(&entry.into()));
            compare(&key, op.index, before == op.before, found.as_ref());
            plan.changes.push(PlannedChange {
                key,
                before: found.clone(),
                after: op.content()?,
                place: None,
            });
        }
        for (check, found) in self.checks.iter().zip(checked) {
            let key = Key::new(&*check.key)?;
            compare(&key, check.index, true, found.as_ref());
            plan.checks.push((key, Index(check.index)));
        }
        Ok(match stale.is_empty() {
            true => Ok(plan),
            false => Err(stale),
        })
    }
}

impl SavedOp {
    fn new(change: &PlannedChange, salt: &HashSalt, with_values: bool) -> Self {
        let before = change.before.as_ref();
        let mut op = SavedOp {
            op: change.op().name().to_owned(),
            key: change.key.to_string(),
            index: change.guard().0,
            flags: change.after.as_ref().map(|after| after.flags),
            value: None,
            encoding: None,
            before: before.map(|entry| salt.hash(&entry.into())),
            after: change.after.as_ref().map(|after| salt.hash(after)),
        };
        if let Some(after) = change.after.as_ref().filter(|_| with_values) {
            op.set_value(&after.value);
        }
        op
    }

    fn set_value(&mut self, value: &[u8]) {
        let (text, encoding) = encode_value(value);
        (self.value, self.encoding) = (Some(text), Some(encoding.to_owned()));
    }

    /// Checks that the members fit together.
    fn check(&self) -> Result<(), String> {
        let (creates, writes) = (self.before.is_none(), self.after.is_some());
        let op = match (creates, writes) {
            (true, true) => PlannedOp::Create,
            (false, true) => PlannedOp::Update,
            (false, false) => PlannedOp::Delete,
            (true, false) => return Err("it has neither before nor after".to_owned()),
        };
        if self.op != op.name() {
            return Err(format!("'{}' does not fit its before and after", self.op));
        }
        if creates != (self.index == 0) || writes != self.flags.is_some() {
            return Err(format!("its index or flags do not fit '{}'", self.op));
        }
        self.content_of_value().map(drop)
    }

    /// Returns the value, if it is there.
    fn content_of_value(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(text) = &self.value else {
            return Ok(None);
        };
        decode_value(text, self.encoding.as_deref()).map(Some)
    }

    /// Returns what is to be stored.
    fn content(&self) -> Result<Option<EntryContent>, Invalid> {
        let Some(flags) = self.flags else {
            return Ok(None);
        };
        let missing = || "it has no value".to_owned();
        let value = self
            .content_of_value()
            .and_then(|value| value.ok_or_else(missing));
        match value {
            Ok(value) => Ok(Some(EntryContent { value, flags })),
            Err(what) => Err(Invalid::new(format!("key {}", abbreviate(&self.key)), what)),
        }
    }
}

/// Encodes a value for a JSON string.
pub(super) fn encode_value(value: &[u8]) -> (String, &'static str) {
    match std::str::from_utf8(value) {
        Ok(text) => (text.to_owned(), "utf8"),
        Err(_) => (STANDARD.encode(value), "base64"),
    }
}

/// Decodes a value of a JSON string.
pub(super) fn decode_value(text: &str, encoding: Option<&str>) -> Result<Vec<u8>, String> {
    match encoding {
        Some("utf8") => Ok(text.as_bytes().to_vec()),
        Some("base64") => STANDARD
            .decode(text)
            .map_err(|_| "its value is not base64".to_owned()),
        _ => Err("its encoding is neither utf8 nor base64".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fields, Place, PlanRules, Snapshot, compare};

    fn desired(name: &str, value: &[u8]) -> Desired {
        Desired {
            key: Key::new(name).unwrap(),
            value: Some(value.to_vec()),
            flags: None,
            place: Place {
                file: name.into(),
                line: None,
            },
        }
    }

    fn entry(key: &str, value: &[u8], modified: u64) -> Entry {
        Entry::pack(&Fields {
            key,
            value: Some(value),
            flags: 3,
            created: 1,
            modified,
            ..Fields::default()
        })
    }

    fn store() -> Snapshot {
        Snapshot::new(
            Index(9),
            vec![
                entry("a", b"1", 5),
                entry("gone", b"x", 6),
                entry("same", b"s", 7),
            ],
        )
    }

    fn sources() -> Vec<Desired> {
        vec![
            desired("a", b"\xff"),
            desired("new", b"secret"),
            desired("same", b"s"),
        ]
    }

    fn saved(with_values: bool) -> (ChangePlan, SavedPlan) {
        let rules = PlanRules {
            prune: true,
            guard_unchanged: true,
            ..PlanRules::default()
        };
        let plan = compare(sources(), &store(), &rules);
        let salt = HashSalt::new([7; 16]);
        let saved = SavedPlan::new(
            &plan,
            PlanOrigin::default(),
            vec![String::new()],
            &sources(),
            "2026-01-01T00:00:00.000Z".to_owned(),
            salt,
            with_values,
        );
        let bytes = serde_json::to_vec(&saved).unwrap();
        (plan, SavedPlan::parse(&bytes).unwrap())
    }

    fn present(saved: &SavedPlan, store: &Snapshot) -> Vec<Option<Entry>> {
        let keys = saved.keys().unwrap();
        keys.iter()
            .map(|key| store.get(key.as_str()).cloned())
            .collect()
    }

    fn ops(plan: &ChangePlan) -> Vec<crate::model::Op> {
        plan.ops().collect()
    }

    #[test]
    fn a_plan_is_restored_from_its_file() {
        let (plan, saved) = saved(true);
        let restored = saved.restore(&present(&saved, &store())).unwrap().unwrap();
        assert_eq!(ops(&restored), ops(&plan));
        assert_eq!(saved.values(), PlanValues::Present);
    }

    #[test]
    fn a_plan_without_values_takes_them_from_the_same_sources_only() {
        let (plan, mut saved) = saved(false);
        assert_eq!(saved.values(), PlanValues::Absent);
        let text = serde_json::to_string(&saved).unwrap();
        assert!(!text.contains("secret\""), "{text}");
        assert!(saved.restore(&present(&saved, &store())).is_err());
        let mut other = sources();
        other[1].value = Some(b"other".to_vec());
        let error = saved.clone().fill(&other).unwrap_err().to_string();
        assert!(error.contains("key new"), "{error}");
        let mut more = sources();
        more.push(desired("more", b""));
        assert!(saved.clone().fill(&more).is_err());
        saved.fill(&sources()).unwrap();
        let restored = saved.restore(&present(&saved, &store())).unwrap().unwrap();
        assert_eq!(ops(&restored), ops(&plan));
    }

    #[test]
    fn an_equal_index_with_another_content_is_stale() {
        let (_, saved) = saved(true);
        let mut store = store();
        store.insert(entry("a", b"2", 5));
        store.insert(entry("new", b"", 8));
        store.insert(entry("same", b"s", 10));
        store.remove("gone");
        let stale = saved
            .restore(&present(&saved, &store))
            .unwrap()
            .unwrap_err();
        let stale: Vec<_> = stale
            .iter()
            .map(|stale| {
                let number = |index: Option<Index>| index.map(|index| index.0);
                (
                    stale.key.as_str(),
                    number(stale.expected),
                    number(stale.found),
                )
            })
            .collect();
        assert_eq!(
            stale,
            [
                ("a", Some(5), Some(5)),
                ("new", None, Some(8)),
                ("gone", Some(6), None),
                ("same", Some(7), Some(10)),
            ]
        );
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        let (_, saved) = saved(true);
        let text = serde_json::to_string(&saved).unwrap();
        for (text, words) in [
            (String::new(), "not a plan"),
            ("[]".to_owned(), "not a plan"),
            (text.replace("\"plan\"", "\"journal\""), "not a plan"),
            (text.replace("\"version\":1", "\"version\":2"), "version 2"),
            (
                text.replace("\"update\"", "\"delete\""),
                "'delete' does not fit",
            ),
            (text.replace("\"index\":5", "\"index\":0"), "index or flags"),
            (text.replace("\"checks\"", "\"check\""), "malformed"),
            (text.replace("/w==", "/w="), "not base64"),
            (text.replace("\"base64\"", "\"rot13\""), "encoding"),
        ] {
            let error = SavedPlan::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}: {text}");
        }
    }
}
