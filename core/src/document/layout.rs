//! How a kind of record lies in its document: containers, version, lifts from older versions.
//!
//! A root of scalars `kind` and `v`, and containers created in the birth change
//! and never again (two phones creating the same one would hide each other's work).

use super::fields::Fields;
use super::rule::Refusal;
use super::touch::Touched;

/// Root key of the kind.
pub(super) const KIND: &str = "kind";
/// Root key of the schema version.
pub(super) const VERSION: &str = "v";

/// What a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Fields by name; each put per field.
    Map,
    /// Entries that are only ever added.
    List,
}

/// One container of a layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Whether two values of a field are a conflict that people see.
    pub(super) shown: bool,
    /// Whether a field may be taken out again.
    pub(super) removable: bool,
    /// The map that says something about each field of this one, written by the same change.
    pub(super) companion: Option<&'static str>,
}

impl Container {
    pub(super) const fn map(name: &'static str) -> Self {
        Self { name, shape: Shape::Map, shown: true, removable: false, companion: None }
    }

    pub(super) const fn list(name: &'static str) -> Self {
        Self { name, shape: Shape::List, shown: false, removable: false, companion: None }
    }

    /// A map that only accompanies another one.
    pub(super) const fn hidden(self) -> Self {
        Self { shown: false, ..self }
    }

    /// A map accompanied by another one, field by field.
    pub(super) const fn with(self, companion: &'static str) -> Self {
        Self { companion: Some(companion), ..self }
    }

    /// A map whose fields may be taken out again.
    pub(super) const fn removable(self) -> Self {
        Self { removable: true, ..self }
    }
}

/// Turns fields of the version before into fields of version `to`.
pub(super) struct Lift {
    pub(super) to: i64,
    pub(super) lift: fn(&mut Fields),
}

/// The layout of one kind at its newest version.
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) v: i64,
    pub(super) containers: &'static [Container],
    pub(super) lifts: &'static [Lift],
    /// Container, field and value that close a record for rewriting.
    pub(super) closed_by: Option<(&'static str, &'static str, &'static str)>,
    /// Rules of this kind beyond the general ones.
    pub(super) rule: fn(&Touched) -> Result<(), Refusal>,
}

impl Layout {
    pub(super) fn container(&self, name: &str) -> Option<&'static Container> {
        self.containers.iter().find(|c| c.name == name)
    }

    /// The list that people's remarks go to.
    pub(super) fn remarks(&self) -> Option<&'static Container> {
        self.containers.iter().find(|c| matches!(c.name, "remarks" | "notes"))
    }
}

/// Lifts fields read from a document of version `from` step by step.
pub(super) fn lift(fields: &mut Fields, from: i64, lifts: &[Lift]) {
    for step in lifts.iter().filter(|step| step.to > from) {
        (step.lift)(fields);
    }
}
