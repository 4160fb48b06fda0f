//! What a change may touch, the same on phone and server (protocol 4.9): layout, append-only parts,
//! closed records. Who may touch which place is decided elsewhere.

use crate::limits;
use crate::model::{Scalar, is_personal_name, numbers_of_a_person};

use super::kind::Kind;
use super::layout::{Container, KIND, Layout, Shape, VERSION};
use super::touch::{FieldPatch, Touch, Touched};

/// Why a well-formed change is not taken. Codes are stable; phone and server show the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The document is of a kind this version does not know.
    #[error("the kind of record is not known")]
    UnknownKind,
    /// The birth change does not create kind, version and every container of the layout, once.
    #[error("the birth change does not lay out the record")]
    BirthLayout,
    /// Kind, version or a container is touched after birth, or the root has what no layout knows.
    #[error("the frame of the record may not be changed")]
    Root,
    /// A name is empty or too long.
    #[error("a field's name is empty or longer than {} bytes", limits::KEY_BYTES_MAX)]
    Key,
    /// A value is too large or no plain value.
    #[error("a value is larger than {} bytes or no plain value", limits::VALUE_BYTES_MAX)]
    Value,
    /// An entry of a list is changed, taken out or no structure.
    #[error("entries can only be added")]
    AppendOnly,
    /// A field that stays is taken out.
    #[error("the field may not be taken out")]
    NotRemovable,
    /// A field that is written at birth only is touched later.
    #[error("the field is written at birth only")]
    BirthOnly,
    /// A fact is stated without who saw it when, or the other way round.
    #[error("a fact and its sighting belong together")]
    Sighting,
    /// A closed record is rewritten.
    #[error("the record is closed")]
    Closed,
    /// A field is about a person, or a text holds a phone, identity, card or plate number.
    #[error("a field or a text is about a person")]
    Personal,
    /// Findings are written without finishing the visit.
    #[error("findings are written when a visit is finished")]
    FindingsBeforeFinish,
}

impl Refusal {
    /// The stable code, as receipts and inboxes carry it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKind => "unknown_kind",
            Self::BirthLayout => "birth_layout",
            Self::Root => "root",
            Self::Key => "key",
            Self::Value => "value",
            Self::AppendOnly => "append_only",
            Self::NotRemovable => "not_removable",
            Self::BirthOnly => "birth_only",
            Self::Sighting => "sighting",
            Self::Closed => "closed",
            Self::Personal => "personal",
            Self::FindingsBeforeFinish => "findings_before_finish",
        }
    }
}

/// Judges what a change touches.
///
/// # Errors
/// The first rule it breaks.
pub fn check_patches(touched: &Touched) -> Result<(), Refusal> {
    let layout = touched.kind.ok_or(Refusal::UnknownKind)?.layout();
    let newer = touched.v.is_some_and(|v| v > layout.v);
    if touched.birth {
        check_birth(touched, layout)?;
    }
    for patch in &touched.patches {
        check_patch(patch, touched, layout, newer)?;
        if is_about_a_person(patch) {
            return Err(Refusal::Personal);
        }
    }
    (layout.rule)(touched)
}

fn check_birth(touched: &Touched, layout: &Layout) -> Result<(), Refusal> {
    let root = |key: &str| {
        touched.patches.iter().filter(|p| p.container.is_empty() && p.key == key).count()
    };
    let whole = root(KIND) == 1
        && root(VERSION) == 1
        && touched.v.is_some_and(|v| v >= 1)
        && layout.containers.iter().all(|container| root(container.name) == 1);
    if whole { Ok(()) } else { Err(Refusal::BirthLayout) }
}

fn check_patch(
    patch: &FieldPatch,
    touched: &Touched,
    layout: &Layout,
    newer: bool,
) -> Result<(), Refusal> {
    let container = layout.container(&patch.container);
    if patch.touch == Touch::Foreign {
        let in_list = container.is_some_and(|container| container.shape == Shape::List);
        return Err(if in_list { Refusal::AppendOnly } else { Refusal::Value });
    }
    if patch.container.is_empty() {
        return check_root(patch, touched.birth, layout, newer);
    }
    match (container, &patch.touch) {
        (None, _) if !newer => Err(Refusal::Root),
        (_, Touch::Append(value)) => check_entry(value),
        (Some(Container { shape: Shape::List, .. }), _) => Err(Refusal::AppendOnly),
        (_, Touch::Put(value)) => check_field(&patch.key, value),
        (Some(container), Touch::Remove) if !container.removable => Err(Refusal::NotRemovable),
        (_, Touch::Remove) => check_field(&patch.key, &Scalar::Null),
        (_, Touch::Create { .. } | Touch::Foreign) => Err(Refusal::Value),
    }
}

/// No field is about a person, and no text holds a person's number: phones screen what is typed, this holds for
/// changes from anywhere. Only the last part of a finding's field is its name.
fn is_about_a_person(patch: &FieldPatch) -> bool {
    let name = patch.key.rsplit('.').next().unwrap_or_default();
    if is_personal_name(name) {
        return true;
    }
    match &patch.touch {
        Touch::Put(Scalar::Str(text)) | Touch::Append(Scalar::Str(text)) => {
            match serde_json::from_str(text) {
                Ok(json @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) => {
                    holds_a_person(&json)
                }
                _ => !numbers_of_a_person(name, text).is_empty(),
            }
        }
        _ => false,
    }
}

fn holds_a_person(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Object(map) => {
            map.iter().any(|(key, value)| is_personal_name(key) || holds_a_person(value))
        }
        serde_json::Value::Array(items) => items.iter().any(holds_a_person),
        serde_json::Value::String(text) => !numbers_of_a_person("", text).is_empty(),
        _ => false,
    }
}

/// The root is laid out at birth; a newer version may lay out more than we know.
fn check_root(
    patch: &FieldPatch,
    birth: bool,
    layout: &Layout,
    newer: bool,
) -> Result<(), Refusal> {
    let known = match &patch.touch {
        Touch::Put(Scalar::Str(_)) => patch.key == KIND,
        Touch::Put(Scalar::Int(_)) => patch.key == VERSION,
        Touch::Create { map } => layout
            .container(&patch.key)
            .is_some_and(|container| (container.shape == Shape::Map) == *map),
        _ => false,
    };
    let taken = patch.key == KIND || patch.key == VERSION || layout.container(&patch.key).is_some();
    let more = newer && !taken && !matches!(patch.touch, Touch::Remove);
    match &patch.touch {
        _ if !birth || !(known || more) => Err(Refusal::Root),
        Touch::Put(value) => check_field(&patch.key, value),
        _ => check_field(&patch.key, &Scalar::Null),
    }
}

fn check_field(key: &str, value: &Scalar) -> Result<(), Refusal> {
    if key.is_empty() || key.len() > limits::KEY_BYTES_MAX {
        return Err(Refusal::Key);
    }
    match value {
        Scalar::Str(text) if text.len() > limits::VALUE_BYTES_MAX => Err(Refusal::Value),
        _ => Ok(()),
    }
}

fn check_entry(value: &Scalar) -> Result<(), Refusal> {
    let text = value.as_str().ok_or(Refusal::AppendOnly)?;
    if text.len() > limits::VALUE_BYTES_MAX {
        return Err(Refusal::Value);
    }
    let is_structure = matches!(serde_json::from_str(text), Ok(serde_json::Value::Object(_)));
    if is_structure { Ok(()) } else { Err(Refusal::AppendOnly) }
}

/// Refuses to touch fields after birth that are written then only.
pub(super) fn at_birth_only(
    touched: &Touched,
    container: &str,
    keys: &[&str],
) -> Result<(), Refusal> {
    let late = !touched.birth
        && touched.patches.iter().any(|patch| {
            patch.container == container
                && (keys.is_empty() || keys.contains(&patch.key.as_str()))
                && !settles(patch)
        });
    if late { Err(Refusal::BirthOnly) } else { Ok(()) }
}

/// Whether a patch only chooses among values that its writer knew to be in conflict.
pub(super) fn settles(patch: &FieldPatch) -> bool {
    match &patch.touch {
        Touch::Put(value) => patch.before.len() > 1 && patch.before.contains(value),
        _ => false,
    }
}

impl Kind {
    /// The newest schema version of this kind that this version of the program knows.
    #[must_use]
    pub fn version(self) -> i64 {
        self.layout().v
    }
}
