//! The endpoints by which clients find out about an agent.

use serde_json::json;

use crate::agent::params::DATACENTER;
use crate::agent::request::{ApiRequest, ApiResult};
use crate::agent::state::NODE;

/// The version of Consul that the agent imitates.
const VERSION: &str = "1.8.7";

/// Serves `/v1/status/leader`: always the agent itself.
pub fn leader(request: &mut ApiRequest<'_>) -> ApiResult {
    request.params.blocking_query(&request.head.cache_control)?;
    request.params.check_datacenter()?;
    Ok(request.json(200, &request.agent.server_address().to_string()))
}

/// Serves `/v1/status/peers`.
pub fn peers(request: &mut ApiRequest<'_>) -> ApiResult {
    request.params.blocking_query(&request.head.cache_control)?;
    request.params.check_datacenter()?;
    Ok(request.json(200, &[request.agent.server_address().to_string()]))
}

/// Serves `/v1/catalog/datacenters`.
pub fn datacenters(request: &mut ApiRequest<'_>) -> ApiResult {
    Ok(request.json(200, &[DATACENTER]))
}

/// Serves `/v1/agent/self`: as much as `consul lock` and `consul watch` read.
pub fn agent_self(request: &mut ApiRequest<'_>) -> ApiResult {
    let address = request.agent.server_address();
    let (address, port) = (address.ip(), address.port());
    let id = "6b767720-6465-7620-6167-656e74202020";
    let shown = json!({
        "Config": {
            "Datacenter": DATACENTER,
            "NodeName": NODE,
            "NodeID": id,
            "Revision": "",
            "Server": true,
            "Version": VERSION,
        },
        "Member": {
            "Name": NODE,
            "Addr": address,
            "Port": port,
            "Tags": {"dc": DATACENTER, "id": id, "role": "consul", "build": VERSION},
            "Status": 1,
        },
        "Meta": {"kvw-dev": env!("CARGO_PKG_VERSION")},
    });
    Ok(request.json(200, &shown))
}
