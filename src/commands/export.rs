//! `kvw export`

mod directory;
mod format;
mod names;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use self::directory::DirectoryExport;
use self::format::ExportFormat;
use self::names::NamedEntries;
use crate::args::choice::{long_help, short_help};
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::atomic_file::{AtomicFile, Links, is_stdout, open_stream};
use crate::consul::{Client, EncodedEntry, EntryListing, Error};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Prefix, abbreviate};
use crate::output::{
    Format, ListWriter, consul, document, explain_empty, filtered_message, glob_hint, json,
};
use crate::process::{ProcessGroups, Signals, listen};
use crate::sources::EXCEPTIONS;
use crate::term::{Progress, Ui, plural};

/// Export entries as a document for import
///
/// The document is the one of consul kv export, byte for byte. It is streamed, whatever its size.
/// Exits with 3 if the export is interrupted, and with 4 if ACLs filtered it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw export config/ > config.json
  kvw export --output-file backup.json     # replaced only when complete
  kvw export app/ --non-empty > app.json   # fails if app/ has no keys
  kvw export | gzip > backup.json.gz
  kvw export config/ -o jsonl | jq -r .key
  kvw export config/ -o yaml --relative > config.yaml
  kvw export config/ --to-dir config       # a file for each key
  kvw export old/ | kvw import --strip old/ --prefix new/")]
pub struct ExportArgs {
    /// Prefix of the exported keys [default: the whole store]
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// Write to FILE, which is replaced only when the export is complete
    ///
    /// - is stdout. Pipes, devices and /dev/fd/N are written to and never replaced.
    ///
    /// A file that belongs to neither you nor root, or has several hard links, is refused.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,

    /// Write a file for each key into DIR, which is new or empty: the files of diff and apply
    ///
    /// A text has a newline at its end, which is no part of the value; other values are written as
    /// they are. Keys that no file can hold, and those with flags, are entries of DIR/.kvw.jsonl. The
    /// files are listed in DIR/.kvw.files.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output_file", "output"])]
    to_dir: Option<PathBuf>,

    /// Update a DIR that --to-dir wrote: files whose keys are gone are removed
    ///
    /// Files that no export wrote are left, and named.
    #[arg(long, requires = "to_dir")]
    sync: bool,

    /// Let only the user read what --to-dir writes
    #[arg(long, requires = "to_dir", hide_short_help = true)]
    private: bool,

    /// Fail with exit 1 if there is no key to export
    #[arg(long)]
    non_empty: bool,

    /// Accept an export filtered by ACLs
    #[arg(long)]
    allow_filtered: bool,

    /// Name keys without PREFIX, in yaml and properties
    #[arg(long, hide_short_help = true)]
    relative: bool,

    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = ExportFormat::Json,
        hide_default_value = true,
        hide_possible_values = true,
        help = short_help("Output format", Some(ExportFormat::Json)),
        long_help = long_help("Output format", Some(ExportFormat::Json))
    )]
    output: ExportFormat,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// The mode of a new file: values may be secret.
const PRIVATE: u32 = 0o600;

/// Runs the verb.
pub fn run(ctx: &Context, args: ExportArgs) -> anyhow::Result<Exit> {
    if let Some(directory) = &args.to_dir {
        return export_to_directory(ctx, &args, directory);
    }
    let streamed = args.output.streamed();
    if args.relative && streamed.is_some() {
        let failure = Failure::usage("--relative names keys in yaml and properties only");
        return Err(failure
            .hint("kvw import --strip PREFIX/ takes it off other documents")
            .into());
    }
    let prefix = args.key_args.prefix(&args.prefix)?;
    let mut export = Export {
        client: ctx.client(&args.connect)?,
        format: streamed.unwrap_or(Format::Json),
        names: streamed.is_none().then(|| ExportedNames {
            format: args.output,
            strip: match args.relative {
                true => prefix.clone(),
                false => Prefix::default(),
            },
        }),
        prefix,
        non_empty: args.non_empty,
        allow_filtered: args.allow_filtered,
        terminal: false,
        signals: None,
        progress: None,
    };
    let named = args.output_file.as_deref();
    let file = named.filter(|path| *path != Path::new("-") && !is_stdout(path));
    let end = match file {
        Some(path) => export_to_file(ctx, &mut export, path)?,
        None => {
            export.terminal = ctx.ui.out_is_terminal();
            export.write(&ctx.ui, &ctx.ui)?
        }
    };
    match end {
        ExportEnd::Stopped(signal) => Ok(Exit::Signal(signal)),
        ExportEnd::Empty => Err(no_key(&export.prefix).into()),
        ExportEnd::Filtered => Err(filtered().into()),
        ExportEnd::Complete { keys, filtered } => {
            if keys == 0 && !filtered {
                explain_empty(&ctx.ui, &export.prefix, "export");
            }
            if let Some(path) = file {
                let keys = plural(keys, "key");
                ctx.ui
                    .status(format_args!("exported {keys} to {}", path.display()));
            }
            Ok(Exit::Yes)
        }
    }
}

/// Writes a file for each key. A prefix is a folder then: names below it are those of files.
fn export_to_directory(ctx: &Context, args: &ExportArgs, directory: &Path) -> anyhow::Result<Exit> {
    let prefix = args.key_args.prefix(&args.prefix)?;
    if !prefix.is_root() && !prefix.as_str().ends_with('/') {
        let shown = abbreviate(prefix.as_str()).into_owned();
        let failure = Failure::usage(format!("the prefix {shown} does not end in /"));
        return Err(failure.hint(format!("did you mean {shown}/?")).into());
    }
    let client = ctx.client(&args.connect)?;
    let export = DirectoryExport {
        prefix: &prefix,
        directory,
        sync: args.sync,
        private: args.private,
        allow_filtered: args.allow_filtered,
        non_empty: args.non_empty,
    };
    let done = export.run(&ctx.ui, &client)?;
    if let Some(signal) = done.stopped {
        let shown = directory.display();
        ctx.ui
            .error(format_args!("{shown} is not complete, and no source"));
        ctx.ui.hint("run it again with --sync");
        return Ok(Exit::Signal(signal));
    }
    let mut status = format!("exported {}", plural(done.keys, "key"));
    if done.exceptions > 0 {
        status.push_str(&format!(", {} of them in {EXCEPTIONS},", done.exceptions));
    }
    status.push_str(&format!(" to {}", directory.display()));
    if args.sync {
        status.push_str(&format!(": {} written", plural(done.written, "file")));
        status.push_str(&format!(", {} removed", done.removed));
    }
    ctx.ui.status(status);
    Ok(Exit::Yes)
}

/// Replaces the file if the document is complete. A signal leaves the old file unchanged. What cannot
/// be replaced is written to.
fn export_to_file(ctx: &Context, export: &mut Export, path: &Path) -> anyhow::Result<ExportEnd> {
    let failure = |error: io::Error| Failure::new(Exit::of_file(&error), error.to_string());
    if let Some(mut stream) = open_stream(path).map_err(failure)? {
        let end = export.write(&ctx.ui, &mut stream)?;
        stream.flush()?;
        return Ok(end);
    }
    let mut file = AtomicFile::create(path, PRIVATE, Links::Follow).map_err(failure)?;
    export.signals = Some(listen(&ProcessGroups::new(), || (), file.remover())?);
    export.progress = Some(Progress::new(&ctx.ui, None));
    let end = export.write(&ctx.ui, &mut file)?;
    // Removes the progress line before the next message.
    export.progress = None;
    let kept = |failure: Failure| match path.exists() {
        true => anyhow::Error::from(failure).context(format!("not replacing {}", path.display())),
        false => failure.into(),
    };
    match end {
        ExportEnd::Stopped(_) => {}
        ExportEnd::Empty => return Err(kept(no_key(&export.prefix))),
        ExportEnd::Filtered => return Err(kept(filtered())),
        ExportEnd::Complete { .. } => file.persist()?,
    }
    Ok(end)
}

fn filtered() -> Failure {
    Failure::new(Exit::Denied, filtered_message("export")).hint("--allow-filtered accepts it")
}

/// The end of an export.
enum ExportEnd {
    Complete {
        /// The number of keys.
        keys: u64,
        /// Whether ACLs removed entries, which was allowed.
        filtered: bool,
    },
    /// ACLs removed entries, which is not allowed; servers report it since Consul 1.11.
    Filtered,
    /// There is no key, though one is required.
    Empty,
    Stopped(i32),
}

/// How keys are named in a document of names.
struct ExportedNames {
    format: ExportFormat,
    strip: Prefix,
}

struct Export {
    client: Client,
    prefix: Prefix,
    format: Format,
    /// Set for a document that needs all entries before it can be written.
    names: Option<ExportedNames>,
    non_empty: bool,
    allow_filtered: bool,
    terminal: bool,
    signals: Option<Arc<Signals>>,
    progress: Option<Progress>,
}

/// The failure of an export that must not be empty.
fn no_key(prefix: &Prefix) -> Failure {
    let what = match prefix.is_root() {
        true => "no key exists".to_owned(),
        false => format!("no key starts with {}", abbreviate(prefix.as_str())),
    };
    let failure = Failure::new(Exit::No, what);
    match glob_hint("prefix", prefix.as_str(), "export") {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

impl Export {
    fn write(&self, ui: &Ui, mut out: impl Write) -> anyhow::Result<ExportEnd> {
        if let Some(names) = &self.names {
            return self.write_names(ui, names, out);
        }
        let mut reply = self.client.entries(&self.prefix, None)?;
        let frame = match self.format {
            Format::Text | Format::Json => Format::Json,
            other @ (Format::Jsonl | Format::Raw | Format::Consul) => other,
        };
        let mut list = ListWriter::new(frame);
        let (mut keys, mut bytes) = (0, 0);
        while let Some(written) = self.write_next(&mut reply.value, &mut list, &mut out) {
            bytes += written??;
            keys += 1;
            if let Some(progress) = &self.progress {
                progress.update(keys, bytes);
            }
            if let Some(signal) = self
                .signals
                .as_ref()
                .and_then(|signals| signals.take().stop)
            {
                return Ok(ExportEnd::Stopped(signal));
            }
        }
        if keys == 0 {
            self.client.check_empty(&self.prefix)?;
        }
        let filtered = reply.meta.filtered;
        let refused = filtered && !self.allow_filtered;
        if keys == 0 && self.non_empty && !refused {
            return Ok(ExportEnd::Empty);
        }
        list.finish(out)?;
        Ok(match refused {
            true => ExportEnd::Filtered,
            false => ExportEnd::Complete { keys, filtered },
        })
    }

    /// Writes a document of names, when everything is read and known to be sayable.
    fn write_names(
        &self,
        ui: &Ui,
        names: &ExportedNames,
        out: impl Write,
    ) -> anyhow::Result<ExportEnd> {
        let reply = self.client.entries(&self.prefix, None)?;
        let mut entries = Vec::new();
        let mut bytes = 0;
        for entry in reply.value {
            let entry = entry?;
            bytes += entry.value().len() as u64;
            entries.push(entry);
            if let Some(progress) = &self.progress {
                progress.update(entries.len() as u64, bytes);
            }
            let signals = self.signals.as_ref();
            if let Some(signal) = signals.and_then(|signals| signals.take().stop) {
                return Ok(ExportEnd::Stopped(signal));
            }
        }
        if entries.is_empty() {
            self.client.check_empty(&self.prefix)?;
        }
        let filtered = reply.meta.filtered;
        if filtered && !self.allow_filtered {
            return Ok(ExportEnd::Filtered);
        }
        if entries.is_empty() && self.non_empty {
            return Ok(ExportEnd::Empty);
        }
        let named = NamedEntries::check(&entries, &names.strip, names.format)?;
        named.write(out)?;
        if named.folders > 0 {
            let folders = plural(named.folders, "empty folder key");
            ui.status(format_args!("{folders} left out"));
        }
        Ok(ExportEnd::Complete {
            keys: entries.len() as u64,
            filtered,
        })
    }

    /// Writes the next entry, and returns the number of bytes of its value.
    fn write_next<W: Write>(
        &self,
        entries: &mut EntryListing,
        list: &mut ListWriter,
        out: &mut W,
    ) -> Option<Result<io::Result<u64>, Error>> {
        let mut write_decoded = |write: fn(&mut W, &Entry, bool) -> io::Result<()>| {
            let entry = entries.next()?;
            Some(entry.map(|entry| {
                list.item(&mut *out, |out| write(out, &entry, self.terminal))?;
                Ok(entry.value().len() as u64)
            }))
        };
        match self.format {
            Format::Jsonl => {
                write_decoded(|out, entry, _| json::write(out, &json::Entry::from(entry)))
            }
            Format::Consul => write_decoded(|out, entry, terminal| {
                consul::write(out, &consul::ConsulEntry::from(entry), terminal)
            }),
            Format::Text | Format::Json | Format::Raw => entries.next_encoded(|entry| {
                let EncodedEntry { key, flags, base64 } = entry;
                list.item(&mut *out, |out| {
                    document::entry(out, key, flags, base64, self.terminal)
                })?;
                Ok(entry.value_len())
            }),
        }
    }
}
