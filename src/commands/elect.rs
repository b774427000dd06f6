//! `kvw elect`

mod listen;
mod runs;

use std::ffi::OsString;
use std::io::Write as _;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use self::listen::{ListenSpec, listen_to, print_event};

use crate::args::choice::{long_help, short_help};
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::holding::{
    EndingArgs, HoldingWords, LEASE_TIME, check_times, child_command, client_configs, host_name,
    print, start_processes, unstarted,
};
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::args::program::{program, shell_line};
use crate::backoff::Backoff;
use crate::consul::{Client, Consistency};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::lock::{
    Contention, ContentionError, ExclusiveLock, HoldError, Keeper, KeeperChannel, LeaseTimes,
    LockKind, LockPlan, LockReport, LostReason, SessionSource,
};
use crate::model::{Key, SEMAPHORE_FLAGS, SessionEnd, SessionSettings};
use crate::output::Format;
use crate::process::{ChildStatus, Program};

/// Run a command on an elected leader, or show the leader
///
/// Campaigns for KEY, which holds VALUE while there is a leader, and runs the command as leader. When
/// the leadership is lost, the command is stopped in time, as kvw lock does it, and kvw campaigns again.
/// When the command ends by itself, kvw resigns and exits as it did.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw elect service/web/leader -- ./web --active
  kvw elect service/web/leader --value 10.0.0.7:80 -- ./web --active
  kvw elect service/web/leader --current     # the value of the leader
  kvw elect service/web/leader --listen      # a line for each change
  kvw elect service/web/leader --listen --exec ./point-proxy-at-leader.sh")]
pub struct ElectArgs {
    /// Key of the election
    #[arg(value_name = "KEY", add = complete::live_keys())]
    key: String,

    /// Command to run as leader, without a shell; with --listen, at each change
    #[arg(
        last = true,
        value_name = "CMD",
        value_hint = clap::ValueHint::CommandWithArguments,
        required_unless_present_any = ["exec", "listen", "current"],
        conflicts_with_all = ["exec", "current"]
    )]
    command: Vec<OsString>,

    /// Run CMD with sh -c as leader; with --listen, at each change of the leader
    ///
    /// With --listen it runs for the present leader first, and one run follows another: when several
    /// leaders came during a run, the newest counts. A run that fails is repeated, after a second to a
    /// minute. It finds the event of -o jsonl on stdin, and KVW_KEY, and while there is a leader KVW_LEADER
    /// (its value), KVW_LOCK_SESSION and KVW_LOCK_FENCE in its environment; its stdout is kvw's stderr.
    #[arg(
        long,
        value_name = "CMD",
        value_hint = clap::ValueHint::CommandString,
        value_parser = shell_line(),
        add = complete::shell_lines(),
        conflicts_with = "current"
    )]
    exec: Option<OsString>,

    #[arg(
        long,
        value_name = "POLICY",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help = short_help::<OnCommandExit>("When the command fails", None),
        long_help = long_help(
            "When the command ends by itself, other than with 0, with which kvw resigns and exits",
            Some(OnCommandExit::default())
        ),
        conflicts_with_all = ["listen", "current"]
    )]
    on_exit: OnCommandExit,

    /// Value of the key while leading [default: host name]
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["listen", "current"])]
    value: Option<String>,

    /// Print the leader now, and again at each change
    #[arg(long, conflicts_with = "current", help_heading = "Leader")]
    listen: bool,

    /// Print the value of the leader; exit with 1 if there is none
    #[arg(long, help_heading = "Leader")]
    current: bool,

    /// Time to live of the session, from 10s to 24h
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = LEASE_TIME,
        help_heading = "Lock"
    )]
    ttl: Duration,

    /// How long nobody can lead after a leader was lost, from 1s to 60s
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = LEASE_TIME,
        help_heading = "Lock"
    )]
    lock_delay: Duration,

    #[command(flatten)]
    ending: EndingArgs,

    /// Format of --listen and --current
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Jsonl]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// What follows when a leader's command ends by itself, other than with 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OnCommandExit {
    /// Exit with its status
    #[default]
    Exit,
    /// Resign, and campaign again after a back-off of a second to a minute
    Campaign,
}

/// The waits before a leader whose command failed campaigns again; one that led for longer than the last
/// of them had no start-up fault.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

const WORDS: HoldingWords = HoldingWords {
    waiting: "campaigning for",
    holding: "leading",
    released: "resigned from",
};

/// Runs the verb.
pub fn run(ctx: &Context, args: ElectArgs) -> anyhow::Result<Exit> {
    let key = KeyArgs::default().key(&args.key)?;
    if args.current {
        return current(ctx, &args, &key);
    }
    if args.listen {
        let handler = program(&args.command, args.exec.as_ref());
        let spec = ListenSpec {
            key: &key,
            format: args.output,
            handler,
            ending: &args.ending,
        };
        return listen_to(ctx, ctx.client(&args.connect)?, &spec);
    }
    let program = program(&args.command, args.exec.as_ref());
    let program = program.ok_or_else(|| Failure::usage("there is no command to run"))?;
    let plan = plan(&args, &key)?;
    let config = args.connect.config(&ctx.env)?;
    let channel = KeeperChannel::new();
    let (groups, signals) = start_processes(&ctx.ui, true, channel.waker())?;
    let shown = Program::to_string(&program);
    let mut report = |report: LockReport<'_>| print(&ctx.ui, WORDS, &key, Some(&shown), &report);
    let (contender, heartbeat) = client_configs(&config, plan.times);
    let client = ctx.connect(contender)?;
    client.check_blocking(&key)?;
    let heartbeat = Client::new(heartbeat)?;
    let mut keeper = Keeper::new(
        channel,
        client.clone(),
        heartbeat,
        plan,
        groups,
        signals,
        &mut report,
    );
    let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
    loop {
        let grant = match keeper.acquire(None)? {
            Contention::Taken(grant) => grant,
            Contention::Signal(signal) => return Ok(Exit::Signal(signal)),
            // Without a time-out it is asked for until it is there.
            Contention::Refused(_) => continue,
            Contention::Failed(error) => return Err(campaign_error(&key, error)),
        };
        let command = child_command(program.clone(), &client, &args.ending, &key, &grant);
        let started = Instant::now();
        let end = match keeper.hold(&grant, Some(command)) {
            Ok(end) => end,
            Err(HoldError::Start(error)) => {
                keeper.release(&grant);
                return Ok(unstarted(&ctx.ui, Some(&program), &error));
            }
            Err(HoldError::Other(error)) => {
                keeper.release(&grant);
                return Err(error);
            }
        };
        keeper.release(&grant);
        match (end.lost, end.exit.map(|exit| exit.status), end.signal) {
            (Some(reason), _, _) => {
                let why = match reason {
                    LostReason::Outage(_) => "no answer from Consul",
                    LostReason::Overslept(_) => "kvw was stopped, or the machine slept",
                    LostReason::SessionEnded => "its session has ended",
                    LostReason::TakenAway => "it was taken away",
                };
                ctx.ui.warn(format_args!(
                    "lost the leadership of {key}: {why}; {shown} was stopped, campaigning again"
                ));
            }
            (None, Some(ChildStatus::Killed(signal)), Some(own)) if signal == own => {
                return Ok(Exit::Signal(signal));
            }
            (None, Some(status), None)
                if args.on_exit == OnCommandExit::Campaign && status.code() != 0 =>
            {
                if started.elapsed() > LONGEST_WAIT {
                    backoff.reset();
                }
                let wait = backoff.next(fastrand::f64());
                ctx.ui.warn(format_args!(
                    "{shown} {status}; campaigning again in {wait:.1?}"
                ));
                if let Some(signal) = keeper.pause(wait) {
                    return Ok(Exit::Signal(signal));
                }
            }
            (None, Some(status), _) => return Ok(Exit::from_status(status.code())),
            (None, None, Some(signal)) => return Ok(Exit::Signal(signal)),
            (None, None, None) => return Ok(Exit::Yes),
        }
    }
}

fn plan(args: &ElectArgs, key: &Key) -> Result<LockPlan, Failure> {
    let times = LeaseTimes {
        ttl: Some(args.ttl),
        lock_delay: Some(args.lock_delay),
        stop_timeout: args.ending.stop_timeout,
        interval: LeaseTimes::interval(args.ttl.min(args.lock_delay)),
    };
    check_times(args.ttl, args.lock_delay, times)?;
    let settings = SessionSettings {
        name: format!("kvw elect {key}"),
        node: None,
        ttl: Some(args.ttl),
        lock_delay: args.lock_delay,
        behavior: SessionEnd::Release,
        checks: Vec::new(),
    };
    Ok(LockPlan {
        lock: LockKind::Exclusive(ExclusiveLock {
            key: key.clone(),
            value: args.value.clone().unwrap_or_else(host_name).into_bytes(),
            any_flags: true,
            keep_key: false,
        }),
        session: SessionSource::Own(settings, args.ttl),
        times,
        stop_signal: args.ending.stop_signal,
        linger: args.ending.linger,
    })
}

fn campaign_error(key: &Key, error: ContentionError) -> anyhow::Error {
    let message = match error {
        ContentionError::Consul(error) => return error.into(),
        ContentionError::Foreign(SEMAPHORE_FLAGS)
        | ContentionError::OtherLimit(_)
        | ContentionError::Malformed
        | ContentionError::NoSession => format!("campaigning for {key}: it is a semaphore's key"),
        ContentionError::Foreign(_) => {
            let what = "it holds a value and was never locked: it would be replaced";
            let failure = Failure::new(Exit::No, format!("campaigning for {key}: {what}"));
            return failure.hint("kvw delete makes room for an election").into();
        }
    };
    Failure::new(Exit::No, message).into()
}

/// Prints the value of the leader.
fn current(ctx: &Context, args: &ElectArgs, key: &Key) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let client = client.with_consistency(Consistency::Consistent);
    let leader = client.get(key)?.value;
    let leader = leader.filter(|entry| entry.session().is_some());
    let exit = if leader.is_some() {
        Exit::Yes
    } else {
        Exit::No
    };
    match args.output {
        Format::Jsonl => print_event(ctx, args.output, key, leader.as_ref())?,
        Format::Text | Format::Json | Format::Raw | Format::Consul => match &leader {
            Some(leader) => {
                let value = String::from_utf8_lossy(leader.value());
                writeln!(&ctx.ui, "{}", ctx.ui.shown_key(&value))?;
            }
            None => ctx.ui.error(format_args!("{key} has no leader")),
        },
    }
    Ok(exit)
}
