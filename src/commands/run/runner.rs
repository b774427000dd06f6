//! The loop of `kvw run`: one channel of messages, the program, and the nearest deadline.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

use super::supervisor::{OnChange, Supervisor, SupervisorAction, SupervisorPolicy};
use super::watched_keys::WatchedKeys;
use super::written::VariablesFile;
use crate::args::program::{exit_of, guard};
use crate::args::variables::VariableRequest;
use crate::consul::Config;
use crate::environ::{Inheritance, Variables, differing_names, effective};
use crate::exit::{Exit, Failure};
use crate::fallback::{AnswerFile, StoredAnswer};
use crate::handlers::Policies;
use crate::model::TargetId;
use crate::process::{
    Child, ChildCommand, ChildEvent, ChildStatus, ProcessGroups, Program, ServiceChild,
    ServiceEvent, ServiceSignals, Signal, StdinSource, Stdout, SweepPolicy, describe_unstarted,
    listen_for_service,
};
use crate::term::{Ui, plural};
use crate::watch::{Message, PollEvent};

/// The number of messages that wait for the loop. More would only be older ones.
const CHANNEL: usize = 64;

/// The number of names in a message.
const SHOWN: usize = 5;

/// What is run, and how.
pub struct RunnerSpec {
    /// The program.
    pub program: Program,
    /// The keys, and how they become variables.
    pub request: VariableRequest,
    /// What it inherits.
    pub own: Vec<(OsString, OsString)>,
    /// What it gets in any case.
    pub set: Vec<(OsString, OsString)>,
    /// What of it counts.
    pub inheritance: Inheritance,
    /// When it is stopped and started.
    pub policy: SupervisorPolicy,
    /// The signal of `--on-change signal`.
    pub signal: Signal,
    /// The command of `--on-change exec`.
    pub change_exec: Option<OsString>,
    /// The signal that asks the program to end.
    pub stop_signal: Signal,
    /// The longest time that Consul may hold a query.
    pub wait: Duration,
    /// The file that keeps the keys for a start without Consul.
    pub kept: Option<AnswerFile>,
    /// The connection.
    pub config: Config,
}

/// The environment of a program.
type Environment = BTreeMap<OsString, OsString>;

/// Runs the program to its end.
///
/// # Errors
/// When it cannot be started, or the system has no threads to give.
pub fn run_program(
    ui: &Ui,
    mut spec: RunnerSpec,
    answer: StoredAnswer,
    variables: Variables,
    file: Option<VariablesFile>,
) -> anyhow::Result<Exit> {
    let groups = ProcessGroups::new();
    guard(ui, &groups, "the program");
    let (sender, messages) = sync_channel(CHANNEL);
    let wake = sender.clone();
    // A full channel wakes the loop just as well.
    let signals = listen_for_service(&groups, move || drop(wake.try_send(Message::Signal)))?;
    let on_terminal = io::stdin().is_terminal();
    let sweep = SweepPolicy {
        linger: Policies::default().linger,
        stop_timeout: spec.policy.stop_timeout,
        ends_daemons: true,
    };
    let keys = WatchedKeys::new(ui, &spec.request, &answer, spec.kept.take());
    let wanted = spec.environment(&variables);
    let mut runner = Runner {
        ui,
        keys,
        supervisor: Supervisor::new(spec.policy),
        program: ServiceChild::new(groups.clone(), sweep, on_terminal),
        on_change: Child::new(groups, sweep),
        is_on_change_due: false,
        acted: wanted.clone(),
        wanted,
        variables,
        invalid: None,
        unwritten: false,
        last_signal: None,
        file,
        on_terminal,
        spec,
    };
    runner.start(Instant::now())?;
    if runner.spec.policy.on_change != OnChange::Ignore {
        let spec = &runner.spec;
        runner
            .keys
            .start_pollers(&sender, &spec.config, spec.wait)?;
    }
    runner.run(&messages, &signals)
}

impl RunnerSpec {
    fn environment(&self, variables: &Variables) -> Environment {
        effective(&self.own, &self.set, variables, self.inheritance)
    }
}

struct Runner<'a> {
    ui: &'a Ui,
    spec: RunnerSpec,
    keys: WatchedKeys<'a>,
    supervisor: Supervisor,
    program: ServiceChild,
    on_terminal: bool,
    /// What runs the command of `--on-change exec`.
    on_change: Child,
    /// Whether it is to run once more.
    is_on_change_due: bool,
    file: Option<VariablesFile>,
    /// The variables of the last keys that were valid.
    variables: Variables,
    /// The environment that follows from them.
    wanted: Environment,
    /// The environment of the program, or that of the last signal or command.
    acted: Environment,
    /// Why the present keys give no environment, as it was reported.
    invalid: Option<String>,
    /// Whether it was reported that the file cannot be written.
    unwritten: bool,
    /// The last signal that the program got.
    last_signal: Option<i32>,
}

impl Runner<'_> {
    fn run(
        mut self,
        messages: &Receiver<Message>,
        signals: &ServiceSignals,
    ) -> anyhow::Result<Exit> {
        loop {
            let now = Instant::now();
            for signal in signals.take() {
                self.take_signal(signal, now);
            }
            while let Some(event) = self.on_change.poll(now) {
                self.take_on_change_event(event);
            }
            if let Some(exit) = self.poll_program(signals, now)? {
                return Ok(exit);
            }
            self.act_if_due(now)?;
            if let Some(Message::Polled(target, poll)) = self.next_message(messages) {
                self.take_poll(target, poll, Instant::now())?;
            }
        }
    }

    fn next_message(&self, messages: &Receiver<Message>) -> Option<Message> {
        let now = Instant::now();
        let deadlines = [
            self.supervisor.deadline(),
            self.program.deadline(now),
            self.on_change.deadline(now),
        ];
        match deadlines.into_iter().flatten().min() {
            Some(due) => messages
                .recv_timeout(due.saturating_duration_since(now))
                .ok(),
            None => messages.recv().ok(),
        }
    }

    fn take_signal(&mut self, signal: i32, now: Instant) {
        self.last_signal = Some(signal);
        match signal {
            // The terminal has sent it to the program too, which may well go on.
            SIGINT | SIGQUIT if self.on_terminal => {}
            SIGINT | SIGTERM => {
                if let Some(action) = self.supervisor.stop_requested(now) {
                    self.stop_or_kill(action, now);
                }
            }
            SIGTSTP => self.program.suspend(),
            other => self.program.signal(other),
        }
    }

    fn stop_or_kill(&mut self, action: SupervisorAction, now: Instant) {
        match action {
            SupervisorAction::Stop => self.program.stop(self.spec.stop_signal),
            SupervisorAction::Kill => self.program.kill(now),
            SupervisorAction::Act | SupervisorAction::Start | SupervisorAction::Leave => {}
        }
    }

    fn poll_program(
        &mut self,
        signals: &ServiceSignals,
        now: Instant,
    ) -> anyhow::Result<Option<Exit>> {
        match self.program.poll(now) {
            None => {}
            Some(ServiceEvent::Suspended) => {
                // The one that stopped the program has come to kvw too, and is past.
                for signal in signals
                    .take()
                    .into_iter()
                    .filter(|signal| *signal != SIGTSTP)
                {
                    self.take_signal(signal, now);
                }
            }
            Some(ServiceEvent::WantsTerminal) => {
                self.ui.error(format_args!(
                    "{} wants the terminal, and stdin is none: stopping it",
                    self.spec.program
                ));
                if let Some(action) = self.supervisor.stop_requested(now) {
                    self.stop_or_kill(action, now);
                }
            }
            Some(ServiceEvent::Exited(status, left_behind)) => {
                if left_behind > 0 {
                    let processes = plural(left_behind as u64, "process");
                    self.ui.warn(format_args!(
                        "{} left {processes} behind, which had to be ended",
                        self.spec.program
                    ));
                }
                return match self.supervisor.exited() {
                    SupervisorAction::Start => self.start(now).map(|()| None),
                    SupervisorAction::Leave
                    | SupervisorAction::Act
                    | SupervisorAction::Stop
                    | SupervisorAction::Kill => Ok(Some(exit_of(status, self.last_signal))),
                };
            }
        }
        Ok(None)
    }

    /// Starts the program with the newest environment.
    fn start(&mut self, now: Instant) -> anyhow::Result<()> {
        self.acted = self.wanted.clone();
        let command = self.command(self.spec.program.clone(), StdinSource::Inherit);
        let started = self.program.start(command, now);
        started.map_err(|error| self.unstarted(&error).into())
    }

    fn command(&self, program: Program, input: StdinSource) -> ChildCommand {
        let env = self.wanted.iter();
        let inherited = std::env::vars_os().map(|(name, _)| name);
        ChildCommand {
            program,
            env: env
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            env_remove: inherited
                .filter(|name| !self.wanted.contains_key(name))
                .collect(),
            input,
            stdout: Stdout::Inherit,
        }
    }

    fn unstarted(&self, error: &io::Error) -> Failure {
        let program = &self.spec.program;
        let name = program.words().first().map(OsString::as_os_str);
        let exit = Exit::from_status(ChildStatus::unstarted(error).code());
        let failure = Failure::new(exit, describe_unstarted(name, program, error));
        match Errno::from_io_error(error) {
            Some(Errno::TOOBIG) => failure.hint(
                "its arguments and its environment are too large together; --exclude leaves keys out",
            ),
            _ => failure,
        }
    }

    fn take_poll(&mut self, target: TargetId, poll: PollEvent, now: Instant) -> anyhow::Result<()> {
        let Some(update) = self.keys.take_poll(target, poll, now)? else {
            return Ok(());
        };
        if update.changed {
            self.take_keys(now);
        }
        // Keys that give no environment would not start the program.
        if update.whole && self.invalid.is_none() {
            self.keys.keep(update.changed || update.first, now);
        }
        Ok(())
    }

    /// Takes the present keys. Where they give no environment, that is reported once, and the last one
    /// stays.
    fn take_keys(&mut self, now: Instant) {
        let found = self
            .spec
            .request
            .variables(&self.keys.present())
            .and_then(|found| {
                if let Some(file) = &self.file {
                    file.content(&found)?;
                }
                Ok(found)
            });
        match found {
            Ok(variables) => {
                self.invalid = None;
                self.wanted = self.spec.environment(&variables);
                self.variables = variables;
                let differs = self.wanted != self.acted || self.file_differs();
                self.supervisor.changed(differs, now);
            }
            Err(failure) => {
                let message = failure.message;
                if self.invalid.as_ref() != Some(&message) {
                    self.ui.warn(format_args!(
                        "{message}; {} keeps its environment",
                        self.spec.program
                    ));
                    if let Some(hint) = failure.hint {
                        self.ui.hint(hint);
                    }
                }
                self.invalid = Some(message);
            }
        }
    }

    fn file_differs(&self) -> bool {
        self.file.as_ref().is_some_and(|file| {
            let content = file.content(&self.variables);
            content.is_ok_and(|content| file.differs(&content))
        })
    }

    fn act_if_due(&mut self, now: Instant) -> anyhow::Result<()> {
        match self.supervisor.due(now, fastrand::f64()) {
            Some(SupervisorAction::Act) => {
                if self.write_file() {
                    self.act(now)?;
                } else {
                    self.supervisor.postponed(now);
                }
            }
            Some(action) => self.stop_or_kill(action, now),
            None => {}
        }
        if std::mem::take(&mut self.is_on_change_due) {
            self.run_on_change(now);
        }
        Ok(())
    }

    /// Writes the file, if there is one. Returns false if it cannot be written, which is reported once:
    /// whoever reads it on a signal would read the old values.
    fn write_file(&mut self) -> bool {
        let Some(file) = &mut self.file else {
            return true;
        };
        let written = file
            .content(&self.variables)
            .and_then(|text| file.write(text));
        let Err(failure) = written else {
            self.unwritten = false;
            return true;
        };
        if !std::mem::replace(&mut self.unwritten, true) {
            self.ui.warn(format_args!("{failure}; retrying"));
        }
        false
    }

    fn act(&mut self, now: Instant) -> anyhow::Result<()> {
        let names = differing_names(&self.acted, &self.wanted);
        let program = &self.spec.program;
        let what = describe(&names);
        let on_change = self.spec.policy.on_change;
        if names.is_empty() {
            // Only the file differed: of values that the program does not see.
            return Ok(());
        }
        match on_change {
            OnChange::Restart => self.ui.status(format_args!("restarting {program}: {what}")),
            OnChange::Exit => self.ui.status(format_args!("stopping {program}: {what}")),
            OnChange::Signal => {
                let signal = self.spec.signal;
                self.ui
                    .status(format_args!("sending {program} {signal}: {what}"));
                self.acted = self.wanted.clone();
                self.program.signal(signal.number());
            }
            OnChange::Exec => {
                self.ui
                    .status(format_args!("running --change-exec: {what}"));
                self.acted = self.wanted.clone();
                self.is_on_change_due = true;
            }
            OnChange::Ignore => {}
        }
        if let Some(action) = self.supervisor.acted(true, now) {
            self.stop_or_kill(action, now);
        }
        Ok(())
    }

    /// Runs the command of `--on-change exec`, or waits for the end of the one that runs.
    fn run_on_change(&mut self, now: Instant) {
        let Some(line) = self.spec.change_exec.clone() else {
            return;
        };
        if !self.on_change.is_idle() {
            self.is_on_change_due = true;
            return;
        }
        let command = self.command(Program::Shell(line), StdinSource::Null);
        if let Err(error) = self.on_change.start(command, now) {
            self.ui
                .warn(format_args!("--change-exec: starting sh: {error}"));
        }
    }

    fn take_on_change_event(&mut self, event: ChildEvent) {
        match event {
            ChildEvent::Exited(exit) if !exit.status.success() => {
                self.ui.warn(format_args!("--change-exec {}", exit.status));
            }
            // One that is stopped would keep later changes waiting.
            ChildEvent::Stopped(_) => self.on_change.resume(),
            ChildEvent::Exited(_) | ChildEvent::Returned => {}
        }
    }
}

/// `2 variables changed (DB_HOST, DB_POOL)`
fn describe(names: &[String]) -> String {
    let count = plural(names.len() as u64, "variable");
    let mut shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        shown.push_str(", …");
    }
    format!("{count} changed ({shown})")
}
