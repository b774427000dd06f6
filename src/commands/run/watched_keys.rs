//! The keys of a program while it runs: what pollers send, what of it is admitted, and the file that keeps it for
//! a start without Consul.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant, SystemTime};

use crate::args::variables::VariableRequest;
use crate::consul::{Client, Config};
use crate::fallback::{AnswerFile, StoredAnswer};
use crate::model::{Filter, Index, Key, Prefix, Snapshot, Target, TargetId, TargetScope};
use crate::observers::Warnings;
use crate::term::Ui;
use crate::watch::{
    Event, Message, Observer, Outages, PollEvent, PollerConfig, SharedWait, TargetAnswer,
    TargetStates,
};

/// How long ago the keys may have been kept that did not change since.
const KEEP_INTERVAL: Duration = Duration::from_secs(600);

/// The keys that the variables come from.
pub struct WatchedKeys<'a> {
    ui: &'a Ui,
    warnings: Warnings<'a>,
    targets: Vec<Target>,
    /// What was known of each target at the start.
    known: Vec<Snapshot>,
    states: TargetStates,
    outages: Outages,
    kept: Option<AnswerFile>,
    /// When the keys were kept last, and whether it was reported that they cannot be.
    kept_at: Instant,
    unkept: bool,
}

/// What an answer did to the keys.
#[derive(Debug, Clone, Copy)]
pub struct KeysUpdate {
    /// Whether keys changed.
    pub changed: bool,
    /// Whether it is the first answer about its target.
    pub first: bool,
    /// Whether no key is withheld.
    pub whole: bool,
}

impl<'a> WatchedKeys<'a> {
    /// Takes the keys as they were answered at the start.
    pub fn new(
        ui: &'a Ui,
        request: &VariableRequest,
        answer: &StoredAnswer,
        kept: Option<AnswerFile>,
    ) -> Self {
        let (targets, known) = (targets(request), known(answer));
        let states = TargetStates::new(
            targets.clone(),
            Filter::default(),
            false,
            true,
            None,
            |id: TargetId| known[usize::from(id.0)].clone(),
        );
        WatchedKeys {
            ui,
            warnings: Warnings::new(ui, targets.clone()),
            targets,
            known,
            states,
            outages: Outages::default(),
            kept,
            kept_at: Instant::now(),
            unkept: false,
        }
    }

    /// Starts a poller for each target. Consul may hold a query for `wait`.
    ///
    /// # Errors
    /// When the system has no threads to give.
    pub fn start_pollers(
        &mut self,
        sender: &SyncSender<Message>,
        config: &Config,
        wait: Duration,
    ) -> anyhow::Result<()> {
        let config = PollerConfig::client_config(config.clone(), self.targets.len());
        let client = Client::new(config)?;
        let wait = SharedWait::new(wait, None);
        for (target, known) in self.targets.iter().zip(std::mem::take(&mut self.known)) {
            let mut poller = PollerConfig::new(&client, target.clone(), wait.clone());
            poller.known = known;
            poller.start(sender.clone())?;
        }
        Ok(())
    }

    /// Takes what a poller sent, and returns what an answer did to the keys.
    ///
    /// # Errors
    /// When a warning cannot be shown.
    pub fn take_poll(
        &mut self,
        target: TargetId,
        poll: PollEvent,
        now: Instant,
    ) -> anyhow::Result<Option<KeysUpdate>> {
        match poll {
            PollEvent::Answered(answer) => return self.take_answer(target, &answer, now).map(Some),
            PollEvent::Outage(cause, since) => {
                if self.outages.begin(target, cause.kind(), since) {
                    self.warnings.event(&Event::Outage(target, &cause), now)?;
                }
            }
            PollEvent::Advice(advice) => {
                self.warnings.event(&Event::Advice(target, &advice), now)?;
            }
            PollEvent::Ended(error) => {
                self.ui
                    .warn(format_args!("{error}; changes are no longer seen"));
            }
            PollEvent::WentBack(..) => {}
        }
        Ok(None)
    }

    fn take_answer(
        &mut self,
        target: TargetId,
        answer: &TargetAnswer,
        now: Instant,
    ) -> anyhow::Result<KeysUpdate> {
        for (kind, lasted) in self.outages.end(target, now) {
            self.warnings.event(&Event::Recovered(kind, lasted), now)?;
        }
        let update = self.states.take(target, answer, None, false);
        for change in &update.withheld_changes {
            self.warnings.event(&Event::Withheld(target, change), now)?;
        }
        Ok(KeysUpdate {
            changed: !update.changes.is_empty(),
            first: update.first,
            whole: update.withheld.is_empty(),
        })
    }

    /// Keeps the present keys: those that changed at once, others so often that their age tells when
    /// Consul was last seen.
    pub fn keep(&mut self, changed: bool, now: Instant) {
        let Some(file) = &self.kept else { return };
        let is_seen = self.states.synced() && self.outages.oldest().is_none();
        if !is_seen || (!changed && now < self.kept_at + KEEP_INTERVAL) {
            return;
        }
        self.kept_at = now;
        let kept = file.keep(&self.present(), SystemTime::now());
        match kept {
            Ok(()) => self.unkept = false,
            Err(error) => {
                if !std::mem::replace(&mut self.unkept, true) {
                    self.ui.warn(format_args!("the keys are not kept: {error}"));
                }
            }
        }
    }

    /// Returns the keys as they were last admitted.
    pub fn present(&self) -> StoredAnswer {
        let mut present = StoredAnswer::default();
        for target in &self.targets {
            let admitted = self.states.admitted(target.id);
            match &target.scope {
                TargetScope::Prefix(_) => present.prefixes.push(admitted.clone()),
                TargetScope::Key(key) => present.keys.push(admitted.get(key.as_str()).cloned()),
            }
        }
        present
    }
}

/// Returns the targets of a question: its prefixes, then its keys.
fn targets(request: &VariableRequest) -> Vec<Target> {
    let prefixes = request.question.prefixes.iter().cloned();
    let keys = request.question.keys.iter().cloned();
    let scopes = prefixes
        .map(|prefix: Prefix| TargetScope::Prefix(prefix))
        .chain(keys.map(|key: Key| TargetScope::Key(key)));
    let numbered = (0..).zip(scopes);
    numbered
        .map(|(number, scope)| Target {
            id: TargetId(number),
            scope,
        })
        .collect()
}

/// Returns what is known of each target.
fn known(answer: &StoredAnswer) -> Vec<Snapshot> {
    let keys = answer.keys.iter();
    let keys = keys.map(|entry| Snapshot::new(Index(0), entry.iter().cloned().collect()));
    answer.prefixes.iter().cloned().chain(keys).collect()
}
