//! The commands that check changes which kvw makes itself: those that were made, and values that are to be.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::SystemTime;

use super::environment;
use crate::model::{Batch, Key};
use crate::output::json;
use crate::process::{ChildCommand, Program, StdinSource, Stdout};

/// Variables of the connection, and those to withhold.
type Connection = (Vec<(OsString, OsString)>, Vec<OsString>);

/// Returns the command that checks changes: it reads them as a handler reads its batch, and finds the same
/// variables. Its stdout goes to stderr, because stdout has the answer of kvw.
pub fn check_command(
    line: &OsStr,
    batch: Arc<Batch>,
    targets: Vec<String>,
    now: SystemTime,
    connection: Connection,
) -> ChildCommand {
    let variables = environment::variables(&batch, batch.index(), false);
    let input = StdinSource::Document(Box::new(move |out| {
        json::write_line(out, &json::Batch::new(&batch, &targets, now))
    }));
    command(line, variables, input, connection)
}

/// Returns the command that checks a value before it is written: it reads the value, and finds its key in
/// `KVW_KEY`.
pub fn value_command(
    line: &OsStr,
    key: &Key,
    value: Vec<u8>,
    connection: Connection,
) -> ChildCommand {
    // No variable can hold a NUL.
    let name = (!key.as_str().contains('\0')).then(|| key.to_string());
    let variables = name.map(|name| ("KVW_KEY".into(), name.into()));
    let input = StdinSource::Document(Box::new(move |out| out.write_all(&value)));
    command(line, variables.into_iter().collect(), input, connection)
}

fn command(
    line: &OsStr,
    variables: Vec<(OsString, OsString)>,
    input: StdinSource,
    (mut env, mut env_remove): Connection,
) -> ChildCommand {
    env.extend(variables);
    env_remove.extend(environment::NAMES.map(OsString::from));
    ChildCommand {
        program: Program::Shell(line.into()),
        env,
        env_remove,
        input,
        stdout: Stdout::Stderr,
    }
}
