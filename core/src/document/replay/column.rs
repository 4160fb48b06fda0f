//! Columns of a change, read value by value: runs of numbers and texts, differences, flags.
//!
//! A column that is there holds one value for each operation, no more and no fewer; one that is left
//! out holds none. Whatever is written in another way than the engine writes it is not read at all.

/// Bytes that are read from the front.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(front)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A number of seven bits a byte, lowest first, in as few bytes as it needs.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return (byte != 0 || shift == 0).then_some(n);
            }
        }
        None
    }

    /// A number that fits the length of something in memory.
    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// As [`Bytes::number`], with a sign: the second highest bit of the last byte.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let mut n = 0;
        let mut before = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            n |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let negative = byte & 0x40 != 0;
                // The last byte says more than the sign of the one before it.
                let spare = shift > 0
                    && byte == if negative { 0x7f } else { 0 }
                    && (before & 0x40 != 0) == negative;
                let n = if negative { n | (-1 << (shift + 7)) } else { n };
                return (!spare).then_some(n);
            }
            before = byte;
        }
        None
    }

    /// Bytes after their number.
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let n = self.length()?;
        self.take(n)
    }
}

/// A kind of value that columns hold.
pub(super) trait Value<'a>: Copy {
    fn read(bytes: &mut Bytes<'a>) -> Option<Self>;
}

impl Value<'_> for u64 {
    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        bytes.number()
    }
}

impl Value<'_> for i64 {
    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        bytes.signed()
    }
}

impl<'a> Value<'a> for &'a str {
    fn read(bytes: &mut Bytes<'a>) -> Option<Self> {
        std::str::from_utf8(bytes.counted()?).ok()
    }
}

#[derive(Clone, Copy)]
enum Run<T> {
    Same(T),
    Each,
    Nothing,
}

/// A column in runs: the same value many times, values one by one, or nothing many times.
pub(super) struct Runs<'a, T> {
    bytes: Bytes<'a>,
    run: Run<T>,
    left: u64,
    absent: bool,
}

impl<'a, T: Value<'a>> Runs<'a, T> {
    pub(super) fn of(column: &'a [u8]) -> Self {
        Self { bytes: Bytes(column), run: Run::Nothing, left: 0, absent: column.is_empty() }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.bytes.is_empty()
    }

    /// What was not read yet, before the first value is.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.0
    }

    /// The next value, which may be nothing; `None` when the column is not as it should be.
    pub(super) fn next(&mut self) -> Option<Option<T>> {
        if self.absent {
            return Some(None);
        }
        if self.left == 0 {
            let n = self.bytes.signed()?;
            (self.run, self.left) = match n {
                0 => (Run::Nothing, self.bytes.number()?),
                1.. => (Run::Same(T::read(&mut self.bytes)?), n.unsigned_abs()),
                _ => (Run::Each, n.unsigned_abs()),
            };
            if self.left == 0 {
                return None;
            }
        }
        self.left -= 1;
        match self.run {
            Run::Same(value) => Some(Some(value)),
            Run::Each => T::read(&mut self.bytes).map(Some),
            Run::Nothing => Some(None),
        }
    }
}

/// A column of numbers, each told by how much it differs from the one before it.
pub(super) struct Steps<'a> {
    runs: Runs<'a, i64>,
    at: i64,
}

impl<'a> Steps<'a> {
    pub(super) fn of(column: &'a [u8]) -> Self {
        Self { runs: Runs::of(column), at: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.runs.is_done()
    }

    pub(super) fn next(&mut self) -> Option<Option<i64>> {
        let Some(step) = self.runs.next()? else { return Some(None) };
        self.at = self.at.checked_add(step)?;
        Some(Some(self.at))
    }
}

/// A column of flags: how often no, how often yes, and so on in turn.
pub(super) struct Flags<'a> {
    bytes: Bytes<'a>,
    left: u64,
    flag: bool,
}

impl<'a> Flags<'a> {
    pub(super) fn of(column: &'a [u8]) -> Self {
        Self { bytes: Bytes(column), left: 0, flag: true }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.bytes.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<bool> {
        while self.left == 0 {
            self.left = self.bytes.number()?;
            self.flag = !self.flag;
        }
        self.left -= 1;
        Some(self.flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_their_shortest_form_only() {
        let unsigned = |bytes: &[u8]| Bytes(bytes).number();
        assert_eq!(unsigned(&[0]), Some(0));
        assert_eq!(unsigned(&[0xe5, 0x8e, 0x26]), Some(624_485));
        assert_eq!(unsigned(&[0x80, 0]), None);
        assert_eq!(unsigned(&[0x80]), None);
        assert_eq!(unsigned(&[0xff; 12]), None);
        let signed = |bytes: &[u8]| Bytes(bytes).signed();
        assert_eq!(signed(&[0x7f]), Some(-1));
        assert_eq!(signed(&[0x3f]), Some(63));
        assert_eq!(signed(&[0xc0, 0]), Some(64));
        assert_eq!(signed(&[0x40]), Some(-64));
        assert_eq!(signed(&[0xc0, 0xbb, 0x78]), Some(-123_456));
        assert_eq!(signed(&[0x80, 0]), None);
        assert_eq!(signed(&[0xff, 0x7f]), None);
    }

    #[test]
    fn columns_hold_a_value_for_each_operation() {
        let mut runs = Runs::<u64>::of(&[3, 7, 0x7e, 1, 2, 0, 1]);
        let values: Vec<_> = (0..6).map(|_| runs.next().unwrap()).collect();
        assert_eq!(values, [Some(7), Some(7), Some(7), Some(1), Some(2), None]);
        assert!(runs.is_done());
        assert_eq!(runs.next(), None);
        assert_eq!(Runs::<u64>::of(&[]).next(), Some(None));
        let mut steps = Steps::of(&[2, 5, 0x7f, 0x7e]);
        let values: Vec<_> = (0..3).map(|_| steps.next().unwrap()).collect();
        assert_eq!(values, [Some(5), Some(10), Some(8)]);
        let mut flags = Flags::of(&[1, 2, 1]);
        let values: Vec<_> = (0..4).map(|_| flags.next().unwrap()).collect();
        assert_eq!((values, flags.is_done()), (vec![false, true, true, false], true));
        assert_eq!(flags.next(), None);
    }
}
