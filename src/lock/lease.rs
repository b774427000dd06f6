//! The rules of a lease: until when the holder of a lock may act, and what follows when Consul does not
//! answer. Pure: times are arguments, counted by a clock that goes on while the machine is suspended.
//!
//! The deadline is `min(R + TTL, C + lock delay)` less a margin, where R is when the last good renewal
//! was *sent*, and C when the last consistent read that showed the own session was sent:
//!
//! - The TTL of a session does not run out before R + TTL: Consul waits twice as long, and a new leader
//!   starts all timers again.
//! - Every other end of the session (an operator, a node that went) is applied after C, and starts the
//!   lock delay. The read must be a consistent one: a leader that was cut off from the others answers
//!   renewals and plain reads for seconds.
//!
//! A failed request changes nothing: only proof, or the deadline, ends a lease.

use std::time::Duration;

/// A time on a clock that goes on while the machine is suspended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub Duration);

impl BootTime {
    /// Returns the time from an earlier one, or zero.
    pub fn since(self, earlier: BootTime) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns a later time.
    pub fn after(self, time: Duration) -> Self {
        BootTime(self.0.saturating_add(time))
    }

    /// Returns an earlier time.
    pub fn before(self, time: Duration) -> Self {
        BootTime(self.0.saturating_sub(time))
    }
}

/// The time by which a lease ends before the server's right does: clocks that run at different rates,
/// and the time that a kill takes.
pub const MARGIN: Duration = Duration::from_secs(1);

/// The times of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// The TTL of the session; `None` where somebody else renews it, so that nothing is known.
    pub ttl: Option<Duration>,
    /// The lock delay; `None` where the server applies none, as for the slots of a semaphore.
    pub lock_delay: Option<Duration>,
    /// The time from the signal that asks to end to the kill.
    pub stop_timeout: Duration,
    /// How often the session is renewed and the key is read.
    pub interval: Duration,
}

impl LeaseTimes {
    /// The interval for a TTL.
    pub fn interval(ttl: Duration) -> Duration {
        ttl / 5
    }

    /// Returns how long a right lasts after the last contact with Consul, with the margin taken off.
    fn right(self) -> Option<Duration> {
        let ttl = self.ttl?;
        let right = self.lock_delay.map_or(ttl, |delay| ttl.min(delay));
        Some(right.saturating_sub(MARGIN))
    }

    /// Returns how long an outage may last that ends no command, or `None` if there is no room for any:
    /// `min(TTL, delay) - margin - stop time-out - interval`.
    pub fn room(self) -> Option<Duration> {
        let right = self.right()?;
        right
            .checked_sub(self.stop_timeout)?
            .checked_sub(self.interval)
            .filter(|room| !room.is_zero())
    }
}

/// What a lease learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseInput {
    /// The session was renewed, by the request that was sent at this time.
    RenewOk(BootTime),
    /// The session has ended.
    RenewGone,
    /// A consistent read, sent at this time, showed the own session.
    SeenHeld(BootTime),
    /// A consistent read, sent at this time, showed another session or none.
    SeenOther(BootTime),
    /// A request failed.
    Error,
    /// Something may have changed: ask at once.
    Hint,
    /// The time.
    Tick(BootTime),
    /// The command and its whole group have ended, or there is nobody left to hold the lock for.
    ChildEnded,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseAction {
    /// Renew the session.
    Renew,
    /// Read the key consistently.
    Read,
    /// Warn that Consul has not answered for this time, and that the command is stopped after that one.
    Warn(Duration, Duration),
    /// Say that Consul answers again.
    Recovered,
    /// Ask the command to end.
    Stop,
    /// Kill the command's group.
    Kill,
    /// Release the lock: nothing of the command is left.
    Release,
    /// The lock is lost.
    Lost(LostReason),
}

/// Why a lock was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostReason {
    /// The session has ended.
    SessionEnded,
    /// The key is held by another session, or by none.
    TakenAway,
    /// Consul has not answered for this time.
    Outage(Duration),
    /// The last contact is this long ago because nobody looked at the clock: this process was stopped, or
    /// the machine suspended.
    Overslept(Duration),
}

/// A lease.
#[derive(Debug, Clone)]
pub struct Lease {
    times: LeaseTimes,
    /// When the last good renewal was sent.
    renewed: BootTime,
    /// When the last consistent read that showed the own session was sent.
    seen: BootTime,
    /// When to renew and read again.
    ask_at: BootTime,
    /// When the renewal was sent whose answer is not there yet.
    asked: Option<BootTime>,
    now: BootTime,
    warned: bool,
    state: LeaseState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeaseState {
    Held,
    /// The command was asked to end, and is killed at this time.
    Stopping(BootTime),
    Killed,
    Ended,
}

/// How soon a failed request is repeated.
const RETRY: Duration = Duration::from_millis(500);

impl Lease {
    /// Creates the lease of a session that was renewed or created by a request sent at `renewed`, and
    /// of a lock that was taken by one sent at `locked`.
    pub fn new(times: LeaseTimes, renewed: BootTime, locked: BootTime) -> Self {
        let mut lease = Lease {
            times,
            renewed,
            seen: locked,
            ask_at: locked,
            asked: None,
            now: locked,
            warned: false,
            state: LeaseState::Held,
        };
        lease.ask_at = lease.last_contact().after(times.interval);
        lease
    }

    /// Returns the time at which nothing of the command may be left; `None` where there is none.
    pub fn deadline(&self) -> Option<BootTime> {
        let by_ttl = self.renewed.after(self.times.ttl?);
        let by_delay = self.times.lock_delay.map(|delay| self.seen.after(delay));
        let end = by_delay.map_or(by_ttl, |by_delay| by_ttl.min(by_delay));
        Some(end.before(MARGIN))
    }

    /// Returns the time of the contact that the deadline counts from.
    fn last_contact(&self) -> BootTime {
        match self.times.lock_delay {
            Some(_) => self.renewed.min(self.seen),
            None => self.renewed,
        }
    }

    fn stop_at(&self) -> Option<BootTime> {
        Some(self.deadline()?.before(self.times.stop_timeout))
    }

    /// An answer is late when the next request would be due, and half an interval more.
    fn warn_at(&self) -> Option<BootTime> {
        self.times.ttl?;
        let late = self.times.interval + self.times.interval / 2;
        (!self.warned).then(|| self.last_contact().after(late))
    }

    /// Returns when the next [`LeaseInput::Tick`] is due.
    pub fn due(&self) -> Option<BootTime> {
        let ask = Some(self.ask_at).filter(|_| self.asked.is_none());
        match self.state {
            LeaseState::Held => [ask, self.warn_at(), self.stop_at()]
                .into_iter()
                .flatten()
                .min(),
            LeaseState::Stopping(kill) => Some(kill),
            LeaseState::Killed | LeaseState::Ended => None,
        }
    }

    /// Takes an input, and returns what is to be done.
    pub fn step(&mut self, input: LeaseInput) -> Vec<LeaseAction> {
        let mut actions = Vec::new();
        if self.state == LeaseState::Ended {
            return actions;
        }
        match input {
            LeaseInput::RenewOk(sent) => {
                self.asked = None;
                self.renewed = self.renewed.max(sent);
                self.ask_at = sent.after(self.times.interval);
                self.recover(&mut actions);
            }
            LeaseInput::SeenHeld(sent) => {
                self.seen = self.seen.max(sent);
                if self.times.ttl.is_none() {
                    // Nobody renews: the read is the request.
                    self.asked = None;
                    self.ask_at = sent.after(self.times.interval);
                }
                self.recover(&mut actions);
            }
            LeaseInput::RenewGone => self.lose(LostReason::SessionEnded, &mut actions),
            // An answer from before the last one that showed the own session proves nothing.
            LeaseInput::SeenOther(sent) if sent < self.seen => {}
            LeaseInput::SeenOther(_) => self.lose(LostReason::TakenAway, &mut actions),
            LeaseInput::Error => {
                self.asked = None;
                self.ask_at = self.now.after(RETRY.min(self.times.interval));
            }
            LeaseInput::Hint => self.ask_at = self.now,
            LeaseInput::Tick(now) => self.tick(now, &mut actions),
            LeaseInput::ChildEnded => {
                self.state = LeaseState::Ended;
                actions.push(LeaseAction::Release);
            }
        }
        actions
    }

    fn recover(&mut self, actions: &mut Vec<LeaseAction>) {
        let late = self.now.since(self.last_contact()) > self.times.interval * 3 / 2;
        if self.warned && !late && self.state == LeaseState::Held {
            self.warned = false;
            actions.push(LeaseAction::Recovered);
        }
    }

    fn tick(&mut self, now: BootTime, actions: &mut Vec<LeaseAction>) {
        self.now = self.now.max(now);
        let now = self.now;
        let (deadline, stop_at) = (self.deadline(), self.stop_at());
        let over = |time: Option<BootTime>| time.is_some_and(|time| time <= now);
        match self.state {
            LeaseState::Held if over(deadline) => {
                let slept = now.since(self.last_contact());
                actions.push(LeaseAction::Lost(LostReason::Overslept(slept)));
                actions.push(LeaseAction::Kill);
                self.state = LeaseState::Killed;
            }
            LeaseState::Held if over(stop_at) => {
                actions.push(LeaseAction::Lost(self.outage()));
                actions.push(LeaseAction::Stop);
                self.state = LeaseState::Stopping(deadline.unwrap_or(now));
            }
            LeaseState::Held => {
                if over(self.warn_at()) {
                    self.warned = true;
                    let left = stop_at.map_or(Duration::ZERO, |stop| stop.since(now));
                    let silent = now.since(self.last_contact());
                    actions.push(LeaseAction::Warn(silent, left));
                }
                if self.asked.is_none() && self.ask_at <= now {
                    self.asked = Some(now);
                    if self.times.ttl.is_some() {
                        actions.push(LeaseAction::Renew);
                    }
                    actions.push(LeaseAction::Read);
                }
            }
            LeaseState::Stopping(kill) if kill <= now => {
                actions.push(LeaseAction::Kill);
                self.state = LeaseState::Killed;
            }
            LeaseState::Stopping(_) | LeaseState::Killed | LeaseState::Ended => {}
        }
    }

    fn outage(&self) -> LostReason {
        LostReason::Outage(self.now.since(self.last_contact()))
    }

    /// Takes the proof that the lock is gone. Whatever is left of the right, the command ends now.
    fn lose(&mut self, reason: LostReason, actions: &mut Vec<LeaseAction>) {
        if self.state != LeaseState::Held {
            return;
        }
        let grace = self.now.after(self.times.stop_timeout);
        let kill = self
            .deadline()
            .map_or(grace, |deadline| deadline.min(grace));
        actions.push(LeaseAction::Lost(reason));
        if kill <= self.now {
            actions.push(LeaseAction::Kill);
            self.state = LeaseState::Killed;
        } else {
            actions.push(LeaseAction::Stop);
            self.state = LeaseState::Stopping(kill);
        }
    }
}

#[cfg(test)]
mod tests;
