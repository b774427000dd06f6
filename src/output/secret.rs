//! Values that are secret, as output may show them: their size, and a hash that tells one from another.

use crate::model::Glob;
use crate::term::plural;

/// The hexadecimal digits of a hash: enough to tell the values of one answer apart, too few to try
/// values against.
const DIGITS: usize = 6;

/// The keys whose values are not shown. The hash of a value is keyed by `salt`, which is new in each run:
/// it tells that a value changed, and nothing to who keeps the output.
#[derive(Debug, Clone, Default)]
pub struct SecretMask {
    globs: Vec<Glob>,
    salt: [u8; 32],
}

impl SecretMask {
    /// Masks the values of keys that one of the globs matches.
    pub fn new(globs: Vec<Glob>, salt: [u8; 32]) -> Self {
        SecretMask { globs, salt }
    }

    /// Returns what is shown in place of a value: `(secret, 24 bytes, #9f31c2)`; `None` where the value is
    /// no secret.
    pub fn describe(&self, key: &str, value: &[u8]) -> Option<String> {
        if !self.globs.iter().any(|glob| glob.matches(key)) {
            return None;
        }
        let hash = blake3::keyed_hash(&self.salt, value).to_hex();
        let size = plural(value.len() as u64, "byte");
        Some(format!("(secret, {size}, #{})", &hash[..DIGITS]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_secrets_have_equal_hashes_in_one_run_only() {
        let mask = |salt| SecretMask::new(vec![Glob::new("**/password").unwrap()], [salt; 32]);
        let shown = |salt, value: &str| mask(salt).describe("db/password", value.as_bytes());
        let one = shown(1, "x").unwrap();
        assert!(one.starts_with("(secret, 1 byte, #"), "{one}");
        assert_eq!(shown(1, "x"), Some(one.clone()));
        assert_ne!(shown(1, "y"), Some(one.clone()));
        assert_ne!(shown(2, "x"), Some(one));
        assert_eq!(mask(1).describe("db/host", b"x"), None);
    }
}
