use super::*;
use crate::state_file::tests::fixtures::SECRET;

#[test]
fn a_hash_tells_values_keys_and_files_apart() {
    let one = hash(&SECRET, "a", b"v");
    assert_eq!(one, hash(&SECRET, "a", b"v"));
    assert_ne!(one, hash(&SECRET, "a", b"w"));
    assert_ne!(one, hash(&SECRET, "b", b"v"));
    assert_ne!(one, hash(&FileKey::new([8; 32]), "a", b"v"));
    assert_ne!(hash(&SECRET, "ab", b"c"), hash(&SECRET, "a", b"bc"));
}

#[test]
fn the_key_of_a_file_is_redacted_in_debug_output() {
    assert_eq!(format!("{SECRET:?}"), "(redacted)");
}
