//! The processes below kvw, and which of them are outside the groups of its runs. As the subreaper of
//! its descendants kvw is the ancestor of all that a run has started, whatever became of their parents.

use std::collections::{HashMap, HashSet};
use std::fs;

use rustix::process::{Pid, getpid};

/// How often the processes are listed again if one ended meanwhile: its children moved to kvw, and may
/// have been missed.
const ATTEMPTS: usize = 3;

/// A process for as long as it lives. Its id alone may be another's later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ProcessKey {
    pub(super) id: Pid,
    /// When it started, in clock ticks since the boot.
    pub(super) started: u64,
}

/// A process below kvw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descendant {
    pub(super) key: ProcessKey,
    parent: Pid,
    group: Pid,
}

impl ProcessKey {
    /// Whether this process lives.
    pub(super) fn is_alive(self) -> bool {
        matches!(read_stat(self.id), Some(stat) if stat.started == self.started && !stat.has_ended)
    }
}

/// Returns the processes outside the groups of the runs, each with the run that it belongs to, if that
/// is known: that of its parent, the one it was `known` to belong to before, or the one whose mark it
/// has. `tree` has parents first.
pub(super) fn outside_groups(
    tree: &[Descendant],
    runs: &HashSet<Pid>,
    known: &HashMap<ProcessKey, Option<Pid>>,
    run_by_mark: impl Fn(Pid) -> Option<Pid>,
) -> HashMap<ProcessKey, Option<Pid>> {
    let mut run_of: HashMap<Pid, Option<Pid>> = HashMap::new();
    let mut outside = HashMap::new();
    for process in tree {
        if runs.contains(&process.group) {
            run_of.insert(process.key.id, Some(process.group));
            continue;
        }
        let of_parent = run_of.get(&process.parent).copied().flatten();
        let run = known
            .get(&process.key)
            .copied()
            .flatten()
            .or(of_parent)
            .or_else(|| run_by_mark(process.key.id));
        run_of.insert(process.key.id, run);
        outside.insert(process.key, run);
    }
    outside
}

/// Returns a child and the members of a group, all as the child's.
pub(super) fn members(
    tree: &[Descendant],
    group: Pid,
    child: Pid,
) -> HashMap<ProcessKey, Option<Pid>> {
    let members = tree
        .iter()
        .filter(|process| process.group == group || process.key.id == child);
    members.map(|process| (process.key, Some(child))).collect()
}

/// Returns the processes below this one that have not ended, parents first; none where `/proc` is
/// missing. `spared` are children that are left out, with all below them.
pub(super) fn descendants(spared: &HashSet<Pid>) -> Vec<Descendant> {
    let mut all = Vec::new();
    for _ in 0..ATTEMPTS {
        all.clear();
        if list_below(getpid(), spared, &mut all) {
            break;
        }
    }
    all
}

/// Returns the children of this process.
pub(super) fn own_children() -> Vec<Pid> {
    children(getpid())
}

/// Returns a process and those below it that are in its group, parents first.
pub(super) fn with_descendants(key: ProcessKey) -> Vec<ProcessKey> {
    let group = read_stat(key.id).map(|stat| stat.group);
    let mut below = Vec::new();
    list_below(key.id, &HashSet::new(), &mut below);
    below.retain(|process| Some(process.group) == group);
    let below = below.into_iter().map(|process| process.key);
    std::iter::once(key).chain(below).collect()
}

/// Lists the processes below a process. Returns false if one ended meanwhile.
fn list_below(parent: Pid, spared: &HashSet<Pid>, all: &mut Vec<Descendant>) -> bool {
    let mut whole = true;
    for id in children(parent) {
        if spared.contains(&id) {
            continue;
        }
        match read_stat(id) {
            Some(stat) if !stat.has_ended => {
                all.push(Descendant {
                    key: ProcessKey {
                        id,
                        started: stat.started,
                    },
                    parent,
                    group: stat.group,
                });
                whole &= list_below(id, spared, all);
            }
            _ => whole = false,
        }
    }
    whole
}

/// Returns the children of a process: those of each of its threads.
fn children(parent: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{parent}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let ids: Vec<Pid> = lists
        .flat_map(|list| {
            let ids = list.split_whitespace().filter_map(|id| id.parse().ok());
            ids.filter_map(Pid::from_raw).collect::<Vec<_>>()
        })
        .collect();
    ids
}

/// What `/proc` says of a process.
struct Stat {
    has_ended: bool,
    group: Pid,
    started: u64,
}

fn read_stat(id: Pid) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// Parses `pid (name) state ppid pgrp …`: the name may hold anything.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Some(Stat {
        has_ended: matches!(*fields.first()?, "Z" | "X"),
        group: Pid::from_raw(fields.get(2)?.parse().ok()?)?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(id: i32) -> Pid {
        Pid::from_raw(id).unwrap()
    }

    fn key(id: i32) -> ProcessKey {
        ProcessKey {
            id: pid(id),
            started: 7,
        }
    }

    fn process(id: i32, parent: i32, group: i32) -> Descendant {
        Descendant {
            key: key(id),
            parent: pid(parent),
            group: pid(group),
        }
    }

    /// The processes outside the groups of the runs 10 and 20, with their runs; 0 is unknown.
    fn outside(
        tree: &[Descendant],
        known: &[(i32, i32)],
        marked: &[(i32, i32)],
    ) -> Vec<(i32, i32)> {
        let runs = [10, 20].map(pid).into();
        let known = known.iter().map(|(id, run)| (key(*id), Some(pid(*run))));
        let run_by_mark = |id| {
            let found = marked.iter().find(|(marked, _)| pid(*marked) == id)?;
            Some(pid(found.1))
        };
        let outside = outside_groups(tree, &runs, &known.collect(), run_by_mark);
        let number = |id: Pid| id.as_raw_nonzero().get();
        let mut outside: Vec<_> = outside
            .into_iter()
            .map(|(key, run)| (number(key.id), run.map_or(0, number)))
            .collect();
        outside.sort_unstable();
        outside
    }

    #[test]
    fn what_has_a_group_of_its_own_is_outside_and_belongs_to_the_run_of_its_parent() {
        let tree = [
            process(10, 1, 10),
            process(11, 10, 10),
            process(12, 11, 12),
            process(13, 12, 12),
            process(20, 1, 20),
            process(21, 20, 21),
        ];
        assert_eq!(outside(&tree, &[], &[]), [(12, 10), (13, 10), (21, 20)]);
    }

    #[test]
    fn an_orphan_belongs_to_the_run_that_it_was_known_to_or_whose_mark_it_has() {
        let tree = [process(12, 1, 12), process(22, 1, 22), process(30, 1, 30)];
        let found = outside(&tree, &[(12, 10)], &[(12, 20), (22, 20)]);
        assert_eq!(found, [(12, 10), (22, 20), (30, 0)]);
        // What it starts is its run's too.
        let tree = [process(12, 1, 12), process(13, 12, 13)];
        assert_eq!(outside(&tree, &[(12, 10)], &[]), [(12, 10), (13, 10)]);
    }

    #[test]
    fn a_member_of_a_group_of_a_run_is_that_runs_whoever_its_parent_is() {
        let tree = [process(11, 1, 10), process(12, 11, 12)];
        assert_eq!(outside(&tree, &[], &[]), [(12, 10)]);
    }

    #[test]
    fn of_a_child_in_kvws_group_only_the_members_of_that_group_are_its_own() {
        let tree = [
            process(5, 1, 1),
            process(6, 5, 1),
            process(7, 6, 7),
            process(8, 7, 1),
        ];
        let found = members(&tree, pid(1), pid(5));
        assert_eq!(found.len(), 3);
        assert!(!found.contains_key(&key(7)));
        // The child itself is, also where it has a group of its own, as a shell with job control.
        let found = members(&[process(5, 1, 5), process(6, 5, 6)], pid(1), pid(5));
        assert_eq!(found, [(key(5), Some(pid(5)))].into());
    }

    #[test]
    fn a_name_with_parentheses_is_no_field() {
        let text = "12 (a) Z) S 1 12 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 5000\n";
        let stat = parse_stat(text).unwrap();
        assert!(!stat.has_ended && stat.group == pid(12) && stat.started == 4711);
        assert!(parse_stat("12 (a").is_none());
    }
}
