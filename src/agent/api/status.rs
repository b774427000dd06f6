//! What a client asks before it trusts an agent.

use serde_json::json;

use crate::agent::params::DATACENTER;
use crate::agent::request::{Answer, ApiRequest};
use crate::agent::state::NODE;

/// What the answers are an imitation of.
const VERSION: &str = "1.8.7";

/// `/v1/status/leader`: always ourselves.
pub fn leader(request: &mut ApiRequest<'_>) -> Answer {
    request.params.options(&request.head.cache_control)?;
    request.params.datacenter()?;
    Ok(request.json(200, &request.agent.address.to_string()))
}

/// `/v1/status/peers`
pub fn peers(request: &mut ApiRequest<'_>) -> Answer {
    request.params.options(&request.head.cache_control)?;
    request.params.datacenter()?;
    Ok(request.json(200, &[request.agent.address.to_string()]))
}

/// `/v1/catalog/datacenters`
pub fn datacenters(request: &mut ApiRequest<'_>) -> Answer {
    Ok(request.json(200, &[DATACENTER]))
}

/// `/v1/agent/self`: as much as `consul lock` and `consul watch` read.
pub fn agent_self(request: &mut ApiRequest<'_>) -> Answer {
    let (address, port) = (request.agent.address.ip(), request.agent.address.port());
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
