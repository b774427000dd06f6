//! `kvw put`

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::input::ValueArgs;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::consul::{Client, Consistency, Write};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Index, Key, Op, OpError, OpErrorKind, TxnOutcome};
use crate::output::{Format, json};

/// Write a value to a key
///
/// VALUE is taken literally, from a file (@FILE) or from stdin (-). For a value from elsewhere
/// write: kvw put --literal -- "$key" "$value". Exits 1, with nothing changed, when a condition
/// did not hold or a lock was not taken.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// The key; one that ends in / is a folder and may be written without VALUE
    #[arg(value_name = "KEY", add = complete::live_keys())]
    key: String,

    /// The value itself, @FILE or - for stdin
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    value: Option<String>,

    #[command(flatten)]
    input: ValueArgs,

    /// Write only if the key was last changed at --modify-index (0: does not exist)
    #[arg(long, requires = "modify_index", conflicts_with_all = ["create", "acquire", "release"])]
    cas: bool,

    /// The index for --cas, as get -o json shows it
    #[arg(long, value_name = "INDEX", requires = "cas")]
    modify_index: Option<u64>,

    /// Write only if the key does not exist
    #[arg(long, conflicts_with_all = ["acquire", "release"])]
    create: bool,

    /// The caller's 64 bits beside the value [default: 0, as every write of Consul's sets them]
    #[arg(long, value_name = "NUMBER", conflicts_with = "keep_flags")]
    flags: Option<u64>,

    /// Leave the flags as they are
    #[arg(long)]
    keep_flags: bool,

    /// Take the lock of the key for --session
    #[arg(long, requires = "session", conflicts_with = "release")]
    acquire: bool,

    /// Give the lock of the key back; without VALUE value and flags stay
    #[arg(long, requires = "session")]
    release: bool,

    /// The session for --acquire and --release
    #[arg(long, value_name = "ID")]
    session: Option<String>,

    /// How to print it: text (nothing) or json (the entry as it now stands) [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,

    #[command(flatten)]
    exact: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// How often a write that keeps what it read is tried again when somebody else came first.
const TRIES: usize = 10;

/// Runs the verb.
pub fn run(ctx: &mut Context, args: PutArgs) -> anyhow::Result<Exit> {
    let key = args.exact.key(&args.key)?;
    let write = args.write()?;
    let value = args.value(&key)?;
    let client = ctx.client(&args.connect)?;
    let written = match (value, args.keep_flags) {
        (Some(value), false) => client.put(&key, &value, args.flags.unwrap_or(0), write)?,
        (value, _) => keep(&client, &key, value.as_deref(), args.flags, write)?,
    };
    if !written {
        ctx.ui.error(args.lost(&key));
        return Ok(Exit::No);
    }
    match args.output {
        Format::Json => {
            // The leader has what was just written; any other server may not have it yet.
            let client = client.with_consistency(Consistency::Default);
            let entry = client.get(&key)?.value;
            let entry = entry.ok_or_else(|| {
                Failure::new(
                    Exit::No,
                    format!("key {key} was written, and deleted since"),
                )
            })?;
            json::write_line(ctx.ui.out(), &json::Entry::from(&entry))?;
        }
        _ => ctx.ui.status(args.done(&key)),
    }
    Ok(Exit::Yes)
}

impl PutArgs {
    fn write(&self) -> Result<Write<'_>, Failure> {
        let session = self.session.as_deref();
        Ok(match (self.modify_index, session) {
            (Some(index), _) => Write::Cas(Index(index)),
            _ if self.create => Write::Cas(Index(0)),
            (None, Some(session)) if self.acquire => Write::Acquire(session),
            (None, Some(session)) if self.release => Write::Release(session),
            (None, Some(_)) => {
                return Err(Failure::usage("--session is for --acquire or --release"));
            }
            (None, None) => Write::Plain,
        })
    }

    /// The bytes to write; `None` to leave those that are there.
    fn value(&self, key: &Key) -> Result<Option<Vec<u8>>, Failure> {
        match &self.value {
            Some(text) => self.input.read(text).map(Some),
            None if self.release => Ok(None),
            None if key.is_folder() => Ok(Some(Vec::new())),
            None => {
                let lacks = Failure::usage(format!("writing key {key}: VALUE is missing"));
                Err(lacks.hint("- reads it from stdin, '' is the empty value"))
            }
        }
    }

    fn done(&self, key: &Key) -> String {
        if self.acquire {
            format!("took the lock of {key}")
        } else if self.release {
            format!("released the lock of {key}")
        } else {
            format!("wrote {key}")
        }
    }

    fn lost(&self, key: &Key) -> String {
        let session = self.session.as_deref().unwrap_or_default();
        if self.acquire {
            format!(
                "lock of {key} not taken: it is held or delayed, or there is no session {session}"
            )
        } else if self.release {
            format!("lock of {key} not released: session {session} does not hold it")
        } else {
            match self.modify_index {
                None if !self.create => format!("key {key} not written: it changes too often"),
                None | Some(0) => format!("key {key} not written: it exists"),
                Some(index) => {
                    format!("key {key} not written: it is not as it was at index {index}")
                }
            }
        }
    }
}

/// Writes and keeps what is not given: the value, the flags or both. What is kept is read first,
/// and nothing is written if it changed in between; then both are done again.
fn keep(
    client: &Client,
    key: &Key,
    value: Option<&[u8]>,
    flags: Option<u64>,
    write: Write<'_>,
) -> anyhow::Result<bool> {
    let client = client.with_consistency(Consistency::Default);
    for _ in 0..TRIES {
        let now = client.get(key)?.value;
        let index = now.as_ref().map_or(Index(0), Entry::modified);
        let flags = flags.or(now.as_ref().map(Entry::flags)).unwrap_or(0);
        let kept = now.as_ref().map(Entry::value).unwrap_or_default();
        let value = value.unwrap_or(kept);
        match write {
            Write::Plain => {
                if client.put(key, value, flags, Write::Cas(index))? {
                    return Ok(true);
                }
            }
            Write::Cas(wanted) => {
                return Ok(wanted == index && client.put(key, value, flags, write)?);
            }
            Write::Acquire(_) | Write::Release(_) => {
                let op = write.into_op(key.clone(), value.to_vec(), flags);
                if let Some(done) = unchanged(&client, key, index, op)? {
                    return Ok(done);
                }
            }
        }
    }
    Ok(false)
}

/// Takes or gives back a lock if the entry still is as it was read; `None` if it is not.
fn unchanged(client: &Client, key: &Key, index: Index, op: Op) -> anyhow::Result<Option<bool>> {
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
