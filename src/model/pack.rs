//! Many operations in as few transactions as hold them.

use super::Op;

/// How much one transaction may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxnLimits {
    /// The most operations.
    pub ops: usize,
    /// The most bytes of the request's body, encoded.
    pub bytes: usize,
}

impl TxnLimits {
    /// The limits of servers from 1.14 with their default configuration; an older or narrower one
    /// answers 413.
    pub const USUAL: TxnLimits = TxnLimits {
        ops: 128,
        bytes: 512 * 1024,
    };

    /// The limits of every server with its default configuration.
    pub const LOWEST: TxnLimits = TxnLimits {
        ops: 64,
        ..TxnLimits::USUAL
    };

    /// Whether an operation is over the limit of bytes on its own; `extra` are the bytes that the sender
    /// adds to it.
    pub fn is_exceeded_by(self, op: &Op, extra: usize) -> bool {
        !self.have_room(0, 0, op.encoded_size() + extra)
    }

    /// Whether a transaction of `ops` operations and `bytes` has room for one more of `size` bytes.
    fn have_room(self, ops: usize, bytes: usize, size: usize) -> bool {
        // The brackets of the array.
        ops < self.ops && bytes + size + 2 <= self.bytes
    }
}

/// Splits items, in order, into groups that every server takes as one transaction of reads. `size`
/// gives an item's bytes: [`encoded_read`] of its key, and whatever else should bound a group. An
/// item over the limit of bytes is a group of its own.
pub fn groups<I: Iterator>(
    items: I,
    size: impl Fn(&I::Item) -> usize,
) -> impl Iterator<Item = Vec<I::Item>> {
    let mut items = items.peekable();
    std::iter::from_fn(move || {
        let first = items.next()?;
        let mut bytes = size(&first);
        let mut group = vec![first];
        while let Some(item) =
            items.next_if(|item| TxnLimits::LOWEST.have_room(group.len(), bytes, size(item)))
        {
            bytes += size(&item);
            group.push(item);
        }
        Some(group)
    })
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
    /// A packer that holds nothing yet.
    pub fn new(limits: TxnLimits, extra: usize) -> Self {
        Packer {
            limits,
            extra,
            held: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds an operation. Returns the transaction before it where that had no room for it.
    pub fn push(&mut self, op: Op) -> Option<Vec<Op>> {
        let size = op.encoded_size() + self.extra;
        let has_room = self.limits.have_room(self.held.len(), self.bytes, size);
        let full = if has_room { None } else { self.finish() };
        self.bytes += size;
        self.held.push(op);
        full
    }

    /// Returns the last transaction, if there is one.
    pub fn finish(&mut self) -> Option<Vec<Op>> {
        self.bytes = 0;
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held))
    }
}

/// The bytes of an operation in Consul's JSON beside key, value and session, at most:
/// `{"KV":{"Verb":"check-not-exists","Key":"","Value":"","Flags":N,"Index":N,"Session":""}},`
const FRAME: usize = 88 + 2 * 20;

impl Op {
    /// The bytes that it takes in Consul's JSON, a comma included, at most.
    pub fn encoded_size(&self) -> usize {
        let value = self.value().len().div_ceil(3) * 4;
        FRAME + json_size(self.name()) + value + json_size(self.session())
    }
}

/// The bytes that a read of the key takes in Consul's JSON, at most.
pub fn encoded_read(key: &str) -> usize {
    FRAME + json_size(key)
}

/// The bytes of a text between the quotes of JSON, at most.
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
    fn reads_go_in_groups_by_count_and_bytes() {
        let sizes = |lengths: Vec<usize>| -> Vec<usize> {
            let keys = lengths.into_iter().map(|length| "x".repeat(length));
            groups(keys, |key| encoded_read(key))
                .map(|group| group.len())
                .collect()
        };
        assert_eq!(sizes(vec![1; 129]), [64, 64, 1]);
        assert_eq!(
            sizes(vec![200_000, 200_000, 200_000, 600_000, 5]),
            [2, 1, 1, 1]
        );
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }

    #[test]
    fn a_key_of_control_characters_counts_as_it_is_encoded() {
        let key = "\u{1}\"".repeat(10);
        let encoded = serde_json::to_string(&key).unwrap().len() - 2;
        assert_eq!(json_size(&key), encoded);
    }
}
