//! Who watches, and whether what it reports happened.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::ledger::{COUNTER, DELETED, FireLedger};
use super::writers::store;
use super::{Fire, PREFIX};
use crate::harness::Running;
use crate::harness::contract::{Change, parse_line};

/// The longest time in which a watch must have caught up at the end.
const CAUGHT_UP: Duration = Duration::from_secs(90);

/// A watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Through the first server alone.
    OneServer,
    /// Through all, over TLS.
    Tls,
    /// Through all, with a state file, and killed again and again.
    Killed,
}

/// What a watch reported.
#[derive(Debug)]
pub struct WatchLog {
    watch: Watch,
    state: BTreeMap<String, String>,
    pub changes: usize,
    pub kills: usize,
    pub violations: Vec<String>,
}

/// Watches until the end, and then until it has seen what is there.
pub fn watch(fire: &Fire, watch: Watch) -> WatchLog {
    let folder = tempfile::tempdir().unwrap();
    let state = format!("--state={}", folder.path().join("state").display());
    let start = || -> Running {
        let kvw = match watch {
            Watch::OneServer => fire.kvw(0).env("CONSUL_HTTP_ADDR", &fire.http[0]),
            Watch::Tls => fire.kvw(1),
            Watch::Killed => fire.kvw(2),
        };
        let kept = match watch {
            Watch::OneServer | Watch::Tls => "--initial=run",
            Watch::Killed => &state,
        };
        let args = ["watch", PREFIX, "-ojsonl", "--wait=5s", kept];
        kvw.args(args).spawn()
    };
    let mut witness = WatchLog {
        watch,
        state: BTreeMap::new(),
        changes: 0,
        kills: 0,
        violations: Vec::new(),
    };
    let mut running = start();
    let mut alive_until = life();
    let mut over_since: Option<Instant> = None;
    loop {
        while let Some(line) = running.try_line(Duration::from_millis(50)) {
            witness.take(&parse_line(&line), &fire.ledger);
        }
        if running.has_ended() {
            let output = running.wait(CAUGHT_UP);
            witness
                .violations
                .push(format!("{watch:?} ended: {output}"));
            return witness;
        }
        if fire.is_over() {
            let since = *over_since.get_or_insert_with(Instant::now);
            let store = store(&fire.http[0]);
            if witness.state == store {
                running.stop();
                return witness;
            }
            if since.elapsed() > CAUGHT_UP {
                witness.compare(&store);
                return witness;
            }
        } else if watch == Watch::Killed && Instant::now() > alive_until {
            running.signal("KILL");
            // What it had printed before counts: it may not come again.
            while let Some(line) = running.try_line(Duration::from_secs(10)) {
                witness.take(&parse_line(&line), &fire.ledger);
            }
            witness.kills += 1;
            running = start();
            alive_until = life();
        }
    }
}

/// Until when a watch lives that is killed.
fn life() -> Instant {
    Instant::now() + Duration::from_millis(fastrand::u64(1500..8000))
}

impl WatchLog {
    fn take(&mut self, change: &Change, ledger: &FireLedger) {
        self.changes += 1;
        let key = &change.key;
        let value = match &change.after {
            Some(entry) => entry.value.clone().unwrap(),
            None => DELETED.to_owned(),
        };
        let known = self.state.get(key).cloned();
        let known = known.unwrap_or_else(|| DELETED.to_owned());
        let mut wrong = |what: &str| {
            let watch = self.watch;
            let text = format!("{watch:?}: {what}: {key} from {known} to {value}");
            self.violations.push(text);
        };
        if value == DELETED && !key.starts_with("fire/d/") {
            wrong("an invented delete");
        } else if !ledger.was_tried(key, &value) {
            wrong("a change that did not happen");
        }
        // One that was killed may have to say again what it had said.
        if value == known && self.watch != Watch::Killed {
            wrong("no change");
        }
        let order = |value: &str| value.get(..6).and_then(|turn| turn.parse::<u64>().ok());
        let backwards = match key.as_str() {
            COUNTER => value.parse::<u64>().ok() < known.parse::<u64>().ok(),
            _ => order(&value)
                .zip(order(&known))
                .is_some_and(|(new, old)| new < old),
        };
        let may_be = ledger.was_restored() || ledger.is_unsure(key, &value);
        if backwards && !may_be && self.watch != Watch::Killed {
            wrong("older than before");
        }
        match value.as_str() {
            DELETED => self.state.remove(key),
            _ => self.state.insert(key.clone(), value.clone()),
        };
    }

    /// Notes where the last state is not the store's.
    fn compare(&mut self, store: &BTreeMap<String, String>) {
        let keys: std::collections::BTreeSet<&String> =
            self.state.keys().chain(store.keys()).collect();
        let differ = keys
            .into_iter()
            .filter(|key| self.state.get(*key) != store.get(*key));
        let shown = |key: &String| {
            let (reported, there) = (self.state.get(key), store.get(key));
            format!(
                "{:?}: {key}: reported {reported:?}, there {there:?}",
                self.watch
            )
        };
        let texts: Vec<String> = differ.map(shown).collect();
        self.violations.extend(texts);
    }
}
