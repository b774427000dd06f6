//! The value of one key, edited and written as it was read, or merged with what came meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use super::EditArgs;
use super::editor::Editor;
use super::form::ValueForm;
use super::text_edit::TextEdit;
use crate::args::applying::{
    check_unlocked, create_journal, describe_conflict, describe_end, journal_failure,
};
use crate::consul::{Client, Consistency, ErrorClass};
use crate::exit::{Exit, Failure};
use crate::model::{
    ChangePlan, Entry, EntryContent, Key, MergedText, PlannedChange, abbreviate,
    has_conflict_marks, merge_lines,
};
use crate::output::{SecretMask, plan as plan_text};
use crate::plan::{ExecutionEnd, Executor, PlanConflict, UndoChange, UndoJournal};
use crate::term::Ui;

/// The time after which lines are matched less well.
const MERGE_TIME: Duration = Duration::from_secs(2);

/// Edits a key.
///
/// # Errors
/// When nothing is written that was to be.
pub fn edit(
    ui: &Ui,
    client: &Client,
    editor: &Editor,
    key: Key,
    args: &EditArgs,
) -> anyhow::Result<Exit> {
    let form = ValueForm {
        base64: args.base64,
        exact: args.exact,
    };
    let base = client.get(&key)?.value;
    check_unlocked(&plan_of(&key, base.clone(), Vec::new(), args))?;
    let value = base.as_ref().map(Entry::value).unwrap_or_default();
    let Some(text) = form.file_of(value) else {
        let shown = abbreviate(key.as_str());
        let failure = Failure::usage(format!("the value of key {shown} is not UTF-8"));
        return Err(failure.hint("--base64 edits it as base64").into());
    };
    let name = form.file_name(key.as_str(), value);
    let text = TextEdit::new(ui, editor, &name, text)?;
    let mut edit = KeyEdit {
        client,
        args,
        key,
        form,
        base,
        text,
        is_marked: false,
        journal: None,
    };
    let ended = edit.run();
    edit.text.finish(ended)
}

/// What follows a write.
enum AfterWrite {
    /// The key is as the user wants it.
    Done,
    /// The user edits the text again.
    EditAgain,
}

struct KeyEdit<'a> {
    client: &'a Client,
    args: &'a EditArgs,
    key: Key,
    form: ValueForm,
    /// The entry that the text was made from, or that the user has seen since.
    base: Option<Entry>,
    text: TextEdit<'a>,
    /// Whether the text has marks of conflicts that are to be resolved.
    is_marked: bool,
    journal: Option<UndoJournal>,
}

/// The plan that gives a key this value.
fn plan_of(key: &Key, before: Option<Entry>, value: Vec<u8>, args: &EditArgs) -> ChangePlan {
    let flags = before.as_ref().map_or(0, Entry::flags);
    ChangePlan {
        changes: vec![PlannedChange {
            key: key.clone(),
            before,
            after: Some(EntryContent { value, flags }),
            place: None,
        }],
        overwrite_locked: args.overwrite_locked,
        ..ChangePlan::default()
    }
}

impl KeyEdit<'_> {
    fn run(&mut self) -> anyhow::Result<Exit> {
        loop {
            let file = self.text.edit()?;
            let value = match self.form.value_of(file, self.base_value()) {
                Ok(value) => value,
                Err(reason) => {
                    self.text.ask_again(&reason, Exit::Usage)?;
                    continue;
                }
            };
            if value == self.base_value() {
                self.say_unchanged();
                return Ok(Exit::Yes);
            }
            if let Some(reason) = self.fault(&value)? {
                self.text.ask_again(&reason, Exit::No)?;
                continue;
            }
            match self.write(&value)? {
                AfterWrite::Done => return Ok(Exit::Yes),
                AfterWrite::EditAgain => {}
            }
        }
    }

    fn base_value(&self) -> &[u8] {
        self.base.as_ref().map(Entry::value).unwrap_or_default()
    }

    fn say_unchanged(&self) {
        let (ui, key) = (self.text.ui, &self.key);
        match self.base {
            Some(_) => ui.status(format_args!("{key} unchanged")),
            None => ui.status(format_args!("{key} not created: the file is empty")),
        }
    }

    /// Returns why the value is not to be written.
    fn fault(&mut self, value: &[u8]) -> anyhow::Result<Option<String>> {
        if self.is_marked && std::str::from_utf8(value).is_ok_and(has_conflict_marks) {
            return Ok(Some("the marks of a conflict are still there".to_owned()));
        }
        let Some(check) = &self.args.check else {
            return Ok(None);
        };
        self.text.fault(self.client, &self.key, value, check)
    }

    fn write(&mut self, value: &[u8]) -> anyhow::Result<AfterWrite> {
        loop {
            let plan = plan_of(&self.key, self.base.clone(), value.to_vec(), self.args);
            check_unlocked(&plan)?;
            let args = self.args;
            if let Some(undo) = &args.undo {
                self.prepare_undo(undo, &plan)?;
            }
            let text = &self.text;
            let is_stopped = || text.stop().is_some();
            let executor = Executor::new(self.client);
            let execution = executor.run(&plan, self.journal.as_mut(), |_| (), is_stopped);
            let conflicts = match execution.end {
                ExecutionEnd::Conflict(conflicts) => conflicts,
                // Its own words, with its hint.
                ExecutionEnd::Failed(error) if error.class() != ErrorClass::Unknown => {
                    return Err(error.into());
                }
                end => {
                    let Some((what, exit)) = describe_end(&end, self.text.stop()) else {
                        self.text.ui.status(format_args!("wrote {}", self.key));
                        return Ok(AfterWrite::Done);
                    };
                    let what = match exit {
                        Exit::Unknown => what,
                        _ => format!("nothing written: {what}"),
                    };
                    return Err(Failure::new(exit, what).into());
                }
            };
            if let Some(journal) = &mut self.journal {
                let keys = [self.key.clone()].into_iter();
                journal
                    .retract(keys)
                    .map_err(|error| journal_failure(&error, 0))?;
            }
            if let Some(after) = self.resolve(conflicts.first(), value)? {
                return Ok(after);
            }
        }
    }

    /// Puts the change on the disk that is about to be made.
    fn prepare_undo(&mut self, undo: &Path, plan: &ChangePlan) -> anyhow::Result<()> {
        match &mut self.journal {
            Some(journal) => {
                let changes: Vec<_> = plan.changes.iter().map(UndoChange::from).collect();
                let added = journal.add(&changes);
                added.map_err(|error| journal_failure(&error, 0))?;
            }
            None => {
                let groups = [&plan.changes[..]];
                self.journal = create_journal(Some(undo), self.client, groups)?;
            }
        }
        Ok(())
    }

    /// Shows what the key has become meanwhile, and lets the user decide; `None`: it is overwritten.
    fn resolve(
        &mut self,
        conflict: Option<&PlanConflict>,
        value: &[u8],
    ) -> anyhow::Result<Option<AfterWrite>> {
        let ui = self.text.ui;
        let client = self.client.with_consistency(Consistency::Consistent);
        let theirs = client.get(&self.key)?.value;
        if theirs
            .as_ref()
            .is_some_and(|theirs| theirs.value() == value)
        {
            ui.status(format_args!(
                "{} unchanged: it has this value now",
                self.key
            ));
            return Ok(Some(AfterWrite::Done));
        }
        let expected = self.base.as_ref().map(Entry::modified);
        let moved = PlanConflict {
            key: self.key.clone(),
            expected: conflict.map_or(expected, |conflict| conflict.expected),
            found: theirs.as_ref().map(Entry::modified),
        };
        let moved = describe_conflict(&moved);
        if !ui.can_ask() {
            let failure = Failure::new(Exit::No, format!("nothing written: {moved}"));
            return Err(failure.hint("edit it again").into());
        }
        ui.warn(&moved);
        self.show_theirs(theirs.as_ref())?;
        let merged = self.merge(theirs.as_ref(), value);
        let (question, choices) = match merged {
            Some(_) => (
                "[m]erge, [e]dit again, [o]verwrite or [g]ive up?",
                &['m', 'e', 'o', 'g'][..],
            ),
            None => (
                "[e]dit again, [o]verwrite or [g]ive up?",
                &['e', 'o', 'g'][..],
            ),
        };
        let choice = self.text.choose(question, choices)?;
        // What the user has seen is what is written over.
        self.base = theirs;
        Ok(match (choice, merged) {
            (Some('m'), Some(merged)) => {
                self.text.replace(merged.text.as_bytes())?;
                self.is_marked = merged.conflicts > 0;
                Some(AfterWrite::EditAgain)
            }
            (Some('e'), _) => Some(AfterWrite::EditAgain),
            (Some('o'), _) => None,
            _ => return Err(Failure::new(Exit::No, "nothing written").into()),
        })
    }

    /// Prints how another client has changed the key.
    fn show_theirs(&self, theirs: Option<&Entry>) -> anyhow::Result<()> {
        let ui = self.text.ui;
        let change = PlannedChange {
            key: self.key.clone(),
            before: self.base.clone(),
            after: theirs.map(EntryContent::from),
            place: None,
        };
        let plan = ChangePlan {
            changes: vec![change],
            ..ChangePlan::default()
        };
        let mut out = ui;
        plan_text::write(&mut out, &plan, &SecretMask::default(), ui.style())?;
        Ok(ui.flush()?)
    }

    /// Merges the value with theirs, where both are text.
    fn merge(&self, theirs: Option<&Entry>, value: &[u8]) -> Option<MergedText> {
        if self.form.base64 {
            return None;
        }
        let [base, own, theirs] =
            [self.base_value(), value, theirs?.value()].map(|text| std::str::from_utf8(text).ok());
        let deadline = Instant::now() + MERGE_TIME;
        Some(merge_lines(base?, own?, theirs?, Some(deadline)))
    }
}
