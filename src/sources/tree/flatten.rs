//! From a tree to entries.

use std::collections::HashMap;

use super::node::{MAX_DEPTH, Member, Node, NodeKind, TOO_DEEP};
use super::{DocumentNames, SourceError};
use crate::model::{Desired, abbreviate};
use crate::sources::{ListPolicy, NullPolicy};

/// A document of aliases may become this large, or [`EXPANSION`] times what it is: a few lines of aliases
/// of aliases can stand for gigabytes.
const EXPANDED: usize = 10_000_000;
const EXPANSION: usize = 100;

/// Returns the entries of a tree. `size` is that of the document.
pub fn flatten(
    roots: &[Node],
    size: usize,
    names: &DocumentNames,
) -> Result<Vec<Desired>, SourceError> {
    let mut flattening = Flattening {
        names,
        entries: Vec::new(),
        path: String::new(),
        budget: EXPANDED.max(size.saturating_mul(EXPANSION)),
    };
    for root in roots {
        flattening.root(root)?;
    }
    Ok(flattening.entries)
}

struct Flattening<'a> {
    names: &'a DocumentNames<'a>,
    entries: Vec<Desired>,
    /// The names down to the present node.
    path: String,
    /// What aliases may still add.
    budget: usize,
}

impl Flattening<'_> {
    fn root(&mut self, root: &Node) -> Result<(), SourceError> {
        match &root.resolved().kind {
            // An empty document.
            NodeKind::Null => Ok(()),
            NodeKind::Map(_) => self.node(root, 0, false),
            NodeKind::List(_) if self.names.options.list == Some(ListPolicy::Index) => {
                self.node(root, 0, false)
            }
            NodeKind::List(_) => {
                let error = self.names.error(root.line, "a list has no name here");
                Err(error.hint("--list index makes the keys 0, 1, …"))
            }
            _ => Err(self
                .names
                .error(root.line, "the document is not a map of names")),
        }
    }

    fn node(&mut self, node: &Node, depth: usize, shared: bool) -> Result<(), SourceError> {
        if depth > MAX_DEPTH {
            return Err(self.names.error(node.line, TOO_DEEP));
        }
        match &node.kind {
            NodeKind::Shared(inner) => self.node(inner, depth, true),
            NodeKind::Null => self.null(node.line),
            NodeKind::Plain(text) | NodeKind::Text(text) => {
                self.value(text.clone().into_bytes(), node.line, shared)
            }
            NodeKind::Bytes(bytes) => self.value(bytes.clone(), node.line, shared),
            NodeKind::List(nodes) => self.list(nodes, node.line, depth, shared),
            NodeKind::Map(members) => self.map(members, node.line, depth, shared),
        }
    }

    fn value(&mut self, value: Vec<u8>, line: u32, shared: bool) -> Result<(), SourceError> {
        if shared {
            self.spend(self.path.len() + value.len(), line)?;
        }
        self.push(Some(value), line)
    }

    fn push(&mut self, value: Option<Vec<u8>>, line: u32) -> Result<(), SourceError> {
        let entry = self.names.entry(&self.path, value, line)?;
        self.entries.push(entry);
        Ok(())
    }

    fn spend(&mut self, size: usize, line: u32) -> Result<(), SourceError> {
        match self.budget.checked_sub(size + 1) {
            Some(rest) => self.budget = rest,
            None => {
                let what = "aliases make this document more than 100 times larger";
                return Err(self.names.error(line, what));
            }
        }
        Ok(())
    }

    fn null(&mut self, line: u32) -> Result<(), SourceError> {
        match self.names.options.null {
            Some(NullPolicy::Skip) => Ok(()),
            Some(NullPolicy::Empty) => self.push(Some(Vec::new()), line),
            Some(NullPolicy::Delete) => self.push(None, line),
            None => {
                let what = format!("{} is null, which no key can be", self.here());
                let hint = "--null empty makes it empty, --null skip leaves it out, \
                    --null delete deletes the key";
                Err(self.names.error(line, what).hint(hint))
            }
        }
    }

    /// The present name in a message.
    fn here(&self) -> String {
        format!("'{}'", abbreviate(&self.path))
    }

    fn list(
        &mut self,
        nodes: &[Node],
        line: u32,
        depth: usize,
        shared: bool,
    ) -> Result<(), SourceError> {
        match self.names.options.list.clone() {
            Some(ListPolicy::Index) => {
                for (number, node) in nodes.iter().enumerate() {
                    self.below(&number.to_string(), node, depth, shared)?;
                }
                Ok(())
            }
            Some(ListPolicy::Json) => {
                let mut text = String::new();
                self.json_list(nodes, depth, &mut text)?;
                self.value(text.into_bytes(), line, shared)
            }
            Some(ListPolicy::Join(glue)) => {
                let mut value = Vec::new();
                for (number, node) in nodes.iter().enumerate() {
                    let before = value.len();
                    if number > 0 {
                        value.extend_from_slice(glue.as_bytes());
                    }
                    match &node.resolved().kind {
                        NodeKind::Plain(text) | NodeKind::Text(text) => {
                            value.extend_from_slice(text.as_bytes());
                        }
                        NodeKind::Bytes(bytes) => value.extend_from_slice(bytes),
                        NodeKind::Null
                        | NodeKind::List(_)
                        | NodeKind::Map(_)
                        | NodeKind::Shared(_) => {
                            let what = format!("{} has an element that is no scalar", self.here());
                            let error = self.names.error(node.line, what);
                            return Err(error.hint("--list json or --list index takes it"));
                        }
                    }
                    if matches!(node.kind, NodeKind::Shared(_)) {
                        self.spend(value.len() - before, node.line)?;
                    }
                }
                self.value(value, line, shared)
            }
            None => {
                let what = format!("{} is a list, which no key can be", self.here());
                let hint = "--list index makes a key for each element, --list json one JSON text, \
                    --list join=, one text with commas";
                Err(self.names.error(line, what).hint(hint))
            }
        }
    }

    fn map(
        &mut self,
        members: &[Member],
        line: u32,
        depth: usize,
        shared: bool,
    ) -> Result<(), SourceError> {
        if members.is_empty() && self.names.options.folders && !self.path.is_empty() {
            let folder = format!("{}/", self.path);
            let entry = self.names.entry(&folder, Some(Vec::new()), line)?;
            self.entries.push(entry);
        }
        for (name, node, merged) in self.members(members, depth)? {
            self.names.check(name, node.line)?;
            self.below(name, node, depth, shared || merged)?;
        }
        Ok(())
    }

    fn below(
        &mut self,
        name: &str,
        node: &Node,
        depth: usize,
        shared: bool,
    ) -> Result<(), SourceError> {
        if shared {
            self.spend(name.len(), node.line)?;
        }
        let length = self.path.len();
        if length > 0 {
            self.path.push('/');
        }
        self.path.push_str(name);
        self.node(node, depth + 1, shared)?;
        self.path.truncate(length);
        Ok(())
    }

    /// The members of a map, with those that `<<` brings: a name of the map itself wins, and among
    /// several maps the earlier. The last field says whether it was brought.
    fn members<'n>(
        &mut self,
        members: &'n [Member],
        depth: usize,
    ) -> Result<Vec<(&'n str, &'n Node, bool)>, SourceError> {
        let mut found: Vec<(&str, &Node, bool)> = Vec::with_capacity(members.len());
        let mut lines: HashMap<&str, u32> = HashMap::with_capacity(members.len());
        for member in members {
            let Some(name) = &member.name else { continue };
            if let Some(first) = lines.insert(name, member.line) {
                let name = abbreviate(name);
                let what = format!("the name '{name}' is also in line {first}");
                return Err(self.names.error(member.line, what));
            }
            found.push((name, &member.node, false));
        }
        let mut first: Option<u32> = None;
        for member in members.iter().filter(|member| member.name.is_none()) {
            if let Some(first) = first.replace(member.line) {
                let what = format!("the name '<<' is also in line {first}");
                return Err(self.names.error(member.line, what));
            }
            if depth > MAX_DEPTH {
                return Err(self.names.error(member.line, TOO_DEEP));
            }
            let node = member.node.resolved();
            let maps = match &node.kind {
                NodeKind::List(nodes) => nodes.iter().map(Node::resolved).collect(),
                _ => vec![node],
            };
            for map in maps {
                let NodeKind::Map(inner) = &map.kind else {
                    let what = "<< takes a map or a list of maps";
                    return Err(self.names.error(member.line, what));
                };
                self.spend(inner.len(), member.line)?;
                for (name, node, _) in self.members(inner, depth + 1)? {
                    if let std::collections::hash_map::Entry::Vacant(vacant) = lines.entry(name) {
                        vacant.insert(node.line);
                        found.push((name, node, true));
                    }
                }
            }
        }
        Ok(found)
    }

    fn json_list(
        &mut self,
        nodes: &[Node],
        depth: usize,
        text: &mut String,
    ) -> Result<(), SourceError> {
        text.push('[');
        for (number, node) in nodes.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            self.json(node, depth + 1, text)?;
        }
        text.push(']');
        Ok(())
    }

    fn json(&mut self, node: &Node, depth: usize, text: &mut String) -> Result<(), SourceError> {
        if depth > MAX_DEPTH {
            return Err(self.names.error(node.line, TOO_DEEP));
        }
        let node = node.resolved();
        let before = text.len();
        match &node.kind {
            NodeKind::Null => text.push_str("null"),
            NodeKind::Plain(plain) if is_json_scalar(plain) => text.push_str(plain),
            NodeKind::Plain(string) | NodeKind::Text(string) => push_json_string(text, string),
            NodeKind::Bytes(_) => {
                let what = format!("{} has bytes that JSON cannot hold", self.here());
                return Err(self.names.error(node.line, what));
            }
            NodeKind::List(nodes) => self.json_list(nodes, depth, text)?,
            NodeKind::Map(members) => {
                text.push('{');
                for (number, (name, node, _)) in
                    self.members(members, depth)?.into_iter().enumerate()
                {
                    if number > 0 {
                        text.push(',');
                    }
                    push_json_string(text, name);
                    text.push(':');
                    self.json(node, depth + 1, text)?;
                }
                text.push('}');
            }
            NodeKind::Shared(_) => unreachable!("a resolved node is itself"),
        }
        // Lists and maps were counted by what is in them.
        let grown = match node.kind {
            NodeKind::List(_) | NodeKind::Map(_) => 0,
            _ => text.len() - before,
        };
        self.spend(grown, node.line)
    }
}

/// Whether a scalar without quotes is a number or a word of JSON, so that it needs no quotes there.
fn is_json_scalar(plain: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(plain).is_ok()
        && !plain.starts_with(['"', '[', '{'])
        && plain.trim() == plain
}

fn push_json_string(text: &mut String, string: &str) {
    let quoted = serde_json::to_string(string).expect("a string is always JSON");
    text.push_str(&quoted);
}
