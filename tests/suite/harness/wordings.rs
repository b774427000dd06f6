//! The words of Consul's versions, where they differ: tests have those of 1.8.7, which `kvw dev`
//! imitates and which are checked as they are. A newer server may say the same in its own.

/// What a newer server may say where 1.8.7 says this; the same words among them.
fn newer(words: &str) -> Vec<String> {
    let mut all = vec![words.to_owned()];
    // Errors that come from Raft have a prefix since 1.10: one for keys, one for sessions.
    let from_raft = [
        "invalid session ",
        "missing session",
        "failed session lookup: ",
        "Missing node registration",
        "Missing check ",
    ];
    if from_raft.iter().any(|start| words.starts_with(start)) {
        all.push(format!("raft apply failed: {words}"));
        all.push(format!("apply failed: {words}"));
    }
    // Since 1.13.
    if let Some(rest) = words.strip_prefix("Bad request: ") {
        all.push(rest.to_owned());
    }
    if let Some(rest) = words.strip_prefix("unknown KV verb \"") {
        let verb = rest.trim_end_matches('"');
        all.push(format!("unknown KV operation: {verb}"));
        all.push(format!("unknown KV operation: {verb:?}"));
    }
    // Since 2024.
    if words.starts_with("Conflicting flags: ") {
        all.push(format!("{words}\n"));
    }
    // The limits' texts name a page that has moved, twice; in 1.14 it is between.
    let page = "www.consul.io/docs/agent/options.html";
    if words.contains(page) {
        for host in ["www.consul.io", "developer.hashicorp.com"] {
            all.push(words.replace(page, &format!("{host}/docs/agent/config/config-files")));
        }
    }
    // The type of a session's request has a name for what is decoded in 1.14.
    if words.contains("Go struct field .TTL") {
        all.push(words.replace("field .TTL", "field .Alias.TTL"));
    }
    // The page of the agent without its user interface, in 1.14.
    if words == "Consul Agent" {
        let enable =
            "To enable, set ui_config.enabled=true in the agent configuration and restart.";
        all.push(format!("{words}: UI disabled. {enable}"));
    }
    all
}

/// Whether these are the words of 1.8.7, or on a `newer` server its own.
pub fn is_worded(said: &str, words: &str, is_newer: bool) -> bool {
    said == words || (is_newer && newer(words).iter().any(|own| own == said))
}

#[test]
fn a_newer_server_has_its_own_words_and_an_older_one_has_not() {
    for (words, own) in [
        (
            "invalid session \"x\"",
            "raft apply failed: invalid session \"x\"",
        ),
        (
            "Missing node registration",
            "apply failed: Missing node registration",
        ),
        (
            "Bad request: Invalid query parameter: \"ns\"",
            "Invalid query parameter: \"ns\"",
        ),
        ("unknown KV verb \"SET\"", "unknown KV operation: SET"),
        (
            "Conflicting flags: cas=1&recurse=",
            "Conflicting flags: cas=1&recurse=\n",
        ),
        (
            "See https://www.consul.io/docs/agent/options.html#kv_max_value_size.",
            "See https://www.consul.io/docs/agent/config/config-files#kv_max_value_size.",
        ),
        (
            "cannot unmarshal number into Go struct field .TTL of type string",
            "cannot unmarshal number into Go struct field .Alias.TTL of type string",
        ),
        ("true", "true"),
    ] {
        assert!(is_worded(words, words, false) && is_worded(words, words, true));
        assert!(is_worded(own, words, true), "{own}");
        assert_eq!(is_worded(own, words, false), own == words, "{own}");
    }
    assert!(!is_worded("Bad request: true", "true", true));
}
