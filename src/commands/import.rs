//! `kvw import`

mod source;
mod work;

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use clap::Args;

use self::source::{DocumentSummary, ImportDocument, ImportEntry};
use self::work::{ImportAction, ImportCounts, ImportRun, Worker, action_for};
use crate::args::connect::ConnectArgs;
use crate::args::output::formats;
use crate::consul::{Client, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Op, TxnOutcome, encoded_read, groups};
use crate::output::{Format, ListWriter, entry, json};
use crate::process::{ProcessGroups, listen, thread_error};
use crate::term::{Progress, Ui};

/// Import the entries of a document
///
/// Reads every format of export, and the documents of consul kv export. The whole document is
/// checked before the first write. Unchanged keys are skipped, so that an interrupted import can be
/// run again to complete it. Keys that are not in the document are left alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw import config.json
  kvw import --dry-run config.json           # list the keys to be written
  kvw import --prefix staging/ config.json
  kvw export a/ | kvw import --strip a/ --prefix b/")]
pub struct ImportArgs {
    /// Document to import [default: stdin, also as -]
    #[arg(value_name = "FILE")]
    file: Option<String>,

    /// Prepend P to each key
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    prefix: String,

    /// Remove the prefix P from each key, before --prefix
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    strip: String,

    /// Write only keys that do not exist
    #[arg(long)]
    create_only: bool,

    /// List the keys that would be written, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Write everything in one transaction, if it fits the server's limits
    #[arg(long, conflicts_with_all = ["parallel", "rate"])]
    atomic: bool,

    /// Number of concurrent transactions
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    parallel: u16,

    /// Write at most N keys per second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

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

/// Runs the verb.
pub fn run(ctx: &Context, args: ImportArgs) -> anyhow::Result<Exit> {
    let source = args.source()?;
    let summary = source.check()?;
    if summary.nameless > 0 {
        let (nameless, strip) = (summary.nameless, &args.strip);
        ctx.ui.warn(format!(
            "key {strip} is empty without --strip: {nameless} entry not imported"
        ));
    }
    let mut config = args.connect.config(&ctx.env)?;
    config.connections = usize::from(args.parallel);
    let client = Client::new(config)?;
    let ui = &ctx.ui;
    if args.dry_run {
        return dry_run(ui, &client, &source, &args);
    }
    if args.atomic {
        return import_atomically(ui, &client, &source, &args);
    }
    let signal = AtomicI32::new(0);
    let signals = listen(&ProcessGroups::new(), || (), || ())?;
    let signalled = || {
        if let Some(stop) = signals.take().stop {
            signal.store(stop, Ordering::Relaxed);
        }
        signal.load(Ordering::Relaxed) != 0
    };
    let progress = Progress::new(ui, Some(summary.keys));
    let shared = ImportRun::new(args.create_only, args.rate, progress, &signalled);
    import_entries(&client, &source, &shared, usize::from(args.parallel))?;
    let (counts, failure) = (shared.counts(), shared.failure());
    drop(shared);
    report(ui, args.output, counts)?;
    match (failure, signal.into_inner()) {
        (Some(failure), _) => Err(failure.context(describe_stop(&counts, summary))),
        (None, 0) => {
            ui.status(describe(&counts, "written"));
            Ok(Exit::Yes)
        }
        (None, signal) => {
            ui.error(describe_stop(&counts, summary));
            Ok(Exit::Signal(signal))
        }
    }
}

impl ImportArgs {
    fn source(&self) -> Result<ImportDocument, Failure> {
        let path = match self.file.as_deref() {
            Some(path) => path,
            None if std::io::stdin().is_terminal() => {
                return Err(Failure::usage("FILE is missing").hint("- reads it from stdin"));
            }
            None => "-",
        };
        let mut source = ImportDocument::open(path)?;
        source.strip.clone_from(&self.strip);
        source.prefix.clone_from(&self.prefix);
        Ok(source)
    }
}

fn describe(counts: &ImportCounts, written: &str) -> String {
    let mut text = format!(
        "{} {written}, {} unchanged",
        counts.written, counts.unchanged
    );
    if counts.skipped > 0 {
        text.push_str(&format!(", {} skipped", counts.skipped));
    }
    text
}

fn describe_stop(counts: &ImportCounts, summary: DocumentSummary) -> String {
    let done = describe(counts, "written");
    let (unknown, left) = (counts.unknown, summary.keys - counts.keys());
    format!(
        "import stopped: {done}, {unknown} unknown, {left} not written; run the import again to complete it"
    )
}

fn report(ui: &Ui, format: Format, counts: ImportCounts) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let imported = json::Imported {
                written: counts.written,
                unchanged: counts.unchanged,
                skipped: counts.skipped,
                unknown: counts.unknown,
            };
            json::write_line(ui, &imported)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    Ok(())
}

/// Distributes the entries to workers, each with a connection of its own.
fn import_entries(
    client: &Client,
    source: &ImportDocument,
    shared: &ImportRun<'_>,
    workers: usize,
) -> anyhow::Result<()> {
    if workers == 1 {
        let mut worker = Worker::new(client, shared);
        for_each_chunk(source, shared, |entries| worker.import(entries))?;
        worker.finish();
        return Ok(());
    }
    let (send, receive) = sync_channel::<Vec<ImportEntry>>(workers);
    let receive = Mutex::new(receive);
    thread::scope(|scope| {
        for number in 0..workers {
            let worker = thread::Builder::new().spawn_scoped(scope, || {
                let mut worker = Worker::new(client, shared);
                while let Some(entries) = next(&receive) {
                    // After a failure the queue is drained, so that the sender does not block.
                    if !shared.stopped() {
                        worker.import(entries);
                    }
                }
                worker.finish();
            });
            match worker {
                Ok(_) => {}
                Err(error) if number == 0 => {
                    return Err(thread_error("that imports", &error).into());
                }
                // Where the system refuses a thread, the others do the work.
                Err(_) => break,
            }
        }
        let result = for_each_chunk(source, shared, |entries| drop(send.send(entries)));
        drop(send);
        result
    })
}

fn next(receive: &Mutex<Receiver<Vec<ImportEntry>>>) -> Option<Vec<ImportEntry>> {
    let receive = receive.lock().ok()?;
    receive.recv().ok()
}

/// Returns the entries in groups that are compared in one transaction, each bounded by the size of
/// its values too.
fn chunks(
    source: &ImportDocument,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Vec<ImportEntry>>>> {
    let size = |entry: &Result<ImportEntry, _>| match entry {
        Ok(entry) => encoded_read(entry.key.as_str()) + entry.value.len(),
        Err(_) => 0,
    };
    let chunks = groups(source.entries()?, size);
    Ok(chunks.map(|entries| entries.into_iter().collect()))
}

/// Calls `import` with chunks of entries, until the end of the document or the first failure.
fn for_each_chunk(
    source: &ImportDocument,
    shared: &ImportRun<'_>,
    mut import: impl FnMut(Vec<ImportEntry>),
) -> anyhow::Result<()> {
    for entries in chunks(source)? {
        let entries = entries?;
        if shared.stopped() {
            break;
        }
        import(entries);
    }
    Ok(())
}

/// Compares the whole document with the existing entries, and calls `write` for each operation that
/// the import requires.
fn compare(
    client: &Client,
    source: &ImportDocument,
    create_only: bool,
    mut write: impl FnMut(Op) -> anyhow::Result<()>,
) -> anyhow::Result<ImportCounts> {
    let mut counts = ImportCounts::default();
    let mut reader = MultiGet::new(client);
    for chunk in chunks(source)? {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|entry| entry.key.clone()).collect();
        for (entry, existing) in chunk.into_iter().zip(reader.present(&keys)?) {
            match action_for(entry, existing.as_ref(), create_only) {
                ImportAction::Unchanged => counts.unchanged += 1,
                ImportAction::Skipped => counts.skipped += 1,
                ImportAction::Write(op) => {
                    counts.written += 1;
                    write(op)?;
                }
            }
        }
    }
    Ok(counts)
}

fn dry_run(
    ui: &Ui,
    client: &Client,
    source: &ImportDocument,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut list = ListWriter::new(Format::Text);
    let counts = compare(client, source, args.create_only, |op| {
        if args.output == Format::Text {
            list.item(ui, |ui| entry::write_name(ui, op.name(), Format::Text))?;
        }
        Ok(())
    })?;
    report(ui, args.output, counts)?;
    ui.status(describe(&counts, "would be written"));
    Ok(Exit::Yes)
}

/// Writes every entry that differs in one transaction.
fn import_atomically(
    ui: &Ui,
    client: &Client,
    source: &ImportDocument,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut ops = Vec::new();
    let counts = compare(client, source, args.create_only, |op| {
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
    report(ui, args.output, counts)?;
    ui.status(describe(&counts, "written"));
    Ok(Exit::Yes)
}
