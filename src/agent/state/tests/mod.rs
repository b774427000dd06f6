//! The rules of the store, one sentence each. Times count from an instant of the test's own.

mod entries;
mod memory;
mod sessions;
mod txn;

use super::*;

/// Where the store's indexes start.
const START: u64 = 1000;

struct StateBench {
    state: KvState,
    now: Instant,
}

fn bench() -> StateBench {
    StateBench {
        state: KvState::new(START),
        now: Instant::now(),
    }
}

fn config() -> SessionConfig {
    SessionConfig {
        name: String::new(),
        behavior: SessionBehavior::Release,
        ttl: None,
        ttl_text: String::new(),
        lock_delay: Duration::ZERO,
        node_checks: Some(Vec::new()),
    }
}

const ONE: &str = "11111111-1111-1111-1111-111111111111";
const TWO: &str = "22222222-2222-2222-2222-222222222222";

impl StateBench {
    fn apply(&mut self, op: &TxnOp) -> Result<bool, String> {
        self.state
            .apply(op, self.now)
            .map_err(|error| error.to_string())
    }

    fn op(&mut self, verb: TxnVerb, key: &str, value: &str, index: u64) -> bool {
        let op = TxnOp {
            value: value.into(),
            index,
            ..TxnOp::new(verb, key)
        };
        self.apply(&op).unwrap()
    }

    fn set(&mut self, key: &str, value: &str) -> u64 {
        assert!(self.op(TxnVerb::Set, key, value, 0));
        self.entry(key).modified
    }

    fn delete(&mut self, key: &str) -> bool {
        self.op(TxnVerb::Delete, key, "", 0)
    }

    fn delete_tree(&mut self, prefix: &str) -> bool {
        self.op(TxnVerb::DeleteTree, prefix, "", 0)
    }

    fn hold(&mut self, verb: TxnVerb, key: &str, session: &str) -> Result<bool, String> {
        let op = TxnOp {
            session: session.into(),
            ..TxnOp::new(verb, key)
        };
        self.apply(&op)
    }

    fn session(&mut self, id: &str, config: SessionConfig) {
        self.state.create_session(id, config, self.now).unwrap();
    }

    fn destroy(&mut self, id: &str) {
        self.state.destroy_session(id, self.now).unwrap();
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.state.tick(self.now);
    }

    fn entry(&self, key: &str) -> &KvEntry {
        self.state.entry(key.as_bytes()).unwrap()
    }

    fn has(&self, key: &str) -> bool {
        self.state.entry(key.as_bytes()).is_some()
    }

    fn key_index(&self, key: &str) -> u64 {
        self.state.index(&KvQuery::Key(key.as_bytes().into()))
    }

    fn prefix_index(&self, prefix: &str) -> u64 {
        self.state.index(&prefix_query(prefix))
    }

    fn changes(&mut self) -> Vec<StateChange> {
        self.state.take_changes()
    }

    fn txn(&mut self, ops: &[TxnOp]) -> Result<usize, Vec<(usize, String)>> {
        match self.state.apply_txn(ops, self.now) {
            Ok(results) => Ok(results.len()),
            Err(errors) => Err(errors
                .into_iter()
                .map(|error| (error.op, error.what))
                .collect()),
        }
    }
}

fn prefix_query(prefix: &str) -> KvQuery {
    KvQuery::Prefix(prefix.as_bytes().into())
}

fn key_change(key: &str) -> StateChange {
    StateChange::Key(key.as_bytes().into())
}

fn tree_change(prefix: &str) -> StateChange {
    StateChange::Tree(prefix.as_bytes().into())
}
