//! What the verbs that hold a lock share: how their command is started and ended, and what is said.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rustix::system::uname;

use super::complete;
use super::duration::{duration, duration_text};
use super::handler::environment::connection;
use super::program::guard;
use crate::consul::{Client, Config, ErrorClass};
use crate::exit::{Exit, Failure};
use crate::handlers::Policies;
use crate::lock::{Grant, KeeperWaker, LeaseTimes, LockObstacle, LockReport, LostReason, MARGIN};
use crate::model::Key;
use crate::process::{
    ChildCommand, ChildStatus, ProcessGroups, Program, Signal, Signals, StdinSource, Stdout,
    describe_unstarted, listen,
};
use crate::term::{Ui, plural};

/// How the command of a lock is ended, and what it gets.
#[derive(Debug, Clone, Args)]
pub struct EndingArgs {
    /// Signal that asks the command to end
    #[arg(
        long,
        value_name = "SIGNAL",
        add = complete::signals(),
        default_value = "TERM",
        help_heading = "Exit",
        hide_short_help = true
    )]
    pub stop_signal: Signal,

    /// Time from --stop-signal until the command is killed
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = "5s",
        help_heading = "Exit"
    )]
    pub stop_timeout: Duration,

    /// Time for what the command leaves in its group to end by itself
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Policies::default().linger),
        help_heading = "Exit",
        hide_short_help = true
    )]
    pub linger: Duration,

    /// Pass the token on to the command
    #[arg(long, help_heading = "Exit", hide_short_help = true)]
    pub pass_token: bool,
}

/// The TTL and the lock delay by default: those of `consul lock`.
pub const LEASE_TIME: &str = "15s";

/// The shortest and the longest TTL, and those of a lock delay: Consul's.
const TTL: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(24 * 3600);
const LOCK_DELAY: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(60);

/// The shortest and the longest time for a request of the heartbeat.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// The verbs of messages.
#[derive(Debug, Clone, Copy)]
pub struct HoldingWords {
    /// Before the name of a lock that is not to be had yet.
    pub waiting: &'static str,
    /// Before that of one that is held.
    pub holding: &'static str,
    /// Before that of one that was released.
    pub released: &'static str,
}

/// Checks TTL and lock delay, and that there is room for an outage between two renewals.
///
/// # Errors
/// Exit 2, with the sum.
pub fn check_times(ttl: Duration, lock_delay: Duration, times: LeaseTimes) -> Result<(), Failure> {
    if !TTL.contains(&ttl) {
        return Err(Failure::usage("--ttl must be from 10s to 24h"));
    }
    if !LOCK_DELAY.contains(&lock_delay) {
        return Err(Failure::usage("--lock-delay must be from 1s to 60s"));
    }
    if times.ttl.is_none() || times.room().is_some() {
        return Ok(());
    }
    let right = times.lock_delay.map_or(ttl, |delay| ttl.min(delay));
    let sum = [right, MARGIN, times.stop_timeout, times.interval].map(duration_text);
    let [right, margin, stop, interval] = sum;
    let message = format!(
        "no time is left for an outage: {right} (the shorter of --ttl and --lock-delay) - {margin} - \
         {stop} (--stop-timeout) - {interval} (between two renewals) is not above 0"
    );
    Err(Failure::usage(message).hint("a shorter --stop-timeout, or longer times"))
}

/// Returns the configurations of the contender, and of the heartbeat: a request that hangs must not take
/// the time of the next.
pub fn client_configs(config: &Config, times: LeaseTimes) -> (Config, Config) {
    let contender = Config {
        connections: 4,
        ..config.clone()
    };
    let timeout = times.interval.clamp(SHORTEST, LONGEST);
    let heartbeat = Config {
        connect_timeout: timeout,
        request_timeout: timeout,
        retry_for: Duration::ZERO,
        ..contender.clone()
    };
    (contender, heartbeat)
}

/// Starts what a command needs: the guard, which ends it when kvw cannot, and the thread for signals.
///
/// # Errors
/// When no thread can be started.
pub fn start_processes(
    ui: &Ui,
    has_command: bool,
    waker: KeeperWaker,
) -> std::io::Result<(Arc<ProcessGroups>, Arc<Signals>)> {
    start_guarded(ui, has_command, move || waker.wake())
}

/// The same for a loop that `wake` wakes at each signal.
///
/// # Errors
/// When no thread can be started.
pub fn start_guarded(
    ui: &Ui,
    has_command: bool,
    wake: impl Fn() + Send + 'static,
) -> std::io::Result<(Arc<ProcessGroups>, Arc<Signals>)> {
    let groups = ProcessGroups::new();
    groups.forward_signals();
    if has_command {
        guard(ui, &groups, "the command");
    }
    let signals = listen(&groups, wake, || {})?;
    Ok((groups, signals))
}

/// The base name of the command, for people. Never its arguments, which may be secret.
pub fn base_name(program: &Program) -> String {
    let name = program.to_string();
    let base = Path::new(&name).file_name();
    base.map_or(name.clone(), |base| base.to_string_lossy().into_owned())
}

/// Returns the name of this machine.
pub fn host_name() -> String {
    uname().nodename().to_string_lossy().into_owned()
}

/// Returns the command that runs while the lock is held: with the lock in its environment, and without the
/// token unless that is passed on.
pub fn child_command(
    program: Program,
    client: &Client,
    ending: &EndingArgs,
    name: &Key,
    grant: &Grant,
) -> ChildCommand {
    let (mut env, env_remove) = connection(client.config(), client.place(), ending.pass_token);
    env.extend(
        [
            ("KVW_LOCK_KEY", name.to_string()),
            ("KVW_LOCK_SESSION", grant.session.clone()),
            ("KVW_LOCK_FENCE", grant.taken.fence.to_string()),
            ("CONSUL_LOCK_HELD", "true".to_owned()),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    );
    // The group of the command is not the foreground one: reading the terminal would stop it.
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
    ChildCommand {
        program,
        env,
        env_remove,
        input: match terminal {
            true => StdinSource::Null,
            false => StdinSource::Inherit,
        },
        stdout: Stdout::Inherit,
    }
}

/// Prints what happens to the lock.
pub fn print(
    ui: &Ui,
    words: HoldingWords,
    name: &Key,
    command: Option<&str>,
    report: &LockReport<'_>,
) {
    let command = command.unwrap_or("the lock");
    match report {
        LockReport::Waiting(obstacle) => {
            let obstacle = describe(obstacle);
            ui.status(format_args!("{} {name}: {obstacle}", words.waiting));
        }
        LockReport::Failing(error) => {
            ui.warn(format_args!("{} {name}: {error}; retrying", words.waiting));
        }
        LockReport::Holding(grant) => {
            let fence = grant.taken.fence;
            ui.status(format_args!("{} {name} (fence {fence})", words.holding));
        }
        LockReport::Silent(silent, left, error) => {
            let (silent, left) = (seconds(*silent), seconds(*left));
            let denied = error.filter(|error| error.class() == ErrorClass::Denied);
            let what = match command {
                "the lock" => "the lock will be given up",
                command => &format!("{command} will be stopped"),
            };
            match denied {
                _ if ui.quiet() => {}
                Some(error) => ui.warn(format_args!("{error}: {what} in {left}")),
                None => ui.warn(format_args!(
                    "no answer from Consul for {silent}: {what} in {left}"
                )),
            }
        }
        LockReport::Recovered => ui.status("Consul answers again"),
        LockReport::Lost(reason) => {
            if let LostReason::SessionEnded | LostReason::TakenAway = reason {
                ui.status(format_args!("stopping {command}: {name} was taken away"));
            }
        }
        LockReport::LeftBehind(count) => {
            let left = plural(*count, "process");
            ui.warn(format_args!(
                "{command} left {left} behind, which had to be ended"
            ));
        }
        LockReport::Released => ui.status(format_args!("{} {name}", words.released)),
        LockReport::NotReleased(error) => {
            ui.warn(format_args!(
                "{name} was not released, its session runs out: {error}"
            ));
        }
    }
}

/// Formats a time to the second.
pub fn seconds(time: Duration) -> String {
    duration_text(Duration::from_secs(time.as_secs()))
}

/// Describes why a lock is not to be had now.
pub fn describe(obstacle: &LockObstacle) -> String {
    match obstacle {
        LockObstacle::Held(holders) if holders.is_empty() => {
            "it changes hands all the time".to_owned()
        }
        LockObstacle::Held(holders) => {
            let holders: Vec<_> = holders.iter().map(ToString::to_string).collect();
            format!("held by {}", holders.join(" and "))
        }
        LockObstacle::Delayed => "its last holder was lost, and the lock delay lasts".to_owned(),
    }
}

/// Reports a command that cannot be started, as shells number it.
pub fn unstarted(ui: &Ui, program: Option<&Program>, error: &std::io::Error) -> Exit {
    let shown = program.map(Program::to_string).unwrap_or_default();
    let word = program.and_then(|program| program.words().first());
    let word = word.map(OsString::as_os_str);
    ui.error(describe_unstarted(word, shown, error));
    Exit::Child(ChildStatus::unstarted(error).code())
}
