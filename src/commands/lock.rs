//! `kvw lock`

mod view;

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use clap::Args;

use self::view::{break_lock, show};
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::{duration, duration_text};
use crate::args::holding::{
    EndingArgs, HoldingWords, LEASE_TIME, base_name, check_times, child_command, client_configs,
    describe, host_name, print, seconds, start_processes, unstarted,
};
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::args::program::{program, shell_line};
use crate::args::session_id::session_id;
use crate::consul::{Client, SERF_HEALTH};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::lock::{
    Contention, ContentionError, ExclusiveLock, Grant, HoldEnd, HoldError, HolderNote, Keeper,
    KeeperChannel, LeaseTimes, LimitedLock, LockKind, LockObstacle, LockPlan, LockReport,
    LostReason, SessionSource, lock_key, note_time,
};
use crate::model::{Key, LOCK_FLAGS, SEMAPHORE_FLAGS, SessionEnd, SessionSettings};
use crate::output::{Format, json};
use crate::process::{ChildStatus, Program};
use crate::term::Ui;

/// Run a command while holding a lock
///
/// Takes the lock KEY/.lock as consul lock does, so both exclude each other. The command is gone, with
/// its process group, before the lock is released or lost: also when Consul cannot be reached, and when
/// kvw is stopped or killed. Exits as the command does. Without a command, prints the fence and holds
/// the lock until stdin ends.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = include_str!("lock/guide.txt"))]
pub struct LockArgs {
    /// Lock to take
    #[arg(value_name = "KEY", add = complete::live_keys())]
    key: String,

    /// Command to run, without a shell
    #[arg(last = true, value_name = "CMD", value_hint = clap::ValueHint::CommandWithArguments, conflicts_with_all = ["exec", "show", "break_it"])]
    command: Vec<OsString>,

    /// Run CMD with sh -c (-- CMD: no shell)
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString, value_parser = shell_line(), add = complete::shell_lines(), conflicts_with_all = ["show", "break_it"])]
    exec: Option<OsString>,

    /// Exit with 1 if the lock is not free
    #[arg(long = "try", conflicts_with = "timeout", help_heading = "Waiting")]
    try_once: bool,

    /// Wait at most this long, then exit with 1 [default: wait forever]
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Waiting")]
    timeout: Option<Duration>,

    /// Let up to N hold the lock at a time, as consul lock -n does
    ///
    /// All contenders must name the same N. Other clients take the slot of a holder that has vanished at
    /// once, so that its command is stopped in time only if nothing but its TTL ends the session; kvw
    /// itself waits for the lock delay.
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with_all = ["exact_key", "keep_key", "session"],
        help_heading = "Lock"
    )]
    limit: Option<u64>,

    /// Write the limit N into a lock that has another one, instead of failing
    ///
    /// Holders stay, also more than N of them. Contenders that name the old limit fail from then on.
    #[arg(
        long,
        requires = "limit",
        help_heading = "Lock",
        hide_short_help = true
    )]
    set_limit: bool,

    /// Time to live of the session, from 10s to 24h
    ///
    /// The command is stopped when Consul has not answered for the shorter of TTL and lock delay, less 1
    /// second and --stop-timeout.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = LEASE_TIME,
        conflicts_with = "session",
        help_heading = "Lock"
    )]
    ttl: Duration,

    /// How long nobody can take the lock after its holder was lost, from 1s to 60s
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = LEASE_TIME,
        conflicts_with = "session",
        help_heading = "Lock",
        hide_short_help = true
    )]
    lock_delay: Duration,

    /// Lose the lock also when the gossip layer takes the node for dead (serfHealth)
    ///
    /// The next holder follows sooner, and a fault of the network may take the lock at any moment.
    #[arg(
        long,
        conflicts_with = "session",
        help_heading = "Lock",
        hide_short_help = true
    )]
    health_check: bool,

    /// Use a session that somebody else keeps: nothing is renewed, and there is no deadline
    #[arg(
        long,
        value_name = "ID",
        value_parser = session_id,
        help_heading = "Lock",
        hide_short_help = true
    )]
    session: Option<String>,

    /// Lock KEY itself instead of KEY/.lock
    ///
    /// Whatever its flags, unless it holds a value and was never locked: that would be lost.
    #[arg(long, help_heading = "Lock")]
    exact_key: bool,

    /// Value of the key while it is locked [default: host, process id, command, time]
    #[arg(
        long,
        value_name = "TEXT",
        help_heading = "Lock",
        hide_short_help = true
    )]
    value: Option<String>,

    /// Name of the session [default: kvw lock KEY]
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "session",
        help_heading = "Lock",
        hide_short_help = true
    )]
    name: Option<String>,

    /// Leave the key, empty, after the release
    #[arg(long, help_heading = "Lock", hide_short_help = true)]
    keep_key: bool,

    #[command(flatten)]
    ending: EndingArgs,

    /// Exit code when the lock is not to be had
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        help_heading = "Exit",
        hide_short_help = true
    )]
    conflict_exit_code: u8,

    /// Exit code when the lock is lost [default: 3 in an outage, 1 if it was taken away]
    #[arg(long, value_name = "N", help_heading = "Exit", hide_short_help = true)]
    lost_exit_code: Option<u8>,

    /// Show who holds the lock; exit with 1 if nobody does
    #[arg(long, conflicts_with = "break_it", help_heading = "Holder")]
    show: bool,

    /// Take the lock away from its holder
    ///
    /// Its session is destroyed, and the lock delay follows, in which it is stopped.
    #[arg(long = "break", id = "break_it", help_heading = "Holder")]
    break_it: bool,

    /// Do not ask for confirmation of --break
    #[arg(
        short,
        long,
        requires = "break_it",
        help_heading = "Holder",
        hide_short_help = true
    )]
    yes: bool,

    /// Output format of --show, and of the fence printed without a command
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    connect: ConnectArgs,
}

const EXAMPLES: &str = "\
Examples:
  kvw lock jobs/backup -- ./backup.sh          # wait, then run
  kvw lock jobs/backup --try -- ./backup.sh    # a cron job on ten machines
  kvw lock jobs/backup --show                  # who holds it
  kvw lock jobs/backup --break                 # take it away";

const WORDS: HoldingWords = HoldingWords {
    waiting: "waiting for",
    holding: "holding",
    released: "released",
};

/// Runs the verb.
pub fn run(ctx: &Context, args: LockArgs) -> anyhow::Result<Exit> {
    let name = KeyArgs::default().key(&args.key)?;
    let key = match args.exact_key {
        true => name.clone(),
        false => lock_key(&name),
    };
    if args.show {
        return show(ctx, &args, &name, key);
    }
    if args.break_it {
        return break_lock(ctx, &args, &name, key);
    }
    let program = program(&args.command, args.exec.as_ref());
    let plan = plan(&args, &name, key, program.as_ref())?;
    let config = args.connect.config(&ctx.env)?;
    let channel = KeeperChannel::new();
    let (groups, signals) = start_processes(&ctx.ui, program.is_some(), channel.waker())?;
    let shown = program.as_ref().map(Program::to_string);
    let mut report =
        |report: LockReport<'_>| print(&ctx.ui, WORDS, &name, shown.as_deref(), &report);
    let (contender, heartbeat) = client_configs(&config, plan.times);
    let client = ctx.connect(contender)?;
    client.check_blocking(plan.lock.key())?;
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
    let timeout = if args.try_once {
        Some(Duration::ZERO)
    } else {
        args.timeout
    };
    let grant = match keeper.acquire(timeout)? {
        Contention::Taken(grant) => grant,
        Contention::Refused(obstacle) => {
            ctx.ui
                .error(describe_refusal(&name, args.timeout, obstacle.as_ref()));
            return Ok(Exit::from_status(args.conflict_exit_code));
        }
        Contention::Signal(signal) => return Ok(Exit::Signal(signal)),
        Contention::Failed(error) => return Err(contention_error(&name, &args, error)),
    };
    if program.is_none() {
        print_grant(ctx, args.output, &name, &grant)?;
    }
    let command = program
        .clone()
        .map(|program| child_command(program, &client, &args.ending, &name, &grant));
    let end = match keeper.hold(&grant, command) {
        Ok(end) => end,
        Err(HoldError::Start(error)) => {
            keeper.release(&grant);
            return Ok(unstarted(&ctx.ui, program.as_ref(), &error));
        }
        Err(HoldError::Other(error)) => {
            keeper.release(&grant);
            return Err(error);
        }
    };
    keeper.release(&grant);
    Ok(exit_of(&ctx.ui, &name, shown.as_deref(), &args, &end))
}

fn plan(
    args: &LockArgs,
    name: &Key,
    key: Key,
    program: Option<&Program>,
) -> Result<LockPlan, Failure> {
    let is_semaphore = args.limit.is_some_and(|limit| limit > 1);
    let right = match is_semaphore {
        true => args.ttl,
        false => args.ttl.min(args.lock_delay),
    };
    let times = LeaseTimes {
        ttl: args.session.is_none().then_some(args.ttl),
        lock_delay: (!is_semaphore).then_some(args.lock_delay),
        stop_timeout: args.ending.stop_timeout,
        interval: LeaseTimes::interval(right),
    };
    check_times(args.ttl, args.lock_delay, times)?;
    let session = match &args.session {
        Some(id) => SessionSource::Foreign(id.clone()),
        None => {
            let settings = SessionSettings {
                name: args
                    .name
                    .clone()
                    .unwrap_or_else(|| format!("kvw lock {name}")),
                node: None,
                ttl: Some(args.ttl),
                lock_delay: args.lock_delay,
                // With release, the key of a dead contender would stay for ever.
                behavior: match is_semaphore {
                    true => SessionEnd::Delete,
                    false => SessionEnd::Release,
                },
                checks: args
                    .health_check
                    .then(|| SERF_HEALTH.to_owned())
                    .into_iter()
                    .collect(),
            };
            SessionSource::Own(settings, args.ttl)
        }
    };
    let note = || {
        let started = note_time(SystemTime::now());
        HolderNote::new(host_name(), program.map(base_name), started).to_value()
    };
    let value = args.value.clone().map_or_else(note, String::into_bytes);
    Ok(LockPlan {
        lock: match args.limit {
            Some(limit) if is_semaphore => LockKind::Limited(LimitedLock {
                key,
                value,
                limit,
                sets_limit: args.set_limit,
                lock_delay: args.lock_delay,
                vanished: HashMap::new(),
            }),
            _ => LockKind::Exclusive(ExclusiveLock {
                key,
                value,
                any_flags: args.exact_key,
                keep_key: args.keep_key,
            }),
        },
        session,
        times,
        stop_signal: args.ending.stop_signal,
        linger: args.ending.linger,
    })
}

fn print_grant(ctx: &Context, format: Format, name: &Key, grant: &Grant) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = &ctx.ui;
    match format {
        Format::Json => {
            let held = json::HeldLock {
                key: name.as_str(),
                session: &grant.session,
                fence: grant.taken.fence.0,
            };
            json::write_line(out, &held)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            writeln!(out, "{}", grant.taken.fence)?;
        }
    }
    // Whoever reads it waits for it.
    Ok(ctx.ui.flush()?)
}

fn describe_refusal(
    name: &Key,
    timeout: Option<Duration>,
    obstacle: Option<&LockObstacle>,
) -> String {
    let what = match obstacle {
        Some(LockObstacle::Held(_)) => {
            format!("is {}", describe(&obstacle.cloned().expect("it is there")))
        }
        Some(LockObstacle::Delayed) => "is in its lock delay: its last holder was lost".to_owned(),
        None => "was not taken: no answer in time".to_owned(),
    };
    match timeout {
        Some(timeout) if !timeout.is_zero() => {
            format!("timed out after {}: {name} {what}", duration_text(timeout))
        }
        _ => format!("{name} {what}"),
    }
}

fn contention_error(name: &Key, args: &LockArgs, error: ContentionError) -> anyhow::Error {
    match error {
        ContentionError::Consul(error) => error.into(),
        ContentionError::Foreign(flags) => {
            let (what, hint) = describe_foreign(flags, args.exact_key);
            let message = format!("taking lock {name}: {what}");
            let failure = Failure::new(Exit::from_status(args.conflict_exit_code), message);
            failure.hint(hint).into()
        }
        ContentionError::OtherLimit(other) => {
            let limit = args.limit.unwrap_or(1);
            let message =
                format!("taking lock {name}: its limit is {other}, and --limit is {limit}");
            let failure = Failure::new(Exit::from_status(args.conflict_exit_code), message);
            failure
                .hint("all contenders must name the same limit; --set-limit writes the new one")
                .into()
        }
        ContentionError::Malformed => {
            let message = format!("taking lock {name}: the value of its key is no semaphore's");
            Failure::new(Exit::from_status(args.conflict_exit_code), message).into()
        }
        ContentionError::NoSession => {
            let id = args.session.as_deref().unwrap_or_default();
            Failure::usage(format!("taking lock {name}: session {id} does not exist")).into()
        }
    }
}

/// Describes the key of a lock that cannot be taken so because of its flags, and what can be done.
fn describe_foreign(flags: u64, exact_key: bool) -> (String, &'static str) {
    match flags {
        SEMAPHORE_FLAGS => (
            "it is a semaphore, which has more than one slot".to_owned(),
            "--limit N takes a slot; kvw lock KEY --show has N",
        ),
        LOCK_FLAGS => (
            "it is a lock with one holder, not a semaphore".to_owned(),
            "without --limit it can be taken",
        ),
        _ if exact_key => (
            "its key holds a value and was never locked: it would be replaced".to_owned(),
            "without --exact-key, KEY/.lock is locked; kvw delete makes room for a lock",
        ),
        flags => (
            format!("its key has the flags {flags}, so that it is no lock of kvw or consul lock"),
            "--exact-key locks KEY itself",
        ),
    }
}

/// Returns the exit: the command's own status, unless it was stopped because the lock was lost.
fn exit_of(ui: &Ui, name: &Key, command: Option<&str>, args: &LockArgs, end: &HoldEnd) -> Exit {
    if let Some(reason) = end.lost {
        let stopped = command.map(|command| format!("; {command} was stopped"));
        let stopped = stopped.unwrap_or_default();
        let (why, exit) = match reason {
            LostReason::Outage(silent) => {
                let silent = seconds(silent);
                (
                    format!("no answer from Consul for {silent}"),
                    Exit::Unavailable,
                )
            }
            LostReason::Overslept(slept) => {
                let slept = seconds(slept);
                let why = format!("kvw was stopped, or the machine slept, for {slept}");
                (why, Exit::Unavailable)
            }
            LostReason::SessionEnded => ("its session has ended".to_owned(), Exit::No),
            LostReason::TakenAway => ("it was taken away".to_owned(), Exit::No),
        };
        ui.error(format_args!("lost {name}: {why}{stopped}"));
        return args.lost_exit_code.map_or(exit, Exit::from_status);
    }
    match (end.exit.map(|exit| exit.status), end.signal) {
        (Some(ChildStatus::Killed(signal)), Some(own)) if signal == own => Exit::Signal(signal),
        (Some(status), _) => Exit::from_status(status.code()),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Yes,
    }
}
