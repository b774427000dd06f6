//! The list of the files that an export has written into a directory. It tells them from others, and
//! tells whether the export was completed: a directory that was written in part would look like deletes.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::SourceError;

/// The file in the root of a directory that lists the files of an export.
pub const MANIFEST: &str = ".kvw.files";

const VERSION: u32 = 1;

/// The files that an export has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The prefix of the exported keys.
    pub prefix: String,
    /// Whether all of them were written.
    pub complete: bool,
    /// The paths below the directory.
    pub files: BTreeSet<String>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestHead {
    kvw: String,
    version: u32,
    prefix: String,
    complete: bool,
}

const KIND: &str = "export";

impl Manifest {
    /// Parses the list. `file` is its path.
    ///
    /// # Errors
    /// When it is not one, or of another version.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, SourceError> {
        let malformed = || SourceError::of_file(file, "not a list of exported files");
        let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let head: ManifestHead = serde_json::from_str(head).map_err(|_| malformed())?;
        if head.kvw != KIND || head.version != VERSION {
            return Err(malformed());
        }
        let files = lines.map(|line| {
            let path: String = serde_json::from_str(line).map_err(|_| malformed())?;
            // What is removed by this list is below the directory.
            let is_below = |part: &str| !matches!(part, "" | "." | "..");
            match path.split('/').all(is_below) {
                true => Ok(path),
                false => Err(malformed()),
            }
        });
        Ok(Manifest {
            prefix: head.prefix,
            complete: head.complete,
            files: files.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the text of the list.
    pub fn to_text(&self) -> String {
        let head = ManifestHead {
            kvw: KIND.to_owned(),
            version: VERSION,
            prefix: self.prefix.clone(),
            complete: self.complete,
        };
        let mut text = serde_json::to_string(&head).unwrap_or_default();
        text.push('\n');
        for path in &self.files {
            text.push_str(&serde_json::to_string(path).unwrap_or_default());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let manifest = Manifest {
            prefix: "a/ü\n/".to_owned(),
            complete: false,
            files: ["a", "b/c d", "x\ny"].map(str::to_owned).into(),
        };
        let text = manifest.to_text();
        let read = Manifest::parse(text.as_bytes(), Path::new("x"));
        assert_eq!(read, Ok(manifest));
    }

    #[test]
    fn a_list_that_leads_out_of_the_directory_is_refused() {
        let head = Manifest::default().to_text();
        for line in [
            "\"../a\"",
            "\"/a\"",
            "\"a/../../b\"",
            "\"\"",
            "a",
            "\"a//b\"",
        ] {
            let text = format!("{head}{line}\n");
            assert!(
                Manifest::parse(text.as_bytes(), Path::new("x")).is_err(),
                "{line}"
            );
        }
        for text in [
            "",
            "{}",
            "x",
            "{\"kvw\":\"export\",\"version\":2,\"prefix\":\"\",\"complete\":true}",
        ] {
            assert!(
                Manifest::parse(text.as_bytes(), Path::new("x")).is_err(),
                "{text}"
            );
        }
    }
}
