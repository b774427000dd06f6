//! What a handler finds on stdin: its batch, the state as `consul watch` passes it, or nothing.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{HandlerContext, HandlerSpec};
use crate::model::{Batch, Entry};
use crate::output::{consul, json};
use crate::process::StdinSource;

/// The form of a handler's stdin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum StdinFormat {
    /// The batch as one JSON document
    #[default]
    Json,
    /// The current state, as `consul watch` passes it: one run for each target, at locks and releases too
    Consul,
    /// Nothing
    None,
}

/// The present state of a target, as `consul watch` would give it.
#[derive(Debug, Clone)]
pub enum WatchedState {
    /// The entry of a watched key.
    Key(Option<Entry>),
    /// The entries below a watched prefix.
    Prefix(Vec<Entry>),
}

/// Returns what a run of this batch reads.
pub fn document(
    spec: &HandlerSpec,
    batch: &Arc<Batch>,
    context: &HandlerContext<'_>,
) -> StdinSource {
    match spec.stdin {
        StdinFormat::None => StdinSource::Null,
        StdinFormat::Json => batch_document(batch.clone(), context),
        StdinFormat::Consul => {
            let current = (context.current)(spec.target);
            StdinSource::Document(Box::new(move |out| json::write_line(out, &current)))
        }
    }
}

fn batch_document(batch: Arc<Batch>, context: &HandlerContext<'_>) -> StdinSource {
    let (targets, time) = (context.targets.to_vec(), context.time);
    StdinSource::Document(Box::new(move |out| {
        json::write_line(out, &json::Batch::new(&batch, &targets, time))
    }))
}

/// Writes what `consul watch` writes: a deleted key and a prefix without keys are `null`.
impl Serialize for WatchedState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            WatchedState::Key(entry) => entry
                .as_ref()
                .map(consul::WatchedEntry::from)
                .serialize(serializer),
            WatchedState::Prefix(entries) if entries.is_empty() => serializer.serialize_none(),
            WatchedState::Prefix(entries) => {
                serializer.collect_seq(entries.iter().map(consul::WatchedEntry::from))
            }
        }
    }
}
