//! Bytes judged eight at a time: a build for size has no vector instructions, and these checks see
//! every byte of an export.

const EACH: u64 = u64::from_ne_bytes([1; 8]);
const HIGH_BITS: u64 = EACH * 0x80;

/// Whether all bytes are letters of base64; padding is none.
pub(super) fn are_letters(bytes: &[u8]) -> bool {
    all(bytes, b'A', |word| {
        let is_letter = in_range(word | (EACH * 0x20), b'a', b'z')
            | in_range(word, b'/', b'9')
            | in_range(word, b'+', b'+');
        is_letter & !word
    })
}

/// Whether no byte is below the space.
pub(super) fn are_no_controls(bytes: &[u8]) -> bool {
    all(bytes, b' ', |word| in_range(word, b' ', 0x7f) | word)
}

/// Whether all bytes pass the test, which sets the high bits of those that do. The last word is filled
/// up.
#[inline(always)]
fn all(bytes: &[u8], filling: u8, test: impl Fn(u64) -> u64) -> bool {
    let mut words = bytes.chunks_exact(8);
    let mut passed = HIGH_BITS;
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        passed &= test(u64::from_ne_bytes(eight));
    }
    let rest = words.remainder();
    let mut eight = [filling; 8];
    eight[..rest.len()].copy_from_slice(rest);
    passed & test(u64::from_ne_bytes(eight)) == HIGH_BITS
}

/// Sets the high bit of each byte from `first` to `last`; the high bits of the bytes themselves are
/// not looked at, so that no byte is carried into its neighbour.
#[inline(always)]
fn in_range(word: u64, first: u8, last: u8) -> u64 {
    let word = word & !HIGH_BITS;
    let at_least = |bound: u8| word + EACH * u64::from(0x80 - bound);
    // Whatever is above the range is above its start too.
    at_least(first) ^ at_least(last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_judged_at_every_place() {
        for place in 0..19 {
            for byte in 0..=u8::MAX {
                for others in [b'A', b'/', b'z'] {
                    let mut bytes = [others; 19];
                    bytes[place] = byte;
                    let is_letter = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
                    assert_eq!(are_letters(&bytes), is_letter, "{byte} at {place}");
                    assert_eq!(are_no_controls(&bytes), byte >= b' ', "{byte} at {place}");
                }
            }
        }
        assert!(are_letters(b"") && are_no_controls(b""));
    }
}
