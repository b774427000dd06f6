//! Keys as a tree.

use std::io::{self, Write};

use indicatif::HumanBytes;
use serde::Serialize;

use super::json;
use super::list::Pulse;
use crate::model::TreeNode;
use crate::term::Ui;

/// Writes a tree part by part: what is at the top is written as soon as what comes behind it is
/// known.
#[derive(Debug)]
pub struct Drawing {
    sizes: bool,
    folders: u64,
    keys: u64,
    bytes: u64,
    pulse: Pulse,
}

impl Drawing {
    /// Begins with the name of the root. `sizes` says how many bytes things have.
    pub fn begin(ui: &mut Ui, root: &str, sizes: bool) -> io::Result<Self> {
        let name = match root {
            "" => "/".into(),
            root => ui.shown_key(root),
        };
        writeln!(ui, "{name}")?;
        Ok(Drawing {
            sizes,
            folders: 0,
            keys: 0,
            bytes: 0,
            pulse: Pulse::default(),
        })
    }

    /// One child of the root, and all below it.
    pub fn child(&mut self, ui: &mut Ui, child: &TreeNode, last: bool) -> io::Result<()> {
        self.folders += child.folders() + u64::from(child.is_folder());
        self.keys += child.keys;
        self.bytes += child.bytes;
        self.node(ui, child, &mut String::new(), last)?;
        self.pulse.beat(ui)
    }

    /// Ends with the sums. `own` is what the root stands for without its children.
    pub fn end(mut self, ui: &mut Ui, own: &TreeNode) -> io::Result<()> {
        self.keys += own.keys;
        self.bytes += own.bytes;
        let folders = plural(self.folders, "folder");
        let keys = plural(self.keys, "key");
        write!(ui, "\n{folders}, {keys}")?;
        if self.sizes {
            write!(ui, ", {}", HumanBytes(self.bytes))?;
        }
        writeln!(ui)
    }

    fn node(
        &self,
        ui: &mut Ui,
        node: &TreeNode,
        indent: &mut String,
        last: bool,
    ) -> io::Result<()> {
        let branch = if last { "└── " } else { "├── " };
        let name = ui.shown_key(&node.name);
        let mut notes = Vec::new();
        if node.is_folder() {
            notes.push(plural(node.keys, "key"));
        }
        if self.sizes {
            notes.push(HumanBytes(node.bytes).to_string());
        }
        let notes = match &notes[..] {
            [] => String::new(),
            notes => format!(" ({})", notes.join(", ")),
        };
        writeln!(ui, "{indent}{branch}{name}{notes}")?;
        let length = indent.len();
        indent.push_str(if last { "    " } else { "│   " });
        for (number, child) in node.children.iter().enumerate() {
            self.node(ui, child, indent, number + 1 == node.children.len())?;
        }
        indent.truncate(length);
        Ok(())
    }
}

fn plural(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

#[derive(Serialize)]
struct Json<'a> {
    name: &'a str,
    keys: u64,
    bytes: Option<u64>,
    children: Vec<Json<'a>>,
}

impl<'a> Json<'a> {
    fn of(node: &'a TreeNode, sizes: bool) -> Self {
        let children = node.children.iter().map(|child| Json::of(child, sizes));
        Json {
            name: &node.name,
            keys: node.keys,
            bytes: sizes.then_some(node.bytes),
            children: children.collect(),
        }
    }
}

/// The whole tree as JSON; bytes are null where they are not known.
pub fn json(out: &mut impl Write, root: &TreeNode, sizes: bool) -> io::Result<()> {
    json::line(out, &Json::of(root, sizes))
}
