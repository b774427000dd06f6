//! The signal thread. It does not depend on the main loop: neither a stalled stdout nor a full channel
//! may block a TERM.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN,
    SIGTTOU, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH,
};
use signal_hook::iterator::Signals as Source;
use signal_hook::low_level;

use super::{ProcessGroups, Signal, thread_error};

/// Two signals within this time count as one: `timeout` sends its signal to the process and then to
/// its group, and a wrapper forwards the Ctrl-C that the terminal sent to both.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);

/// How long the main loop may take to take the first signal. After that it hangs, in a write to a
/// stdout that nobody reads, and the signal thread ends the process.
pub(super) const TAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// The signals that a service may react to and that mean nothing to kvw: they are passed on. USR1 is
/// kvw's own.
const FORWARDED: [i32; 8] = [
    SIGUSR2, SIGWINCH, SIGTTIN, SIGTTOU, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,
];

/// The signals that arrived and were not taken yet.
#[derive(Debug, Default)]
pub struct Signals {
    stop: AtomicI32,
    stop_taken: AtomicBool,
    child: AtomicBool,
    run: AtomicBool,
    /// The signals of [`FORWARDED`] that arrived, as bits.
    forwarded: AtomicU64,
}

/// The signals that arrived since the last call of [`Signals::take`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenSignals {
    /// INT, TERM, HUP or QUIT, by number: the process is to end.
    pub stop: Option<i32>,
    /// CHLD: a child has ended.
    pub child: bool,
    /// USR1: run the handlers now.
    pub run: bool,
    /// The signals to pass on to services.
    pub forwarded: Vec<Signal>,
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
            forwarded: forwarded_in(self.forwarded.swap(0, Ordering::SeqCst)),
        }
    }
}

/// Starts the signal thread. It keeps each signal in the returned [`Signals`] and then calls `wake`,
/// which may wake the main loop and must not block.
///
/// Where [`ProcessGroups::forward_signals`] was called, the signals that a service may react to are kept
/// too, to be passed on. TSTP, the
/// Ctrl-Z of a terminal, stops all groups and then kvw; when kvw is continued, so are they.
///
/// On a second INT, TERM, HUP or QUIT, or when the first is not taken in time, it kills all groups, calls
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
    listen_for(groups, wake, on_death, None)
}

/// What a program that takes the whole terminal does when job control takes the terminal from it.
#[derive(Debug, Clone, Copy)]
pub struct TerminalHooks {
    /// Gives the terminal back, before the process stops or dies. It must not wait for the main loop.
    pub leave: fn(),
    /// Takes the terminal again, when the process goes on.
    pub enter: fn(),
}

/// As [`listen`], for a program that takes the whole terminal: it is woken when the terminal has another size,
/// and gives the terminal back before it stops or dies.
///
/// # Errors
/// As [`listen`].
pub fn listen_on_terminal(
    groups: &Arc<ProcessGroups>,
    wake: impl Fn() + Send + 'static,
    hooks: TerminalHooks,
) -> io::Result<Arc<Signals>> {
    listen_for(groups, wake, hooks.leave, Some(hooks))
}

fn listen_for(
    groups: &Arc<ProcessGroups>,
    wake: impl Fn() + Send + 'static,
    on_death: impl Fn() + Send + Sync + 'static,
    hooks: Option<TerminalHooks>,
) -> io::Result<Arc<Signals>> {
    let ignored = ignored_signals();
    let wanted = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGUSR1, SIGTSTP];
    let forwards = groups.forwards_signals();
    let forwarded = FORWARDED.into_iter().filter(|_| forwards);
    let of_terminal = [SIGWINCH, SIGCONT].into_iter();
    let of_terminal = of_terminal.filter(|_| hooks.is_some());
    let wanted = wanted.into_iter().chain(forwarded).chain(of_terminal);
    let source = Source::new(wanted.filter(|signal| {
        // If CHLD were ignored, the kernel would reap the children.
        *signal == SIGCHLD || ignored & bit(*signal) == 0
    }));
    let mut source = source.map_err(|error| {
        io::Error::new(error.kind(), format!("installing signal handlers: {error}"))
    })?;
    let signals = Arc::new(Signals::default());
    let shared = signals.clone();
    // A weak reference: when the verb drops the groups, their guard ends.
    let groups = Arc::downgrade(groups);
    let suspended = groups.clone();
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
                    (SIGTSTP, _) => {
                        if let Some(hooks) = hooks {
                            (hooks.leave)();
                        }
                        suspend(&suspended);
                    }
                    (SIGCONT, _) => {
                        if let Some(hooks) = hooks {
                            (hooks.enter)();
                        }
                    }
                    (SIGWINCH, _) if !forwards => {}
                    (signal, _) if FORWARDED.contains(&signal) => {
                        shared.forwarded.fetch_or(bit(signal), Ordering::SeqCst);
                    }
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
        })
        .map_err(|error| thread_error("for signals", &error))?;
    Ok(signals)
}

/// Starts a thread that calls `pass` with each of these signals, for a command in which a person works with
/// other programs: what a signal asks for depends on who has the terminal. The others, TSTP too, do what
/// they usually do.
///
/// A signal that is ignored at the start stays ignored.
///
/// # Errors
/// When the thread cannot be started.
pub fn pass_signals(
    signals: impl IntoIterator<Item = i32>,
    pass: impl Fn(i32) + Send + 'static,
) -> io::Result<()> {
    let ignored = ignored_signals();
    let wanted = signals
        .into_iter()
        .filter(|signal| *signal == SIGCHLD || ignored & bit(*signal) == 0);
    let mut source = Source::new(wanted).map_err(|error| {
        io::Error::new(error.kind(), format!("installing signal handlers: {error}"))
    })?;
    let thread = thread::Builder::new().name("signals".to_owned());
    let started = thread.spawn(move || source.forever().for_each(pass));
    started
        .map(drop)
        .map_err(|error| thread_error("for signals", &error))
}

/// Stops all groups and kvw until it is continued.
fn suspend(groups: &Weak<ProcessGroups>) {
    let stop_self = || drop(low_level::emulate_default_handler(SIGTSTP));
    match groups.upgrade() {
        Some(groups) => groups.suspend(stop_self),
        None => stop_self(),
    }
}

/// Returns the bit of a signal in a mask of the kernel.
pub(super) fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

fn forwarded_in(mask: u64) -> Vec<Signal> {
    let signals = FORWARDED
        .into_iter()
        .filter(|signal| mask & bit(*signal) != 0);
    signals.filter_map(Signal::from_number).collect()
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
pub(super) fn die(signal: i32) -> ! {
    if std::process::id() != 1 {
        let _ = low_level::emulate_default_handler(signal);
    }
    low_level::exit(128 + signal)
}

/// Returns the signals that this process ignores, as bits; none where `/proc` is missing.
pub(super) fn ignored_signals() -> u64 {
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
