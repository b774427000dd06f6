//! Programs that a test makes. They are written by another process: where the test's own has the file open
//! for writing, a child that another thread starts just then holds it too until its program is loaded,
//! and the new program cannot be run meanwhile ("Text file busy").

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes an executable script of `sh`.
#[track_caller]
pub fn write_script(path: &Path, body: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", r#"cat >"$0" && chmod 755 "$0""#])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = writer.stdin.take().unwrap();
    write!(stdin, "#!/bin/sh\n{body}\n").unwrap();
    drop(stdin);
    assert!(writer.wait().unwrap().success(), "{}", path.display());
}

/// Copies a program.
#[track_caller]
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").args([from, to]).status().unwrap();
    assert!(status.success(), "{}", to.display());
}
