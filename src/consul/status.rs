//! Whether Consul is there and led.

use super::answer::Answer;
use super::request::Request;
use super::{Client, Consistency, Error, ErrorClass};

/// A name that nobody has: a listing below it finds nothing, and costs nothing.
const NOWHERE: &str = "/v1/kv/.kvw-looks-for-a-leader/";

/// A listing that finds nothing and that any token may ask for.
pub(super) fn nothing(doing: String) -> Request<'static> {
    let mut request = Request {
        accepts: Some(404),
        ..Request::get(NOWHERE.to_owned(), doing)
    };
    request.query.flag("keys");
    request
}

impl Client {
    /// The leader's address as the servers have it, which may be that of one that just died;
    /// `None` when they have none.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn leader(&self) -> Result<Option<String>, Error> {
        let request = Request::get(
            "/v1/status/leader".to_owned(),
            "asking for the leader".to_owned(),
        );
        let leader: String = self.ask(&request, Answer::json)?;
        Ok((!leader.is_empty()).then_some(leader))
    }

    /// The addresses of the servers.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn peers(&self) -> Result<Vec<String>, Error> {
        let request = Request::get(
            "/v1/status/peers".to_owned(),
            "asking for the servers".to_owned(),
        );
        self.ask(&request, Answer::json)
    }

    /// Whether there is a leader that others still follow: one consistent read. What the token may
    /// see does not matter.
    ///
    /// # Errors
    /// When there is no leader, or no usable answer.
    pub fn prove_leader(&self) -> Result<(), Error> {
        let client = self.with_consistency(Consistency::Consistent);
        match client.ask(&nothing("asking the leader".to_owned()), Answer::proof) {
            // Rights are looked up by the leader, or by a server that has heard from it.
            Err(error) if error.outcome() == ErrorClass::Denied => Ok(()),
            proven => proven,
        }
    }

    /// The name of the agent's datacenter; `None` when the token may not read it.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn datacenter(&self) -> Result<Option<String>, Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AgentSelf {
            config: Named,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Named {
            datacenter: String,
        }
        let request = Request::get(
            "/v1/agent/self".to_owned(),
            "asking for the datacenter".to_owned(),
        );
        match self.ask(&request, Answer::json) {
            Ok(AgentSelf { config }) => Ok(Some(config.datacenter)),
            Err(error) if error.outcome() == ErrorClass::Denied => Ok(None),
            Err(error) => Err(error),
        }
    }
}
