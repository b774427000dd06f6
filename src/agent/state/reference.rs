//! The store against a second account of its rules, for fuzzing: short, slow, and with nothing of the first one. What a
//! reader may rely on is checked beside it, so that a mistake of both accounts is found too.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{
    ApplyError, KvQuery, KvState, SessionBehavior, SessionConfig, StateChange, TxnOp, TxnVerb,
};

/// Where the store's indexes start.
const START: u64 = 10;

/// The keys of operations. Each is read as a prefix too.
const KEYS: [&[u8]; 9] = [
    b"",
    b"a",
    b"a/",
    b"a/b",
    b"a/b/c",
    b"a/\xff",
    b"ab",
    b"b/a",
    "\u{e9}".as_bytes(),
];

const VALUES: [&[u8]; 3] = [b"", b"x", b"y"];

const VERBS: [TxnVerb; 12] = [
    TxnVerb::Set,
    TxnVerb::Cas,
    TxnVerb::Lock,
    TxnVerb::Unlock,
    TxnVerb::Delete,
    TxnVerb::DeleteTree,
    TxnVerb::DeleteCas,
    TxnVerb::Get,
    TxnVerb::GetTree,
    TxnVerb::CheckIndex,
    TxnVerb::CheckSession,
    TxnVerb::CheckNotExists,
];

/// The number of the verbs above that write.
const WRITES: u8 = 7;

/// Bytes that are read as decisions; 0 for ever at the end.
struct Decisions<'a>(&'a [u8]);

impl Decisions<'_> {
    /// A number below `bound`.
    fn below(&mut self, bound: u8) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first % bound
    }

    fn choose<T: Clone>(&mut self, choices: &[T]) -> T {
        let count = u8::try_from(choices.len()).expect("there are few choices");
        choices[usize::from(self.below(count))].clone()
    }
}

/// An entry: its key is where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ReferenceEntry {
    value: Vec<u8>,
    flags: u64,
    session: Option<String>,
    created: u64,
    modified: u64,
    locked: u64,
}

#[derive(Debug, Clone)]
struct LiveSession {
    behavior: SessionBehavior,
    ttl: Option<Duration>,
    lock_delay: Duration,
    renewed: Instant,
}

/// The account: what Consul's `state/kvs.go` and `state/session.go` say, in the fewest words.
#[derive(Debug, Clone)]
struct Reference {
    keys: BTreeMap<Vec<u8>, ReferenceEntry>,
    /// What was deleted, under which index and when: keys, and prefixes of recursive deletes.
    tombstones: Vec<(Vec<u8>, u64, Instant)>,
    sessions: BTreeMap<String, LiveSession>,
    delays: BTreeMap<Vec<u8>, Instant>,
    last: u64,
    table: u64,
    sessions_index: u64,
    swept: Option<Instant>,
}

/// What becomes of an operation.
#[derive(Debug, PartialEq, Eq)]
enum OpFate {
    Done,
    /// A condition did not hold.
    No,
    /// It could not be tried.
    Refused,
}

impl Reference {
    fn below<'a>(
        &'a self,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (&'a Vec<u8>, &'a ReferenceEntry)> {
        let all = self.keys.iter();
        all.filter(move |(key, _)| key.starts_with(prefix))
    }

    fn index(&self, query: &KvQuery) -> u64 {
        match query {
            KvQuery::Sessions => self.sessions_index,
            KvQuery::Key(key) => self
                .keys
                .get(&**key)
                .map_or(self.table, |held| held.modified),
            KvQuery::Prefix(prefix) if prefix.is_empty() => self.table,
            KvQuery::Prefix(prefix) => {
                let tombstones = self
                    .tombstones
                    .iter()
                    .filter(|(name, ..)| name.starts_with(prefix));
                let tombstones = tombstones.map(|(_, index, _)| *index);
                let entries = self.below(prefix).map(|(_, held)| held.modified);
                tombstones.chain(entries).max().unwrap_or(self.table)
            }
        }
    }

    fn write(&mut self, key: &[u8], index: u64, change: impl FnOnce(&mut ReferenceEntry)) {
        let old = self.keys.get(key).cloned();
        let mut held = old.clone().unwrap_or(ReferenceEntry {
            value: Vec::new(),
            flags: 0,
            session: None,
            created: index,
            modified: index,
            locked: 0,
        });
        change(&mut held);
        if old.as_ref() != Some(&held) {
            held.modified = index;
            self.keys.insert(key.to_vec(), held);
            self.table = index;
        }
    }

    fn add_tombstone(&mut self, name: &[u8], index: u64, now: Instant) {
        self.tombstones.retain(|(other, ..)| other != name);
        self.tombstones.push((name.to_vec(), index, now));
    }

    fn delete(&mut self, key: &[u8], index: u64, now: Instant) {
        if self.keys.remove(key).is_some() {
            self.add_tombstone(key, index, now);
            self.table = index;
        }
    }

    fn holds_session(&self, id: &str) -> bool {
        self.sessions.contains_key(&id.to_ascii_lowercase())
    }

    fn run(&mut self, op: &TxnOp, index: u64, now: Instant) -> OpFate {
        let held = self.keys.get(&op.key).cloned();
        let modified = held.as_ref().map_or(0, |held| held.modified);
        let holder = held.as_ref().and_then(|held| held.session.clone());
        let put = |held: &mut ReferenceEntry| {
            held.value.clone_from(&op.value);
            held.flags = op.flags;
        };
        let holds = match op.verb {
            TxnVerb::Set => true,
            TxnVerb::Cas => modified == op.index,
            TxnVerb::Lock if !self.holds_session(&op.session) => return OpFate::Refused,
            TxnVerb::Lock => {
                let id = op.session.clone();
                if holder.as_ref().is_some_and(|holder| *holder != id) {
                    return OpFate::No;
                }
                let locked = held.map_or(0, |held| held.locked) + u64::from(holder.is_none());
                self.write(&op.key, index, |held| {
                    put(held);
                    held.session = Some(id);
                    held.locked = locked;
                });
                return OpFate::Done;
            }
            TxnVerb::Unlock if op.session.is_empty() => return OpFate::Refused,
            TxnVerb::Unlock => {
                if holder.as_ref() != Some(&op.session) {
                    return OpFate::No;
                }
                self.write(&op.key, index, |held| {
                    put(held);
                    held.session = None;
                });
                return OpFate::Done;
            }
            TxnVerb::Delete => {
                self.delete(&op.key, index, now);
                return OpFate::Done;
            }
            TxnVerb::DeleteTree => {
                let before = self.keys.len();
                self.keys.retain(|key, _| !key.starts_with(&op.key));
                if self.keys.len() < before {
                    self.table = index;
                    if !op.key.is_empty() {
                        self.add_tombstone(&op.key, index, now);
                    }
                }
                return OpFate::Done;
            }
            TxnVerb::DeleteCas => {
                if held.is_some() && modified != op.index {
                    return OpFate::No;
                }
                self.delete(&op.key, index, now);
                return OpFate::Done;
            }
            TxnVerb::GetTree => return OpFate::Done,
            TxnVerb::Get => held.is_some(),
            TxnVerb::CheckIndex => held.is_some() && modified == op.index,
            TxnVerb::CheckSession => held.is_some() && holder.unwrap_or_default() == op.session,
            TxnVerb::CheckNotExists => held.is_none(),
            TxnVerb::Unknown(_) => false,
        };
        if !holds {
            return OpFate::No;
        }
        if matches!(op.verb, TxnVerb::Set | TxnVerb::Cas) {
            self.write(&op.key, index, |held| {
                put(held);
                // Locks are advisory: the holder stays, and the count starts again.
                held.locked = 0;
            });
        }
        OpFate::Done
    }

    /// Whether an operation is refused before anything is written.
    fn is_blocked(&self, op: &TxnOp, now: Instant) -> Option<OpFate> {
        if op.key.is_empty() && op.verb != TxnVerb::DeleteTree {
            return Some(OpFate::Refused);
        }
        let delayed = self.delays.get(&op.key).is_some_and(|until| *until > now);
        (op.verb == TxnVerb::Lock && delayed).then_some(OpFate::No)
    }

    fn apply(&mut self, op: &TxnOp, now: Instant) -> OpFate {
        if let Some(fate) = self.is_blocked(op, now) {
            return fate;
        }
        self.last += 1;
        self.run(op, self.last, now)
    }

    /// Returns the numbers of the operations that fail.
    fn apply_txn(&mut self, ops: &[TxnOp], now: Instant) -> Vec<usize> {
        let numbered = ops.iter().enumerate();
        let blocked: Vec<_> = numbered
            .clone()
            .filter(|(_, op)| self.is_blocked(op, now).is_some())
            .map(|(number, _)| number)
            .collect();
        if !blocked.is_empty() {
            return blocked;
        }
        if ops.iter().any(|op| op.verb.is_write()) {
            self.last += 1;
        }
        let before = self.clone();
        let index = self.last;
        let failed: Vec<_> = numbered
            .filter(|(_, op)| self.run(op, index, now) != OpFate::Done)
            .map(|(number, _)| number)
            .collect();
        if !failed.is_empty() {
            *self = before;
        }
        failed
    }

    fn end_session(&mut self, id: &str, now: Instant) {
        self.last += 1;
        let index = self.last;
        let Some(session) = self.sessions.remove(&id.to_ascii_lowercase()) else {
            return;
        };
        let held: Vec<_> = self
            .keys
            .iter()
            .filter(|(_, held)| {
                let holder = held.session.as_deref();
                holder.is_some_and(|holder| holder.eq_ignore_ascii_case(id))
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in held {
            match session.behavior {
                SessionBehavior::Release => self.write(&key, index, |held| held.session = None),
                SessionBehavior::Delete => self.delete(&key, index, now),
            }
            let delay = session.lock_delay.min(Duration::from_secs(60));
            if !delay.is_zero() {
                self.delays.insert(key, now + delay);
            }
        }
        self.sessions_index = index;
    }

    fn tick(&mut self, now: Instant) {
        let ended: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, live)| live.ttl.is_some_and(|ttl| live.renewed + 2 * ttl <= now))
            .map(|(id, _)| id.clone())
            .collect();
        ended.iter().for_each(|id| self.end_session(id, now));
        let due = |swept| now.duration_since(swept) >= Duration::from_secs(30);
        if self.swept.is_none_or(due) {
            self.swept = Some(now);
            let fresh = |since| now.duration_since(since) < Duration::from_secs(15 * 60);
            self.tombstones.retain(|(_, _, since)| fresh(*since));
        }
    }
}

/// Both accounts, and the time.
struct Comparison {
    state: KvState,
    reference: Reference,
    now: Instant,
    /// The ids of all sessions so far.
    ids: Vec<String>,
}

/// What a reader of a query sees: the index, and the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ReaderView {
    index: u64,
    shown: Vec<(Vec<u8>, ReferenceEntry)>,
}

fn queries() -> Vec<KvQuery> {
    let keys = KEYS.iter().filter(|key| !key.is_empty());
    let keys = keys.map(|key| KvQuery::Key((*key).into()));
    let prefixes = KEYS.iter().map(|key| KvQuery::Prefix((*key).into()));
    keys.chain(prefixes).collect()
}

/// A step that a recursive delete or the time took may lower an index, as on a real Consul.
#[derive(Debug)]
enum Step {
    Writes(Vec<TxnOp>),
    Session,
    Time,
}

impl Step {
    fn may_lower(&self, query: &KvQuery) -> bool {
        let KvQuery::Prefix(read) = query else {
            return false;
        };
        match self {
            Step::Time => true,
            Step::Session => false,
            Step::Writes(ops) => ops.iter().any(|op| {
                let above = read.starts_with(&op.key) && **read != *op.key;
                op.verb == TxnVerb::DeleteTree && (above || op.key.is_empty())
            }),
        }
    }
}

impl Comparison {
    fn view(&self, query: &KvQuery) -> ReaderView {
        let entries: Vec<_> = match query {
            KvQuery::Key(key) => self.state.entry(key).into_iter().collect(),
            KvQuery::Prefix(prefix) => self.state.under(prefix).collect(),
            KvQuery::Sessions => Vec::new(),
        };
        let shown = entries.into_iter().map(|entry| {
            let held = ReferenceEntry {
                value: entry.value.clone(),
                flags: entry.flags,
                session: entry.session.as_deref().map(str::to_owned),
                created: entry.created,
                modified: entry.modified,
                locked: entry.locked,
            };
            (entry.key.to_vec(), held)
        });
        ReaderView {
            index: self.state.index(query),
            shown: shown.collect(),
        }
    }

    fn op(&self, decisions: &mut Decisions<'_>, verb: TxnVerb) -> TxnOp {
        let key = decisions.choose(&KEYS);
        let modified = self.reference.keys.get(key).map_or(0, |held| held.modified);
        let index = match decisions.below(4) {
            0 => 0,
            1 => modified.saturating_sub(1),
            _ => modified,
        };
        let session = match decisions.below(8) {
            0 => String::new(),
            1 => "no id".to_owned(),
            2 => id(u8::MAX),
            3 => self
                .ids
                .last()
                .map_or(String::new(), |id| id.to_ascii_uppercase()),
            number => {
                let known = self.ids.iter().rev().nth(usize::from(number - 4));
                known.cloned().unwrap_or_default()
            }
        };
        TxnOp {
            value: decisions.choose(&VALUES).to_vec(),
            flags: u64::from(decisions.below(2)),
            index,
            session,
            ..TxnOp::new(verb, key)
        }
    }

    /// Takes one step in both accounts, which must answer alike.
    fn step(&mut self, decisions: &mut Decisions<'_>) -> Step {
        match decisions.below(10) {
            0..=4 => {
                let verb = VERBS[usize::from(decisions.below(WRITES))].clone();
                let op = self.op(decisions, verb);
                let done = match self.state.apply(&op, self.now) {
                    Ok(true) => OpFate::Done,
                    Ok(false) => OpFate::No,
                    Err(ApplyError::Consul(_)) => OpFate::Refused,
                    Err(ApplyError::OutOfMemory(error)) => panic!("{error}"),
                };
                assert_eq!(done, self.reference.apply(&op, self.now), "{op:?}");
                Step::Writes(vec![op])
            }
            5 | 6 => {
                let count = 1 + decisions.below(4);
                let ops: Vec<_> = (0..count)
                    .map(|_| {
                        let verb = decisions.choose(&VERBS);
                        self.op(decisions, verb)
                    })
                    .collect();
                let failed: Vec<_> = match self.state.apply_txn(&ops, self.now) {
                    Ok(_) => Vec::new(),
                    Err(errors) => errors.iter().map(|error| error.op).collect(),
                };
                assert_eq!(failed, self.reference.apply_txn(&ops, self.now), "{ops:?}");
                // What was rolled back is no step.
                Step::Writes(if failed.is_empty() { ops } else { Vec::new() })
            }
            7 => {
                self.change_sessions(decisions);
                Step::Session
            }
            _ => {
                let seconds = decisions.choose(&[0, 1, 9, 10, 20, 31, 60, 15 * 60]);
                self.now += Duration::from_secs(seconds);
                self.state.tick(self.now);
                self.reference.tick(self.now);
                Step::Time
            }
        }
    }

    fn change_sessions(&mut self, decisions: &mut Decisions<'_>) {
        let number = usize::from(decisions.below(4));
        let known = self.ids.iter().rev().nth(number).cloned();
        match (decisions.below(4), known) {
            (0, Some(id)) => {
                let destroyed = self.state.destroy_session(&id, self.now);
                assert_eq!(destroyed, Ok(()));
                self.reference.end_session(&id, self.now);
            }
            (1, Some(id)) => {
                let renewed = self
                    .state
                    .renew_session(&id, self.now)
                    .map(|it| it.is_some());
                let live = self.reference.sessions.get_mut(&id);
                assert_eq!(renewed, Ok(live.is_some()));
                if let Some(live) = live {
                    live.renewed = self.now;
                }
            }
            _ => self.create_session(decisions),
        }
    }

    fn create_session(&mut self, decisions: &mut Decisions<'_>) {
        let Some(number) = u8::try_from(self.ids.len()).ok().filter(|it| *it < u8::MAX) else {
            return;
        };
        let live = LiveSession {
            behavior: decisions.choose(&[SessionBehavior::Release, SessionBehavior::Delete]),
            ttl: decisions.choose(&[None, Some(Duration::from_secs(10))]),
            lock_delay: Duration::from_secs(decisions.choose(&[0, 15, 100])),
            renewed: self.now,
        };
        let config = SessionConfig {
            name: String::new(),
            behavior: live.behavior,
            ttl: live.ttl,
            ttl_text: String::new(),
            lock_delay: live.lock_delay,
            node_checks: None,
        };
        let created = self.state.create_session(&id(number), config, self.now);
        assert_eq!(created, Ok(()));
        self.reference.last += 1;
        self.reference.sessions_index = self.reference.last;
        self.reference.sessions.insert(id(number), live);
        self.ids.push(id(number));
    }

    /// Checks that both accounts hold the same, and what a reader may rely on after a step.
    fn check(&mut self, step: &Step, before: &mut [(KvQuery, ReaderView)]) {
        let changes = self.state.take_changes();
        for (query, before) in before {
            let now = self.view(query);
            assert_eq!(
                now.index,
                self.reference.index(query),
                "{query:?} after {step:?}"
            );
            assert!(now.index > 0, "{query:?} after {step:?}");
            if now.shown != before.shown {
                let wakes = |change: &StateChange| query.is_affected_by(change);
                assert!(
                    changes.iter().any(wakes),
                    "{query:?} sleeps on after {step:?}"
                );
                let rises = now.index > before.index || step.may_lower(query);
                assert!(rises, "{query:?} misses {step:?}");
            }
            let kept = now.index >= before.index || step.may_lower(query);
            assert!(kept, "{query:?} goes back after {step:?}");
            *before = now;
        }
        let held = self.state.under(b"").map(|entry| entry.key.to_vec());
        assert!(
            held.eq(self.reference.keys.keys().cloned()),
            "after {step:?}"
        );
        for (key, held) in &self.reference.keys {
            let view = self.view(&KvQuery::Key(key.as_slice().into()));
            assert_eq!(view.shown, [(key.clone(), held.clone())], "after {step:?}");
        }
        let sessions = self.state.sessions().map(|session| session.id.to_string());
        assert!(
            sessions.eq(self.reference.sessions.keys().cloned()),
            "after {step:?}"
        );
        let index = self.state.index(&KvQuery::Sessions);
        assert_eq!(
            index,
            self.reference.index(&KvQuery::Sessions),
            "after {step:?}"
        );
        assert_eq!(self.state.used, self.state.recount(), "after {step:?}");
    }
}

fn id(number: u8) -> String {
    format!("abcdef00-0000-0000-0000-0000000000{number:02x}")
}

/// Takes the steps that the bytes decide.
///
/// # Panics
/// When the store and its second account differ, or a reader would miss a change.
pub fn compare_with_reference(bytes: &[u8]) {
    let mut comparison = Comparison {
        state: KvState::new(START),
        reference: Reference {
            keys: BTreeMap::new(),
            tombstones: Vec::new(),
            sessions: BTreeMap::new(),
            delays: BTreeMap::new(),
            last: START,
            table: START,
            sessions_index: START,
            swept: None,
        },
        now: Instant::now(),
        ids: Vec::new(),
    };
    let mut decisions = Decisions(bytes);
    let mut seen: Vec<_> = queries()
        .into_iter()
        .map(|query| (query.clone(), comparison.view(&query)))
        .collect();
    while !decisions.0.is_empty() {
        let step = comparison.step(&mut decisions);
        comparison.check(&step, &mut seen);
    }
}
