//! A contender: makes a session, keeps it alive, and tries until the lock is taken. Runs on a thread of
//! its own, so that signals and time-outs are heeded while a request is out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::exclusive::{Attempt, LockObstacle, Taken};
use super::kind::LockKind;
use super::lease::BootTime;
use crate::backoff::Backoff;
use crate::consul::{Client, Error};
use crate::model::{Index, SessionSettings};
use crate::process::boot_time;

/// How often a lock is asked for while its delay lasts: the end of a delay wakes nobody.
const DELAY_INTERVAL: Duration = Duration::from_millis(500);

/// The longest blocking query: a proxy may cut a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How many errors one attempt survives: whether the lock was taken may be unknown, and asking again
/// tells it.
const ONCE_RETRIES: u32 = 3;

/// How soon a lock is asked for again that changes hands all the time.
const BUSY_INTERVAL: Duration = Duration::from_millis(20);

/// Where the session of a contender comes from.
#[derive(Debug, Clone)]
pub enum SessionSource {
    /// A session of its own, with these settings and this TTL.
    Own(SessionSettings, Duration),
    /// A session that somebody else keeps.
    Foreign(String),
}

/// What a contender reports.
#[derive(Debug)]
pub enum ContenderProgress {
    /// It has a session now.
    Session(String),
    /// It waits for this to pass.
    Waiting(LockObstacle),
    /// A request failed, and is repeated.
    Failing(Error),
    /// The lock is taken.
    Taken(Grant),
    /// It has given up.
    Failed(ContentionError),
}

/// A lock that was taken, and by which session.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The session.
    pub session: String,
    /// When the request was sent that created or renewed it.
    pub renewed: BootTime,
    /// The lock.
    pub taken: Taken,
}

/// Why a contender has given up.
#[derive(Debug)]
pub enum ContentionError {
    /// The request can never succeed, or nothing has ever been answered.
    Consul(Error),
    /// The key is no lock: it has these flags.
    Foreign(u64),
    /// The semaphore has another limit, this one.
    OtherLimit(u64),
    /// The value of the semaphore cannot be read.
    Malformed,
    /// The session that was to be used does not exist.
    NoSession,
}

/// The work of a contender.
pub(super) struct Contender {
    pub client: Client,
    pub lock: LockKind,
    pub session: SessionSource,
    /// Whether to give up when the lock is not to be had at once.
    pub once: bool,
    /// Whether errors are repeated from the first one on.
    pub patient: bool,
    /// Set when nobody waits for the lock any more.
    pub stopped: Arc<AtomicBool>,
}

impl Contender {
    /// Contends until the lock is taken or given up. Errors are final until Consul has answered once.
    pub(super) fn run(mut self, report: impl Fn(ContenderProgress)) {
        match self.contend(&report) {
            Ok(Some(grant)) => report(ContenderProgress::Taken(grant)),
            Ok(None) => {}
            Err(error) => report(ContenderProgress::Failed(error)),
        }
    }

    fn contend(
        &mut self,
        report: &impl Fn(ContenderProgress),
    ) -> Result<Option<Grant>, ContentionError> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut failing = Failing {
            answered: self.patient,
            failing: false,
            left: if self.once { ONCE_RETRIES } else { u32::MAX },
        };
        let mut shown = None;
        'session: loop {
            let mut renewed = BootTime(boot_time());
            let session = match &self.session {
                SessionSource::Foreign(id) => id.clone(),
                SessionSource::Own(settings, _) => match self.client.create_session(settings) {
                    Ok(id) => id,
                    Err(error) => {
                        failing.take(error, report)?;
                        self.pause(backoff.next(fastrand::f64()));
                        if self.is_stopped() {
                            return Ok(None);
                        }
                        continue;
                    }
                },
            };
            failing.recover();
            report(ContenderProgress::Session(session.clone()));
            loop {
                if self.is_stopped() {
                    return Ok(None);
                }
                let step = self
                    .renew(&session, &mut renewed)
                    .and_then(|lives| match lives {
                        true => self.lock.attempt(&self.client, &session),
                        false => Ok(Attempt::SessionEnded),
                    });
                let (obstacle, index) = match step {
                    Ok(Attempt::Taken(taken)) => {
                        return Ok(Some(Grant {
                            session,
                            renewed,
                            taken,
                        }));
                    }
                    Ok(Attempt::SessionEnded) => match self.session {
                        SessionSource::Own(..) => continue 'session,
                        SessionSource::Foreign(_) => return Err(ContentionError::NoSession),
                    },
                    Ok(Attempt::Foreign(flags)) => return Err(ContentionError::Foreign(flags)),
                    Ok(Attempt::OtherLimit(limit)) => {
                        return Err(ContentionError::OtherLimit(limit));
                    }
                    Ok(Attempt::Malformed) => return Err(ContentionError::Malformed),
                    Ok(Attempt::Blocked(obstacle, index)) => (obstacle, index),
                    Err(error) => {
                        failing.take(error, report)?;
                        self.pause(backoff.next(fastrand::f64()));
                        continue;
                    }
                };
                failing.recover();
                backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
                let wait = self.renew_interval().min(LONGEST_WAIT);
                let is_delay = obstacle == LockObstacle::Delayed;
                if self.once || shown.as_ref() != Some(&obstacle) {
                    shown = Some(obstacle.clone());
                    report(ContenderProgress::Waiting(obstacle.clone()));
                }
                if self.once {
                    return Ok(None);
                }
                match (is_delay, index) {
                    (true, _) => self.pause(DELAY_INTERVAL),
                    (false, Index(0 | 1)) => self.pause(BUSY_INTERVAL),
                    (false, index) => {
                        if let Err(error) = self.lock.wait(&self.client, index, wait) {
                            failing.take(error, report)?;
                            self.pause(backoff.next(fastrand::f64()));
                        }
                    }
                }
            }
        }
    }

    fn renew_interval(&self) -> Duration {
        match &self.session {
            SessionSource::Own(_, ttl) => *ttl / 5,
            SessionSource::Foreign(_) => LONGEST_WAIT,
        }
    }

    /// Renews the own session when it is time. Returns false when it has ended.
    fn renew(&self, session: &str, renewed: &mut BootTime) -> Result<bool, Error> {
        let now = BootTime(boot_time());
        if matches!(self.session, SessionSource::Foreign(_))
            || now.since(*renewed) < self.renew_interval()
        {
            return Ok(true);
        }
        let lives = self.client.renew_session(session)?.is_some();
        if lives {
            *renewed = now;
        }
        Ok(lives)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn pause(&self, time: Duration) {
        if !self.is_stopped() {
            thread::sleep(time);
        }
    }
}

/// Whether requests fail, and may be repeated.
struct Failing {
    answered: bool,
    failing: bool,
    /// How many errors may follow.
    left: u32,
}

impl Failing {
    fn recover(&mut self) {
        self.answered = true;
        self.failing = false;
    }

    /// Reports the first error of an outage. Fails if repeating cannot help.
    fn take(
        &mut self,
        error: Error,
        report: &impl Fn(ContenderProgress),
    ) -> Result<(), ContentionError> {
        if self.left == 0 || !self.answered || !error.is_transient() {
            return Err(ContentionError::Consul(error));
        }
        self.left -= 1;
        if !std::mem::replace(&mut self.failing, true) {
            report(ContenderProgress::Failing(error));
        }
        Ok(())
    }
}
