//! Ids of sessions on the command line.

/// Parses the id of a session, for clap. An empty one is a shell variable that was never set: no server is
/// asked about it. Consul compares ids letter by letter, and gives them in lower case.
///
/// # Errors
/// For an empty one.
pub fn session_id(text: &str) -> Result<String, String> {
    let is_uuid = text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    match text {
        "" => Err("a session id cannot be empty".to_owned()),
        text if is_uuid => Ok(text.to_ascii_lowercase()),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_in_lower_case_and_never_empty() {
        let id = "8f0c2b6e-5c8a-4b7e-9a55-0c3e6f1d2a44";
        assert_eq!(session_id(&id.to_uppercase()), Ok(id.to_owned()));
        assert_eq!(session_id("No-Id"), Ok("No-Id".to_owned()));
        assert!(session_id("").is_err());
    }
}
