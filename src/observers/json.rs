//! Each change as a line of the published JSON on stdout.

use std::cell::RefCell;
use std::io::Write;
use std::time::Instant;

use crate::output::json;
use crate::term::Ui;
use crate::watch::{Event, Flow, Observer};

/// Prints changes as they come.
pub struct Jsonl<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    /// The targets' names in the order of their ids.
    targets: Vec<String>,
}

impl<'a, 'u> Jsonl<'a, 'u> {
    /// Prints to this stdout.
    pub fn new(ui: &'a RefCell<&'u mut Ui>, targets: Vec<String>) -> Self {
        Jsonl { ui, targets }
    }
}

impl Observer for Jsonl<'_, '_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        if let Event::Changed(changes) = event {
            let mut ui = self.ui.borrow_mut();
            let out = ui.out();
            for change in *changes {
                let target = &self.targets[usize::from(change.target.0)];
                json::line(out, &json::Change::new(change, target))?;
            }
            out.flush()?;
        }
        Ok(Flow::Continue)
    }
}
