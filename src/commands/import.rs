//! `kvw import`

mod source;
mod work;

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use clap::Args;

use self::source::{DocumentSummary, ImportDocument, ImportEntry, KeyMapping, Tenancy};
use self::work::{
    ImportAction, ImportCounts, ImportRun, Rejection, Worker, action_for, cause, check_writable,
    describe_obstacle,
};
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::consul::{Client, ErrorClass, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Key, Op, TxnLimits, TxnOutcome, abbreviate, encoded_read, groups};
use crate::output::{Format, ListWriter, entry, json};
use crate::process::{ProcessGroups, listen, thread_error};
use crate::term::{Progress, Ui};

/// Import the entries of a document
///
/// Reads every format of export, and the documents of consul kv export. The whole document is
/// checked before the first write. Unchanged keys are skipped, so that an interrupted import can be
/// run again to complete it. Keys that are not in the document are left alone. Exits with 4 if the
/// token may not write a key.
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
    ///
    /// Keys that the token may not write are named on stderr.
    #[arg(long)]
    dry_run: bool,

    /// Write the other keys if some are refused
    ///
    /// Each refused key is named, and the exit code is that of the worst refusal.
    #[arg(long, conflicts_with_all = ["atomic", "dry_run"])]
    keep_going: bool,

    /// Accept entries that name another namespace or partition
    #[arg(long, hide_short_help = true)]
    ignore_namespace: bool,

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
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

const RUN_AGAIN: &str = "run again, it finishes the job";

/// Runs the verb.
pub fn run(ctx: &Context, args: ImportArgs) -> anyhow::Result<Exit> {
    let mut config = args.connect.config(&ctx.env)?;
    let tenancy = Tenancy {
        namespace: config.namespace.clone(),
        partition: config.partition.clone(),
    };
    let source = args.source(tenancy)?;
    let summary = source.check()?;
    warn(&ctx.ui, &source, &summary);
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
    let shared = ImportRun::new(
        args.create_only,
        args.keep_going,
        args.rate,
        progress,
        &signalled,
    );
    import_entries(&client, &source, &shared, usize::from(args.parallel))?;
    let (counts, failure) = (shared.counts(), shared.failure());
    let mut rejections = shared.take_rejections();
    rejections.sort_by(|a, b| a.key.cmp(&b.key));
    drop(shared);
    report(ui, args.output, counts)?;
    for Rejection { key, reason, .. } in &rejections {
        ui.error(format!("key {} not written: {reason}", abbreviate(key)));
    }
    match (failure, signal.into_inner()) {
        (Some(failure), _) => Err(stop_error(failure, &counts, &summary, &rejections)),
        (None, 0) if rejections.is_empty() => {
            ui.status(describe(&counts, "written"));
            Ok(Exit::Yes)
        }
        (None, 0) => {
            let done = describe(&counts, "written");
            ui.error(format!(
                "import incomplete: {done}, {} refused",
                counts.refused
            ));
            Ok(worst_exit(rejections.iter().map(|refused| refused.class)))
        }
        (None, signal) => {
            ui.error(describe_stop(&counts, &summary));
            ui.hint(RUN_AGAIN);
            Ok(Exit::Signal(signal))
        }
    }
}

/// Warns of entries and members that are not imported, and shows what a `--prefix` or `--strip`
/// without its `/` makes of the first key.
fn warn(ui: &Ui, source: &ImportDocument, summary: &DocumentSummary) {
    if summary.nameless > 0 {
        let (nameless, strip) = (summary.nameless, &source.names.strip);
        ui.warn(format!(
            "key {strip} is empty without --strip: {nameless} entry not imported"
        ));
    }
    if !summary.unknown_members.is_empty() {
        let names = summary.unknown_members.iter().map(|name| abbreviate(name));
        let names = names.collect::<Vec<_>>().join(", ");
        ui.warn(format!("ignoring unknown members of entries: {names}"));
    }
    if let Some(first) = &summary.first {
        for flag in source.names.flags_without_slash() {
            let first = abbreviate(first.as_str());
            ui.status(format!(
                "note: {flag} does not end in /: the first key is {first}"
            ));
        }
    }
}

/// The error of an import that stopped early, with a hint at what can be done.
fn stop_error(
    failure: anyhow::Error,
    counts: &ImportCounts,
    summary: &DocumentSummary,
    rejections: &[Rejection],
) -> anyhow::Error {
    let stop = describe_stop(counts, summary);
    let Some(error) = cause(&failure) else {
        return failure.context(stop);
    };
    let class = error.class();
    let hint = match class {
        ErrorClass::Unknown => RUN_AGAIN.to_owned(),
        ErrorClass::Unavailable => match error.hint() {
            Some(hint) => format!("{hint}; {RUN_AGAIN}"),
            None => RUN_AGAIN.to_owned(),
        },
        ErrorClass::Denied | ErrorClass::Refused | ErrorClass::RolledBack => match error.hint() {
            Some(hint) => hint,
            None => "--keep-going writes what can be written".to_owned(),
        },
    };
    let refused = rejections.iter().map(|refused| refused.class);
    let exit = worst_exit(refused.chain([class]));
    Failure::new(exit, format!("{stop}: {failure:#}"))
        .hint(hint)
        .into()
}

/// Returns the exit with the highest code.
fn worst_exit(classes: impl Iterator<Item = ErrorClass>) -> Exit {
    let exits = classes.map(Exit::from);
    exits.max_by_key(|exit| exit.code()).unwrap_or(Exit::Yes)
}

impl ImportArgs {
    fn source(&self, tenancy: Tenancy) -> Result<ImportDocument, Failure> {
        let path = match self.file.as_deref() {
            Some(path) => path,
            None if std::io::stdin().is_terminal() => {
                return Err(Failure::usage("FILE is missing").hint("- reads it from stdin"));
            }
            None => "-",
        };
        let mut source = ImportDocument::open(path)?;
        source.names = KeyMapping {
            strip: self.strip.clone(),
            prefix: self.prefix.clone(),
            exact: self.key_args.allows_any(),
        };
        source.tenancy = (!self.ignore_namespace).then_some(tenancy);
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

fn describe_stop(counts: &ImportCounts, summary: &DocumentSummary) -> String {
    let done = describe(counts, "written");
    let (unknown, left) = (counts.unknown, summary.keys - counts.keys());
    let left = left + counts.refused;
    format!("import stopped: {done}, {unknown} unknown, {left} not written")
}

fn report(ui: &Ui, format: Format, counts: ImportCounts) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let imported = json::Imported {
                written: counts.written,
                unchanged: counts.unchanged,
                skipped: counts.skipped,
                unknown: counts.unknown,
                refused: counts.refused,
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

/// The keys whose rights are checked at once, beside the check that prevents the write.
const RIGHTS_CHECKED: usize = TxnLimits::LOWEST.ops - 1;

/// Lists the keys that would be written, and names those that would be refused.
fn dry_run(
    ui: &Ui,
    client: &Client,
    source: &ImportDocument,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut list = ListWriter::new(Format::Text);
    let mut refused = Vec::new();
    let mut check = |keys: &mut Vec<Key>| -> anyhow::Result<()> {
        let rejections = check_writable(client, keys)?;
        for key in keys.drain(..) {
            match rejections.iter().find(|found| found.key == key.as_str()) {
                Some(Rejection { class, reason, .. }) => {
                    let key = abbreviate(key.as_str());
                    let verb = match class {
                        ErrorClass::Denied => "denied",
                        _ => "refused",
                    };
                    ui.error(format!("key {key} would be {verb}: {reason}"));
                    refused.push(*class);
                }
                None => match args.output {
                    Format::Text => {
                        list.item(ui, |ui| entry::write_name(ui, key.as_str(), Format::Text))?;
                    }
                    Format::Json | Format::Jsonl | Format::Raw | Format::Consul => {}
                },
            }
        }
        Ok(())
    };
    let mut keys = Vec::new();
    let mut counts = compare(client, source, args.create_only, |op| {
        keys.extend(Key::new(op.name()));
        match keys.len() {
            RIGHTS_CHECKED => check(&mut keys),
            _ => Ok(()),
        }
    })?;
    check(&mut keys)?;
    counts.refused = refused.len() as u64;
    counts.written -= counts.refused;
    report(ui, args.output, counts)?;
    let mut text = describe(&counts, "would be written");
    if counts.refused > 0 {
        text.push_str(&format!(", {} would be refused", counts.refused));
    }
    ui.status(text);
    Ok(worst_exit(refused.into_iter()))
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
                let error = error.context(describe_obstacle(&ops, &errors));
                return Err(error.context("nothing written"));
            }
        }
    }
    report(ui, args.output, counts)?;
    ui.status(describe(&counts, "written"));
    Ok(Exit::Yes)
}
