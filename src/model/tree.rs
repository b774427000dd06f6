//! Keys as a tree of folders.

/// The most levels of a tree: a key of many thousand slashes must not become as many levels.
const MAX_DEPTH: usize = 64;

/// A folder or a key: one segment of a name, its slash included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeNode {
    /// The segment of the name; the prefix for the root.
    pub name: String,
    /// The number of keys: itself, if it is one, and all below.
    pub keys: u64,
    /// The bytes of their values, if these were read.
    pub bytes: u64,
    /// The nodes below, sorted by name, down to the requested depth.
    pub children: Vec<TreeNode>,
}

impl TreeNode {
    /// A node without keys.
    pub fn new(name: impl Into<String>) -> Self {
        TreeNode {
            name: name.into(),
            ..TreeNode::default()
        }
    }

    /// Whether it is a folder by convention.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    /// Returns the number of folders below.
    pub fn folders(&self) -> u64 {
        let folders = self.children.iter().filter(|child| child.is_folder());
        folders.count() as u64 + self.children.iter().map(TreeNode::folders).sum::<u64>()
    }

    /// Adds a key whose name, without that of this node, is `rest`. Keys must be sorted, so that each
    /// belongs to the last child or a new one. `depth` levels are kept.
    pub fn add(&mut self, rest: &str, bytes: u64, depth: usize) {
        let depth = depth.min(MAX_DEPTH);
        let mut node = self;
        let mut rest = rest;
        for level in 1.. {
            node.keys += 1;
            node.bytes += bytes;
            if rest.is_empty() || level > depth {
                return;
            }
            let end = match rest.find('/') {
                Some(slash) if level < MAX_DEPTH => slash + 1,
                _ => rest.len(),
            };
            let (name, below) = rest.split_at(end);
            if node.children.last().is_none_or(|last| last.name != name) {
                node.children.push(TreeNode::new(name));
            }
            let Some(child) = node.children.last_mut() else {
                return;
            };
            node = child;
            rest = below;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(node: &TreeNode, indent: usize, out: &mut String) {
        let line = format!("{:indent$}{} {} {}\n", "", node.name, node.keys, node.bytes);
        out.push_str(&line);
        for child in &node.children {
            draw(child, indent + 1, out);
        }
    }

    fn tree(keys: &[&str], depth: usize) -> String {
        let mut root = TreeNode::new("root");
        for key in keys {
            root.add(key, 2, depth);
        }
        let mut out = String::new();
        draw(&root, 0, &mut out);
        out
    }

    #[test]
    fn folders_count_the_keys_below_them() {
        let keys = ["a/", "a/x", "a/y/z", "b", "b/c"];
        let expected =
            "root 5 10\n a/ 3 6\n  x 1 2\n  y/ 1 2\n   z 1 2\n b 1 2\n b/ 1 2\n  c 1 2\n";
        assert_eq!(tree(&keys, usize::MAX), expected);
    }

    #[test]
    fn levels_that_are_too_deep_are_counted_and_not_shown() {
        let keys = ["a/x", "a/y/z", "b"];
        assert_eq!(tree(&keys, 1), "root 3 6\n a/ 2 4\n b 1 2\n");
        assert_eq!(tree(&keys, 0), "root 3 6\n");
    }

    #[test]
    fn empty_parts_of_names_are_folders_too() {
        assert_eq!(
            tree(&["/a", "b//c"], 9),
            "root 2 4\n / 1 2\n  a 1 2\n b/ 1 2\n  / 1 2\n   c 1 2\n"
        );
    }

    #[test]
    fn a_key_of_slashes_does_not_become_as_many_levels() {
        let mut root = TreeNode::new("");
        root.add(&"/".repeat(100_000), 0, usize::MAX);
        assert_eq!(root.folders(), MAX_DEPTH as u64);
    }
}
