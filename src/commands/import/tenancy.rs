//! The namespace and the partition that an import writes to, against those that entries name.

use crate::exit::Failure;
use crate::model::{Exported, abbreviate};

/// Where an import writes; `None` is the default one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenancy {
    /// The namespace.
    pub namespace: Option<String>,
    /// The partition.
    pub partition: Option<String>,
}

/// The name of the namespace or partition that is used where none is given.
const DEFAULT: &str = "default";

impl Tenancy {
    /// Checks that an entry does not come from another namespace or partition.
    pub fn check(&self, entry: &Exported) -> Result<(), Failure> {
        let namespace = ("namespace", &entry.namespace, &self.namespace);
        let partition = ("partition", &entry.partition, &self.partition);
        for (kind, from, to) in [namespace, partition] {
            let Some(from) = from.as_deref().filter(|from| !from.is_empty()) else {
                continue;
            };
            let to = to.as_deref().unwrap_or(DEFAULT);
            // Consul's names are compared without case.
            if !from.eq_ignore_ascii_case(to) {
                let (key, from) = (abbreviate(&entry.key), abbreviate(from));
                let failure = Failure::usage(format!(
                    "key {key} belongs to {kind} {from}, and the import writes to {to}"
                ));
                return Err(failure.hint(format!(
                    "--{kind} {from} writes it there, --ignore-namespace to {to}"
                )));
            }
        }
        Ok(())
    }
}
