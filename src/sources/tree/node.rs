//! A document as a tree of names and texts. No number is ever parsed: `1.10` stays `1.10`.

use std::rc::Rc;

/// The depth beyond which a document is refused rather than walked.
pub const MAX_DEPTH: usize = 200;

/// The words for a document that is nested more than [`MAX_DEPTH`] times.
pub const TOO_DEEP: &str = "names are nested more than 200 levels deep";

/// A node, and the line where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// The line, from 1.
    pub line: u32,
    /// What stands there.
    pub kind: NodeKind,
}

/// What a document has in one place.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// `null`, or nothing.
    Null,
    /// A scalar without quotes, as it is written.
    Plain(String),
    /// The text of a string.
    Text(String),
    /// Bytes that are no text.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Node>),
    /// Names in their order.
    Map(Vec<Member>),
    /// Another node that stands here too, as often as it is named.
    Shared(Rc<Node>),
}

/// A name of a map and its value.
#[derive(Debug, Clone)]
pub struct Member {
    /// The name; `None` for the `<<` of YAML, whose names are those of its value.
    pub name: Option<String>,
    /// The line of the name.
    pub line: u32,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The node itself where it is shared.
    pub fn resolved(&self) -> &Node {
        let mut node = self;
        while let NodeKind::Shared(inner) = &node.kind {
            node = inner;
        }
        node
    }
}
