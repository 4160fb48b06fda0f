//! A change taken apart without the engine: its head, and its operations one after the other.
//!
//! Reads what our own writer writes: texts, numbers and flags in maps, entries inserted into lists,
//! fields taken out. At anything else it gives up, and the engine is asked.

use sha2::{Digest, Sha256};

use crate::document::change::ChangeParts;
use crate::document::convert;
use crate::limits;
use crate::model::{Author, ChangeHash, Scalar};

use super::column::{Bytes, Flags, Runs, Steps};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const UNCOMPRESSED: u8 = 1;
/// An author's footer: a tag and the length of the author.
const AUTHOR_FOOTER: [u8; 2] = [1, 16];

/// The columns of operations by the number that names each, in the order in which they stand.
const COLUMNS: [u64; 11] = [0x01, 0x02, 0x11, 0x13, 0x15, 0x34, 0x42, 0x56, 0x57, 0x70, 0x71];
/// The last one: how the operations named before differ in their numbers.
const OVERWRITTEN_NUMBER: u64 = 0x73;

/// Values that one operation overwrites at the most; more is left to the engine.
const OVERWRITTEN_MAX: u64 = 64;

/// An operation's name within a change: an actor (0: the change's own, else one of the others) and a number.
pub(super) type Name = (usize, u64);

/// What an operation is about.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// A field of a map.
    Field(&'a str),
    /// The beginning of a list.
    Begin,
    /// An entry of a list.
    After(Name),
}

/// What an operation does.
pub(super) enum Act {
    /// Makes a map.
    Map,
    /// Makes a list.
    List,
    /// States a value.
    Put(Scalar),
    /// Takes out what it overwrites.
    Remove,
}

/// One operation.
pub(super) struct Op<'a> {
    /// The object; `None`: the root.
    pub(super) object: Option<Name>,
    pub(super) target: Target<'a>,
    pub(super) insert: bool,
    pub(super) act: Act,
    /// Whether a value was written as the engine writes texts and whole numbers.
    pub(super) plain: bool,
}

/// The operations of a change.
pub(super) struct Ops<'a> {
    object_actor: Runs<'a, u64>,
    object_number: Runs<'a, u64>,
    key_actor: Runs<'a, u64>,
    key_number: Steps<'a>,
    key: Runs<'a, &'a str>,
    insert: Flags<'a>,
    action: Runs<'a, u64>,
    value: Runs<'a, u64>,
    values: Bytes<'a>,
    count: Runs<'a, u64>,
    actor: Runs<'a, u64>,
    number: Steps<'a>,
}

/// The changes that a stored change leans on; `None` when it is none.
pub(super) fn deps(raw: &[u8]) -> Option<Vec<ChangeHash>> {
    hashes(&mut body(raw)?)
}

fn body(raw: &[u8]) -> Option<Bytes<'_>> {
    let rest = raw.strip_prefix(&MAGIC)?.get(4..)?.strip_prefix(&[UNCOMPRESSED])?;
    let mut bytes = Bytes(rest);
    let length = bytes.length()?;
    (bytes.0.len() == length).then_some(bytes)
}

fn hashes(bytes: &mut Bytes<'_>) -> Option<Vec<ChangeHash>> {
    let count = bytes.length().filter(|n| *n <= limits::CHANGE_DEPS_MAX)?;
    (0..count).map(|_| bytes.take(32)?.try_into().ok().map(ChangeHash)).collect()
}

fn actor(bytes: &mut Bytes<'_>) -> Option<[u8; limits::ACTOR_BYTES]> {
    bytes.counted()?.try_into().ok()
}

/// Takes a stored change apart; `None` where the engine must be asked.
pub(super) fn parse(raw: &[u8]) -> Option<(ChangeParts, Ops<'_>)> {
    if raw.len() > limits::CHANGE_BYTES_MAX {
        return None;
    }
    let mut bytes = body(raw)?;
    let hash = ChangeHash(Sha256::digest(&raw[8..]).into());
    if raw[4..8] != hash.0[..4] {
        return None;
    }
    let deps = hashes(&mut bytes)?;
    let own = actor(&mut bytes)?;
    let seq = bytes.number()?;
    let start_op = bytes.number()?;
    let at = convert::time(bytes.signed()?);
    let message = bytes.counted()?;
    let others = bytes.length().filter(|n| *n < limits::DOCUMENT_ACTORS_MAX)?;
    let other_actors = (0..others).map(|_| actor(&mut bytes)).collect::<Option<Vec<_>>>()?;
    let ops = Ops::parse(&mut bytes)?;
    let author = match bytes.0 {
        [] => None,
        footer => {
            let author = footer.strip_prefix(&AUTHOR_FOOTER)?;
            Some(Author(author.try_into().ok()?))
        }
    };
    let count = ops.number_of()?;
    if start_op == 0 || !message.is_empty() {
        return None;
    }
    let parts = ChangeParts {
        hash,
        deps,
        actor: own,
        seq,
        start_op,
        max_op: start_op.checked_add(count - 1).filter(|max| *max <= u64::from(u32::MAX))?,
        ops: count,
        at,
        author,
        other_actors,
        raw: raw.to_vec(),
    };
    Some((parts, ops))
}

impl<'a> Ops<'a> {
    /// Reads which columns there are and cuts them apart.
    fn parse(bytes: &mut Bytes<'a>) -> Option<Self> {
        let count = bytes.length()?;
        let mut named = [(0, 0); COLUMNS.len() + 1];
        for slot in named.get_mut(..count)? {
            *slot = (bytes.number()?, bytes.length()?);
        }
        let mut left = &named[..count];
        let mut column = |name: u64| {
            let Some(((first, length), rest)) = left.split_first() else { return Some(&[][..]) };
            if *first != name {
                return Some(&[][..]);
            }
            left = rest;
            bytes.take(*length)
        };
        let [a, b, c, d, e, f, g, h, i, j, k] = COLUMNS;
        let ops = Self {
            object_actor: Runs::of(column(a)?),
            object_number: Runs::of(column(b)?),
            key_actor: Runs::of(column(c)?),
            key_number: Steps::of(column(d)?),
            key: Runs::of(column(e)?),
            insert: Flags::of(column(f)?),
            action: Runs::of(column(g)?),
            value: Runs::of(column(h)?),
            values: Bytes(column(i)?),
            count: Runs::of(column(j)?),
            actor: Runs::of(column(k)?),
            number: Steps::of(column(OVERWRITTEN_NUMBER)?),
        };
        // A column of another name, out of order, or packed.
        left.is_empty().then_some(ops)
    }

    /// How many operations there are; `None` when there are none or too many.
    fn number_of(&self) -> Option<u64> {
        let mut ahead = Runs::<u64>::of(self.action.rest());
        let mut count = 0;
        while !ahead.is_done() {
            ahead.next()??;
            count += 1;
            if count > limits::CHANGE_OPS_MAX as u64 {
                return None;
            }
        }
        (count > 0).then_some(count)
    }

    /// The next operation; what it overwrites goes into `overwritten`.
    pub(super) fn next(&mut self, overwritten: &mut Vec<Name>) -> Option<Op<'a>> {
        let object = match (self.object_actor.next()?, self.object_number.next()?) {
            (None, None) => None,
            (Some(actor), Some(number)) => Some(name(actor, number)?),
            _ => return None,
        };
        let key = (self.key.next()?, self.key_actor.next()?, self.key_number.next()?);
        let target = match key {
            (Some(key), None, None) if !key.is_empty() => Target::Field(key),
            (None, None, Some(0)) => Target::Begin,
            (None, Some(actor), Some(number)) => {
                Target::After(name(actor, u64::try_from(number).ok()?)?)
            }
            _ => return None,
        };
        let insert = self.insert.next()?;
        let action = self.action.next()??;
        let (value, plain) = self.value()?;
        let act = match (action, value) {
            (0, Scalar::Null) => Act::Map,
            (1, value) => Act::Put(value),
            (2, Scalar::Null) => Act::List,
            (3, Scalar::Null) => Act::Remove,
            _ => return None,
        };
        overwritten.clear();
        let count = self.count.next()??;
        if count > OVERWRITTEN_MAX {
            return None;
        }
        for _ in 0..count {
            let (actor, number) = (self.actor.next()??, self.number.next()??);
            overwritten.push(name(actor, u64::try_from(number).ok()?)?);
        }
        Some(Op { object, target, insert, act, plain })
    }

    fn value(&mut self) -> Option<(Scalar, bool)> {
        let meta = self.value.next()??;
        let mut bytes = Bytes(self.values.take(usize::try_from(meta >> 4).ok()?)?);
        let value = match meta & 0x0f {
            0 => Scalar::Null,
            1 => Scalar::Bool(false),
            2 => Scalar::Bool(true),
            3 => Scalar::Int(i64::try_from(bytes.number()?).ok()?),
            4 | 9 => Scalar::Int(bytes.signed()?),
            5 => {
                let float = f64::from_le_bytes(bytes.take(8)?.try_into().ok()?);
                Scalar::Float(Some(float).filter(|x| x.is_finite())?)
            }
            6 => Scalar::Str(std::str::from_utf8(std::mem::take(&mut bytes.0)).ok()?.to_owned()),
            _ => return None,
        };
        bytes.is_empty().then_some((value, matches!(meta & 0x0f, 4 | 6)))
    }

    /// Whether every column came to its end with the last operation.
    pub(super) fn is_done(&self) -> bool {
        self.object_actor.is_done()
            && self.object_number.is_done()
            && self.key_actor.is_done()
            && self.key_number.is_done()
            && self.key.is_done()
            && self.insert.is_done()
            && self.action.is_done()
            && self.value.is_done()
            && self.values.is_empty()
            && self.count.is_done()
            && self.actor.is_done()
            && self.number.is_done()
    }
}

fn name(actor: u64, number: u64) -> Option<Name> {
    Some((usize::try_from(actor).ok()?, number))
}
