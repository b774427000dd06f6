//! `kvw elect --listen`: the leader at each change, as a line and as a run of a handler.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::runs::LeaderRuns;
use crate::args::handler::environment::connection;
use crate::args::holding::{EndingArgs, start_guarded};
use crate::backoff::Backoff;
use crate::consul::{Block, Client, Consistency, Error};
use crate::context::Context;
use crate::exit::Exit;
use crate::model::{Entry, Index, Key};
use crate::output::{Format, json, line_name};
use crate::process::{
    Child, ChildCommand, ChildEvent, Program, Signals, StdinSource, Stdout, SweepPolicy, reap,
    thread_error,
};
use crate::term::on_closed_stdout;

/// The longest blocking query of a listener.
const WAIT: Duration = Duration::from_secs(45);

/// How soon an answer without a new index is asked for again.
const PAUSE: Duration = Duration::from_millis(200);

/// The waits between queries that fail.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// What a listener does with a leader.
pub struct ListenSpec<'a> {
    /// The key of the election.
    pub key: &'a Key,
    /// The format of the lines.
    pub format: Format,
    /// What runs for each leader.
    pub handler: Option<Program>,
    /// How a run is ended.
    pub ending: &'a EndingArgs,
}

enum ListenMessage {
    /// The leader that is there now.
    Leader(Option<Entry>),
    /// Queries fail, and are repeated.
    Failing(Error),
    /// They succeed again.
    Recovered,
    /// The first query failed, or one that can never succeed.
    Failed(Error),
    Signal,
    /// The reader of stdout has gone.
    Closed,
}

/// Prints the leader at once and at each change, and runs the handler. The answers are consistent: an old
/// leader is never shown as new.
///
/// # Errors
/// When the first query fails, or one that can never succeed, and when no thread can be started.
pub fn listen_to(ctx: &Context, client: Client, spec: &ListenSpec<'_>) -> anyhow::Result<Exit> {
    client.check_blocking(spec.key)?;
    let (sender, messages) = channel();
    let handler = match &spec.handler {
        Some(program) => {
            let waker = sender.clone();
            let wake = move || drop(waker.send(ListenMessage::Signal));
            let (groups, signals) = start_guarded(&ctx.ui, true, wake)?;
            let sweep = SweepPolicy {
                linger: spec.ending.linger,
                stop_timeout: spec.ending.stop_timeout,
                ends_daemons: false,
            };
            Some(LeaderHandler {
                program: program.clone(),
                child: Child::new(Arc::clone(&groups), sweep),
                groups,
                signals,
                client: client.clone(),
                runs: LeaderRuns::new(),
                ending: None,
                spec,
            })
        }
        None => None,
    };
    let closed = sender.clone();
    on_closed_stdout(move || drop(closed.send(ListenMessage::Closed)));
    let key = spec.key.clone();
    thread::Builder::new()
        .name("leader".to_owned())
        .spawn(move || ask(&client, &key, &sender))
        .map_err(|error| thread_error("for the leader", &error))?;
    take_messages(ctx, spec, handler, &messages)
}

/// Asks for the leader for ever. Ends when nobody listens, or a query can never succeed.
fn ask(client: &Client, key: &Key, messages: &Sender<ListenMessage>) {
    let client = client
        .with_consistency(Consistency::Consistent)
        .with_retry_for(Duration::ZERO);
    let mut backoff = Backoff::new(FIRST_RETRY, LONGEST_RETRY);
    let (mut since, mut answered, mut failing) = (None, false, false);
    loop {
        let reply = match since {
            Some(since) => client.get_blocking(key, Block { since, wait: WAIT }),
            None => client.get(key),
        };
        let message = match reply {
            Ok(reply) => {
                answered = true;
                backoff.reset();
                if std::mem::take(&mut failing) && messages.send(ListenMessage::Recovered).is_err()
                {
                    return;
                }
                let index = reply.meta.index.filter(|index| *index > Index(0));
                if index <= since {
                    thread::sleep(PAUSE);
                }
                since = index;
                let leader = reply.value.filter(|entry| entry.session().is_some());
                Some(ListenMessage::Leader(leader))
            }
            Err(error) if answered && error.is_transient() => {
                since = None;
                let first = !std::mem::replace(&mut failing, true);
                first.then_some(ListenMessage::Failing(error))
            }
            Err(error) => {
                let _ = messages.send(ListenMessage::Failed(error));
                return;
            }
        };
        if message.is_some_and(|message| messages.send(message).is_err()) {
            return;
        }
        if failing {
            thread::sleep(backoff.next(fastrand::f64()));
        }
    }
}

fn take_messages(
    ctx: &Context,
    spec: &ListenSpec<'_>,
    mut handler: Option<LeaderHandler<'_>>,
    messages: &Receiver<ListenMessage>,
) -> anyhow::Result<Exit> {
    let mut shown: Option<Option<Entry>> = None;
    loop {
        let now = Instant::now();
        if let Some(exit) = handler.as_mut().and_then(|handler| handler.step(ctx, now)) {
            return Ok(exit);
        }
        let due = handler.as_ref().and_then(|handler| handler.deadline(now));
        let message = match due {
            Some(due) => messages.recv_timeout(due.saturating_duration_since(now)),
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match message {
            Ok(ListenMessage::Leader(leader)) => {
                if shown
                    .as_ref()
                    .is_some_and(|shown| is_same(shown.as_ref(), leader.as_ref()))
                {
                    continue;
                }
                print_event(ctx, spec.format, spec.key, leader.as_ref())?;
                if let Some(handler) = &mut handler {
                    handler.runs.changed(leader.clone());
                }
                shown = Some(leader);
            }
            Ok(ListenMessage::Failing(error)) => ctx.ui.warn(format_args!("{error}; retrying")),
            Ok(ListenMessage::Recovered) => ctx.ui.status("Consul answers again"),
            Ok(ListenMessage::Failed(error)) => return Err(error.into()),
            Ok(ListenMessage::Closed) => ctx.ui.check_reader()?,
            Ok(ListenMessage::Signal) | Err(_) => {}
        }
    }
}

/// Whether two answers show one leader: a leader that is elected again is another one.
fn is_same(one: Option<&Entry>, other: Option<&Entry>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one.session() == other.session() && one.value() == other.value()
        }
        (one, other) => one.is_none() == other.is_none(),
    }
}

/// The handler of a listener.
struct LeaderHandler<'a> {
    program: Program,
    child: Child,
    groups: Arc<crate::process::ProcessGroups>,
    signals: Arc<Signals>,
    client: Client,
    runs: LeaderRuns<Option<Entry>>,
    /// The signal that asked kvw to end, and when the run is killed.
    ending: Option<(i32, Instant)>,
    spec: &'a ListenSpec<'a>,
}

impl LeaderHandler<'_> {
    fn deadline(&self, now: Instant) -> Option<Instant> {
        let kill = self.ending.map(|(_, kill)| kill);
        let dues = [self.child.deadline(now), self.runs.deadline(), kill];
        dues.into_iter().flatten().min()
    }

    /// Does what is due. Returns an exit when kvw is to end and nothing of the handler is left.
    fn step(&mut self, ctx: &Context, now: Instant) -> Option<Exit> {
        let taken = self.signals.take();
        for signal in taken.forwarded {
            self.child.signal_leader(signal);
        }
        if let (Some(signal), None) = (taken.stop, self.ending) {
            self.child.stop(self.spec.ending.stop_signal);
            self.ending = Some((signal, now + self.spec.ending.stop_timeout));
        }
        if self.ending.is_some_and(|(_, kill)| kill <= now) {
            self.child.kill(now);
        }
        while let Some(event) = self.child.poll(now) {
            match event {
                ChildEvent::Exited(exit) => {
                    let wait = self.runs.ended(exit.status.success(), now, fastrand::f64());
                    if let (Some(wait), None) = (wait, self.ending) {
                        ctx.ui.warn(format_args!(
                            "{} {}; retrying in {wait:.1?}",
                            self.program, exit.status
                        ));
                    }
                }
                // One that is stopped would keep later leaders waiting.
                ChildEvent::Stopped(_) => self.child.resume(),
                ChildEvent::Returned => {}
            }
        }
        reap(&self.groups);
        if let Some((signal, _)) = self.ending {
            return self.child.is_idle().then_some(Exit::Signal(signal));
        }
        let leader = self.runs.begin(now)?.clone();
        let command = self.command(leader.as_ref());
        if let Err(error) = self.child.start(command, now) {
            let wait = self.runs.ended(false, now, fastrand::f64());
            ctx.ui.warn(format_args!(
                "starting {}: {error}; retrying in {:.1?}",
                self.program,
                wait.unwrap_or_default()
            ));
        }
        None
    }

    /// Returns the run for a leader: its event on stdin as a line of JSON, and in the environment.
    fn command(&self, leader: Option<&Entry>) -> ChildCommand {
        let client = &self.client;
        let pass_token = self.spec.ending.pass_token;
        let (mut env, env_remove) = connection(client.config(), client.place(), pass_token);
        let mut set = |name: &str, value: OsString| env.push((name.into(), value));
        set("KVW_KEY", self.spec.key.as_str().into());
        if let Some(entry) = leader {
            set(
                "KVW_LOCK_SESSION",
                entry.session().unwrap_or_default().into(),
            );
            set("KVW_LOCK_FENCE", entry.modified().to_string().into());
            // No variable can hold a NUL; the document can.
            if !entry.value().contains(&0) {
                set("KVW_LEADER", OsString::from_vec(entry.value().to_vec()));
            }
        }
        let mut line = Vec::new();
        let event = leader_event(self.spec.key, leader);
        let written = json::write_line(&mut line, &event);
        written.expect("a vector takes every byte");
        ChildCommand {
            program: self.program.clone(),
            env,
            env_remove,
            input: StdinSource::Document(Box::new(move |stdin| stdin.write_all(&line))),
            // Stdout is for the lines.
            stdout: Stdout::Stderr,
        }
    }
}

/// Returns the leader as an event.
fn leader_event<'a>(key: &'a Key, leader: Option<&'a Entry>) -> json::LeaderEvent<'a> {
    let (key, time) = (key.as_str(), json::format_time(SystemTime::now()));
    match leader {
        Some(entry) => json::LeaderEvent::Leader {
            key,
            value: String::from_utf8_lossy(entry.value()).into_owned(),
            session: entry.session().unwrap_or_default(),
            fence: entry.modified().0,
            time,
        },
        None => json::LeaderEvent::None { key, time },
    }
}

/// Prints the leader, or that there is none.
///
/// # Errors
/// When stdout cannot be written.
pub fn print_event(
    ctx: &Context,
    format: Format,
    key: &Key,
    leader: Option<&Entry>,
) -> anyhow::Result<()> {
    let mut out = &ctx.ui;
    match format {
        Format::Jsonl => json::write_line(out, &leader_event(key, leader))?,
        Format::Text | Format::Json | Format::Raw | Format::Consul => match leader {
            Some(entry) => {
                let value = String::from_utf8_lossy(entry.value());
                let value = line_name(&value, ctx.ui.style());
                writeln!(out, "leader {value} (fence {})", entry.modified())?;
            }
            None => writeln!(out, "no leader")?,
        },
    }
    Ok(ctx.ui.flush()?)
}
