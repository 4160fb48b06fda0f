//! A record read from its changes without the engine: what phones show of what came from elsewhere.
//!
//! Plays operations into plain fields by the engine's rules, without building a document. Only for
//! reading: nothing is edited upon it, and before an edit the engine builds the document itself, guarded. Of changes it checks what admission asks of their heads. It is either sure
//! or not there: at anything that our own writer does not write, the engine is asked instead.

mod change;
mod column;
mod object;

use std::collections::{BTreeMap, HashMap};

use crate::limits;
use crate::model::{Author, ChangeHash, DocId, Scalar, UtcMillis};

use super::Reading;
use super::admit::AdmitError;
use super::change::{ChangeParts, parse_change};
use super::conflict::ConflictValue;
use super::fields::{self, Cell, Fields, Tree};
use super::kind::Kind;
use super::layout::{Container, KIND, Shape, VERSION};

use change::{Act, Name, Op, Target};
use object::{Content, Field, Held, Object, OpId, Standing};

/// The head of a stored change, as [`parse_change`] reads it; its operations are not looked at.
///
/// # Errors
/// As [`parse_change`].
pub fn change_head(raw: &[u8]) -> Result<ChangeParts, AdmitError> {
    change::parse(raw).map_or_else(|| parse_change(raw), |(parts, _)| Ok(parts))
}

/// The changes that a stored change leans on; `None` when it is no uncompressed change.
#[must_use]
pub fn change_deps(raw: &[u8]) -> Option<Vec<ChangeHash>> {
    change::deps(raw)
}

#[derive(Clone, Debug)]
struct Actor {
    bytes: [u8; limits::ACTOR_BYTES],
    author: Author,
    seq: u64,
    last: ChangeHash,
}

#[derive(Clone, Debug)]
struct Change {
    hash: ChangeHash,
    at: UtcMillis,
    actor: usize,
    max_op: u64,
}

/// A record as its changes leave it.
#[derive(Clone, Debug)]
pub struct Replay {
    id: DocId,
    actors: Vec<Actor>,
    changes: Vec<Change>,
    places: HashMap<ChangeHash, usize>,
    heads: Vec<ChangeHash>,
    /// The root first.
    objects: Vec<Object>,
}

impl Replay {
    /// A record without changes.
    #[must_use]
    pub fn new(id: DocId) -> Self {
        let root = OpId { number: 0, actor: 0 };
        Self {
            id,
            actors: Vec::new(),
            changes: Vec::new(),
            places: HashMap::new(),
            heads: Vec::new(),
            objects: vec![Object { id: root, content: Content::Map(BTreeMap::new()) }],
        }
    }

    /// The record with more changes, each after those it leans on and none of them here already; `None`
    /// where the engine must be asked.
    #[must_use]
    pub fn with<'a>(mut self, raws: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        for raw in raws {
            self.add(raw)?;
        }
        Some(self)
    }

    /// A whole record from its changes in their order, with their heads.
    #[must_use]
    pub fn whole(id: DocId, raws: &[Vec<u8>]) -> Option<(Self, Vec<ChangeParts>)> {
        let mut replay = Self::new(id);
        let parts = raws.iter().map(|raw| replay.add(raw)).collect::<Option<_>>()?;
        Some((replay, parts))
    }

    /// Adds one change and gives its head. After `None` it is half added: nothing may be read any more.
    fn add(&mut self, raw: &[u8]) -> Option<ChangeParts> {
        let (parts, mut ops) = change::parse(raw)?;
        let actor = self.admit(&parts)?;
        let mut others = Vec::with_capacity(parts.other_actors.len() + 1);
        others.push(actor);
        for other in &parts.other_actors {
            others.push(self.actors.iter().position(|known| known.bytes == *other)?);
        }
        let id = |(actor, number): Name| Some(OpId { number, actor: *others.get(actor)? });
        let place = self.changes.len();
        let (mut overwritten, mut ids) = (Vec::new(), Vec::new());
        for number in parts.start_op..=parts.max_op {
            let op = ops.next(&mut overwritten)?;
            ids.clear();
            for name in &overwritten {
                ids.push(id(*name).filter(|over| over.number < number)?);
            }
            self.play(op, OpId { number, actor }, place, &ids, &id)?;
        }
        if !ops.is_done() {
            return None;
        }
        self.heads.retain(|head| !parts.deps.contains(head));
        let at = self.heads.partition_point(|head| *head < parts.hash);
        self.heads.insert(at, parts.hash);
        self.places.insert(parts.hash, place);
        let (hash, at, max_op) = (parts.hash, parts.at, parts.max_op);
        self.changes.push(Change { hash, at, actor, max_op });
        Some(parts)
    }

    /// Whether a change's head fits what is here, as admission asks; gives its actor's place.
    fn admit(&mut self, parts: &ChangeParts) -> Option<usize> {
        let mut past = 0;
        for (n, dep) in parts.deps.iter().enumerate() {
            past = past.max(self.changes[*self.places.get(dep)?].max_op);
            if parts.deps[..n].contains(dep) {
                return None;
            }
        }
        let root = parts.deps.is_empty();
        if root != self.changes.is_empty() || self.has(&parts.hash) || parts.start_op != past + 1 {
            return None;
        }
        let known = self.actors.iter().position(|actor| actor.bytes == parts.actor);
        match (known, parts.author) {
            (None, Some(author)) if parts.seq == 1 => {
                let (bytes, last) = (parts.actor, parts.hash);
                self.actors.push(Actor { bytes, author, seq: 1, last });
                Some(self.actors.len() - 1)
            }
            (Some(at), None) => {
                let actor = &mut self.actors[at];
                if parts.seq != actor.seq + 1 || !parts.deps.contains(&actor.last) {
                    return None;
                }
                (actor.seq, actor.last) = (parts.seq, parts.hash);
                Some(at)
            }
            _ => None,
        }
    }

    fn play(
        &mut self,
        op: Op<'_>,
        id: OpId,
        change: usize,
        overwritten: &[OpId],
        named: &dyn Fn(Name) -> Option<OpId>,
    ) -> Option<()> {
        let made = self.objects.len();
        let (at, actors) = (self.place(op.object, named)?, &self.actors);
        let actors = |at: usize| actors[at].bytes;
        let object = &mut self.objects[at];
        let (held, content) = match op.act {
            Act::Put(value) => (Some(Held::Scalar(value, op.plain)), None),
            Act::Map => (Some(Held::Object(made)), Some(Content::Map(BTreeMap::new()))),
            Act::List => (Some(Held::Object(made)), Some(Content::List(Vec::new()))),
            Act::Remove => (None, None),
        };
        // Containers lie at the root, and only what is there is taken out.
        if (content.is_some() && at > 0) || (held.is_none() && overwritten.is_empty()) {
            return None;
        }
        match (op.target, op.insert, held) {
            (Target::Field(key), false, held) => {
                let put = held.map(|held| Standing { id, change, held });
                object.put(key, overwritten, put, &actors)?;
            }
            (Target::Begin, true, Some(Held::Scalar(value, _))) if overwritten.is_empty() => {
                object.insert(None, (id, value), &actors)?;
            }
            (Target::After(name), true, Some(Held::Scalar(value, _))) if overwritten.is_empty() => {
                object.insert(Some(named(name)?), (id, value), &actors)?;
            }
            _ => return None,
        }
        self.objects.extend(content.map(|content| Object { id, content }));
        Some(())
    }

    fn place(&self, object: Option<Name>, named: &dyn Fn(Name) -> Option<OpId>) -> Option<usize> {
        let Some(name) = object else { return Some(0) };
        let id = named(name)?;
        self.objects.iter().skip(1).position(|object| object.id == id).map(|at| at + 1)
    }

    /// The changes that no other change leans on, sorted.
    #[must_use]
    pub fn heads(&self) -> &[ChangeHash] {
        &self.heads
    }

    /// Whether it holds a change.
    #[must_use]
    pub fn has(&self, hash: &ChangeHash) -> bool {
        self.places.contains_key(hash)
    }

    /// The kind it says it is, if this version knows it.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.root_text(KIND)?.parse().ok()
    }

    /// Reads the record, as [`super::Document::read`] does; `None` where the engine must be asked.
    #[must_use]
    pub fn read(&self) -> Option<Reading> {
        // Numbers and texts at the root have more spellings than one.
        let sure = |key: &str| match self.root(key).map(|value| &value.held) {
            None | Some(Held::Scalar(_, true)) => true,
            Some(Held::Scalar(_, false) | Held::Object(_)) => false,
        };
        (sure(KIND) && sure(VERSION)).then(|| fields::read(self.id, self))
    }

    /// The winning value of a field of the root.
    fn root(&self, key: &str) -> Option<&Standing> {
        match &self.objects[0].content {
            Content::Map(fields) => fields.get(key)?.standing.last(),
            Content::List(_) => None,
        }
    }

    /// The values of a field as the engine tells them, and its rivals where there is more than one.
    fn cell(&self, field: &Field) -> Option<Cell> {
        let scalar = |value: &Standing| match &value.held {
            Held::Scalar(scalar, _) => Some(scalar.clone()),
            Held::Object(_) => None,
        };
        let value = scalar(field.standing.last()?)?;
        let mut rivals = Vec::new();
        if field.standing.len() > 1 {
            for rival in &field.standing {
                let change = &self.changes[rival.change];
                rivals.push(ConflictValue {
                    value: scalar(rival)?,
                    author: Some(self.actors[change.actor].author),
                    at: change.at,
                    change: change.hash,
                    winner: false,
                });
            }
        }
        if let Some(last) = rivals.last_mut() {
            last.winner = true;
        }
        Some(Cell { value, rivals })
    }
}

impl Tree for Replay {
    fn root_text(&self, key: &str) -> Option<String> {
        match &self.root(key)?.held {
            Held::Scalar(value, _) => value.as_str().map(str::to_owned),
            Held::Object(_) => None,
        }
    }

    fn root_version(&self) -> Option<i64> {
        match &self.root(VERSION)?.held {
            Held::Scalar(Scalar::Int(n), _) => Some(*n),
            _ => None,
        }
    }

    fn take(&self, container: &Container, fields: &mut Fields) {
        let object = self.root(container.name).map(|value| match &value.held {
            Held::Object(at) => self.objects.get(*at).map(|object| &object.content),
            Held::Scalar(..) => None,
        });
        match (object, container.shape) {
            (Some(Some(Content::Map(map))), Shape::Map) => {
                let cells = map
                    .iter()
                    .filter_map(|(key, field)| Some((String::from(&**key), self.cell(field)?)));
                fields.maps.insert(container.name, cells.collect());
            }
            (Some(Some(Content::List(items))), Shape::List) => {
                let values = items.iter().map(|item| item.value.clone());
                fields.lists.insert(container.name, values.collect());
            }
            (Some(Some(_)), _) => fields.odd(container.name, "is not what it should be"),
            _ => fields.odd(container.name, "is missing"),
        }
    }
}

#[cfg(test)]
mod tests;
