//! The policies of a handler, from flags that may contradict one another.

use std::time::Duration;

use super::HandlerArgs;
use crate::exit::Failure;
use crate::handlers::{Daemons, OnBusy, Policies};

impl HandlerArgs {
    /// Resolves the policies; `locks` says whether a taken or released lock is a change.
    ///
    /// # Errors
    /// Exit 2 for flags that exclude each other.
    pub(super) fn policies(&self, locks: bool) -> Result<Policies, Failure> {
        let on_busy = match (self.on_busy, self.signal) {
            (OnBusy::Signal(default), signal) => OnBusy::Signal(signal.unwrap_or(default)),
            (_, Some(_)) => return Err(Failure::usage("--signal requires --on-busy signal")),
            (other, None) => other,
        };
        if self.each && matches!(on_busy, OnBusy::Restart | OnBusy::Signal(_)) {
            return Err(Failure::usage(
                "--each runs one key after the other and excludes --on-busy restart and signal",
            ));
        }
        if self.handler_timeout == Some(Duration::ZERO) {
            return Err(Failure::usage("--handler-timeout must be longer than 0"));
        }
        if self.on_exit.is_some() && !on_busy.runs_service() {
            return Err(Failure::usage("--on-exit requires --on-busy restart"));
        }
        let default = Policies::default();
        let debounce = self.debounce.unwrap_or(match self.min_interval {
            Some(_) => Duration::ZERO,
            None => default.debounce,
        });
        if self.max_delay.is_some_and(|delay| delay < debounce) {
            return Err(Failure::usage("--max-delay is shorter than --debounce"));
        }
        Ok(Policies {
            debounce,
            max_delay: self.max_delay.unwrap_or(default.max_delay.max(debounce)),
            splay: self.splay,
            on_busy,
            on_fail: self.on_fail,
            on_exit: self.on_exit.unwrap_or(default.on_exit),
            min_interval: self.min_interval.unwrap_or_default(),
            linger: self.linger,
            daemons: self.daemons.unwrap_or(Daemons::default_for(on_busy)),
            timeout: self.handler_timeout,
            stop_signal: self.stop_signal,
            stop_timeout: self.stop_timeout,
            each: self.each,
            locks,
        })
    }
}
