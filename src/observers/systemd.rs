//! What systemd is told, where it asks by `NOTIFY_SOCKET`: READY when every target was seen,
//! STOPPING, a line of status, and watchdog pings as long as the loop turns.

use std::io;
use std::time::{Duration, Instant};

use sd_notify::{NotifyState, notify, watchdog_enabled};

use crate::watch::{Event, Flow, Observer};

/// Says how things stand.
pub struct Systemd {
    unseen: usize,
    /// Between two pings, half of what systemd waits for.
    every: Option<Duration>,
    next: Option<Instant>,
}

impl Systemd {
    /// For a watch of so many targets; `None` where nobody asks.
    pub fn asked(targets: usize, now: Instant) -> Option<Self> {
        std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty())?;
        let every = watchdog_enabled().map(|patience| patience / 2);
        Some(Systemd {
            unseen: targets,
            every,
            next: every.map(|_| now),
        })
    }
}

impl Observer for Systemd {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        match event {
            Event::Synced(summary) => {
                self.unseen = self.unseen.saturating_sub(1);
                if self.unseen == 0 {
                    let status = format!("Watching, at index {}", summary.index);
                    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
                }
            }
            Event::Outage(_, trouble) => {
                tell(&[NotifyState::Status(&format!("Outage: {trouble}"))]);
            }
            Event::Recovered(..) => tell(&[NotifyState::Status("Watching")]),
            Event::Leaving => tell(&[NotifyState::Stopping]),
            _ => {}
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Instant) -> anyhow::Result<Flow> {
        tell(&[NotifyState::Watchdog]);
        self.next = self.every.map(|every| now + every);
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

/// A service manager that does not listen is no reason to stop working.
fn tell(state: &[NotifyState<'_>]) {
    let told: io::Result<()> = notify(state);
    if let Err(error) = told {
        log::info!("NOTIFY_SOCKET: {error}");
    }
}
