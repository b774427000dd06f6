//! `kvw session`

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use crate::args::confirm::ask;
use crate::args::connect::ConnectArgs;
use crate::args::duration::{duration, duration_text};
use crate::args::output::formats;
use crate::args::session_id::session_id;
use crate::consul::{Client, SERF_HEALTH};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Prefix, Session, SessionEnd, SessionSettings, abbreviate};
use crate::output::{Format, json, session};
use crate::process::{ProcessGroups, listen};
use crate::term::{Ui, plural};

/// List, create, renew and destroy sessions, the holders of locks
///
/// A session holds locks on keys until it is destroyed, its TTL runs out or its node goes. kvw lock
/// makes one by itself.
#[derive(Debug, Args)]
pub struct SessionArgs {
    #[command(subcommand)]
    action: SessionVerb,
}

#[derive(Debug, Subcommand)]
enum SessionVerb {
    List(ListArgs),
    Show(ShowArgs),
    Create(CreateArgs),
    Renew(RenewArgs),
    Destroy(DestroyArgs),
}

/// List the sessions
///
/// Shows id, TTL, lock delay, behaviour, node and name of each session that the token may read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw session list
  kvw session list -o json | jq -r '.[].id'
  kvw session list --keys -o json     # with the keys that each holds")]
struct ListArgs {
    /// Find the keys that each session holds, for -o json; reads the whole store
    #[arg(long)]
    keys: bool,

    /// Output format
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

/// Show a session and the keys that it holds
///
/// The keys are those that the token may read; Consul has no index of them, so the whole store is
/// read. Exits with 1 if there is no such session, or the token may not read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw session show 8f0c2b6e-5c8a-4b7e-9a55-0c3e6f1d2a44
  kvw session show 8f0c2b6e-5c8a-4b7e-9a55-0c3e6f1d2a44 -o json | jq .keys")]
struct ShowArgs {
    /// Session to show
    #[arg(value_name = "ID", value_parser = session_id)]
    id: String,

    /// Output format
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

/// What becomes of the keys of a session that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BehaviorArg {
    Release,
    Delete,
}

/// Create a session and print its id
///
/// Without --check and --no-checks the session ends when the gossip layer takes its node for dead
/// (serfHealth). With --no-checks it ends by its TTL, when it is destroyed, or with its node.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  id=$(kvw session create --ttl 30s --no-checks)
  kvw put --acquire --session \"$id\" jobs/a/.lock \"$(hostname)\"
  kvw session create --ttl 1m --lock-delay 5s --behavior delete --name deploy")]
struct CreateArgs {
    /// Time to live, from 10s to 24h; Consul takes up to twice as long [default: none]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    ttl: Option<Duration>,

    /// How long its keys cannot be locked after its end
    ///
    /// Consul applies a minute at most; 0 is no delay. A clean release starts none.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15s")]
    lock_delay: Duration,

    /// What happens to its keys when it ends
    #[arg(long, value_enum, value_name = "WHAT", default_value = "release")]
    behavior: BehaviorArg,

    /// Name that people see
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    name: String,

    /// Node of the session [default: the node of the agent]
    #[arg(long, value_name = "NODE", value_parser = NonEmptyStringValueParser::new())]
    node: Option<String>,

    /// Node check that ends it when critical; repeatable [default: serfHealth]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new(),
        conflicts_with = "no_checks"
    )]
    check: Vec<String>,

    /// Use no checks, not even serfHealth
    #[arg(long)]
    no_checks: bool,

    /// Output format; json prints the session
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

/// Renew a session: its TTL starts again
///
/// Exits with 1 if the session has ended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw session renew \"$id\"
  kvw session renew \"$id\" --every 5s &    # until it is destroyed")]
struct RenewArgs {
    /// Session to renew
    #[arg(value_name = "ID", value_parser = session_id)]
    id: String,

    /// Renew again and again, this often, until stopped or the session ends
    ///
    /// A failed renewal is repeated; only the session's end, or a denied permission, ends the command.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    every: Option<Duration>,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Destroy sessions and free the keys that they hold
///
/// Names the keys and asks. They cannot be locked for the lock delay of the session. A session that
/// does not exist is no error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw session destroy \"$id\"
  kvw session destroy --yes \"$id\"    # without a question")]
struct DestroyArgs {
    /// Sessions to destroy
    #[arg(value_name = "ID", value_parser = session_id, required = true)]
    ids: Vec<String>,

    /// Do not ask for confirmation, and do not look for keys
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: SessionArgs) -> anyhow::Result<Exit> {
    match args.action {
        SessionVerb::List(args) => list(ctx, &args),
        SessionVerb::Show(args) => show(ctx, &args),
        SessionVerb::Create(args) => create(ctx, args),
        SessionVerb::Renew(args) => renew(ctx, &args),
        SessionVerb::Destroy(args) => destroy(ctx, args),
    }
}

fn list(ctx: &Context, args: &ListArgs) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let sessions = client.sessions()?;
    match args.output {
        Format::Json => {
            let held = args
                .keys
                .then(|| held_keys(&client, &sessions))
                .transpose()?;
            let keys = |session: &Session| {
                let held = held.as_ref()?;
                Some(held.get(&session.id).map_or(&[][..], Vec::as_slice))
            };
            let shown: Vec<_> = sessions
                .iter()
                .map(|session| json::Session::new(session, keys(session)))
                .collect();
            json::write_line(&ctx.ui, &shown)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            if args.keys {
                return Err(Failure::usage("--keys requires -o json")
                    .hint("kvw session show ID prints the keys of one session")
                    .into());
            }
            session::write_lines(&sessions, ctx.ui.style(), &ctx.ui)?;
        }
    }
    Ok(Exit::Yes)
}

fn show(ctx: &Context, args: &ShowArgs) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let Some(found) = find(&client, &args.id)? else {
        ctx.ui.error(not_found(&args.id));
        return Ok(Exit::No);
    };
    let mut held = held_keys(&client, std::slice::from_ref(&found))?;
    let keys = held.remove(&found.id).unwrap_or_default();
    match args.output {
        Format::Json => json::write_line(&ctx.ui, &json::Session::new(&found, Some(&keys)))?,
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            session::write_full(&found, &keys, ctx.ui.style(), &ctx.ui)?;
        }
    }
    Ok(Exit::Yes)
}

/// Reads a session; old servers refuse what is no UUID, which no session has.
fn find(client: &Client, id: &str) -> anyhow::Result<Option<Session>> {
    match client.session(id) {
        Ok(found) => Ok(found),
        Err(error) if error.is_unknown_session() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn not_found(id: &str) -> String {
    format!("session {} not found", abbreviate(id))
}

fn create(ctx: &Context, args: CreateArgs) -> anyhow::Result<Exit> {
    check_times(args.ttl, args.lock_delay)?;
    let checks = match (&args.check[..], args.no_checks) {
        (_, true) => Vec::new(),
        ([], false) => vec![SERF_HEALTH.to_owned()],
        (checks, false) => checks.to_vec(),
    };
    let settings = SessionSettings {
        name: args.name,
        node: args.node,
        ttl: args.ttl.filter(|ttl| !ttl.is_zero()),
        lock_delay: args.lock_delay,
        behavior: match args.behavior {
            BehaviorArg::Release => SessionEnd::Release,
            BehaviorArg::Delete => SessionEnd::Delete,
        },
        checks,
    };
    let client = ctx.client(&args.connect)?;
    let id = client.create_session(&settings)?;
    match args.output {
        Format::Json => {
            let created = find(&client, &id)?.ok_or_else(|| {
                let message = format!("session {id} was created, and cannot be read");
                Failure::new(Exit::Denied, message).hint("the token lacks session:read")
            })?;
            json::write_line(&ctx.ui, &json::Session::new(&created, Some(&[])))?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            write_text_line(&ctx.ui, &id)?;
        }
    }
    Ok(Exit::Yes)
}

fn write_text_line(ui: &Ui, line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = ui;
    writeln!(out, "{}", ui.shown_key(line))?;
    Ok(())
}

/// Refuses times that Consul would refuse or shorten in silence.
fn check_times(ttl: Option<Duration>, lock_delay: Duration) -> Result<(), Failure> {
    const TTL: std::ops::RangeInclusive<Duration> =
        Duration::from_secs(10)..=Duration::from_secs(24 * 3600);
    const MAX_DELAY: Duration = Duration::from_secs(60);
    if ttl.is_some_and(|ttl| !ttl.is_zero() && !TTL.contains(&ttl)) {
        return Err(Failure::usage(
            "--ttl must be from 10s to 24h, or 0 for none",
        ));
    }
    if lock_delay > MAX_DELAY {
        return Err(Failure::usage(
            "--lock-delay is longer than 60s, which Consul does not apply",
        ));
    }
    Ok(())
}

fn renew(ctx: &Context, args: &RenewArgs) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let ended = || {
        ctx.ui.error(not_found(&args.id));
        Ok(Exit::No)
    };
    let renew = || match client.renew_session(&args.id) {
        Err(error) if error.is_unknown_session() => Ok(None),
        renewed => renewed,
    };
    let Some(session) = renew()? else {
        return ended();
    };
    let Some(every) = args.every else {
        let ttl = session.ttl.map_or_else(
            || "which has no TTL".to_owned(),
            |ttl| format!("for {}", duration_text(ttl)),
        );
        ctx.ui
            .status(format_args!("renewed session {}, {ttl}", session.id));
        return Ok(Exit::Yes);
    };
    if every.is_zero() {
        return Err(Failure::usage("--every must be longer than 0").into());
    }
    let (wake, woken) = channel();
    let signals = listen(&ProcessGroups::new(), move || _ = wake.send(()), || {})?;
    let mut failing = false;
    let mut next = Instant::now() + every;
    loop {
        let left = next.saturating_duration_since(Instant::now());
        // A closed channel is a signal thread that has ended.
        let _ = woken.recv_timeout(left);
        if let Some(signal) = signals.take().stop {
            return Ok(Exit::Signal(signal));
        }
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + every;
        match renew() {
            Ok(None) => return ended(),
            Ok(Some(_)) => {
                if std::mem::take(&mut failing) {
                    ctx.ui
                        .status(format_args!("renewed session {} again", args.id));
                }
            }
            Err(error) if error.is_transient() => {
                if !std::mem::replace(&mut failing, true) {
                    ctx.ui.warn(format_args!("{error}; retrying"));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn destroy(ctx: &Context, args: DestroyArgs) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let mut known = HashSet::new();
    let ids: Vec<_> = args.ids.iter().filter(|id| known.insert(*id)).collect();
    if !args.yes && !confirm(&ctx.ui, &client, &ids)? {
        return Ok(Exit::No);
    }
    for id in ids {
        client.destroy_session(id)?;
        ctx.ui
            .status(format_args!("destroyed session {}", abbreviate(id)));
    }
    Ok(Exit::Yes)
}

/// Names the keys that become free, and asks.
fn confirm(ui: &Ui, client: &Client, ids: &[&String]) -> anyhow::Result<bool> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(find(client, id)?);
    }
    let held = held_keys(client, &found)?;
    let mut keys = 0_u64;
    for session in &found {
        for key in held.get(&session.id).into_iter().flatten() {
            let end = match session.behavior {
                SessionEnd::Release => "frees",
                SessionEnd::Delete => "deletes",
            };
            ui.status(format_args!("session {} {end} {key}", session.id));
            keys += 1;
        }
    }
    let sessions = plural(ids.len() as u64, "session");
    let what = match keys {
        0 => format!("destroy {sessions}"),
        keys => format!("destroy {sessions} with {}", plural(keys, "held key")),
    };
    ask(ui, &what, &client.location(), keys)
}

/// Finds the keys that sessions hold. Consul has no index of them: all entries that the token may
/// read are listed.
fn held_keys(
    client: &Client,
    sessions: &[Session],
) -> anyhow::Result<HashMap<String, Vec<String>>> {
    let ids: HashSet<&str> = sessions.iter().map(|session| &*session.id).collect();
    let mut held: HashMap<String, Vec<String>> = HashMap::new();
    if ids.is_empty() {
        return Ok(held);
    }
    for entry in client.entries(&Prefix::new(""), None)?.value {
        let entry = entry?;
        if let Some(session) = entry.session().filter(|session| ids.contains(session)) {
            let keys = held.entry(session.to_owned()).or_default();
            keys.push(entry.key().to_owned());
        }
    }
    Ok(held)
}
