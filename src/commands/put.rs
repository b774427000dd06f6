//! `kvw put`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::applying::{carry_out_recorded, new_file};
use crate::args::cas::cas_index;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::input::ValueArgs;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::args::session_id::session_id;
use crate::consul::{Client, Consistency, Write};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{
    ChangePlan, Entry, EntryContent, Index, Key, Op, OpError, OpErrorKind, PlannedChange,
    TxnOutcome,
};
use crate::output::{Format, json};
use crate::term::Ui;

/// Write a value to a key
///
/// Exits with 1, and changes nothing, if a condition does not hold or the lock is not acquired.
/// Scripts that write values from elsewhere use: kvw put --literal -- "$key" "$value".
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw put config/web/port 8080
  kvw put config/motd @motd.txt                     # the content of a file
  generate | kvw put config/blob -                  # stdin
  kvw put config/web/port 81 --cas=7                # only if at index 7")]
pub struct PutArgs {
    /// Key to write; one that ends in / is a folder and needs no VALUE
    #[arg(value_name = "KEY", add = complete::live_keys())]
    key: String,

    /// Value to write: text, @FILE, or - for stdin
    #[arg(
        value_name = "VALUE",
        allow_negative_numbers = true,
        add = complete::files_after_at()
    )]
    value: Option<String>,

    #[command(flatten)]
    input: ValueArgs,

    /// Write only if the key is unchanged since INDEX
    ///
    /// Index 0 stands for a key that does not exist.
    #[arg(
        long,
        value_name = "INDEX",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = ["create", "acquire", "release"]
    )]
    cas: Option<Option<u64>>,

    /// Index for --cas alone, as shown by get -o json
    #[arg(long, value_name = "INDEX", requires = "cas", hide_short_help = true)]
    modify_index: Option<u64>,

    /// Write only if the key does not exist
    #[arg(long, conflicts_with_all = ["acquire", "release"])]
    create: bool,

    /// Application-defined 64-bit number stored with the value [default: 0]
    #[arg(long, value_name = "NUMBER", conflicts_with = "keep_flags")]
    flags: Option<u64>,

    /// Keep the flags of the existing key
    #[arg(long)]
    keep_flags: bool,

    /// Acquire the lock of the key for --session; without VALUE, value and flags are kept
    #[arg(long, requires = "session", conflicts_with = "release")]
    acquire: bool,

    /// Release the lock of the key; without VALUE, value and flags are kept
    #[arg(long, requires = "session")]
    release: bool,

    /// Session for --acquire and --release
    #[arg(long, value_name = "ID", value_parser = session_id)]
    session: Option<String>,

    /// Output format; json prints the written entry
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value_t = Format::Text
    )]
    output: Format,

    /// Save to FILE what undo needs to put the key back
    #[arg(
        long,
        value_name = "FILE",
        value_parser = new_file,
        conflicts_with_all = ["acquire", "release"],
        hide_short_help = true
    )]
    undo: Option<PathBuf>,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Attempts of a write that keeps the flags or the value while other clients change the key.
const MAX_ATTEMPTS: usize = 10;

/// The outcome of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PutOutcome {
    /// The key has another value, flags or lock than before, or is new.
    Written,
    /// The key had this value and these flags already.
    Unchanged,
    /// The condition did not hold.
    Conflict,
}

impl PutOutcome {
    fn written_if(written: bool) -> Self {
        match written {
            true => PutOutcome::Written,
            false => PutOutcome::Conflict,
        }
    }
}

/// Runs the verb.
pub fn run(ctx: &Context, args: PutArgs) -> anyhow::Result<Exit> {
    let key = args.key_args.key(&args.key)?;
    let write = args.write()?;
    let value = args.value(&key)?;
    let client = ctx.client(&args.connect)?;
    let outcome = match (value, args.keep_flags) {
        (Some(value), keep_flags) if args.undo.is_some() => {
            let flags = (!keep_flags).then(|| args.flags.unwrap_or(0));
            let undo = args.undo.as_deref().unwrap_or(Path::new(""));
            write_recorded(&ctx.ui, &client, &key, value, flags, write, undo)?
        }
        (Some(value), false) => {
            let flags = args.flags.unwrap_or(0);
            match args.compares(&ctx.ui, write) {
                true => write_comparing(&client, &key, &value, flags, write)?,
                false => PutOutcome::written_if(client.put(&key, &value, flags, write)?),
            }
        }
        (value, _) => write_keeping(&client, &key, value.as_deref(), args.flags, write)?,
    };
    if outcome == PutOutcome::Conflict {
        ctx.ui.error(describe_conflict(&key, write));
        return Ok(Exit::No);
    }
    match args.output {
        Format::Json => {
            // Another server than the leader may not have the write yet.
            let client = client.with_consistency(Consistency::Default);
            let entry = client.get(&key)?.value;
            let entry = entry.ok_or_else(|| {
                Failure::new(
                    Exit::No,
                    format!("key {key} was written, then deleted by another client"),
                )
            })?;
            json::write_line(&ctx.ui, &json::Entry::from(&entry))?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            ctx.ui.status(args.describe_success(&key, outcome));
        }
    }
    Ok(Exit::Yes)
}

impl PutArgs {
    fn write(&self) -> Result<Write<'_>, Failure> {
        let session = self.session.as_deref();
        Ok(match (cas_index(self.cas, self.modify_index)?, session) {
            (Some(index), _) => Write::Cas(Index(index)),
            _ if self.create => Write::Cas(Index(0)),
            (None, Some(session)) if self.acquire => Write::Acquire(session),
            (None, Some(session)) if self.release => Write::Release(session),
            (None, Some(_)) => {
                return Err(Failure::usage("--session requires --acquire or --release"));
            }
            (None, None) => Write::Plain,
        })
    }

    /// Returns the bytes to write, or `None` to keep the existing value.
    fn value(&self, key: &Key) -> Result<Option<Vec<u8>>, Failure> {
        match &self.value {
            Some(text) => self.input.read(text).map(Some),
            None if self.release || self.acquire => Ok(None),
            None if key.is_folder() => Ok(Some(Vec::new())),
            None => {
                let missing = Failure::usage(format!("writing key {key}: VALUE is missing"));
                Err(missing.hint("use - to read it from stdin, '' for an empty value"))
            }
        }
    }

    /// Whether to find out if the write changes something: where that is printed, and possible.
    fn compares(&self, ui: &Ui, write: Write<'_>) -> bool {
        match self.output {
            Format::Json => false,
            Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
                !ui.quiet() && matches!(write, Write::Plain | Write::Cas(Index(1..)))
            }
        }
    }

    fn describe_success(&self, key: &Key, outcome: PutOutcome) -> String {
        if outcome == PutOutcome::Unchanged {
            format!("{key} unchanged")
        } else if self.acquire {
            format!("acquired the lock of {key}")
        } else if self.release {
            format!("released the lock of {key}")
        } else {
            format!("wrote {key}")
        }
    }
}

fn describe_conflict(key: &Key, write: Write<'_>) -> String {
    match write {
        Write::Acquire(session) => format!(
            "lock of {key} not acquired: held by another session, in lock-delay, or session \
             {session} does not exist"
        ),
        Write::Release(session) => {
            format!("lock of {key} not released: session {session} does not hold it")
        }
        Write::Cas(Index(0)) => format!("key {key} not written: it exists"),
        Write::Cas(Index(index)) => format!("key {key} not written: changed since index {index}"),
        Write::Plain => format!("key {key} not written: it changes too often"),
    }
}

/// Writes a key, in one transaction if it exists, which tells whether that changed it.
fn write_comparing(
    client: &Client,
    key: &Key,
    value: &[u8],
    flags: u64,
    write: Write<'_>,
) -> anyhow::Result<PutOutcome> {
    Ok(match client.overwrite(key, value, flags, write)? {
        Some(true) => PutOutcome::Written,
        Some(false) => PutOutcome::Unchanged,
        None => PutOutcome::written_if(client.put(key, value, flags, write)?),
    })
}

/// Writes a key as it was read, with a file that undoes it. Flags are kept where none are given.
fn write_recorded(
    ui: &Ui,
    client: &Client,
    key: &Key,
    value: Vec<u8>,
    flags: Option<u64>,
    write: Write<'_>,
    undo: &Path,
) -> anyhow::Result<PutOutcome> {
    let client = client.with_consistency(Consistency::Default);
    let before = client.get(key)?.value;
    let index = before.as_ref().map_or(Index(0), Entry::modified);
    if matches!(write, Write::Cas(expected) if expected != index) {
        return Ok(PutOutcome::Conflict);
    }
    let flags = flags.or(before.as_ref().map(Entry::flags)).unwrap_or(0);
    let after = EntryContent { value, flags };
    if before.as_ref().is_some_and(|entry| after.is_in(entry)) {
        return Ok(PutOutcome::Unchanged);
    }
    let plan = ChangePlan {
        changes: vec![PlannedChange {
            key: key.clone(),
            before,
            after: Some(after),
            place: None,
        }],
        ..ChangePlan::default()
    };
    carry_out_recorded(ui, &client, &plan, undo)?;
    Ok(PutOutcome::Written)
}

/// Writes a key and keeps its value, its flags or both. They are read first, and the write only
/// succeeds if the key did not change in between; otherwise both are repeated.
fn write_keeping(
    client: &Client,
    key: &Key,
    value: Option<&[u8]>,
    flags: Option<u64>,
    write: Write<'_>,
) -> anyhow::Result<PutOutcome> {
    let client = client.with_consistency(Consistency::Default);
    for _ in 0..MAX_ATTEMPTS {
        let current = client.get(key)?.value;
        let index = current.as_ref().map_or(Index(0), Entry::modified);
        let flags = flags.or(current.as_ref().map(Entry::flags)).unwrap_or(0);
        let kept = current.as_ref().map(Entry::value).unwrap_or_default();
        let value = value.unwrap_or(kept);
        // The entry is as it was read when the write succeeds.
        let written = match &current {
            Some(entry) if entry.value() == value && entry.flags() == flags => {
                PutOutcome::Unchanged
            }
            Some(_) | None => PutOutcome::Written,
        };
        match write {
            Write::Plain => {
                if client.put(key, value, flags, Write::Cas(index))? {
                    return Ok(written);
                }
            }
            Write::Cas(expected) => {
                let done = expected == index && client.put(key, value, flags, write)?;
                return Ok(if done { written } else { PutOutcome::Conflict });
            }
            Write::Acquire(_) | Write::Release(_) => {
                let op = write.into_op(key.clone(), value.to_vec(), flags);
                if let Some(done) = write_if_unchanged(&client, key, index, op)? {
                    return Ok(PutOutcome::written_if(done));
                }
            }
        }
    }
    Ok(PutOutcome::Conflict)
}

/// Runs `op` if the key did not change since `index`, and returns whether it succeeded; `None` if
/// the key changed.
fn write_if_unchanged(
    client: &Client,
    key: &Key,
    index: Index,
    op: Op,
) -> anyhow::Result<Option<bool>> {
    let key = key.clone();
    let check = match index {
        Index(0) => Op::CheckNotExists { key },
        index => Op::CheckIndex { key, index },
    };
    let ops = [check, op];
    let TxnOutcome::RolledBack(errors) = client.txn(&ops)? else {
        return Ok(Some(true));
    };
    if OpError::decisive(&errors).is_some_and(|error| error.kind == OpErrorKind::Denied) {
        return Err(client.rolled_back(&ops, &errors).into());
    }
    let changed = errors.iter().any(|error| error.op == 0);
    Ok((!changed).then_some(false))
}
