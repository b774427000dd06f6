//! The keys below a prefix as one document, edited and carried out as a guarded plan.

use std::collections::BTreeSet;
use std::path::Path;

use super::EditArgs;
use super::editor::Editor;
use super::form::ValueForm;
use super::text_edit::TextEdit;
use crate::args::applying::{
    PlanProgress, check_rights, check_sizes, check_unlocked, create_journal, describe_applied,
    execution_failure,
};
use crate::args::desired::{DesiredState, read_scope};
use crate::consul::Client;
use crate::exit::{Exit, Failure};
use crate::model::{ChangePlan, Desired, Entry, PlanRules, Prefix, Snapshot, abbreviate, compare};
use crate::output::tree_text::{is_yaml_name, write_flat_yaml};
use crate::output::{SecretMask, plan as plan_text};
use crate::plan::{Execution, Executor};
use crate::sources::{SourceFormat, SourceOptions, parse};
use crate::term::{Ui, plural};

/// The longest value that stands in the document.
const MAX_VALUE: usize = 64 * 1024;

/// Edits the keys below a prefix.
///
/// # Errors
/// When nothing is written that was to be, or not everything.
pub fn edit(
    ui: &Ui,
    client: &Client,
    editor: &Editor,
    prefix: Prefix,
    args: &EditArgs,
) -> anyhow::Result<Exit> {
    let scope = DesiredState {
        desired: Vec::new(),
        scope: vec![prefix.clone()],
        rules: PlanRules::default(),
    };
    let store = read_scope(client, &scope)?;
    let (shown, left_out) = EditedEntries::split(&store, &prefix);
    if let Some(said) = left_out.describe() {
        ui.status(said);
    }
    let mut document = Vec::new();
    write_flat_yaml(&mut document, &shown.with_names(&prefix))?;
    let form = ValueForm {
        base64: false,
        exact: true,
    };
    let name = format!("{}.yaml", prefix.as_str().trim_end_matches('/'));
    let name = form.file_name(&name, b"");
    let mut edit = PrefixEdit {
        client,
        args,
        store: Snapshot::new(store.index(), shown.0),
        left_out: left_out.keys,
        options: SourceOptions {
            prefix: prefix.as_str().to_owned(),
            ..SourceOptions::default()
        },
        text: TextEdit::new(ui, editor, &name, document)?,
    };
    let ended = edit.run();
    edit.text.finish(ended)
}

/// The entries that stand in the document.
struct EditedEntries(Vec<Entry>);

/// The keys that do not, and why.
#[derive(Default)]
struct LeftOut {
    keys: BTreeSet<String>,
    binary: u64,
    large: u64,
    folders: u64,
    names: u64,
}

impl EditedEntries {
    fn split(store: &Snapshot, prefix: &Prefix) -> (Self, LeftOut) {
        let (mut shown, mut left_out) = (Vec::new(), LeftOut::default());
        for entry in store.entries() {
            let name = prefix.strip_from(entry.key());
            let reason = if name.is_empty() || name.ends_with('/') {
                &mut left_out.folders
            } else if !is_yaml_name(name) {
                &mut left_out.names
            } else if std::str::from_utf8(entry.value()).is_err() {
                &mut left_out.binary
            } else if entry.value().len() > MAX_VALUE {
                &mut left_out.large
            } else {
                shown.push(entry.clone());
                continue;
            };
            *reason += 1;
            left_out.keys.insert(entry.key().to_owned());
        }
        (EditedEntries(shown), left_out)
    }

    fn with_names(&self, prefix: &Prefix) -> Vec<(&str, &Entry)> {
        let entries = self.0.iter();
        let named = entries.map(|entry| (prefix.strip_from(entry.key()), entry));
        named.collect()
    }
}

impl LeftOut {
    /// Counts what is left out; `None` where nothing is.
    fn describe(&self) -> Option<String> {
        let kinds = [
            (self.binary, "binary"),
            (self.large, "larger than 64 KiB"),
            (self.folders, "a folder key"),
            (self.names, "of a name that no document has"),
        ];
        let kinds: Vec<_> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{count} {kind}"))
            .collect();
        let count = plural(self.keys.len() as u64, "key");
        (!kinds.is_empty())
            .then(|| format!("{count} left out and left alone: {}", kinds.join(", ")))
    }
}

struct PrefixEdit<'a> {
    client: &'a Client,
    args: &'a EditArgs,
    /// The entries of the document, as they were read.
    store: Snapshot,
    left_out: BTreeSet<String>,
    options: SourceOptions,
    text: TextEdit<'a>,
}

impl PrefixEdit<'_> {
    fn run(&mut self) -> anyhow::Result<Exit> {
        loop {
            let document = self.text.edit()?;
            let desired = match self.read(&document) {
                Ok(desired) => desired,
                Err(reason) => {
                    self.text.ask_again(&reason, Exit::Usage)?;
                    continue;
                }
            };
            let rules = PlanRules {
                prune: true,
                overwrite_locked: self.args.overwrite_locked,
                ..PlanRules::default()
            };
            let plan = compare(desired, &self.store, &rules);
            if let Some(reason) = self.fault(&plan)? {
                self.text.ask_again(&reason, Exit::No)?;
                continue;
            }
            if plan.is_empty() {
                self.text.ui.status(plan_text::summary(&plan));
                return Ok(Exit::Yes);
            }
            check_unlocked(&plan)?;
            if self.confirm(&plan)? {
                return self.carry_out(&plan);
            }
        }
    }

    /// Reads the document.
    fn read(&self, document: &[u8]) -> Result<Vec<Desired>, String> {
        let file = Path::new(self.text.file_name());
        let desired = parse(SourceFormat::Yaml, document, file, &self.options)
            .map_err(|error| error.to_string())?;
        // An emptied file is how people give up in other programs.
        if desired.is_empty() && !self.store.is_empty() {
            return Err("the document has no keys, and so deletes none".to_owned());
        }
        for wanted in &desired {
            let (key, place) = (wanted.key.as_str(), &wanted.place);
            let shown = abbreviate(key);
            if self.left_out.contains(key) {
                return Err(format!("{place}: key {shown} exists, and is left out here"));
            }
            if self.store.get(key).is_none() {
                let checked = self.args.key_args.check("key", key);
                checked.map_err(|failure| format!("{place}: {}", failure.message))?;
            }
        }
        Ok(desired)
    }

    /// Returns why a value is not to be written.
    fn fault(&mut self, plan: &ChangePlan) -> anyhow::Result<Option<String>> {
        let Some(check) = &self.args.check else {
            return Ok(None);
        };
        for change in &plan.changes {
            let Some(after) = &change.after else { continue };
            let fault = self
                .text
                .fault(self.client, &change.key, &after.value, check)?;
            if fault.is_some() {
                return Ok(fault);
            }
        }
        Ok(None)
    }

    /// Shows a plan with deletes, and asks; `false`: the document is to be edited again.
    fn confirm(&self, plan: &ChangePlan) -> anyhow::Result<bool> {
        if plan.deletes() == 0 || self.args.yes {
            return Ok(true);
        }
        let (ui, deletes) = (self.text.ui, plural(plan.deletes(), "key"));
        if !ui.can_ask() {
            let what = format!("refusing to delete {deletes} without confirmation");
            return Err(Failure::usage(what).hint("--yes confirms it").into());
        }
        let mut out = ui;
        plan_text::write(&mut out, plan, &SecretMask::default(), ui.style())?;
        ui.status(plan_text::summary(plan));
        let question = format!("Delete {deletes}? [y]es, [e]dit again or [g]ive up?");
        match self.text.choose(&question, &['y', 'e', 'g', 'n'])? {
            Some('y') => Ok(true),
            Some('e') => Ok(false),
            _ => Err(Failure::new(Exit::No, "nothing written").into()),
        }
    }

    fn carry_out(&self, plan: &ChangePlan) -> anyhow::Result<Exit> {
        let (ui, text) = (self.text.ui, &self.text);
        check_rights(self.client, plan)?;
        check_sizes(ui, self.client, plan)?;
        let executor = Executor::new(self.client);
        let undo = self.args.undo.as_deref();
        let mut journal = create_journal(undo, self.client, executor.groups(plan))?;
        let progress = PlanProgress::new(ui, plan);
        let execution = executor.run(
            plan,
            journal.as_mut(),
            |changes| progress.add(changes),
            || text.stop().is_some(),
        );
        drop(progress);
        match execution_failure(ui, plan, &execution, text.stop(), "nothing written") {
            None => self.report(plan, &execution),
            Some(failure) => {
                return Err(match undo {
                    Some(undo) if execution.applied > 0 => {
                        let undo = undo.display();
                        failure.hint(format!("kvw undo {undo} puts back what was written"))
                    }
                    _ => failure,
                }
                .into());
            }
        }
        Ok(Exit::Yes)
    }

    fn report(&self, plan: &ChangePlan, execution: &Execution) {
        let done = describe_applied(&plan.changes);
        let transactions = plural(execution.transactions, "transaction");
        self.text
            .ui
            .status(format_args!("{done} in {transactions}"));
        let skipped = plan.skipped.iter().map(|skipped| &skipped.key);
        for key in skipped {
            self.text.ui.warn(format_args!(
                "key {key} is not deleted: a session holds it, or it is a lock"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    #[test]
    fn what_a_document_cannot_show_is_left_out() {
        let large = vec![b'x'; MAX_VALUE + 1];
        let entries = [
            ("p/", &b""[..]),
            ("p/a", b"1"),
            ("p//b", b"1"),
            ("p/c/", b""),
            ("p/d", b"\xff"),
            ("p/e", &large),
            ("p/f", &large[1..]),
        ];
        let entries = entries.map(|(key, value)| {
            Entry::pack(&Fields {
                key,
                value: Some(value),
                ..Fields::default()
            })
        });
        let store = Snapshot::new(crate::model::Index(1), entries.to_vec());
        let prefix = Prefix::new("p/");
        let (shown, left_out) = EditedEntries::split(&store, &prefix);
        let names: Vec<_> = shown
            .with_names(&prefix)
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(names, ["a", "f"]);
        assert_eq!(
            left_out.describe().unwrap(),
            "5 keys left out and left alone: 1 binary, 1 larger than 64 KiB, 2 a folder key, 1 of a \
             name that no document has"
        );
        assert_eq!(LeftOut::default().describe(), None);
    }
}
