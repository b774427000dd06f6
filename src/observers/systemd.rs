//! Notifications for systemd, if `NOTIFY_SOCKET` is set: READY when every target was read, STOPPING,
//! a status line, and watchdog pings as long as the engine runs.

use std::io;
use std::time::{Duration, Instant};

use sd_notify::{NotifyState, notify, watchdog_enabled};

use crate::watch::{Event, Flow, Observer};

/// An observer that notifies systemd.
pub struct Systemd {
    /// The number of targets that were not read yet.
    unread: usize,
    /// The time between two pings, half the watchdog time-out.
    period: Option<Duration>,
    next: Option<Instant>,
}

impl Systemd {
    /// Creates the observer for a number of targets; `None` without `NOTIFY_SOCKET`.
    pub fn from_environment(targets: usize, now: Instant) -> Option<Self> {
        std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty())?;
        let period = watchdog_enabled().map(|timeout| timeout / 2);
        Some(Systemd {
            unread: targets,
            period,
            next: period.map(|_| now),
        })
    }
}

impl Observer for Systemd {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        match event {
            Event::Synced(summary) => {
                self.unread = self.unread.saturating_sub(1);
                if self.unread == 0 {
                    let status = format!("Watching, at index {}", summary.index);
                    send(&[NotifyState::Ready, NotifyState::Status(&status)]);
                }
            }
            Event::Outage(_, cause) => {
                send(&[NotifyState::Status(&format!("Outage: {cause}"))]);
            }
            Event::Recovered(..) => send(&[NotifyState::Status("Watching")]),
            Event::Leaving => send(&[NotifyState::Stopping]),
            _ => {}
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Instant) -> anyhow::Result<Flow> {
        send(&[NotifyState::Watchdog]);
        self.next = self.period.map(|period| now + period);
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

/// Sends a notification. A service manager that does not listen is no reason to stop.
fn send(state: &[NotifyState<'_>]) {
    let sent: io::Result<()> = notify(state);
    if let Err(error) = sent {
        log::info!("NOTIFY_SOCKET: {error}");
    }
}
