//! Many operations in as few transactions as hold them.

use super::Op;

/// How much one transaction may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxnLimits {
    /// Operations: 128 on servers from 1.14, 64 before.
    pub ops: usize,
    /// Bytes of the request's body, encoded.
    pub bytes: usize,
}

impl TxnLimits {
    /// What a new server takes when it is configured as usual; an older or narrower one says 413.
    pub const USUAL: TxnLimits = TxnLimits {
        ops: 128,
        bytes: 512 * 1024,
    };
}

/// Collects operations, in order, into transactions within limits. An operation that is over
/// the limit of bytes on its own makes a transaction on its own.
#[derive(Debug)]
pub struct Packer {
    /// May be lowered at any time.
    pub limits: TxnLimits,
    /// Bytes that the sender adds to every operation (a namespace, a partition).
    extra: usize,
    held: Vec<Op>,
    bytes: usize,
}

impl Packer {
    /// An empty one.
    pub fn new(limits: TxnLimits, extra: usize) -> Self {
        Packer {
            limits,
            extra,
            held: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes one more; gives back a full transaction where it did not fit in any more.
    pub fn push(&mut self, op: Op) -> Option<Vec<Op>> {
        let size = op.encoded_size() + self.extra;
        let full = self.held.len() >= self.limits.ops || self.bytes + size + 2 > self.limits.bytes;
        let sent = if full { self.finish() } else { None };
        self.bytes += size;
        self.held.push(op);
        sent
    }

    /// What is left.
    pub fn finish(&mut self) -> Option<Vec<Op>> {
        self.bytes = 0;
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held))
    }
}

impl Op {
    /// At least the bytes that it takes in Consul's JSON, a comma included.
    pub fn encoded_size(&self) -> usize {
        // {"KV":{"Verb":"check-not-exists","Key":"","Value":"","Flags":N,"Index":N,"Session":""}},
        const FRAME: usize = 88 + 2 * 20;
        let value = self.value().len().div_ceil(3) * 4;
        FRAME + json_size(self.name()) + value + json_size(self.session())
    }
}

/// At least the bytes of a text between the quotes of JSON.
fn json_size(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            // Where the encoder has a short form, so much the better.
            0..0x20 => 6,
            b'"' | b'\\' => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Key;

    fn set(key: &str, bytes: usize) -> Op {
        Op::Set {
            key: Key::new(key).unwrap(),
            value: vec![b'x'; bytes],
            flags: 0,
        }
    }

    fn packed(limits: TxnLimits, ops: Vec<Op>) -> Vec<usize> {
        let mut packer = Packer::new(limits, 0);
        let mut sizes: Vec<_> = ops
            .into_iter()
            .filter_map(|op| packer.push(op))
            .map(|ops| ops.len())
            .collect();
        sizes.extend(packer.finish().map(|ops| ops.len()));
        sizes
    }

    #[test]
    fn transactions_are_full_but_not_too_full() {
        let limits = TxnLimits {
            ops: 3,
            ..TxnLimits::USUAL
        };
        assert_eq!(
            packed(limits, (0..7).map(|_| set("k", 1)).collect()),
            [3, 3, 1]
        );
        assert_eq!(packed(limits, Vec::new()), [0; 0]);
    }

    #[test]
    fn bytes_bound_a_transaction_too() {
        let limits = TxnLimits {
            ops: 100,
            bytes: 4000,
        };
        assert_eq!(
            packed(limits, (0..3).map(|_| set("k", 1200)).collect()),
            [2, 1]
        );
    }

    #[test]
    fn what_is_too_large_goes_alone() {
        let limits = TxnLimits {
            ops: 100,
            bytes: 1000,
        };
        let ops = vec![set("a", 1), set("b", 5000), set("c", 1)];
        assert_eq!(packed(limits, ops), [1, 1, 1]);
    }

    #[test]
    fn a_key_of_control_characters_counts_as_it_is_encoded() {
        let key = "\u{1}\"".repeat(10);
        let encoded = serde_json::to_string(&key).unwrap().len() - 2;
        assert_eq!(json_size(&key), encoded);
    }
}
