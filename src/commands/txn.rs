//! `kvw txn`

use clap::Args;

use crate::args::connect::ConnectArgs;
use crate::args::input;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::args::tree::DeleteScopeArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{
    Invalid, Op, OpError, OpErrorKind, OpResult, TxnOutcome, parse, parse_json, parse_lines,
};
use crate::output::{Format, json, txn};
use crate::term::Ui;

/// Run operations all or nothing
///
/// One operation an argument, or a line of FILE or stdin, in shell words. A file may also hold a
/// JSON array of them. Exits 1, with nothing changed, when an operation fails, and says which.
#[derive(Debug, Args)]
#[command(after_help = OPERATIONS)]
pub struct TxnArgs {
    /// Operations, or - for stdin
    #[arg(
        value_name = "OP",
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    ops: Vec<String>,

    /// Read the operations from a file
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    #[command(flatten)]
    tree: DeleteScopeArgs,

    /// How to print it: text (what was read, key:value a line) or json [default: text]
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
    key: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

const OPERATIONS: &str = "\
Operations:
  set KEY VALUE                  write
  cas KEY INDEX VALUE            write if last changed at INDEX
  create KEY VALUE               write if it does not exist
  get KEY                        read; fail if it does not exist
  get-or-empty KEY               read what need not exist (Consul 1.14 and later)
  get-tree PREFIX                read all that begins with PREFIX
  check KEY INDEX                fail unless last changed at INDEX
  check-absent KEY               fail if it exists
  check-session KEY SESSION      fail unless SESSION ('' for none) holds its lock
  lock KEY SESSION VALUE         write and take the lock
  unlock KEY SESSION VALUE       write and give the lock back
  delete KEY                     delete, if it exists
  delete-tree PREFIX             delete all that begins with PREFIX
  delete-cas KEY INDEX           delete if last changed at INDEX

A VALUE may be @FILE. Verbs with a VALUE take --literal, --base64 and --flags NUMBER.";

/// Runs the verb.
pub fn run(ctx: &mut Context, args: TxnArgs) -> anyhow::Result<Exit> {
    let ops = args.operations()?;
    for op in &ops {
        if let Op::DeleteTree { prefix } = op {
            args.tree.check(prefix)?;
        }
    }
    let client = ctx.client(&args.connect)?;
    match client.txn(&ops)? {
        TxnOutcome::Applied(results) => applied(&mut ctx.ui, args.output, &ops, &results),
        TxnOutcome::RolledBack(errors) => rolled_back(&mut ctx.ui, args.output, &ops, &errors),
    }
}

impl TxnArgs {
    fn operations(&self) -> anyhow::Result<Vec<Op>> {
        let ops = match (&self.file, &self.ops[..]) {
            (Some(path), _) => document(&input::file(path)?, path)?,
            (None, [only]) if only == "-" => document(&input::stdin()?, "stdin")?,
            (None, ops) => {
                let ops = ops.iter().enumerate();
                ops.map(|(number, text)| self.typed(number + 1, text))
                    .collect::<Result<_, _>>()?
            }
        };
        if ops.is_empty() {
            return Err(Failure::usage("there is no operation").into());
        }
        Ok(ops)
    }

    /// An operation on the command line, where keys are checked as everywhere there.
    fn typed(&self, number: usize, text: &str) -> anyhow::Result<Op> {
        let place = || format!("operation {number}");
        let op = parse(text, &mut read).map_err(|error| Invalid::new(place(), error.what))?;
        self.key.check("key", op.name()).map_err(|mut refused| {
            refused.message = format!("{}: {}", place(), refused.message);
            refused
        })?;
        Ok(op)
    }
}

/// Operations in lines or as JSON, in which keys are taken as they stand.
fn document(text: &[u8], name: &str) -> Result<Vec<Op>, Invalid> {
    let json = text.trim_ascii_start().starts_with(b"[");
    let ops = if json {
        parse_json(text)
    } else {
        parse_lines(text, &mut read)
    };
    ops.map_err(|error| match error.place {
        place if place.is_empty() => Invalid::new(name, error.what),
        place => Invalid::new(format!("{name}: {place}"), error.what),
    })
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    input::file(path).map_err(|failure| failure.message)
}

fn applied(ui: &mut Ui, format: Format, ops: &[Op], results: &[OpResult]) -> anyhow::Result<Exit> {
    if format == Format::Json {
        let entries = results.iter().map(|result| &result.entry);
        json::write_line(ui.out(), &json::TxnOutcome::applied(entries))?;
        return Ok(Exit::Yes);
    }
    // A blank that was made at index 0 stands for a key that does not exist.
    let read = results
        .iter()
        .filter(|result| result.read && result.entry.created().0 > 0);
    txn::write_reads(ui, read.map(|result| &result.entry))?;
    ui.status(match ops.len() {
        1 => "applied 1 operation".to_owned(),
        count => format!("applied {count} operations"),
    });
    Ok(Exit::Yes)
}

fn rolled_back(
    ui: &mut Ui,
    format: Format,
    ops: &[Op],
    errors: &[OpError],
) -> anyhow::Result<Exit> {
    if format == Format::Json {
        json::write_line(ui.out(), &json::TxnOutcome::rolled_back(ops, errors))?;
    }
    for error in errors {
        ui.error(txn::describe_failure(ops, error));
    }
    Ok(match OpError::decisive(errors).map(|error| error.kind) {
        Some(OpErrorKind::Denied) => Exit::Denied,
        _ => Exit::No,
    })
}
