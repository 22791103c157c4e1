//! What the next byte must be where a program has a choice: most choices are settled by it.

use super::compile::Refusal;
use super::{ByteSet, Op, Pattern};

/// Stands for a set where any byte may follow, or none.
pub const ANYTHING: u16 = u16::MAX;
/// The most steps that are looked at from one place; from where more lead on, any byte may follow.
const MAX_STEPS: usize = 256;

impl Pattern {
    /// Notes at each choice what leads on from it.
    pub(super) fn look_ahead(&mut self) -> Result<(), Refusal> {
        let mut ops = self.ops.to_vec();
        for (op, place) in ops.iter_mut().zip(1..) {
            match op {
                Op::Set { min, max, next, .. } if *min < *max => *next = self.ahead(place)?,
                Op::Split { first, second, next } => *next = [self.ahead(*first)?, self.ahead(*second)?],
                _ => {}
            }
        }
        self.ops = ops.into();
        Ok(())
    }

    /// The number of the set of bytes that lead on from a step.
    fn ahead(&mut self, from: u16) -> Result<u16, Refusal> {
        let Some(set) = self.bytes_ahead(from) else { return Ok(ANYTHING) };
        let known = self.sets.iter().position(|known| *known == set);
        let place = known.unwrap_or_else(|| {
            self.sets.to_mut().push(set);
            self.sets.len() - 1
        });
        u16::try_from(place).ok().filter(|place| *place != ANYTHING).ok_or(Refusal::TooLarge)
    }

    fn bytes_ahead(&self, from: u16) -> Option<ByteSet> {
        let (mut all, mut open) = (ByteSet::default(), vec![from]);
        for _ in 0..MAX_STEPS {
            let Some(place) = open.pop() else { return Some(all) };
            match *self.ops.get(usize::from(place))? {
                Op::Byte(byte) => all.add(byte, byte),
                Op::Set { set, min, .. } => {
                    all = all.union(self.sets.get(usize::from(set))?);
                    open.extend((min == 0).then_some(place + 1));
                }
                Op::Split { first, second, .. } => open.extend([first, second]),
                Op::Jump(to) => open.push(to),
                Op::Look(_) | Op::Value(_) => open.push(place + 1),
                Op::Match => return None,
            }
        }
        None
    }

    /// Whether a byte, or the end of the text, is in a set that [`Op`] speaks of.
    #[inline]
    pub(super) fn leads_on(&self, next: u16, byte: Option<&u8>) -> bool {
        next == ANYTHING || byte.is_some_and(|byte| self.sets.get(usize::from(next)).is_some_and(|set| set.has(*byte)))
    }
}
