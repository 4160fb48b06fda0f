//! What a change touches, field by field: the input of the rules.
//!
//! Taken from the change's own operations, not from what is visible afterwards: a
//! value that loses a conflict is touched too. What stood before is asked at the
//! heads that the change leans on, so a verdict does not depend on arrival order.

use std::collections::HashMap;

use automerge as am;
use automerge::ReadDoc;
use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};

use crate::model::{ChangeHash, Scalar};

use super::convert;
use super::fields;
use super::kind::Kind;
use super::layout::{KIND, Shape};

/// What happens to one field.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// A value is put.
    Put(Scalar),
    /// An entry is added to a list.
    Append(Scalar),
    /// The field is taken out.
    Remove,
    /// A map (`true`) or list (`false`) is created at the root.
    Create {
        /// Whether it is a map.
        map: bool,
    },
    /// Anything else: an entry of a list changed or taken out, a nested object, text, counter, mark, bytes.
    Foreign,
}

/// One touched field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldPatch {
    /// The part of the record; empty for the root.
    pub container: String,
    /// The field; empty for lists.
    pub key: String,
    /// What happens to it.
    pub touch: Touch,
    /// The values the writer knew in this field, where rules ask for them (more than one: in conflict).
    pub before: Vec<Scalar>,
}

/// Everything one change touches, and what its writer knew.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// The change.
    pub change: ChangeHash,
    /// The kind of the document.
    pub kind: Option<Kind>,
    /// The schema version of the document.
    pub v: Option<i64>,
    /// Whether this is the document's first change.
    pub birth: bool,
    /// Whether the record was closed (a visit finished) in what the writer knew.
    pub closed: bool,
    /// The fields, in the order of the change; a field put twice stands with its last value.
    pub patches: Vec<FieldPatch>,
}

impl Touched {
    /// The patch of a field, if the change touches it.
    #[must_use]
    pub fn patch(&self, container: &str, key: &str) -> Option<&FieldPatch> {
        self.patches.iter().find(|patch| patch.container == container && patch.key == key)
    }
}

/// Root containers by the operation that created them.
struct Rooms(HashMap<(u64, Vec<u8>), (String, am::ObjId, am::ObjType)>);

impl Rooms {
    fn of(doc: &am::Automerge) -> Self {
        let mut rooms = HashMap::new();
        for item in doc.map_range(am::ROOT, ..) {
            for (value, obj) in doc.get_all(am::ROOT, item.key.as_ref()).unwrap_or_default() {
                if let (am::Value::Object(typ), am::ObjId::Id(counter, actor, _)) = (value, &obj) {
                    let op = (*counter, actor.to_bytes().to_vec());
                    rooms.insert(op, (item.key.to_string(), obj.clone(), typ));
                }
            }
        }
        Self(rooms)
    }

    fn find(&self, obj: &OpId) -> Option<&(String, am::ObjId, am::ObjType)> {
        self.0.get(&(obj.0, obj.1.to_bytes().to_vec()))
    }
}

/// What each change touches; `doc` holds them all. May panic on what no dry run passed: guard it.
pub(super) fn touched(doc: &am::Automerge, changes: &[am::Change]) -> Vec<Touched> {
    let rooms = Rooms::of(doc);
    changes.iter().map(|change| one(doc, &rooms, change)).collect()
}

fn one(doc: &am::Automerge, rooms: &Rooms, change: &am::Change) -> Touched {
    let mut patches: Vec<FieldPatch> = Vec::new();
    let mut at: HashMap<(String, String), usize> = HashMap::new();
    for op in change.decode().operations {
        let patch = patch(rooms, &op);
        let again = match patch.touch {
            Touch::Put(_) | Touch::Remove => {
                at.insert((patch.container.clone(), patch.key.clone()), patches.len())
            }
            _ => None,
        };
        match again.and_then(|index| patches.get_mut(index).map(|slot| (index, slot))) {
            Some((index, slot)) => {
                at.insert((patch.container.clone(), patch.key.clone()), index);
                *slot = patch;
            }
            None => patches.push(patch),
        }
    }
    let kind: Option<Kind> = fields::root_text(doc, KIND).and_then(|kind| kind.parse().ok());
    let closed = kind.is_some_and(|kind| closed(doc, rooms, kind, change.deps()));
    let mut touched = Touched {
        change: convert::hash(&change.hash()),
        kind,
        v: fields::root_version(doc),
        birth: change.deps().is_empty(),
        closed,
        patches,
    };
    if closed {
        for patch in &mut touched.patches {
            patch.before = before(doc, rooms, patch, change.deps());
        }
    }
    touched
}

fn patch(rooms: &Rooms, op: &Op) -> FieldPatch {
    let (container, typ) = match &op.obj {
        ObjectId::Root => (String::new(), am::ObjType::Map),
        ObjectId::Id(id) => match rooms.find(id) {
            Some((name, _, typ)) => (name.clone(), *typ),
            None => return foreign(String::new(), String::new()),
        },
    };
    let key = match &op.key {
        Key::Map(key) => key.to_string(),
        Key::Seq(_) => String::new(),
    };
    let in_map = typ == am::ObjType::Map;
    let touch = match &op.action {
        OpType::Put(value) => match convert::from_owned(value) {
            Some(value) if in_map => Touch::Put(value),
            Some(value) if typ == am::ObjType::List && op.insert => Touch::Append(value),
            _ => Touch::Foreign,
        },
        OpType::Delete if in_map => Touch::Remove,
        OpType::Make(am::ObjType::Map) if container.is_empty() => Touch::Create { map: true },
        OpType::Make(am::ObjType::List) if container.is_empty() => Touch::Create { map: false },
        _ => Touch::Foreign,
    };
    FieldPatch { container, key, touch, before: Vec::new() }
}

fn foreign(container: String, key: String) -> FieldPatch {
    FieldPatch { container, key, touch: Touch::Foreign, before: Vec::new() }
}

/// Whether the writer knew the record as closed.
fn closed(doc: &am::Automerge, rooms: &Rooms, kind: Kind, deps: &[am::ChangeHash]) -> bool {
    let Some((container, key, value)) = kind.layout().closed_by else { return false };
    values(doc, rooms, container, key, deps).iter().any(|known| known.as_str() == Some(value))
}

fn before(
    doc: &am::Automerge,
    rooms: &Rooms,
    patch: &FieldPatch,
    deps: &[am::ChangeHash],
) -> Vec<Scalar> {
    let layout = Kind::ALL.iter().map(|kind| kind.layout());
    let is_map = layout
        .filter_map(|layout| layout.container(&patch.container))
        .any(|container| container.shape == Shape::Map);
    if is_map { values(doc, rooms, &patch.container, &patch.key, deps) } else { Vec::new() }
}

fn values(
    doc: &am::Automerge,
    rooms: &Rooms,
    container: &str,
    key: &str,
    deps: &[am::ChangeHash],
) -> Vec<Scalar> {
    let here =
        rooms.0.values().filter(|(name, _, typ)| name == container && *typ == am::ObjType::Map);
    here.flat_map(|(_, obj, _)| doc.get_all_at(obj, key, deps).unwrap_or_default())
        .filter_map(|(value, _)| match value {
            am::Value::Scalar(scalar) => convert::from_owned(&scalar),
            am::Value::Object(_) => None,
        })
        .collect()
}
