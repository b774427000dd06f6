//! A handler that stands where targets go, recognized as the program that it is.

use std::ffi::OsStr;

use super::quote::quote;
use crate::exit::Failure;
use crate::process::is_program;

/// Returns the failure for a handler that follows the targets without `--`: a path, or the name of a
/// program. The first word of all is always a target.
pub fn misplaced_handler(targets: &[&str], words: &[&str]) -> Option<Failure> {
    let word = *words.first().filter(|_| !targets.is_empty())?;
    let program = word.split_whitespace().next()?;
    let is_path = program.starts_with("./") || program.starts_with("../");
    let here = format!("./{program}");
    let program = if is_path || is_program(OsStr::new(program)) {
        word
    } else if is_program(OsStr::new(&here)) {
        &here
    } else {
        return None;
    };
    let mut line = String::from("kvw watch");
    for target in targets {
        line.push(' ');
        line.push_str(&quote(target));
    }
    if word.contains(char::is_whitespace) {
        line.push_str(&format!(" --exec {}", quote(word)));
    } else {
        line.push_str(&format!(" -- {}", quote(program)));
        for word in &words[1..] {
            line.push_str(&format!(" {}", quote(word)));
        }
    }
    let failure = Failure::usage(format!("a handler goes behind --: {line}"));
    if is_path {
        // No key that other clients can name begins so.
        return Some(failure);
    }
    Some(failure.hint(format!("--key {} watches a key of this name", quote(word))))
}
