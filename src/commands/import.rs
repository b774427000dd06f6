//! `kvw import`

mod source;
mod work;

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use clap::Args;

use self::source::{DocumentSummary, ImportEntry, Source};
use self::work::{ImportAction, ImportCounts, ImportRun, Worker, judge};
use crate::args::connect::ConnectArgs;
use crate::args::output::formats;
use crate::consul::{Client, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Op, TxnOutcome, encoded_read, groups};
use crate::output::{Format, ListWriter, entry, json};
use crate::process::{ProcessGroups, listen};
use crate::term::{Progress, Ui};

/// Write all entries of a document
///
/// Takes what export writes in any of its formats, and what consul kv export writes. The whole
/// document is checked before anything is written. What is there already and equal is left alone,
/// so an import that was stopped finishes its job when it is run again. Keys that are not in the
/// document stay.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The document, - or nothing for stdin
    #[arg(value_name = "FILE")]
    file: Option<String>,

    /// Put P in front of each key
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    prefix: String,

    /// Take P off each key, before --prefix
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    strip: String,

    /// Write only keys that do not exist
    #[arg(long)]
    create_only: bool,

    /// List the keys that would be written, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// All in one transaction or nothing, as far as the server's limits go
    #[arg(long, conflicts_with_all = ["parallel", "rate"])]
    atomic: bool,

    /// How many transactions may be under way at once [default: 1]
    #[arg(
        long,
        value_name = "N",
        default_value = "1",
        hide_default_value = true,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    parallel: u16,

    /// Write at most N keys a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// How to print it: text (nothing) or json [default: text]
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
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: ImportArgs) -> anyhow::Result<Exit> {
    let source = args.source()?;
    let found = source.check()?;
    if found.nameless > 0 {
        let (nameless, strip) = (found.nameless, &args.strip);
        ctx.ui.warn(format!(
            "nothing is left of key {strip}: {nameless} entry not imported"
        ));
    }
    let mut config = args.connect.config(&ctx.env)?;
    config.connections = usize::from(args.parallel);
    let client = Client::new(config)?;
    let ui = &mut ctx.ui;
    if args.dry_run {
        return dry_run(ui, &client, &source, &args);
    }
    if args.atomic {
        return atomic(ui, &client, &source, &args);
    }
    let signal = AtomicI32::new(0);
    let signals = listen(&ProcessGroups::new(), || (), || ())?;
    let signalled = || {
        if let Some(stop) = signals.take().stop {
            signal.store(stop, Ordering::Relaxed);
        }
        signal.load(Ordering::Relaxed) != 0
    };
    let progress = Progress::new(ui, Some(found.keys));
    let shared = ImportRun::new(args.create_only, args.rate, progress, &signalled);
    feed(&client, &source, &shared, usize::from(args.parallel))?;
    let (account, failure) = (shared.account(), shared.failure());
    drop(shared);
    report(ui, args.output, account)?;
    match (failure, signal.into_inner()) {
        (Some(failure), _) => Err(failure.context(stopped(&account, found))),
        (None, 0) => {
            ui.status(done(&account, "written"));
            Ok(Exit::Yes)
        }
        (None, signal) => {
            ui.error(stopped(&account, found));
            Ok(Exit::Signal(signal))
        }
    }
}

impl ImportArgs {
    fn source(&self) -> Result<Source, Failure> {
        let path = match self.file.as_deref() {
            Some(path) => path,
            None if std::io::stdin().is_terminal() => {
                return Err(Failure::usage("FILE is missing").hint("- reads it from stdin"));
            }
            None => "-",
        };
        let mut source = Source::open(path)?;
        source.strip.clone_from(&self.strip);
        source.prefix.clone_from(&self.prefix);
        Ok(source)
    }
}

fn done(account: &ImportCounts, written: &str) -> String {
    let mut text = format!(
        "{} {written}, {} unchanged",
        account.written, account.unchanged
    );
    if account.skipped > 0 {
        text.push_str(&format!(", {} skipped", account.skipped));
    }
    text
}

fn stopped(account: &ImportCounts, found: DocumentSummary) -> String {
    let done = done(account, "written");
    let (unknown, left) = (account.unknown, found.keys - account.keys());
    format!(
        "import stopped: {done}, {unknown} unknown, {left} not written; run again, it finishes the job"
    )
}

fn report(ui: &mut Ui, format: Format, account: ImportCounts) -> anyhow::Result<()> {
    if format == Format::Json {
        let imported = json::Imported {
            written: account.written,
            unchanged: account.unchanged,
            skipped: account.skipped,
            unknown: account.unknown,
        };
        json::write_line(ui.out(), &imported)?;
    }
    Ok(())
}

/// Hands the entries to workers, each with a connection of its own.
fn feed(
    client: &Client,
    source: &Source,
    shared: &ImportRun<'_>,
    workers: usize,
) -> anyhow::Result<()> {
    if workers == 1 {
        let mut worker = Worker::new(client, shared);
        each_chunk(source, shared, |items| worker.import(items))?;
        worker.finish();
        return Ok(());
    }
    let (send, receive) = sync_channel::<Vec<ImportEntry>>(workers);
    let receive = Mutex::new(receive);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut worker = Worker::new(client, shared);
                while let Some(items) = next(&receive) {
                    // What was queued before a failure is taken, so that nobody waits for room.
                    if !shared.stopped() {
                        worker.import(items);
                    }
                }
                worker.finish();
            });
        }
        let fed = each_chunk(source, shared, |items| drop(send.send(items)));
        drop(send);
        fed
    })
}

fn next(receive: &Mutex<Receiver<Vec<ImportEntry>>>) -> Option<Vec<ImportEntry>> {
    let receive = receive.lock().ok()?;
    receive.recv().ok()
}

/// The entries in groups that are compared at once, each bounded by its values too.
fn chunks(
    source: &Source,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Vec<ImportEntry>>>> {
    let size = |item: &Result<ImportEntry, _>| match item {
        Ok(item) => encoded_read(item.key.as_str()) + item.value.len(),
        Err(_) => 0,
    };
    let chunks = groups(source.items()?, size);
    Ok(chunks.map(|items| items.into_iter().collect()))
}

/// Passes on the entries in chunks, until all are done or something failed.
fn each_chunk(
    source: &Source,
    shared: &ImportRun<'_>,
    mut take: impl FnMut(Vec<ImportEntry>),
) -> anyhow::Result<()> {
    for items in chunks(source)? {
        let items = items?;
        if shared.stopped() {
            break;
        }
        take(items);
    }
    Ok(())
}

/// Compares the whole document with what is there, and gives what would have to be written to
/// `write`.
fn compare(
    client: &Client,
    source: &Source,
    create_only: bool,
    mut write: impl FnMut(Op) -> anyhow::Result<()>,
) -> anyhow::Result<ImportCounts> {
    let mut account = ImportCounts::default();
    let mut reader = MultiGet::new(client);
    for chunk in chunks(source)? {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|item| item.key.clone()).collect();
        for (item, there) in chunk.into_iter().zip(reader.present(&keys)?) {
            match judge(item, there.as_ref(), create_only) {
                ImportAction::Unchanged => account.unchanged += 1,
                ImportAction::Skipped => account.skipped += 1,
                ImportAction::Write(op) => {
                    account.written += 1;
                    write(op)?;
                }
            }
        }
    }
    Ok(account)
}

fn dry_run(
    ui: &mut Ui,
    client: &Client,
    source: &Source,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut list = ListWriter::new(Format::Text);
    let account = compare(client, source, args.create_only, |op| {
        if args.output == Format::Text {
            list.item(ui, |ui| entry::write_name(ui, op.name(), Format::Text))?;
        }
        Ok(())
    })?;
    report(ui, args.output, account)?;
    ui.status(done(&account, "would be written"));
    Ok(Exit::Yes)
}

/// One transaction of all that differs.
fn atomic(
    ui: &mut Ui,
    client: &Client,
    source: &Source,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut ops = Vec::new();
    let account = compare(client, source, args.create_only, |op| {
        ops.push(op);
        Ok(())
    })?;
    if !ops.is_empty() {
        match client.txn(&ops)? {
            TxnOutcome::Applied(_) => {}
            TxnOutcome::RolledBack(errors) => {
                let error = anyhow::Error::from(client.rolled_back(&ops, &errors));
                return Err(error.context("nothing written"));
            }
        }
    }
    report(ui, args.output, account)?;
    ui.status(done(&account, "written"));
    Ok(Exit::Yes)
}
