//! Maps and lists as operations leave them: which values of a field stand, in which order entries lie.
//!
//! The engine's own rules: a value stands until an operation names it as overwritten; values that
//! stand side by side are ordered by their names; an entry goes behind the one it was inserted after,
//! and behind those inserted there with a higher name.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::Scalar;

/// An operation's name within a record: a number and an actor's place in the list of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpId {
    pub(super) number: u64,
    pub(super) actor: usize,
}

/// An actor's bytes by its place.
pub(super) type Actors<'a> = &'a dyn Fn(usize) -> [u8; 16];

impl OpId {
    fn order(self, other: Self, actors: Actors<'_>) -> Ordering {
        let names = || actors(self.actor).cmp(&actors(other.actor));
        self.number.cmp(&other.number).then_with(names)
    }
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// A value; whether it is a text or a whole number as the engine writes them.
    Scalar(Scalar, bool),
    /// An object by its place.
    Object(usize),
}

/// A value that stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) id: OpId,
    /// The change that wrote it, by its place.
    pub(super) change: usize,
    pub(super) held: Held,
}

/// A field: values that stand, the winning one last, and the names of those overwritten.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub(super) standing: Vec<Standing>,
    overwritten: Vec<OpId>,
}

impl Field {
    /// `None` when there is no such value here.
    fn overwrite(&mut self, id: OpId) -> Option<()> {
        match self.standing.iter().position(|value| value.id == id) {
            Some(at) => {
                self.standing.remove(at);
                self.overwritten.push(id);
                Some(())
            }
            None => self.overwritten.contains(&id).then_some(()),
        }
    }

    fn add(&mut self, value: Standing, actors: Actors<'_>) {
        let after = |other: &&Standing| other.id.order(value.id, actors) == Ordering::Less;
        let at = self.standing.iter().take_while(after).count();
        self.standing.insert(at, value);
    }
}

/// An entry of a list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    id: OpId,
    pub(super) value: Scalar,
}

/// What an object is made of.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Map(BTreeMap<Box<str>, Field>),
    List(Vec<Item>),
}

/// An object, with the name of the operation that made it.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) id: OpId,
    pub(super) content: Content,
}

impl Object {
    /// Applies an operation on a field; `put` is what it states, if anything. `None` when it does not fit.
    pub(super) fn put(
        &mut self,
        key: &str,
        overwritten: &[OpId],
        put: Option<Standing>,
        actors: Actors<'_>,
    ) -> Option<()> {
        let Content::Map(fields) = &mut self.content else { return None };
        if !fields.contains_key(key) {
            fields.insert(key.into(), Field::default());
        }
        let field = fields.get_mut(key)?;
        overwritten.iter().try_for_each(|id| field.overwrite(*id))?;
        if let Some(value) = put {
            field.add(value, actors);
        }
        Some(())
    }

    /// Inserts an entry behind another one, or at the beginning.
    pub(super) fn insert(
        &mut self,
        behind: Option<OpId>,
        item: (OpId, Scalar),
        actors: Actors<'_>,
    ) -> Option<()> {
        let Content::List(items) = &mut self.content else { return None };
        let from = match behind {
            None => 0,
            Some(id) => items.iter().rposition(|item| item.id == id)? + 1,
        };
        let (id, value) = item;
        let higher = |item: &&Item| item.id.order(id, actors) == Ordering::Greater;
        let at = from + items[from..].iter().take_while(higher).count();
        items.insert(at, Item { id, value });
        Some(())
    }
}
