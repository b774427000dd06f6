//! Each change as text on stdout.

use std::cell::RefCell;
use std::io::Write;
use std::time::Instant;

use crate::output::{Style, changes};
use crate::term::Ui;
use crate::watch::{Event, Flow, Observer};

/// Prints changes as they come.
pub struct TextObserver<'a, 'u> {
    ui: &'a RefCell<&'u mut Ui>,
    style: Style,
}

impl<'a, 'u> TextObserver<'a, 'u> {
    /// Prints to this stdout.
    pub fn new(ui: &'a RefCell<&'u mut Ui>) -> Self {
        let style = {
            let ui = ui.borrow();
            Style {
                terminal: ui.out_is_terminal(),
                color: ui.out_color(),
            }
        };
        TextObserver { ui, style }
    }
}

impl Observer for TextObserver<'_, '_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        if let Event::Changed(changes) = event {
            let mut ui = self.ui.borrow_mut();
            let out = ui.out();
            for change in *changes {
                changes::write(out, change, self.style)?;
            }
            out.flush()?;
        }
        Ok(Flow::Continue)
    }
}
