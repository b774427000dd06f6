//! Texts that explain what several verbs have in common.

/// What is explained once for all verbs.
pub struct Topic {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// A line about it.
    pub about: &'static str,
    /// Headings end in a colon, paragraphs are one line, and tables are indented.
    pub text: &'static str,
}

/// The topics, by name.
pub const TOPICS: [Topic; 6] = [
    Topic {
        name: "connection",
        about: "Address, token, time limits, and what to try when it fails",
        text: include_str!("topics/connection.txt"),
    },
    Topic {
        name: "environment",
        about: "Environment variables",
        text: include_str!("topics/environment.txt"),
    },
    Topic {
        name: "exit-codes",
        about: "Exit codes and signals",
        text: include_str!("topics/exit-codes.txt"),
    },
    Topic {
        name: "handlers",
        about: "What a handler of a watch gets, and what it can rely on",
        text: include_str!("topics/handlers.txt"),
    },
    Topic {
        name: "json",
        about: "The shapes of JSON output",
        text: include_str!("topics/json.txt"),
    },
    Topic {
        name: "keys",
        about: "Keys, prefixes, folders, globs and values",
        text: include_str!("topics/keys.txt"),
    },
];

/// The text of a topic.
pub fn topic(name: &str) -> Option<&'static str> {
    let found = TOPICS.iter().find(|topic| topic.name == name);
    found.map(|topic| topic.text)
}
