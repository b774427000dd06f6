//! `kvw export --to-dir`

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::filtered;
use crate::atomic_file::FileTree;
use crate::consul::Client;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Glob, Prefix, abbreviate, name_first};
use crate::output::json;
use crate::process::{ProcessGroups, listen};
use crate::sources::{
    EXCEPTIONS, MANIFEST, Manifest, SourceError, file_of_value, lay_out, list_files, read_ignored,
    read_manifest,
};
use crate::term::{Ui, plural};

/// The number of files that a message names.
const NAMED: usize = 5;

/// What is exported into a directory, and how.
pub struct DirectoryExport<'a> {
    /// The prefix, a folder or the whole store.
    pub prefix: &'a Prefix,
    /// The directory.
    pub directory: &'a Path,
    /// Whether it may be one that was exported into before.
    pub sync: bool,
    /// Whether only the user may read what is written.
    pub private: bool,
    /// Whether an export filtered by ACLs is accepted.
    pub allow_filtered: bool,
    /// Whether no key is an answer of no.
    pub non_empty: bool,
}

/// What an export into a directory has done.
#[derive(Default)]
pub struct DirectorySummary {
    /// Keys that were exported.
    pub keys: u64,
    /// Of these, keys that are no files.
    pub exceptions: u64,
    /// Files that were written.
    pub written: u64,
    /// Files that were removed.
    pub removed: u64,
    /// The signal that stopped it, so that the directory is not complete.
    pub stopped: Option<i32>,
}

impl DirectoryExport<'_> {
    /// Exports. Nothing is written before everything is read and every refusal is made.
    ///
    /// # Errors
    /// Exit 2 if the directory is not one to export into.
    pub fn run(&self, ui: &Ui, client: &Client) -> anyhow::Result<DirectorySummary> {
        let (manifest, ignored) = self.check_directory()?;
        let entries = self.read_entries(ui, client)?;
        let layout = lay_out(
            self.prefix.as_str(),
            &entries,
            &ignored,
            cfg!(target_os = "macos"),
        );
        self.check_foreign(&manifest, &layout.files, &ignored, ui)?;
        let mut summary = DirectorySummary {
            keys: entries.len() as u64,
            exceptions: layout.exceptions.len() as u64,
            ..DirectorySummary::default()
        };
        let signals = listen(&ProcessGroups::new(), || (), || ())?;
        let failed = |error: std::io::Error| Failure::new(Exit::of_file(&error), error.to_string());
        let tree = FileTree::create(self.directory, self.private).map_err(failed)?;
        let wanted: BTreeSet<String> = layout
            .files
            .iter()
            .map(|(path, _)| (*path).to_owned())
            .collect();
        // While files are missing, the directory must not be taken for what the store should be.
        let mut list = Manifest {
            prefix: self.prefix.to_string(),
            complete: false,
            files: wanted.union(&manifest.files).cloned().collect(),
        };
        let write = |path: &str, bytes: &[u8]| -> Result<bool, Failure> {
            if tree.has_file(path)
                && fs::read(self.directory.join(path)).is_ok_and(|old| old == bytes)
            {
                return Ok(false);
            }
            tree.write(path, bytes).map_err(failed)?;
            Ok(true)
        };
        write(MANIFEST, list.to_text().as_bytes())?;
        // First, because a file may be in the place of a directory.
        for path in manifest.files.difference(&wanted) {
            summary.removed += u64::from(tree.remove(path).map_err(failed)?);
        }
        for (path, entry) in &layout.files {
            summary.stopped = signals.take().stop;
            if summary.stopped.is_some() {
                return Ok(summary);
            }
            summary.written += u64::from(write(path, &file_of_value(entry.value()))?);
        }
        match exceptions(&layout.exceptions)? {
            lines if lines.is_empty() => drop(tree.remove(EXCEPTIONS).map_err(failed)?),
            lines => drop(write(EXCEPTIONS, &lines)?),
        }
        tree.sync().map_err(failed)?;
        list.files = wanted;
        list.complete = true;
        write(MANIFEST, list.to_text().as_bytes())?;
        tree.sync().map_err(failed)?;
        Ok(summary)
    }

    /// Checks that the directory is missing, empty, or one of this prefix that an export wrote. Returns
    /// what it wrote, and what is ignored.
    fn check_directory(&self) -> Result<(Manifest, Vec<Glob>), Failure> {
        let shown = self.directory.display();
        let entries = match fs::read_dir(self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((Manifest::default(), Vec::new()));
            }
            Err(error) => return Err(Failure::usage(format!("reading {shown}: {error}"))),
        };
        let ignored = read_ignored(self.directory).map_err(invalid)?;
        let Some(manifest) = read_manifest(self.directory).map_err(invalid)? else {
            // Hidden files are no keys: a new repository of git is as good as empty.
            let mut names = entries.flatten().map(|entry| entry.file_name());
            let in_the_way =
                names.find(|name| name == EXCEPTIONS || !name.as_encoded_bytes().starts_with(b"."));
            if in_the_way.is_none() {
                return Ok((Manifest::default(), ignored));
            }
            let failure = Failure::usage(format!("{shown} is not empty"));
            return Err(failure.hint(
                "--to-dir takes a new or empty directory, or with --sync one that it wrote",
            ));
        };
        if !self.sync {
            let failure = Failure::usage(format!("{shown} is not empty"));
            return Err(failure.hint("--sync updates a directory that export wrote"));
        }
        if manifest.prefix != self.prefix.as_str() {
            let name = |prefix: &str| match prefix {
                "" => "the whole store".to_owned(),
                prefix => abbreviate(prefix).into_owned(),
            };
            let (old, new) = (name(&manifest.prefix), name(self.prefix.as_str()));
            return Err(Failure::usage(format!(
                "{shown} is an export of {old}, not of {new}"
            )));
        }
        Ok((manifest, ignored))
    }

    fn read_entries(&self, ui: &Ui, client: &Client) -> anyhow::Result<Vec<Entry>> {
        let reply = client.entries(self.prefix, None)?;
        let entries = reply.value.collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            client.check_empty(self.prefix)?;
        }
        if reply.meta.filtered && !self.allow_filtered {
            return Err(filtered().into());
        }
        if entries.is_empty() && self.non_empty {
            return Err(super::no_key(self.prefix).into());
        }
        if entries.is_empty() {
            crate::output::explain_empty(ui, self.prefix, "export");
        }
        Ok(entries)
    }

    /// Names the files that no export wrote, and refuses to replace one.
    fn check_foreign(
        &self,
        manifest: &Manifest,
        files: &[(&str, &Entry)],
        ignored: &[Glob],
        ui: &Ui,
    ) -> Result<(), Failure> {
        if !self.sync || !self.directory.exists() {
            return Ok(());
        }
        let found = list_files(self.directory, ignored).map_err(invalid)?;
        let foreign = found
            .into_iter()
            .filter(|path| !manifest.files.contains(path));
        let mut others = Vec::new();
        for path in foreign {
            let own = files.binary_search_by_key(&&*path, |(own, _)| own);
            let Ok(at) = own else {
                others.push(path);
                continue;
            };
            let bytes = fs::read(self.directory.join(&path)).unwrap_or_default();
            if bytes != file_of_value(files[at].1.value()) {
                let path = self.directory.join(&path);
                let failure = Failure::usage(format!(
                    "not replacing {}, which no export wrote",
                    path.display()
                ));
                return Err(failure.hint("move it away, or kvw apply it first"));
            }
        }
        others.sort_unstable();
        if !others.is_empty() {
            let count = plural(others.len(), "file");
            let names = name_first(others.iter().map(|path| &**path), NAMED);
            ui.warn(format_args!(
                "leaving {count} that no export wrote: {names}"
            ));
        }
        Ok(())
    }
}

fn invalid(error: SourceError) -> Failure {
    Failure::usage(error.to_string())
}

/// The entries that no file can hold, one a line.
fn exceptions(entries: &[(&str, &Entry)]) -> anyhow::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for (name, entry) in entries {
        json::write_line(&mut lines, &json::PortableEntry::new(name, entry))?;
    }
    Ok(lines)
}
