//! Keys as a tree, and folders.

use serde::Serialize;

use crate::model::TreeNode;

/// A tree of keys.
#[derive(Debug, Serialize)]
pub struct Tree<'a> {
    name: &'a str,
    keys: u64,
    bytes: Option<u64>,
    children: Vec<Tree<'a>>,
}

impl<'a> Tree<'a> {
    /// Creates the JSON of a tree; `sizes` says whether the sizes of values are known.
    pub fn new(node: &'a TreeNode, sizes: bool) -> Self {
        let children = node.children.iter().map(|child| Tree::new(child, sizes));
        Tree {
            name: &node.name,
            keys: node.keys,
            bytes: sizes.then_some(node.bytes),
            children: children.collect(),
        }
    }
}

/// A folder among entries.
#[derive(Debug, Serialize)]
pub struct Folder<'a> {
    key: &'a str,
    folder: bool,
}

impl<'a> Folder<'a> {
    /// Creates the JSON of a folder; its name ends in a slash.
    pub fn new(name: &'a str) -> Self {
        Folder {
            key: name,
            folder: true,
        }
    }
}
