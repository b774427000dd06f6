//! Patterns over keys: `*` stops at `/`, `**` does not.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::Invalid;

/// A pattern that is matched against whole keys.
#[derive(Debug, Clone)]
pub struct Glob(GlobMatcher);

impl Glob {
    /// Parses `pattern`.
    ///
    /// # Errors
    /// When the pattern is not a valid glob.
    pub fn new(pattern: &str) -> Result<Self, Invalid> {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| Invalid::new(format!("glob '{pattern}'"), error.kind().to_string()))?;
        Ok(Glob(glob.compile_matcher()))
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether the pattern matches the key.
    pub fn matches(&self, key: &str) -> bool {
        self.0.is_match(Path::new(key))
    }
}

/// Returns the folder that all matches of a glob are in, if the name of a key or prefix looks like a
/// glob: everything up to the last `/` before its first special character.
pub fn folder_of_glob(name: &str) -> Option<&str> {
    let (literal, _) = name.split_at(name.find(['*', '?', '[', '{'])?);
    Some(literal.rfind('/').map_or("", |slash| &literal[..=slash]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str) -> Glob {
        Glob::new(pattern).unwrap()
    }

    #[test]
    fn one_star_stops_at_a_slash_and_two_do_not() {
        assert!(glob("app/*").matches("app/name"));
        assert!(!glob("app/*").matches("app/db/host"));
        assert!(glob("app/**").matches("app/db/host"));
        assert!(glob("**/host").matches("app/db/host"));
        assert!(glob("**/host").matches("host"));
        assert!(!glob("host").matches("app/host"));
    }

    #[test]
    fn keys_that_are_no_paths_are_matched_byte_by_byte() {
        assert!(glob("app/**").matches("app/"));
        assert!(glob("a//*").matches("a//b"));
        assert!(glob("app/*/").matches("app/db/"));
        assert!(!glob("app/*").matches("app/db/"));
        assert!(glob("a/..").matches("a/.."));
        assert!(glob("{a,b}/[0-9]?*").matches("b/1né"));
        assert!(glob(r"a\*").matches("a*") && !glob(r"a\*").matches("ab"));
    }

    #[test]
    fn a_name_with_special_characters_looks_like_a_glob_of_its_folder() {
        for (name, folder) in [
            ("config/**", Some("config/")),
            ("config/*/host", Some("config/")),
            ("config/web-[0-9]", Some("config/")),
            ("config/{a,b}/c", Some("config/")),
            ("conf*", Some("")),
            ("**/host?", Some("")),
            ("config/host", None),
            ("config/", None),
            ("", None),
        ] {
            assert_eq!(folder_of_glob(name), folder, "{name}");
        }
    }

    #[test]
    fn a_broken_glob_is_named() {
        let error = Glob::new("app/[a").unwrap_err().to_string();
        assert!(error.contains("app/[a"), "{error}");
    }
}
