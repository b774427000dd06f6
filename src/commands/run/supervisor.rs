//! What follows from changes, from the end of the program, and from requests to end. Pure: time and
//! randomness come in as arguments.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::handlers::Debounce;

/// How long to wait before a change is acted on again that could not be.
const RETRY: Duration = Duration::from_secs(5);

/// What happens when the variables change. The comments are the help of `--on-change`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OnChange {
    /// Stop the program and start it with the new environment
    #[default]
    Restart,
    /// Send it --signal; its environment stays, so use it with --write
    Signal,
    /// Run --change-exec with the new environment; the program stays
    Exec,
    /// Stop the program and exit with its status, for a supervisor to start anew
    Exit,
    /// Nothing: Consul is not watched
    Ignore,
}

/// The settings of a supervisor.
#[derive(Debug, Clone, Copy)]
pub struct SupervisorPolicy {
    /// What happens on a change.
    pub on_change: OnChange,
    /// The quiet time that ends a burst of changes.
    pub debounce: Duration,
    /// The longest time that a burst is waited for.
    pub max_delay: Duration,
    /// The most of a random delay behind a burst.
    pub splay: Duration,
    /// The time from the request to end to the kill.
    pub stop_timeout: Duration,
}

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupervisorAction {
    /// Act on the change: write the file, then [`Supervisor::acted`].
    Act,
    /// Ask the program to end.
    Stop,
    /// Kill the program.
    Kill,
    /// Start the program.
    Start,
    /// Leave with the status of the program.
    Leave,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// The program was asked to end, and is killed at this time if it does not; then it starts again,
    /// or kvw ends.
    Stopping {
        kill: Option<Instant>,
        restart: bool,
    },
}

/// The rules of a program that runs.
#[derive(Debug)]
pub struct Supervisor {
    policy: SupervisorPolicy,
    phase: Phase,
    debounce: Debounce,
    /// When to act on a change whose burst is over.
    act: Option<Instant>,
}

impl Supervisor {
    /// The rules of a program that was just started.
    pub fn new(policy: SupervisorPolicy) -> Self {
        Supervisor {
            debounce: Debounce::new(policy.debounce, policy.max_delay),
            phase: Phase::Running,
            act: None,
            policy,
        }
    }

    /// Takes new keys, and whether what follows from them differs from what was acted on last. What
    /// changed back in time was no change.
    pub fn changed(&mut self, differs: bool, now: Instant) {
        if !differs {
            self.debounce.clear();
            self.act = None;
        } else if self.act.is_none() {
            self.debounce.touch(now);
        }
    }

    /// Checks what is due. `random` is in 0..1.
    pub fn due(&mut self, now: Instant, random: f64) -> Option<SupervisorAction> {
        if let Phase::Stopping { kill, .. } = &mut self.phase {
            return kill
                .take_if(|due| *due <= now)
                .map(|_| SupervisorAction::Kill);
        }
        if self.debounce.due().is_some_and(|due| due <= now) {
            self.debounce.clear();
            self.act = Some(now + self.policy.splay.mul_f64(random));
        }
        self.act
            .take_if(|due| *due <= now)
            .map(|_| SupervisorAction::Act)
    }

    /// Takes that a change was acted on as far as files go; `differs`: also the environment is another.
    pub fn acted(&mut self, differs: bool, now: Instant) -> Option<SupervisorAction> {
        let restart = match self.policy.on_change {
            OnChange::Restart => true,
            OnChange::Exit => false,
            OnChange::Signal | OnChange::Exec | OnChange::Ignore => return None,
        };
        (differs && self.phase == Phase::Running).then(|| self.stop(restart, now))
    }

    /// Takes that a change could not be acted on: it is tried again.
    pub fn postponed(&mut self, now: Instant) {
        self.act = Some(now + RETRY);
    }

    /// Takes a request to end kvw. A second one does not wait.
    pub fn stop_requested(&mut self, now: Instant) -> Option<SupervisorAction> {
        match &mut self.phase {
            Phase::Running => Some(self.stop(false, now)),
            Phase::Stopping { restart, .. } if *restart => {
                *restart = false;
                None
            }
            Phase::Stopping { kill, .. } => {
                *kill = None;
                Some(SupervisorAction::Kill)
            }
        }
    }

    /// Takes the end of the program and of all it left behind.
    pub fn exited(&mut self) -> SupervisorAction {
        match self.phase {
            Phase::Stopping { restart: true, .. } => {
                self.phase = Phase::Running;
                // It starts with the newest keys.
                self.debounce.clear();
                self.act = None;
                SupervisorAction::Start
            }
            Phase::Running | Phase::Stopping { .. } => SupervisorAction::Leave,
        }
    }

    /// Returns the time of the next [`Supervisor::due`].
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Stopping { kill, .. } => kill,
            Phase::Running => [self.debounce.due(), self.act].into_iter().flatten().min(),
        }
    }

    fn stop(&mut self, restart: bool, now: Instant) -> SupervisorAction {
        self.phase = Phase::Stopping {
            kill: now.checked_add(self.policy.stop_timeout),
            restart,
        };
        SupervisorAction::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn supervisor(on_change: OnChange, splay: u64) -> (Supervisor, Instant) {
        let policy = SupervisorPolicy {
            on_change,
            debounce: MS(100),
            max_delay: MS(250),
            splay: MS(splay),
            stop_timeout: MS(1000),
        };
        (Supervisor::new(policy), Instant::now())
    }

    #[test]
    fn a_change_restarts_after_quiet_and_when_the_program_is_gone() {
        let (mut rules, now) = supervisor(OnChange::Restart, 0);
        assert_eq!(rules.deadline(), None);
        rules.changed(true, now);
        assert_eq!(rules.due(now + MS(99), 0.0), None);
        assert_eq!(rules.due(now + MS(100), 0.0), Some(SupervisorAction::Act));
        let stopped = rules.acted(true, now + MS(100));
        assert_eq!(stopped, Some(SupervisorAction::Stop));
        assert_eq!(rules.deadline(), Some(now + MS(1100)));
        // A change meanwhile is part of the start.
        rules.changed(true, now + MS(200));
        assert_eq!(rules.exited(), SupervisorAction::Start);
        assert_eq!(rules.deadline(), None);
        assert_eq!(rules.exited(), SupervisorAction::Leave);
    }

    #[test]
    fn what_changes_back_in_time_is_no_change() {
        for splay in [0, 100] {
            let (mut rules, now) = supervisor(OnChange::Restart, splay);
            rules.changed(true, now);
            rules.due(now + MS(90), 0.5);
            rules.changed(false, now + MS(95));
            assert_eq!(rules.due(now + MS(1000), 0.5), None);
        }
        let (mut rules, now) = supervisor(OnChange::Restart, 100);
        rules.changed(true, now);
        assert_eq!(rules.due(now + MS(100), 0.5), None);
        assert_eq!(rules.deadline(), Some(now + MS(150)));
        rules.changed(false, now + MS(120));
        assert_eq!(rules.due(now + MS(150), 0.5), None);
    }

    #[test]
    fn a_burst_without_end_is_acted_on_after_the_longest_delay() {
        let (mut rules, now) = supervisor(OnChange::Restart, 0);
        for at in [0, 90, 180, 240] {
            rules.changed(true, now + MS(at));
            assert_eq!(rules.due(now + MS(at), 0.0), None);
        }
        assert_eq!(rules.due(now + MS(250), 0.0), Some(SupervisorAction::Act));
        // Only a file differed.
        assert_eq!(rules.acted(false, now + MS(250)), None);
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_once() {
        let (mut rules, now) = supervisor(OnChange::Exit, 0);
        rules.changed(true, now);
        rules.due(now + MS(100), 0.0);
        let stopped = rules.acted(true, now + MS(100));
        assert_eq!(stopped, Some(SupervisorAction::Stop));
        assert_eq!(rules.due(now + MS(1099), 0.0), None);
        assert_eq!(rules.due(now + MS(1100), 0.0), Some(SupervisorAction::Kill));
        assert_eq!(rules.due(now + MS(9000), 0.0), None);
        assert_eq!(rules.exited(), SupervisorAction::Leave);
    }

    #[test]
    fn a_request_to_end_beats_a_restart_and_a_second_one_kills() {
        let (mut rules, now) = supervisor(OnChange::Restart, 0);
        assert_eq!(rules.stop_requested(now), Some(SupervisorAction::Stop));
        assert_eq!(rules.stop_requested(now), Some(SupervisorAction::Kill));
        assert_eq!(rules.exited(), SupervisorAction::Leave);
        let (mut rules, now) = supervisor(OnChange::Restart, 0);
        rules.changed(true, now);
        rules.due(now + MS(100), 0.0);
        rules.acted(true, now + MS(100));
        assert_eq!(rules.stop_requested(now + MS(200)), None);
        assert_eq!(rules.deadline(), Some(now + MS(1100)));
        assert_eq!(rules.exited(), SupervisorAction::Leave);
    }

    #[test]
    fn a_signal_and_a_command_never_stop_the_program() {
        for on_change in [OnChange::Signal, OnChange::Exec, OnChange::Ignore] {
            let (mut rules, now) = supervisor(on_change, 0);
            rules.changed(true, now);
            assert_eq!(rules.due(now + MS(100), 0.0), Some(SupervisorAction::Act));
            assert_eq!(rules.acted(true, now), None);
            rules.postponed(now);
            assert_eq!(rules.deadline(), Some(now + RETRY));
        }
    }
}
