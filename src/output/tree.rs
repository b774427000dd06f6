//! Keys as a tree.

use std::io::{self, Write};

use super::json;
use super::list::FlushTimer;
use super::value_line;
use crate::model::TreeNode;
use crate::term::{Color, Ui, bytes, plural};

/// A writer of a tree, one child of the root at a time: a child is written as soon as it is known
/// whether another one follows.
#[derive(Debug)]
pub struct TreeWriter {
    sizes: bool,
    folders: u64,
    keys: u64,
    bytes: u64,
    flush_timer: FlushTimer,
}

impl TreeWriter {
    /// Writes the name of the root. `sizes` adds the sizes of values.
    pub fn begin(ui: &Ui, root: &str, sizes: bool) -> io::Result<Self> {
        let name = match root {
            "" => "/".into(),
            root => value_line::line_name(root, ui.style()),
        };
        let mut out = ui;
        writeln!(out, "{name}")?;
        Ok(TreeWriter {
            sizes,
            folders: 0,
            keys: 0,
            bytes: 0,
            flush_timer: FlushTimer::default(),
        })
    }

    /// Writes a child of the root and everything below it.
    pub fn write_child(&mut self, ui: &Ui, child: &TreeNode, last: bool) -> io::Result<()> {
        self.folders += child.folders() + u64::from(child.is_folder());
        self.keys += child.keys;
        self.bytes += child.bytes;
        self.write_node(ui, child, &mut String::new(), last)?;
        self.flush_timer.flush_item(ui)
    }

    /// Writes the totals. `own` is the root without its children.
    pub fn finish(mut self, ui: &Ui, own: &TreeNode) -> io::Result<()> {
        self.keys += own.keys;
        self.bytes += own.bytes;
        let folders = plural(self.folders, "folder");
        let keys = plural(self.keys, "key");
        let mut out = ui;
        write!(out, "\n{folders}, {keys}")?;
        if self.sizes {
            write!(out, ", {}", bytes(self.bytes))?;
        }
        writeln!(out)
    }

    fn write_node(
        &self,
        ui: &Ui,
        node: &TreeNode,
        indent: &mut String,
        last: bool,
    ) -> io::Result<()> {
        let branch = if last { "└── " } else { "├── " };
        let name = value_line::line_name(&node.name, ui.style());
        let color = ui.style().color;
        let name = match node.is_folder() {
            true => Color::Folder.paint(&name, color),
            false => name.into_owned(),
        };
        let mut notes = Vec::new();
        if node.is_folder() {
            notes.push(plural(node.keys, "key"));
        }
        if self.sizes {
            notes.push(bytes(node.bytes));
        }
        let notes = match &notes[..] {
            [] => String::new(),
            notes => Color::Faint.paint(&format!(" ({})", notes.join(", ")), color),
        };
        let mut out = ui;
        writeln!(out, "{indent}{branch}{name}{notes}")?;
        let length = indent.len();
        indent.push_str(if last { "    " } else { "│   " });
        for (number, child) in node.children.iter().enumerate() {
            self.write_node(ui, child, indent, number + 1 == node.children.len())?;
        }
        indent.truncate(length);
        Ok(())
    }
}

/// Writes the whole tree as JSON; sizes are null where they are not known.
pub fn write_json(out: impl Write, root: &TreeNode, sizes: bool) -> io::Result<()> {
    json::write_line(out, &json::Tree::new(root, sizes))
}
