//! `kvw export`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tempfile::NamedTempFile;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::consul::{Client, EncodedEntry, EntryListing, Error};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Prefix};
use crate::output::{Format, ListWriter, consul, document, json};
use crate::process::{ProcessGroups, Signals, listen};
use crate::term::Progress;

/// Print all entries as a document that import takes
///
/// The document is that of consul kv export, byte for byte. It is written while it comes, whatever
/// its size. Exits 3 when it breaks off and 4 when the token may not read all of it.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What keys begin with, left out for the whole store
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// Write to FILE, which is replaced only when the document is complete
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,

    /// Take what the token may read for the whole
    #[arg(long)]
    allow_filtered: bool,

    /// How to print it: json (as consul kv export), jsonl (entries with all fields) or consul
    /// (as its API) [default: json]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json, Format::Jsonl, Format::Consul]),
        default_value = "json",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: ExportArgs) -> anyhow::Result<Exit> {
    let mut export = Export {
        prefix: args.key.prefix(&args.prefix)?,
        client: ctx.client(&args.connect)?,
        format: args.output,
        terminal: false,
        signals: None,
        progress: None,
    };
    let written = match &args.output_file {
        Some(path) => to_file(ctx, export, path, args.allow_filtered)?,
        None => {
            export.terminal = ctx.ui.out_is_terminal();
            export.write(ctx.ui.out())?
        }
    };
    match written {
        Written::Stopped(signal) => Ok(Exit::Signal(signal)),
        Written::Filtered if !args.allow_filtered => Err(cut_down().into()),
        Written::Filtered | Written::Whole => Ok(Exit::Yes),
    }
}

/// Replaces the file if the document is complete. A signal leaves the old one as it was.
fn to_file(
    ctx: &Context,
    mut export: Export,
    path: &Path,
    allow_filtered: bool,
) -> anyhow::Result<Written> {
    let mut file = AtomicFile::of(path)?;
    let unfinished = file.temporary.path().to_owned();
    let on_death = move || drop(fs::remove_file(&unfinished));
    export.signals = Some(listen(&ProcessGroups::new(), || (), on_death)?);
    export.progress = Some(Progress::new(&ctx.ui, None));
    let written = export.write(&mut file)?;
    match written {
        Written::Stopped(_) => {}
        Written::Filtered if !allow_filtered => {
            let what = format!("not replacing {}", path.display());
            return Err(anyhow::Error::from(cut_down()).context(what));
        }
        Written::Filtered | Written::Whole => file.finish()?,
    }
    Ok(written)
}

fn cut_down() -> Failure {
    let what = "the token may not read everything here: the document is not whole";
    Failure::new(Exit::Denied, what).hint("--allow-filtered takes it for the whole")
}

/// What became of the document.
enum Written {
    Whole,
    /// Servers from 1.11 say so.
    Filtered,
    Stopped(i32),
}

struct Export {
    client: Client,
    prefix: Prefix,
    format: Format,
    terminal: bool,
    signals: Option<Arc<Signals>>,
    progress: Option<Progress>,
}

impl Export {
    fn write<W: Write>(&self, out: &mut W) -> anyhow::Result<Written> {
        let mut reply = self.client.entries(&self.prefix, None)?;
        // Text is the document too.
        let frame = match self.format {
            Format::Text => Format::Json,
            format => format,
        };
        let mut list = ListWriter::new(frame);
        let (mut keys, mut bytes) = (0, 0);
        while let Some(written) = self.write_next(&mut reply.value, &mut list, out) {
            bytes += written??;
            keys += 1;
            if let Some(progress) = &self.progress {
                progress.at(keys, bytes);
            }
            if let Some(signal) = self
                .signals
                .as_ref()
                .and_then(|signals| signals.take().stop)
            {
                return Ok(Written::Stopped(signal));
            }
        }
        if keys == 0 {
            self.client.check_empty(&self.prefix)?;
        }
        list.finish(out)?;
        Ok(match reply.meta.filtered {
            true => Written::Filtered,
            false => Written::Whole,
        })
    }

    /// Writes the next entry, and returns the number of bytes of its value.
    fn write_next<W: Write>(
        &self,
        entries: &mut EntryListing,
        list: &mut ListWriter,
        out: &mut W,
    ) -> Option<Result<io::Result<u64>, Error>> {
        if matches!(self.format, Format::Jsonl | Format::Consul) {
            let entry = entries.next()?;
            return Some(entry.map(|entry| {
                list.item(out, |out| self.write_entry(out, &entry))?;
                Ok(entry.value().len() as u64)
            }));
        }
        entries.next_encoded(|entry| {
            let EncodedEntry { key, flags, base64 } = entry;
            list.item(out, |out| {
                document::entry(out, key, flags, base64, self.terminal)
            })?;
            Ok(entry.value_len())
        })
    }

    /// Writes an entry with all its fields.
    fn write_entry(&self, out: &mut impl Write, entry: &Entry) -> io::Result<()> {
        match self.format {
            Format::Jsonl => json::write(out, &json::Entry::from(entry)),
            _ => consul::write(out, &consul::ConsulEntry::from(entry), self.terminal),
        }
    }
}

/// A file that takes another's place when it is complete, and is gone when it is dropped before.
struct AtomicFile {
    temporary: NamedTempFile,
    out: BufWriter<File>,
    target: PathBuf,
    shown: PathBuf,
}

impl AtomicFile {
    /// Begins beside the file that is to be replaced, so that it takes its place at once.
    fn of(path: &Path) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::usage(format!("replacing {}: {what}", path.display()));
        let cannot = |error: io::Error| {
            let text = error.to_string();
            // The random name of the temporary file tells nobody anything.
            refuse(text.split(" at path ").next().unwrap_or(&text))
        };
        // A link stays, and what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = fs::metadata(&target).ok();
        if existing
            .as_ref()
            .is_some_and(|existing| !existing.is_file())
        {
            return Err(refuse("it is no file"));
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        // Values may be secret: nobody else may read them, unless they already could.
        let temporary = tempfile::Builder::new()
            .prefix(".kvw-export-")
            .tempfile_in(folder)
            .map_err(cannot)?;
        if let Some(existing) = existing {
            let kept = temporary.as_file().set_permissions(existing.permissions());
            kept.map_err(cannot)?;
        }
        let file = temporary.reopen().map_err(cannot)?;
        Ok(AtomicFile {
            temporary,
            out: BufWriter::with_capacity(64 * 1024, file),
            target,
            shown: path.to_owned(),
        })
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let (target, shown) = (self.target.clone(), self.shown.display().to_string());
        let failed = |error: io::Error| {
            Failure::new(Exit::Unavailable, format!("replacing {shown}: {error}"))
        };
        self.flush()?;
        self.temporary.as_file().sync_all().map_err(failed)?;
        self.temporary
            .persist(target)
            .map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn told<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let shown = self.shown.display();
            io::Error::new(error.kind(), format!("writing {shown}: {error}"))
        })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.told(written)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.out.write_all(bytes);
        self.told(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.told(flushed)
    }
}
