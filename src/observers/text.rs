//! Changes as text on stdout.

use std::time::Instant;

use crate::output::changes::{self, ChangeStyle};
use crate::term::Ui;
use crate::watch::{Event, Flow, Observer};

/// An observer that prints each change as text.
pub struct TextObserver<'a> {
    ui: &'a Ui,
    style: ChangeStyle,
}

impl<'a> TextObserver<'a> {
    /// Creates an observer that prints to the stdout of `ui`.
    pub fn new(ui: &'a Ui, style: ChangeStyle) -> Self {
        TextObserver { ui, style }
    }
}

impl Observer for TextObserver<'_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        if let Event::Changed(changes) = event {
            let mut out = self.ui;
            for change in *changes {
                changes::write(&mut out, change, &self.style)?;
            }
            self.ui.flush()?;
        }
        Ok(Flow::Continue)
    }

    fn wake(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        self.ui.check_reader()?;
        Ok(Flow::Continue)
    }
}
