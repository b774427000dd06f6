//! A server with ACLs. They are a real Consul's: `kvw dev` has none.

use std::ops::Deref;

use serde_json::{Value, json};

use super::agent::{Agent, not_tried, request};
use super::waiting::wait_within;

/// The token that may do everything.
pub const MASTER: &str = "6f7b2c1a-3d00-4000-8000-000000000001";

/// A server of the test's own with ACLs, default policy deny.
pub struct AclAgent(Agent);

/// A token of the server.
pub struct Token {
    /// Sent with requests.
    pub secret: String,
    /// Names the token in the API.
    pub accessor: String,
}

impl AclAgent {
    /// Starts one; `None`, with the reason printed, on `kvw dev`.
    pub fn start() -> Option<Self> {
        if !Agent::is_real() {
            not_tried("kvw dev has no ACLs; KVW_TEST_CONSUL names a Consul that has");
            return None;
        }
        let agent = Agent::with_master_token(MASTER);
        // The leader makes its first tokens and policies a moment after its election.
        let master = [("X-Consul-Token", MASTER)];
        wait_within(Agent::START, "the ACL system", || {
            let answer = request(&agent.address(), "GET", "/v1/acl/policies", &master, b"");
            (answer.status() == 200).then_some(())
        });
        Some(AclAgent(agent))
    }

    /// A raw request with the right to everything; returns the body.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let master = [("X-Consul-Token", MASTER)];
        let response = request(&self.address(), method, path, &master, body);
        assert_eq!(response.status(), 200, "{method} {path}: {response:?}");
        response.into_body()
    }

    /// Writes an entry.
    pub fn put(&self, key: &str, value: &str) {
        self.call("PUT", &format!("/v1/kv/{key}"), value.as_bytes());
    }

    /// Deletes an entry.
    pub fn delete(&self, key: &str) {
        self.call("DELETE", &format!("/v1/kv/{key}"), b"");
    }

    /// Creates a policy, and returns its id.
    pub fn create_policy(&self, rules: &str) -> String {
        let policy = self.create("/v1/acl/policy", &json!({"Name": "test", "Rules": rules}));
        policy["ID"].as_str().unwrap().to_owned()
    }

    /// Replaces the rules of a policy.
    pub fn set_rules(&self, policy: &str, rules: &str) {
        let changed = json!({"ID": policy, "Name": "test", "Rules": rules});
        self.create(&format!("/v1/acl/policy/{policy}"), &changed);
    }

    /// Creates a token with this policy.
    pub fn create_token(&self, policy: &str) -> Token {
        let token = self.create("/v1/acl/token", &json!({"Policies": [{"ID": policy}]}));
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        Token {
            secret: text("SecretID"),
            accessor: text("AccessorID"),
        }
    }

    /// Deletes a token.
    pub fn delete_token(&self, token: &Token) {
        self.call("DELETE", &format!("/v1/acl/token/{}", token.accessor), b"");
    }

    fn create(&self, path: &str, body: &Value) -> Value {
        let body = self.call("PUT", path, body.to_string().as_bytes());
        serde_json::from_slice(&body).unwrap()
    }
}

impl Deref for AclAgent {
    type Target = Agent;

    fn deref(&self) -> &Agent {
        &self.0
    }
}

/// Rules with this policy for each prefix.
pub fn prefix_rules(policy: &str, prefixes: &[&str]) -> String {
    let rule = |prefix: &&str| format!("key_prefix \"{prefix}\" {{ policy = \"{policy}\" }}\n");
    prefixes.iter().map(rule).collect()
}
