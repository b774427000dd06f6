//! The reactions to signals that children start with.

use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Gives every child the default reaction to the signals that the suite sends, whoever started the
/// suite: `&` in a script ignores INT and QUIT, `nohup` ignores HUP, and some CI runners do either.
///
/// A signal that is ignored stays so in children, and a shell cannot undo it. One that is handled
/// gets its default back at exec. So where a signal is ignored, a handler that does nothing takes
/// the place of ignoring it.
pub fn reset_signals_for_children() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored_signals();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if ignored & (1 << (signal - 1)) != 0 {
                signal_hook::flag::register(signal, Arc::default()).unwrap();
            }
        }
    });
}

/// The signals that this process ignores, a bit each; none where there is no `/proc`.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap())
}
