//! `kvw import`

mod atomic;
mod compare;
mod content;
mod distribute;
mod dry_run;
mod import_run;
mod recorded;
mod rejections;
mod results;
mod seen_keys;
mod source;
mod tenancy;
mod worker;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};

use clap::{Args, ValueHint};

use self::atomic::import_atomically;
use self::distribute::import_entries;
use self::dry_run::dry_run;
use self::import_run::ImportRun;
use self::recorded::import_recorded;
use self::rejections::Rejection;
use self::results::{RUN_AGAIN, describe, describe_stop, report, stop_error, worst_exit};
use self::source::{DocumentSummary, ImportDocument};
use self::tenancy::Tenancy;
use crate::args::applying::new_file;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::key_mapping::KeyMapping;
use crate::args::output::formats;
use crate::consul::Client;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Filter, Glob, abbreviate};
use crate::output::Format;
use crate::process::{ProcessGroups, listen};
use crate::term::{Progress, Ui, plural};

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
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<String>,

    /// Prepend P to each key
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// Remove the prefix P from each key, before --prefix
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    strip: String,

    /// Import only keys that match GLOB in full; repeatable
    ///
    /// The glob matches the key as it would be written: * stops at /, ** does not.
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    include: Vec<Glob>,

    /// Import no keys that match GLOB in full; repeatable
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    exclude: Vec<Glob>,

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

    /// Save to FILE what undo needs to put everything back
    ///
    /// A key that someone else changes meanwhile is named, and ends the import.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = new_file,
        conflicts_with_all = ["dry_run", "keep_going", "atomic", "parallel", "rate"],
        hide_short_help = true
    )]
    undo: Option<PathBuf>,

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
    if let Some(undo) = &args.undo {
        return import_recorded(ui, &client, &source, &args, undo);
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
        (Some(failure), _) => {
            let keep_going = args.keep_going;
            Err(stop_error(
                failure,
                &counts,
                &summary,
                &rejections,
                keep_going,
            ))
        }
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
    if summary.unselected > 0 {
        let keys = plural(summary.unselected, "key");
        ui.status(format_args!("{keys} left out by --include or --exclude"));
    }
    if !summary.unknown_members.is_empty() {
        let names = summary.unknown_members.iter().map(|name| abbreviate(name));
        let names = names.collect::<Vec<_>>().join(", ");
        ui.warn(format!("ignoring unknown members of entries: {names}"));
    }
    if let Some(first) = &summary.first {
        source.names.note_first_key(ui, first.as_str());
    }
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
        source.filter = Filter {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
        };
        source.tenancy = (!self.ignore_namespace).then_some(tenancy);
        Ok(source)
    }
}
