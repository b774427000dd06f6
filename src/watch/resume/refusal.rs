//! What is said where a state file is not taken.

use std::io;
use std::path::Path;

use super::format::{Damage, Identity};
use super::journal::Refused;
use crate::exit::{Exit, Failure};

/// Refuses a file of another watch.
pub fn check_identity(path: &Path, file: &Identity, own: &Identity) -> Result<(), Failure> {
    let sorted = |identity: &Identity| {
        let mut targets = identity.targets.clone();
        targets.sort();
        targets
    };
    let named =
        |name: &Option<String>| name.clone().unwrap_or_else(|| "the agent's own".to_owned());
    let differs = [
        (
            "targets are",
            sorted(file).join(", "),
            sorted(own).join(", "),
        ),
        (
            "namespace is",
            named(&file.namespace),
            named(&own.namespace),
        ),
        (
            "partition is",
            named(&file.partition),
            named(&own.partition),
        ),
        (
            "datacenter is",
            named(&file.datacenter),
            named(&own.datacenter),
        ),
    ]
    .into_iter()
    .find(|(_, file, own)| file != own);
    let Some((what, file, own)) = differs else {
        return Ok(());
    };
    let path = path.display();
    let message =
        format!("the state file {path} belongs to another watch: its {what} {file}, not {own}");
    Err(Failure::usage(message)
        .hint("give each watch a state file of its own, or remove this one to start over"))
}

/// Why a file is no state.
pub fn damaged(path: &Path, damage: &Damage) -> Failure {
    let hint = match damage {
        Damage::Foreign => "give --state a file of its own",
        Damage::Version(_) => "use the kvw that wrote it, or another file",
        Damage::Line(_) | Damage::Short(..) => {
            "restore it, or remove it to start over: everything that is there is then handled as new"
        }
    };
    Failure::usage(format!("the state file {} {damage}", path.display())).hint(hint)
}

/// Why a file cannot be held or written.
pub fn refused(path: &Path, refused: Refused) -> Failure {
    let path = path.display();
    match refused {
        Refused::InUse => Failure::usage(format!("the state file {path} is in use by another kvw"))
            .hint("give each watch a state file of its own"),
        Refused::Io(error) => {
            let exit = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Exit::Trouble,
                _ => Exit::Usage,
            };
            Failure::new(
                exit,
                format!("the state file {path} cannot be written: {error}"),
            )
        }
    }
}
