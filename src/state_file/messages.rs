//! The messages for a state file that cannot be used.

use std::path::Path;

use super::format::{Corruption, Identity};
use super::journal::OpenError;
use crate::exit::{Exit, Failure};

/// Refuses the state file of another watch.
pub fn check_identity(path: &Path, file: &Identity, own: &Identity) -> Result<(), Failure> {
    let Some(((what, file), (_, own))) = difference(file, own) else {
        return Ok(());
    };
    let path = path.display();
    let message =
        format!("the state file {path} belongs to another watch: its {what} {file}, not {own}");
    Err(Failure::usage(message)
        .hint("give each watch a state file of its own, or remove this one to start over"))
}

/// Whether two watches may have one state file.
pub fn is_same_watch(file: &Identity, own: &Identity) -> bool {
    difference(file, own).is_none()
}

/// Returns the first part in which a file differs from a watch.
fn difference(file: &Identity, own: &Identity) -> Option<(Part, Part)> {
    let mut both = parts(file).into_iter().zip(parts(own));
    both.find(|(file, own)| file != own)
}

/// What a part of an identity is called, and its text.
type Part = (&'static str, String);

/// Returns what two watches of one state file must have in common. Not the address: another one is
/// only a warning.
fn parts(identity: &Identity) -> [Part; 4] {
    let mut targets = identity.targets.clone();
    targets.sort();
    let named = |name: &Option<String>| {
        let own = || "the agent's own".to_owned();
        name.clone().unwrap_or_else(own)
    };
    [
        ("targets are", targets.join(", ")),
        ("namespace is", named(&identity.namespace)),
        ("partition is", named(&identity.partition)),
        ("datacenter is", named(&identity.datacenter)),
    ]
}

/// Describes a corrupted state file.
pub fn describe_corruption(path: &Path, corruption: &Corruption) -> Failure {
    let hint = match corruption {
        Corruption::Foreign => "give --state a file of its own",
        Corruption::Version(_) => "use the kvw that wrote it, or another file",
        Corruption::Line(_) | Corruption::Short(..) => {
            "restore it, or remove it to start over: everything that is there is then handled as new"
        }
    };
    Failure::usage(format!("the state file {} {corruption}", path.display())).hint(hint)
}

/// Describes a state file that cannot be locked or written.
pub fn describe_error(path: &Path, refused: OpenError) -> Failure {
    let path = path.display();
    match refused {
        OpenError::InUse => {
            Failure::usage(format!("the state file {path} is in use by another kvw"))
                .hint("give each watch a state file of its own")
        }
        OpenError::Replaced => {
            let message = format!("the state file {path} was replaced by another file");
            Failure::usage(message).hint("give --state a file of its own")
        }
        OpenError::Io(error) => Failure::new(
            Exit::of_file(&error),
            format!("the state file {path} cannot be written: {error}"),
        ),
    }
}
