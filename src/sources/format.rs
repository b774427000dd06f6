//! The formats of sources, and how a file's is found.

use std::ffi::OsStr;
use std::path::Path;

use crate::model::without_byte_order_mark;

/// The format of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// A directory, a file for each key.
    Dir,
    /// YAML, names nested.
    Yaml,
    /// JSON, names nested.
    Json,
    /// TOML, names nested.
    Toml,
    /// Java properties.
    Properties,
    /// A `.env` file.
    Env,
    /// A file for `docker run --env-file`.
    DockerEnv,
    /// The document of `consul kv export` or of Consul's API.
    Consul,
    /// Entries as kvw writes them, one a line.
    Jsonl,
}

impl SourceFormat {
    /// All of them, in the order of the help.
    pub const ALL: [SourceFormat; 9] = [
        SourceFormat::Dir,
        SourceFormat::Yaml,
        SourceFormat::Json,
        SourceFormat::Toml,
        SourceFormat::Properties,
        SourceFormat::Env,
        SourceFormat::DockerEnv,
        SourceFormat::Consul,
        SourceFormat::Jsonl,
    ];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            SourceFormat::Dir => "dir",
            SourceFormat::Yaml => "yaml",
            SourceFormat::Json => "json",
            SourceFormat::Toml => "toml",
            SourceFormat::Properties => "properties",
            SourceFormat::Env => "env",
            SourceFormat::DockerEnv => "docker-env",
            SourceFormat::Consul => "consul",
            SourceFormat::Jsonl => "jsonl",
        }
    }

    /// Whether it holds whole keys, which need no prefix, rather than names below one.
    pub fn has_whole_keys(self) -> bool {
        match self {
            SourceFormat::Consul | SourceFormat::Jsonl => true,
            SourceFormat::Dir
            | SourceFormat::Yaml
            | SourceFormat::Json
            | SourceFormat::Toml
            | SourceFormat::Properties
            | SourceFormat::Env
            | SourceFormat::DockerEnv => false,
        }
    }

    /// Returns the format of a structured file by its extension.
    pub fn of_extension(path: &Path) -> Option<Self> {
        let extension = match path.extension().and_then(OsStr::to_str) {
            // `.env` alone is a name without an extension.
            None if path.file_name() == Some(OsStr::new(".env")) => "env",
            extension => extension?,
        };
        match &*extension.to_ascii_lowercase() {
            "yaml" | "yml" => Some(SourceFormat::Yaml),
            "json" => Some(SourceFormat::Json),
            "toml" => Some(SourceFormat::Toml),
            "properties" => Some(SourceFormat::Properties),
            "env" => Some(SourceFormat::Env),
            _ => None,
        }
    }

    /// Returns the format of a file by its name, and for JSON by its content too: an array is the
    /// document of an export, since a tree has names at its top.
    pub fn detect(path: &Path, bytes: &[u8]) -> Option<Self> {
        if path.extension() == Some(OsStr::new("jsonl")) {
            return Some(SourceFormat::Jsonl);
        }
        let start = without_byte_order_mark(bytes).trim_ascii_start();
        match SourceFormat::of_extension(path)? {
            SourceFormat::Json if start.starts_with(b"[") => Some(SourceFormat::Consul),
            format => Some(format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_by_name_and_content() {
        let found = |name: &str, bytes: &[u8]| SourceFormat::detect(Path::new(name), bytes);
        for (name, format) in [
            ("a.yaml", SourceFormat::Yaml),
            ("a.b.YML", SourceFormat::Yaml),
            ("x/a.toml", SourceFormat::Toml),
            ("a.properties", SourceFormat::Properties),
            ("prod.env", SourceFormat::Env),
            (".env", SourceFormat::Env),
            ("a.jsonl", SourceFormat::Jsonl),
        ] {
            assert_eq!(found(name, b""), Some(format), "{name}");
        }
        assert_eq!(found("a.json", b"{}"), Some(SourceFormat::Json));
        assert_eq!(found("a.json", b"\n [{}]"), Some(SourceFormat::Consul));
        assert_eq!(
            found("a.json", b"\xef\xbb\xbf[]"),
            Some(SourceFormat::Consul)
        );
        for name in ["a", "a.txt", "yaml", ".yaml", "a.json/b"] {
            assert_eq!(found(name, b"{}"), None, "{name}");
        }
    }
}
