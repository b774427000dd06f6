//! Whether Consul is reachable and has a leader.

use super::answer::Answer;
use super::request::Request;
use super::{Cause, Client, Consistency, Error, ErrorClass};

/// What the cluster knows of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It was sent none.
    Anonymous,
    /// It knows the token.
    Known,
    /// It does not know the token: deleted, or of another cluster.
    NotFound,
    /// It has no ACLs: a token is not looked at.
    Unchecked,
}

/// A prefix that no key has: listing it finds nothing, and costs nothing.
const NOWHERE: &str = "/v1/kv/.kvw-looks-for-a-leader/";

/// A listing that finds nothing and needs no permission.
pub(super) fn empty_listing(doing: String) -> Request<'static> {
    let mut request = Request {
        accepts: Some(404),
        ..Request::get(NOWHERE.to_owned(), doing)
    };
    request.query.flag("keys");
    request
}

impl Client {
    /// Returns the leader's address as the servers know it, which may be that of a server that just
    /// died; `None` without a leader.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn leader(&self) -> Result<Option<String>, Error> {
        let request = Request::get(
            "/v1/status/leader".to_owned(),
            "reading the leader's address".to_owned(),
        );
        let leader: String = self.ask(&request, Answer::short_json)?;
        Ok((!leader.is_empty()).then(|| self.blank(&leader)))
    }

    /// Returns the addresses of the servers.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn peers(&self) -> Result<Vec<String>, Error> {
        let request = Request::get(
            "/v1/status/peers".to_owned(),
            "listing the servers".to_owned(),
        );
        let peers: Vec<String> = self.ask(&request, Answer::short_json)?;
        Ok(peers.iter().map(|peer| self.blank(peer)).collect())
    }

    /// Returns a text of a server without the secrets of this client.
    fn blank(&self, text: &str) -> String {
        let context = self.context(String::new(), false);
        context.redactor.blank(text).into_owned()
    }

    /// Checks by a consistent read that there is a leader that the other servers still follow. The
    /// token needs no permission.
    ///
    /// # Errors
    /// When there is no leader, or no usable answer.
    pub fn prove_leader(&self) -> Result<(), Error> {
        let client = self.with_consistency(Consistency::Consistent);
        match client.ask(
            &empty_listing("checking for a leader".to_owned()),
            Answer::discard,
        ) {
            // Permissions are checked by the leader, or by a server that has heard from it.
            Err(error) if error.class() == ErrorClass::Denied => Ok(()),
            proven => proven,
        }
    }

    /// Returns whether the cluster knows the token; `None` where it does not say.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn token_state(&self) -> Result<Option<TokenState>, Error> {
        if self.token().is_none() {
            return Ok(Some(TokenState::Anonymous));
        }
        let request = Request::get(
            "/v1/acl/token/self".to_owned(),
            "looking the token up".to_owned(),
        );
        match self.ask(&request, Answer::json::<serde::de::IgnoredAny>) {
            Ok(_) => Ok(Some(TokenState::Known)),
            Err(error) => match error.cause() {
                Cause::UnknownToken => Ok(Some(TokenState::NotFound)),
                // 401 `ACL support disabled`.
                _ if error.reason().contains("ACL support disabled") => {
                    Ok(Some(TokenState::Unchecked))
                }
                // Agents in front of a cluster, or another API, may not have this endpoint.
                Cause::Denied | Cause::Refused | Cause::NotConsul | Cause::Server => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Returns the name of the agent's datacenter; `None` if the token may not read it.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn datacenter(&self) -> Result<Option<String>, Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AgentSelf {
            config: AgentConfig,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AgentConfig {
            datacenter: String,
        }
        let request = Request::get(
            "/v1/agent/self".to_owned(),
            "reading the datacenter".to_owned(),
        );
        match self.ask(&request, Answer::json) {
            Ok(AgentSelf { config }) => Ok(Some(self.blank(&config.datacenter))),
            Err(error) if error.class() == ErrorClass::Denied => Ok(None),
            Err(error) => Err(error),
        }
    }
}
