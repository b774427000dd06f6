//! The signal thread. It never depends on the main loop: a stalled stdout or a full channel must
//! not swallow a TERM.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals as Source;
use signal_hook::low_level;

use super::Groups;

/// Two signals within this time are one wish: `timeout` sends its signal to the process and then
/// to its group, and a wrapper forwards the Ctrl-C that the terminal sent to both.
const TWIN: Duration = Duration::from_millis(100);

/// How long the first signal may stay unheard. Then the main loop hangs, in a write to a stdout
/// that nobody reads, and the signal is carried out without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What came and was not taken yet.
#[derive(Debug, Default)]
pub struct Signals {
    stop: AtomicI32,
    heard: AtomicBool,
    child: AtomicBool,
    run: AtomicBool,
}

/// What came since the last look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// INT, TERM or HUP: the number to end by.
    pub stop: Option<i32>,
    /// CHLD: a child has ended.
    pub child: bool,
    /// USR1: run the handlers now.
    pub run: bool,
}

impl Signals {
    /// Takes what came. Who takes a stop has to end in a time of his own choice; from then on only
    /// a second signal is carried out by the signal thread.
    pub fn take(&self) -> Taken {
        let stop = self.stop.swap(0, Ordering::SeqCst);
        if stop != 0 {
            self.heard.store(true, Ordering::SeqCst);
        }
        Taken {
            stop: (stop != 0).then_some(stop),
            child: self.child.swap(false, Ordering::SeqCst),
            run: self.run.swap(false, Ordering::SeqCst),
        }
    }
}

/// Starts the signal thread. What came is kept in the [`Signals`]; then `nudge` is called, which
/// may wake the main loop and must not block.
///
/// A second INT, TERM or HUP, or a first that nobody takes, is carried out at once: kill the
/// groups, say `farewell` (put the terminal right), die of the signal.
///
/// A signal that is ignored at the start stays so, as `nohup` and shells mean it.
///
/// # Errors
/// When the thread cannot be started.
pub fn listen(
    groups: &Arc<Groups>,
    nudge: impl Fn() + Send + 'static,
    farewell: impl Fn() + Send + Sync + 'static,
) -> io::Result<Arc<Signals>> {
    let ignored = ignored();
    let wanted = [SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1];
    let mut source = Source::new(wanted.into_iter().filter(|signal| {
        // An ignored CHLD would have the kernel reap our children.
        *signal == SIGCHLD || ignored & (1 << (signal - 1)) == 0
    }))?;
    let signals = Arc::new(Signals::default());
    let shared = signals.clone();
    // Not an owner: when the verb lets go of the groups, their guard goes home.
    let groups = Arc::downgrade(groups);
    let end = Arc::new(move |signal| {
        if let Some(groups) = groups.upgrade() {
            groups.kill_all();
        }
        farewell();
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
                    (_, Some(first)) if first.elapsed() > TWIN => end(signal),
                    (_, Some(_)) => {}
                    (_, None) => {
                        first = Some(Instant::now());
                        shared.stop.store(signal, Ordering::SeqCst);
                        be_patient(shared.clone(), end.clone(), signal);
                    }
                }
                nudge();
            }
        })?;
    Ok(signals)
}

/// Carries the signal out if nobody hears it in time.
fn be_patient(signals: Arc<Signals>, end: Arc<impl Fn(i32) + Send + Sync + 'static>, signal: i32) {
    // Without the thread a second signal still does it.
    let _ = thread::Builder::new()
        .name("patience".to_owned())
        .spawn(move || {
            thread::sleep(PATIENCE);
            if !signals.heard.load(Ordering::SeqCst) {
                end(signal);
            }
        });
}

/// Dies of the signal. Process 1 is immune to its own signals and exits with 128+n.
fn die(signal: i32) -> ! {
    if std::process::id() != 1 {
        let _ = low_level::emulate_default_handler(signal);
    }
    low_level::exit(128 + signal)
}

/// The signals that this process ignores, as bits; none where it cannot be known.
fn ignored() -> u64 {
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
    fn what_came_is_taken_once() {
        let signals = Signals::default();
        signals.stop.store(SIGTERM, Ordering::SeqCst);
        signals.child.store(true, Ordering::SeqCst);
        let taken = signals.take();
        assert_eq!(taken.stop, Some(SIGTERM));
        assert!(taken.child && !taken.run);
        assert_eq!(signals.take(), Taken::default());
        assert!(signals.heard.load(Ordering::SeqCst));
    }
}
