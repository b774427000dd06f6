//! The store that a file of plans or changes belongs to.

use serde::{Deserialize, Serialize};

use crate::consul::Client;

/// The store that a plan or a journal belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOrigin {
    /// The address of Consul. One cluster has many: another one is only said.
    pub address: String,
    /// The datacenter as given; `None` is the agent's.
    pub datacenter: Option<String>,
    /// The namespace as given.
    pub namespace: Option<String>,
    /// The partition as given.
    pub partition: Option<String>,
}

impl PlanOrigin {
    /// The store that a client speaks to.
    pub fn new(client: &Client) -> Self {
        let config = client.config();
        PlanOrigin {
            address: config.endpoint_at(client.place()).address.to_string(),
            datacenter: config.datacenter.clone(),
            namespace: config.namespace.clone(),
            partition: config.partition.clone(),
        }
    }

    /// Returns what differs and must not: `datacenter dc1, not dc2`.
    pub fn conflict(&self, other: &PlanOrigin) -> Option<String> {
        let fields = [
            ("datacenter", &self.datacenter, &other.datacenter),
            ("namespace", &self.namespace, &other.namespace),
            ("partition", &self.partition, &other.partition),
        ];
        let shown = |name: &Option<String>| name.clone().unwrap_or_else(|| "of the agent".into());
        let (kind, own, other) = fields.into_iter().find(|(_, own, other)| own != other)?;
        Some(format!("{kind} {}, not {}", shown(own), shown(other)))
    }
}
