//! `kvw txn`

mod recorded;

use std::path::PathBuf;

use clap::{Args, ValueHint};

use self::recorded::run_recorded;
use crate::args::applying::new_file;
use crate::args::connect::ConnectArgs;
use crate::args::input;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::args::scope::DeleteScopeArgs;
use crate::consul::{Client, ErrorClass};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{
    Invalid, Op, OpError, OpErrorKind, OpResult, TxnOutcome, abbreviate, describe_foreign, parse,
    parse_json, parse_lines, without_byte_order_mark,
};
use crate::output::{Format, json, txn};
use crate::term::{Ui, plural};

/// Run operations in one transaction
///
/// One operation per argument, or per line of FILE or stdin, in words that are quoted as in bash: a
/// script writes them with printf %q. FILE and stdin may also be a JSON array of operations. Exits with 1, changes nothing, and names each failed operation if
/// any of them fails.
#[derive(Debug, Args)]
#[command(after_help = OPERATIONS)]
pub struct TxnArgs {
    /// One operation per argument, or - for stdin
    #[arg(
        value_name = "OP",
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    ops: Vec<String>,

    /// Read operations from a file, or - for stdin: one per line, or JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<String>,

    /// Save to FILE what undo needs to put the keys back
    ///
    /// The transaction has a check of each key that it writes, and is rolled back if one has changed
    /// since it was read for FILE.
    #[arg(long, value_name = "FILE", value_parser = new_file, hide_short_help = true)]
    undo: Option<PathBuf>,

    #[command(flatten)]
    scope: DeleteScopeArgs,

    /// Output format; text prints the entries read, as key:value
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

const OPERATIONS: &str = "\
Operations:
  set KEY VALUE                  write
  cas KEY INDEX VALUE            write if unchanged since INDEX
  create KEY VALUE               write if KEY does not exist
  get KEY                        read; fail if KEY does not exist
  get-or-empty KEY               read a key that may not exist (Consul 1.14+)
  get-tree PREFIX                read all keys that start with PREFIX
  check KEY INDEX                fail if changed since INDEX
  check-absent KEY               fail if KEY exists
  check-session KEY SESSION      fail unless SESSION ('': none) has the lock
  lock KEY SESSION VALUE         write and acquire the lock
  unlock KEY SESSION VALUE       write and release the lock
  delete KEY                     delete; a missing KEY is no error
  delete-tree PREFIX             delete all keys that start with PREFIX
  delete-cas KEY INDEX           delete if unchanged since INDEX

VALUE may be @FILE. Operations with VALUE take --literal, --base64, --flags N.
Example: kvw txn 'check-absent lock' 'set a 1' 'delete b'";

/// Runs the verb.
pub fn run(ctx: &Context, args: TxnArgs) -> anyhow::Result<Exit> {
    let ops = args.operations(&ctx.ui)?;
    for op in &ops {
        if let Op::DeleteTree { prefix } = op {
            args.scope.check(prefix, false)?;
        }
    }
    let client = ctx.client(&args.connect)?;
    let outcome = match &args.undo {
        None => client.txn(&ops)?,
        Some(undo) => run_recorded(&client, &ops, undo)?,
    };
    match outcome {
        TxnOutcome::Applied(results) => {
            write_results(&ctx.ui, args.output, &results)?;
            let exit = report_hidden(&ctx.ui, &client, &ops, &results)?;
            // A read that was left out was not done.
            if args.output != Format::Json && (exit == Exit::Yes || !ops.iter().all(Op::is_read)) {
                let done = plural(ops.len(), "operation");
                ctx.ui.status(format_args!("applied {done}"));
            }
            Ok(exit)
        }
        TxnOutcome::RolledBack(errors) => report_rollback(&ctx.ui, args.output, &ops, &errors),
    }
}

impl TxnArgs {
    fn operations(&self, ui: &Ui) -> anyhow::Result<Vec<Op>> {
        let ops = match (&self.file, &self.ops[..]) {
            (Some(path), _) if path != "-" => parse_document(ui, &input::read_file(path)?, path)?,
            (Some(_), _) => parse_document(ui, &input::read_stdin()?, "stdin")?,
            (None, [only]) if only == "-" => parse_document(ui, &input::read_stdin()?, "stdin")?,
            (None, [only]) if only.trim_start().starts_with('[') => {
                let document = Failure::usage("that is the document itself: pipe it in");
                return Err(document.hint("kvw txn - reads stdin, --file a file").into());
            }
            (None, ops) => {
                let parsed = ops.iter().enumerate();
                let parsed: Result<_, _> = parsed
                    .map(|(number, text)| self.parse_argument(ui, number + 1, text))
                    .collect();
                parsed.map_err(|error: anyhow::Error| match ops {
                    // `kvw txn set a b`
                    [verb, _, ..] if !verb.contains(' ') => Failure::usage(error.to_string())
                        .hint("an operation is one argument: kvw txn 'set KEY VALUE' 'get KEY'")
                        .into(),
                    _ => error,
                })?
            }
        };
        if ops.is_empty() {
            return Err(Failure::usage("no operations given").into());
        }
        Ok(ops)
    }

    /// Parses an operation on the command line, where keys are checked as for every verb.
    fn parse_argument(&self, ui: &Ui, number: usize, text: &str) -> anyhow::Result<Op> {
        let place = || format!("operation {number}");
        let mut warnings = Vec::new();
        let op = parse(text, &mut read_value, &mut warnings)
            .map_err(|error| Invalid::new(place(), error.what))?;
        for what in warnings {
            ui.warn(format_args!("{}: {what}", place()));
        }
        self.key_args
            .check("key", op.name())
            .map_err(|mut refused| {
                refused.message = format!("{}: {}", place(), refused.message);
                refused
            })?;
        Ok(op)
    }
}

/// Parses operations in lines or as JSON, where keys are not checked.
fn parse_document(ui: &Ui, text: &[u8], name: &str) -> Result<Vec<Op>, Invalid> {
    let name = abbreviate(name);
    if let Some(words) = describe_foreign(text) {
        return Err(Invalid::new(name, format!("the document is {words}")));
    }
    let text = without_byte_order_mark(text);
    let json = text.trim_ascii_start().starts_with(b"[");
    let mut warnings = Vec::new();
    let ops = if json {
        parse_json(text)
    } else {
        parse_lines(text, &mut read_value, &mut warnings)
    };
    for what in warnings {
        ui.warn(format_args!("{name}: {what}"));
    }
    ops.map_err(|error| error.within(&name))
}

fn read_value(path: &str) -> Result<Vec<u8>, String> {
    input::read_file(path).map_err(|failure| failure.message)
}

fn write_results(ui: &Ui, format: Format, results: &[OpResult]) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let entries = results.iter().map(|result| &result.entry);
            json::write_line(ui, &json::TxnOutcome::applied(entries))?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            // An entry created at index 0 stands for a key that does not exist.
            let read = results
                .iter()
                .filter(|result| result.read && result.entry.created().0 > 0);
            txn::write_reads(ui, read.map(|result| &result.entry))?;
        }
    }
    Ok(())
}

/// Names the reads that have no result because the token may not read. Consul does not refuse them:
/// it leaves out a key, although it exists, and answers a prefix as if there were no keys.
fn report_hidden(
    ui: &Ui,
    client: &Client,
    ops: &[Op],
    results: &[OpResult],
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Yes;
    for (place, op) in ops.iter().enumerate() {
        if results.iter().any(|result| result.op == place) {
            continue;
        }
        let hidden = match op {
            Op::Get { .. } => true,
            Op::GetTree { prefix } => match client.check_empty(prefix) {
                Ok(_) => false,
                Err(error) if error.class() == ErrorClass::Denied => true,
                Err(error) => return Err(error.into()),
            },
            _ => false,
        };
        if hidden {
            let denied = OpError {
                op: place,
                kind: OpErrorKind::Denied,
                what: "permission denied".to_owned(),
            };
            ui.error(txn::describe_failure(ops, &denied));
            exit = Exit::Denied;
        }
    }
    Ok(exit)
}

fn report_rollback(
    ui: &Ui,
    format: Format,
    ops: &[Op],
    errors: &[OpError],
) -> anyhow::Result<Exit> {
    match format {
        Format::Json => json::write_line(ui, &json::TxnOutcome::rolled_back(ops, errors))?,
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    for error in errors {
        ui.error(txn::describe_failure(ops, error));
    }
    Ok(match OpError::decisive(errors).map(|error| error.kind) {
        Some(OpErrorKind::Denied) => Exit::Denied,
        _ => Exit::No,
    })
}
