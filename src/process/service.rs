//! The one program of a command that exists to run it: on a terminal in the process group of kvw, so that
//! it and what it is piped to have the terminal as if kvw were not there; elsewhere in a group of its own.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use signal_hook::consts::{SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU};
use signal_hook::low_level;

use super::{
    Child, ChildCommand, ChildEvent, ChildStatus, ForegroundChild, ProcessGroups, Signal,
    SweepPolicy, reap,
};

/// Something that happened to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceEvent {
    /// Job control has stopped it, and with it kvw, which continues now.
    Suspended,
    /// It was stopped because it wants a terminal, and has none.
    WantsTerminal,
    /// It has ended, and nothing of it is left. So many processes that it left behind had to be ended.
    Exited(ChildStatus, usize),
}

/// A runner of one program at a time.
pub struct ServiceChild {
    groups: Arc<ProcessGroups>,
    policy: SweepPolicy,
    place: ServicePlace,
}

/// Where the program runs.
enum ServicePlace {
    /// In a group of its own.
    OwnGroup(Child),
    /// In the group of kvw; `None` while it does not run.
    Foreground(Option<ForegroundChild>),
}

impl ServiceChild {
    /// Creates a runner without a program. `on_terminal`: it gets the terminal of kvw.
    pub fn new(groups: Arc<ProcessGroups>, policy: SweepPolicy, on_terminal: bool) -> Self {
        let place = match on_terminal {
            true => ServicePlace::Foreground(None),
            false => ServicePlace::OwnGroup(Child::new(groups.clone(), policy)),
        };
        ServiceChild {
            groups,
            policy,
            place,
        }
    }

    /// Starts the program.
    ///
    /// # Errors
    /// When it is missing or may not be run, or the system refuses a new process.
    pub fn start(&mut self, command: ChildCommand, now: Instant) -> io::Result<()> {
        match &mut self.place {
            ServicePlace::OwnGroup(child) => child.start(command, now),
            ServicePlace::Foreground(child) => {
                let mut built = command.build_in_own_group()?;
                let groups = self.groups.clone();
                *child = Some(ForegroundChild::start(groups, &mut built, self.policy)?);
                Ok(())
            }
        }
    }

    /// Sends the program itself a signal, and not its children.
    pub fn signal(&mut self, signal: i32) {
        match &mut self.place {
            ServicePlace::OwnGroup(child) => {
                if let Some(signal) = Signal::from_number(signal) {
                    child.signal_leader(signal);
                }
            }
            ServicePlace::Foreground(Some(child)) => child.signal(signal, false),
            ServicePlace::Foreground(None) => {}
        }
    }

    /// Passes on the Ctrl-Z of a terminal, and stops kvw until it is continued.
    pub fn suspend(&mut self) {
        match &mut self.place {
            ServicePlace::OwnGroup(child) => {
                if let Some(signal) = Signal::from_number(SIGTSTP) {
                    child.signal(signal);
                }
                stop_self();
                child.resume();
            }
            ServicePlace::Foreground(child) => {
                if let Some(child) = child {
                    child.signal(SIGTSTP, false);
                }
                stop_self();
                self.signal(SIGCONT);
            }
        }
    }

    /// Asks the program to end. The caller must [`ServiceChild::kill`] it at the end of the grace period.
    pub fn stop(&mut self, signal: Signal) {
        match &mut self.place {
            ServicePlace::OwnGroup(child) => child.stop(signal),
            ServicePlace::Foreground(Some(child)) => {
                child.signal(signal.number(), true);
                // A stopped program reacts to no other signal.
                child.signal(SIGCONT, false);
            }
            ServicePlace::Foreground(None) => {}
        }
    }

    /// Kills the program, and what it has started.
    pub fn kill(&mut self, now: Instant) {
        match &mut self.place {
            ServicePlace::OwnGroup(child) => child.kill(now),
            ServicePlace::Foreground(Some(child)) => child.kill(now),
            ServicePlace::Foreground(None) => {}
        }
    }

    /// Checks what has happened to the program, and reaps what it and others left behind. Must be called
    /// on SIGCHLD and at the deadline.
    pub fn poll(&mut self, now: Instant) -> Option<ServiceEvent> {
        let event = match &mut self.place {
            ServicePlace::OwnGroup(child) => poll_own_group(child, now),
            ServicePlace::Foreground(place) => match place {
                Some(child) => match child.poll(now) {
                    Some(status) => {
                        *place = None;
                        Some(ServiceEvent::Exited(status, 0))
                    }
                    None if child.take_stop() => {
                        // Only so does the shell that started kvw take its terminal back.
                        stop_self();
                        child.signal(SIGCONT, false);
                        Some(ServiceEvent::Suspended)
                    }
                    None => None,
                },
                None => None,
            },
        };
        reap(&self.groups);
        event
    }

    /// Returns the time of the next poll without a signal.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        match &self.place {
            ServicePlace::OwnGroup(child) => child.deadline(now),
            ServicePlace::Foreground(child) => child.as_ref().map(|child| now + child.interval()),
        }
    }
}

fn poll_own_group(child: &mut Child, now: Instant) -> Option<ServiceEvent> {
    while let Some(event) = child.poll(now) {
        match event {
            ChildEvent::Exited(exit) => {
                return Some(ServiceEvent::Exited(exit.status, exit.left_behind));
            }
            ChildEvent::Stopped(SIGTTIN | SIGTTOU) => return Some(ServiceEvent::WantsTerminal),
            // Whoever stopped it continues it.
            ChildEvent::Stopped(_) | ChildEvent::Returned => {}
        }
    }
    None
}

/// Stops kvw as Ctrl-Z does, and returns when it is continued.
fn stop_self() {
    let _ = low_level::emulate_default_handler(SIGTSTP);
}
