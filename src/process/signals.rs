//! The signal thread. It does not depend on the main loop: neither a stalled stdout nor a full channel
//! may block a TERM.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals as Source;
use signal_hook::low_level;

use super::ProcessGroups;

/// Two signals within this time count as one: `timeout` sends its signal to the process and then to
/// its group, and a wrapper forwards the Ctrl-C that the terminal sent to both.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);

/// How long the main loop may take to take the first signal. After that it hangs, in a write to a
/// stdout that nobody reads, and the signal thread ends the process.
const TAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// The signals that arrived and were not taken yet.
#[derive(Debug, Default)]
pub struct Signals {
    stop: AtomicI32,
    stop_taken: AtomicBool,
    child: AtomicBool,
    run: AtomicBool,
}

/// The signals that arrived since the last call of [`Signals::take`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenSignals {
    /// INT, TERM or HUP, by number: the process is to end.
    pub stop: Option<i32>,
    /// CHLD: a child has ended.
    pub child: bool,
    /// USR1: run the handlers now.
    pub run: bool,
}

impl Signals {
    /// Takes the signals that arrived. A caller that takes a stop must end the process, in its own
    /// time; from then on the signal thread acts on a second signal only.
    pub fn take(&self) -> TakenSignals {
        let stop = self.stop.swap(0, Ordering::SeqCst);
        if stop != 0 {
            self.stop_taken.store(true, Ordering::SeqCst);
        }
        TakenSignals {
            stop: (stop != 0).then_some(stop),
            child: self.child.swap(false, Ordering::SeqCst),
            run: self.run.swap(false, Ordering::SeqCst),
        }
    }
}

/// Starts the signal thread. It keeps each signal in the returned [`Signals`] and then calls `wake`,
/// which may wake the main loop and must not block.
///
/// On a second INT, TERM or HUP, or when the first is not taken in time, it kills all groups, calls
/// `on_death` (which restores the terminal) and dies of the signal.
///
/// A signal that is ignored at the start stays ignored, as `nohup` and shells expect.
///
/// # Errors
/// When the thread cannot be started.
pub fn listen(
    groups: &Arc<ProcessGroups>,
    wake: impl Fn() + Send + 'static,
    on_death: impl Fn() + Send + Sync + 'static,
) -> io::Result<Arc<Signals>> {
    let ignored = ignored_signals();
    let wanted = [SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1];
    let mut source = Source::new(wanted.into_iter().filter(|signal| {
        // If CHLD were ignored, the kernel would reap the children.
        *signal == SIGCHLD || ignored & (1 << (signal - 1)) == 0
    }))?;
    let signals = Arc::new(Signals::default());
    let shared = signals.clone();
    // A weak reference: when the verb drops the groups, their guard ends.
    let groups = Arc::downgrade(groups);
    let end = Arc::new(move |signal| {
        if let Some(groups) = groups.upgrade() {
            groups.kill_all();
        }
        on_death();
        die(signal)
    });
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut first: Option<Instant> = None;
            for signal in source.forever() {
                match (signal, first) {
                    (SIGCHLD, _) => shared.child.store(true, Ordering::SeqCst),
                    (SIGUSR1, _) => shared.run.store(true, Ordering::SeqCst),
                    (_, Some(first)) if first.elapsed() > DUPLICATE_WINDOW => end(signal),
                    (_, Some(_)) => {}
                    (_, None) => {
                        first = Some(Instant::now());
                        shared.stop.store(signal, Ordering::SeqCst);
                        escalate_after(shared.clone(), end.clone(), signal);
                    }
                }
                wake();
            }
        })?;
    Ok(signals)
}

/// Ends the process if the main loop does not take the signal in time.
fn escalate_after(
    signals: Arc<Signals>,
    end: Arc<impl Fn(i32) + Send + Sync + 'static>,
    signal: i32,
) {
    // Without the thread a second signal still ends the process.
    let _ = thread::Builder::new()
        .name("signal-timeout".to_owned())
        .spawn(move || {
            thread::sleep(TAKE_TIMEOUT);
            if !signals.stop_taken.load(Ordering::SeqCst) {
                end(signal);
            }
        });
}

/// Dies of the signal. Process 1 is immune to its own signals and exits with 128+n instead.
fn die(signal: i32) -> ! {
    if std::process::id() != 1 {
        let _ = low_level::emulate_default_handler(signal);
    }
    low_level::exit(128 + signal)
}

/// Returns the signals that this process ignores, as bits; none where `/proc` is missing.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_taken_once() {
        let signals = Signals::default();
        signals.stop.store(SIGTERM, Ordering::SeqCst);
        signals.child.store(true, Ordering::SeqCst);
        let taken = signals.take();
        assert_eq!(taken.stop, Some(SIGTERM));
        assert!(taken.child && !taken.run);
        assert_eq!(signals.take(), TakenSignals::default());
        assert!(signals.stop_taken.load(Ordering::SeqCst));
    }
}
