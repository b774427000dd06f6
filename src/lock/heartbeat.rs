//! The threads of a time of holding: they renew and read when they are asked to, and warn early of a change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::contender::Grant;
use super::keeper::KeeperMessage;
use super::kind::LockKind;
use super::lease::BootTime;
use crate::consul::{Block, Client};
use crate::model::Index;
use crate::process::{boot_time, thread_error};

/// How long the early warning waits for a change, and after an error.
const WATCH_WAIT: Duration = Duration::from_secs(60);
const WATCH_PAUSE: Duration = Duration::from_secs(1);

/// Asks for a renewal and a read. Asking again while one is out does nothing.
pub(super) struct Heartbeat {
    renewals: SyncSender<()>,
    reads: SyncSender<()>,
}

impl Heartbeat {
    /// Starts the threads. `hold` is the number of the time of holding, which the answers carry.
    pub(super) fn start(
        client: &Client,
        lock: &LockKind,
        session: &str,
        hold: u64,
        sender: &Sender<KeeperMessage>,
    ) -> anyhow::Result<Self> {
        let (renewals, asked) = sync_channel::<()>(1);
        let (renewer, answers, id) = (client.clone(), sender.clone(), session.to_owned());
        start_thread("renewal", move || {
            while asked.recv().is_ok() {
                let sent = BootTime(boot_time());
                let answer = renewer.renew_session(&id).map(|session| session.is_some());
                let _ = answers.send(KeeperMessage::Renewed(hold, sent, answer));
            }
        })?;
        let (reads, asked) = sync_channel::<()>(1);
        let (reader, answers, id) = (client.clone(), sender.clone(), session.to_owned());
        let lock = lock.clone();
        start_thread("proof", move || {
            while asked.recv().is_ok() {
                let sent = BootTime(boot_time());
                let answer = lock.is_held(&reader, &id);
                let _ = answers.send(KeeperMessage::Read(hold, sent, answer));
            }
        })?;
        Ok(Heartbeat { renewals, reads })
    }

    /// Asks for a renewal of the session.
    pub(super) fn renew(&self) {
        let _ = self.renewals.try_send(());
    }

    /// Asks for a consistent read of the key.
    pub(super) fn read(&self) {
        let _ = self.reads.try_send(());
    }
}

/// A thread that waits for a change of the key: an early warning, which proves nothing. It ends after the drop of
/// this, with the next answer.
pub(super) struct EarlyWarning(Arc<AtomicBool>);

impl EarlyWarning {
    /// Starts the thread.
    pub(super) fn start(
        client: &Client,
        lock: &LockKind,
        grant: &Grant,
        sender: &Sender<KeeperMessage>,
    ) -> anyhow::Result<Self> {
        let (client, sender) = (client.clone(), sender.clone());
        let (lock, session) = (lock.clone(), grant.session.clone());
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, mut since) = (Arc::clone(&over), grant.taken.fence);
        start_thread("early-warning", move || {
            while !is_over.load(Ordering::SeqCst) {
                let block = Block {
                    since: Index(since.0.max(1)),
                    wait: WATCH_WAIT,
                };
                let Ok(reply) = client.get_blocking(lock.key(), block) else {
                    thread::sleep(WATCH_PAUSE);
                    continue;
                };
                let held = reply
                    .value
                    .is_some_and(|entry| lock.shows(&entry, &session));
                let index = reply.meta.index.unwrap_or(Index(1));
                if !held && sender.send(KeeperMessage::MayHaveChanged).is_err() {
                    return;
                }
                if !held || index < since {
                    thread::sleep(WATCH_PAUSE);
                }
                since = index;
            }
        })?;
        Ok(EarlyWarning(over))
    }
}

impl Drop for EarlyWarning {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Starts a thread of a lock.
///
/// # Errors
/// When the system has none to give.
pub(super) fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| thread_error("for a lock", &error))?;
    Ok(())
}
