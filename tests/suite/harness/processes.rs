//! Other processes: the process table, and signals to one.

use std::process::Command;

/// A line of the process table.
#[derive(Debug, Clone)]
pub struct Process {
    pub id: u32,
    pub parent: u32,
    pub state: char,
    pub name: String,
}

/// The process table.
pub fn processes() -> Vec<Process> {
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    ids.filter_map(process).collect()
}

/// The children of a process.
pub fn children(parent: u32) -> Vec<Process> {
    let mut all = processes();
    all.retain(|process| process.parent == parent);
    all
}

/// The programs that a kvw has started: its children without its guard. The guard is kvw's own binary,
/// started by `/proc/self/exe`, and bears that file's name until it has given itself its own.
pub fn programs(kvw: u32) -> Vec<Process> {
    let own = process(kvw).map_or_else(String::new, |kvw| kvw.name);
    let mut all = children(kvw);
    all.retain(|child| !["handler-guard", "exe", own.as_str()].contains(&child.name.as_str()));
    all
}

/// Whether a process is there and no zombie.
pub fn is_alive(id: u32) -> bool {
    process(id).is_some_and(|process| process.state != 'Z')
}

/// Whether all threads of a process are stopped.
pub fn is_stopped(id: u32) -> bool {
    let is_stopped = |thread: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(thread.path().join("stat"));
        stat.is_ok_and(|stat| stat.contains(") T "))
    };
    std::fs::read_dir(format!("/proc/{id}/task"))
        .is_ok_and(|threads| threads.flatten().all(is_stopped))
}

/// Sends a signal by its name: `TERM`, `INT`, `HUP`, `USR1`, `KILL`, `STOP`, `CONT`.
#[track_caller]
pub fn send_signal(name: &str, id: u32) {
    let status = Command::new("kill")
        .args(["-s", name, &id.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "kill -s {name} {id}");
}

fn process(id: u32) -> Option<Process> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (name, rest) = text.split_once(" (")?.1.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some(Process {
        id,
        name: name.to_owned(),
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
    })
}
