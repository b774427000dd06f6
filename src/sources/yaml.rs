//! YAML trees, from the events of the parser: scalars are texts, so that neither `no` nor `1.10` nor
//! `0123` becomes something else.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::SourceError;
use super::tree::{DocumentNames, MAX_DEPTH, Member, Node, NodeKind, TOO_DEEP, flatten};
use crate::model::{Desired, decode_base64};

/// Reads a YAML stream; several documents are one tree.
pub fn parse(text: &str, names: &DocumentNames) -> Result<Vec<Desired>, SourceError> {
    let mut builder = Builder {
        names,
        open: Vec::new(),
        roots: Vec::new(),
        anchors: HashMap::new(),
        line: 1,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = line_number(error.marker().line());
            names.error(line, format!("not YAML: {}", error.info()))
        })?;
        builder.line = line_number(span.start.line());
        builder.event(event)?;
    }
    flatten(&builder.roots, text.len(), names)
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line.max(1)).unwrap_or(u32::MAX)
}

/// A list or a map that is not complete.
struct Open {
    line: u32,
    anchor: usize,
    /// The levels below it.
    height: usize,
    content: OpenContent,
}

enum OpenContent {
    List(Vec<Node>),
    Map {
        members: Vec<Member>,
        /// The name that waits for its value, and its line.
        name: Option<(Option<String>, u32)>,
    },
}

struct Builder<'a> {
    names: &'a DocumentNames<'a>,
    open: Vec<Open>,
    roots: Vec<Node>,
    /// What an alias may name, and the levels below it.
    anchors: HashMap<usize, (Rc<Node>, usize)>,
    line: u32,
}

impl Builder<'_> {
    fn error(&self, what: impl Into<String>) -> SourceError {
        self.names.error(self.line, what)
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), SourceError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_merge = style == ScalarStyle::Plain && text == "<<" && tag.is_none();
                let kind = self.scalar(text, style, tag.as_deref())?;
                self.add(kind, anchor, 0, is_merge)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq")?;
                self.begin(anchor, OpenContent::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map")?;
                let members = Vec::new();
                self.begin(
                    anchor,
                    OpenContent::Map {
                        members,
                        name: None,
                    },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some((node, height)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error("an alias names what it is part of"));
                };
                self.add(NodeKind::Shared(node), 0, height, false)
            }
            Event::DocumentEnd => {
                // An alias names nothing of another document.
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, anchor: usize, content: OpenContent) -> Result<(), SourceError> {
        if let Some(Open {
            content: OpenContent::Map { name: None, .. },
            ..
        }) = self.open.last()
        {
            return Err(self.error("a name is a list or a map"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(TOO_DEEP));
        }
        self.open.push(Open {
            line: self.line,
            anchor,
            height: 0,
            content,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SourceError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let kind = match open.content {
            OpenContent::List(nodes) => NodeKind::List(nodes),
            OpenContent::Map { members, .. } => NodeKind::Map(members),
        };
        self.line = open.line;
        self.add(kind, open.anchor, open.height + 1, false)
    }

    /// Adds a complete node where it stands: a name, a value, an element, or a document.
    fn add(
        &mut self,
        kind: NodeKind,
        anchor: usize,
        height: usize,
        is_merge: bool,
    ) -> Result<(), SourceError> {
        if height + self.open.len() > MAX_DEPTH {
            return Err(self.error(TOO_DEEP));
        }
        let mut node = Node {
            line: self.line,
            kind,
        };
        if anchor != 0 {
            let shared = Rc::new(node);
            self.anchors.insert(anchor, (Rc::clone(&shared), height));
            node = Node {
                line: self.line,
                kind: NodeKind::Shared(shared),
            };
        }
        let line = self.line;
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        open.height = open.height.max(height);
        match &mut open.content {
            OpenContent::List(nodes) => nodes.push(node),
            OpenContent::Map { members, name } => match name.take() {
                Some((name, line)) => members.push(Member { name, line, node }),
                None if is_merge => *name = Some((None, line)),
                None => match &node.resolved().kind {
                    NodeKind::Plain(text) | NodeKind::Text(text) => {
                        *name = Some((Some(text.clone()), line));
                    }
                    NodeKind::Null => return Err(self.error("a name is null")),
                    _ => return Err(self.error("a name is not a text")),
                },
            },
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<NodeKind, SourceError> {
        let tag = match tag {
            Some(tag) if tag.is_yaml_core_schema() => Some(tag.suffix.as_str()),
            // The tag `!` says that it is a text.
            Some(tag) if is_bare(tag) => Some("str"),
            Some(tag) => return Err(self.unknown_tag(tag)),
            None => None,
        };
        let plain = style == ScalarStyle::Plain;
        match tag {
            Some("binary") => match decode_base64(&without_blanks(&text)) {
                Ok(bytes) => Ok(NodeKind::Bytes(bytes)),
                Err(what) => Err(self.error(what)),
            },
            None if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") => {
                Ok(NodeKind::Null)
            }
            Some("null") => Ok(NodeKind::Null),
            Some("str") => Ok(NodeKind::Text(text.into_owned())),
            Some("int" | "float" | "bool" | "timestamp" | "merge") => {
                Ok(NodeKind::Plain(text.into_owned()))
            }
            Some(other) => Err(self.error(format!("the tag !!{other} has no meaning for a value"))),
            None if plain => Ok(NodeKind::Plain(text.into_owned())),
            None => Ok(NodeKind::Text(text.into_owned())),
        }
    }

    fn check_tag(&self, tag: Option<&Tag>, expected: &str) -> Result<(), SourceError> {
        match tag {
            None => Ok(()),
            Some(tag) if is_bare(tag) => Ok(()),
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == expected => Ok(()),
            Some(tag) => Err(self.unknown_tag(tag)),
        }
    }

    fn unknown_tag(&self, tag: &Tag) -> SourceError {
        let name = match tag.is_yaml_core_schema() {
            true => format!("!!{}", tag.suffix),
            false => format!("{}{}", tag.handle, tag.suffix),
        };
        self.error(format!("the tag {name} has no meaning here"))
    }
}

fn is_bare(tag: &Tag) -> bool {
    format!("{}{}", tag.handle, tag.suffix) == "!"
}

fn without_blanks(text: &str) -> Vec<u8> {
    let bytes = text.bytes();
    bytes.filter(|byte| !byte.is_ascii_whitespace()).collect()
}

#[cfg(test)]
mod tests;
