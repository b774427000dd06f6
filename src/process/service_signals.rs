//! The signal thread of a command that exists to run a program: what arrives is kept in its order, and
//! the program gets nearly all of it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::iterator::Signals as Source;

use super::signals::{TAKE_TIMEOUT, bit, die, ignored_signals};
use super::{ProcessGroups, thread_error};

/// The signals that are kept. A set by name: URG, for example, is sent by runtimes to themselves, and
/// would interrupt a program that knows nothing of it.
const KEPT: [i32; 9] = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP,
];

/// The signals that arrived and were not taken yet.
#[derive(Debug, Default)]
pub struct ServiceSignals {
    arrived: Mutex<Vec<i32>>,
    /// How often they were taken.
    taken: AtomicU64,
}

impl ServiceSignals {
    /// Takes the signals that arrived, without CHLD.
    pub fn take(&self) -> Vec<i32> {
        self.taken.fetch_add(1, Ordering::SeqCst);
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<i32>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the signal thread. It keeps each signal and then calls `wake`, which may wake the main loop and
/// must not block. A main loop that takes none for some seconds after a request to end hangs: then all
/// groups are killed, and kvw dies of the signal.
///
/// A signal that is ignored at the start stays ignored, by the program too.
///
/// # Errors
/// When the thread cannot be started.
pub fn listen_for_service(
    groups: &Arc<ProcessGroups>,
    wake: impl Fn() + Send + 'static,
) -> io::Result<Arc<ServiceSignals>> {
    let ignored = ignored_signals();
    let wanted = KEPT
        .into_iter()
        .filter(|signal| ignored & bit(*signal) == 0);
    let source = Source::new(wanted.chain([SIGCHLD]));
    let mut source = source.map_err(|error| {
        io::Error::new(error.kind(), format!("installing signal handlers: {error}"))
    })?;
    let signals = Arc::new(ServiceSignals::default());
    let shared = signals.clone();
    let groups = Arc::downgrade(groups);
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in source.forever() {
                if signal != SIGCHLD {
                    shared.lock().push(signal);
                }
                wake();
                if !matches!(signal, SIGINT | SIGTERM) {
                    continue;
                }
                let (before, signals, groups) = (
                    shared.taken.load(Ordering::SeqCst),
                    shared.clone(),
                    groups.clone(),
                );
                // Without the thread kvw ends when the main loop goes on.
                let _ = thread::Builder::new().spawn(move || {
                    thread::sleep(TAKE_TIMEOUT);
                    if signals.taken.load(Ordering::SeqCst) == before {
                        if let Some(groups) = groups.upgrade() {
                            groups.kill_all();
                        }
                        die(signal);
                    }
                });
            }
        })
        .map_err(|error| thread_error("for signals", &error))?;
    Ok(signals)
}
