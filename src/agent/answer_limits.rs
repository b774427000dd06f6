//! The limits on answers: the bytes of one, and of all that are held at once.

use super::http::Response;
use super::semaphore::{Permit, Semaphore};

/// The unit in which the bytes of large answers are counted.
const UNIT: usize = 1 << 20;

/// The size up to which an answer is not counted: as many as there may be connections are no danger.
const SMALL: usize = 64 * 1024;

/// The limits of one server.
#[derive(Debug)]
pub struct AnswerLimits {
    one: usize,
    all: Semaphore,
}

/// The room that an answer takes, given back when dropped.
#[derive(Debug, Default)]
pub struct AnswerRoom(Vec<Permit>);

/// The reason why an answer is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerRefusal {
    /// It alone has more bytes than this.
    TooLarge(usize),
    /// It and the answers that others are being sent.
    TooManyLarge,
}

impl AnswerLimits {
    /// Creates the limits of a server that stores at most `memory` bytes. An answer may have twice as
    /// many, because base64 adds a third: all that is stored can be listed.
    pub fn new(memory: usize) -> Self {
        let one = memory.saturating_mul(2).max(SMALL);
        AnswerLimits {
            one,
            all: Semaphore::new(one.saturating_mul(2).div_ceil(UNIT)),
        }
    }

    /// Makes room for an answer that has grown to `size` bytes.
    ///
    /// # Errors
    /// When it is too large, or others have taken the room.
    pub fn grow(&self, room: &mut AnswerRoom, size: usize) -> Result<(), AnswerRefusal> {
        if size <= SMALL {
            return Ok(());
        }
        if size > self.one {
            return Err(AnswerRefusal::TooLarge(self.one));
        }
        while room.0.len() * UNIT < size {
            let permit = self.all.try_acquire();
            room.0.push(permit.ok_or(AnswerRefusal::TooManyLarge)?);
        }
        Ok(())
    }
}

impl From<AnswerRefusal> for Response {
    fn from(refusal: AnswerRefusal) -> Self {
        match refusal {
            AnswerRefusal::TooLarge(limit) => Response::text(
                400,
                format!(
                    "the answer has more than {limit} bytes, the most that kvw dev sends at once; \
                     --memory sets the limit"
                ),
            ),
            AnswerRefusal::TooManyLarge => {
                Response::text(503, "too many large answers at once, try again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn one_answer_and_all_together_have_a_bound_and_small_ones_pass() {
        let limits = AnswerLimits::new(2 * MIB);
        let mut rooms: Vec<AnswerRoom> = Vec::new();
        let take = |size| {
            let mut room = AnswerRoom::default();
            limits.grow(&mut room, size).map(|()| room)
        };
        assert_eq!(
            take(4 * MIB + 1).unwrap_err(),
            AnswerRefusal::TooLarge(4 * MIB)
        );
        rooms.push(take(4 * MIB).unwrap());
        rooms.push(take(4 * MIB - 5).unwrap());
        assert_eq!(take(100_000).unwrap_err(), AnswerRefusal::TooManyLarge);
        assert!(take(SMALL).is_ok());
        rooms.pop();
        assert!(take(4 * MIB).is_ok());
    }
}
