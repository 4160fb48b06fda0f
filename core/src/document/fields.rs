//! A document taken apart into plain fields, whether the engine holds it or a replay of its changes.
//!
//! Never fails: what cannot be understood is named in `oddities`, without content.
//! Asks for the writers of a value only where there is more than one.

use std::collections::BTreeMap;

use automerge as am;
use automerge::ReadDoc;

use crate::model::{ChangeHash, DocId, Scalar};

use super::Reading;
use super::conflict::{Conflict, ConflictValue};
use super::convert;
use super::kind::{Kind, Record};
use super::layout::{self, Container, KIND, Layout, Shape, VERSION};

/// One field: its winning value, and all values where there is more than one.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) value: Scalar,
    pub(super) rivals: Vec<ConflictValue>,
}

impl Cell {
    /// The value that a change wrote here beside another field, else the winning one.
    pub(super) fn beside(&self, change: Option<&ChangeHash>) -> &Scalar {
        let rivals = self.rivals.iter();
        let same = change.and_then(|change| rivals.rev().find(|rival| rival.change == *change));
        same.map_or(&self.value, |rival| &rival.value)
    }
}

/// The plain fields of a document.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) maps: BTreeMap<&'static str, BTreeMap<String, Cell>>,
    pub(super) lists: BTreeMap<&'static str, Vec<Scalar>>,
    pub(super) oddities: Vec<String>,
}

/// Who holds a document's objects.
pub(super) trait Tree {
    /// A text at the root, if there is one.
    fn root_text(&self, key: &str) -> Option<String>;
    /// The schema version at the root, if it is a whole number.
    fn root_version(&self) -> Option<i64>;
    /// Takes a container apart, or says what is odd about it.
    fn take(&self, container: &Container, fields: &mut Fields);
}

impl Tree for am::Automerge {
    fn root_text(&self, key: &str) -> Option<String> {
        root_text(self, key)
    }

    fn root_version(&self) -> Option<i64> {
        root_version(self)
    }

    fn take(&self, container: &Container, fields: &mut Fields) {
        let expected = match container.shape {
            Shape::Map => am::ObjType::Map,
            Shape::List => am::ObjType::List,
        };
        match find(self, container.name) {
            Some((typ, obj)) if typ == expected => fields.take(self, container, &obj),
            Some(_) => fields.odd(container.name, "is not what it should be"),
            None => fields.odd(container.name, "is missing"),
        }
    }
}

/// Reads a record, its conflicts and what could not be understood. Never fails.
pub(super) fn read(id: DocId, tree: &impl Tree) -> Reading {
    let v = tree.root_version();
    let said = tree.root_text(KIND);
    let Some(kind) = said.as_deref().and_then(|kind| kind.parse::<Kind>().ok()) else {
        let record = Record::Unknown { kind: said, v };
        return Reading { record, conflicts: Vec::new(), oddities: Vec::new() };
    };
    let layout = kind.layout();
    let mut fields = Fields::gather(tree, layout);
    if v.is_none() {
        fields.odd(VERSION, "is not a whole number");
    }
    layout::lift(&mut fields, v.unwrap_or(1), layout.lifts);
    let conflicts = fields.conflicts(id, layout);
    let record = kind
        .read(id, v.unwrap_or(1), &mut fields)
        .unwrap_or_else(|| Record::Unknown { kind: Some(kind.as_str().to_owned()), v });
    Reading { record, conflicts, oddities: fields.oddities }
}

impl Fields {
    /// Takes every container of the layout apart.
    pub(super) fn gather(tree: &impl Tree, layout: &Layout) -> Self {
        let mut fields = Self::default();
        for container in layout.containers {
            tree.take(container, &mut fields);
        }
        fields
    }

    fn take(&mut self, doc: &am::Automerge, container: &Container, obj: &am::ObjId) {
        match container.shape {
            Shape::Map => {
                let cells = self.take_map(doc, container, obj);
                self.maps.insert(container.name, cells);
            }
            Shape::List => {
                let mut items = Vec::new();
                for item in doc.list_range(obj, ..) {
                    match convert::from_engine(&item.value) {
                        Some(value) => items.push(value),
                        None => self.odd(container.name, "has an entry that is no plain value"),
                    }
                }
                self.lists.insert(container.name, items);
            }
        }
    }

    fn take_map(
        &mut self,
        doc: &am::Automerge,
        container: &Container,
        obj: &am::ObjId,
    ) -> BTreeMap<String, Cell> {
        let mut cells = BTreeMap::new();
        for item in doc.map_range(obj, ..) {
            let value = convert::from_engine(&item.value);
            let rivals = if item.conflict { rivals(doc, obj, &item.key) } else { Vec::new() };
            if value.is_none() {
                self.odd(container.name, "has a value that is no plain value");
            }
            // A strange winner does not hide an honest value.
            let value = value.or_else(|| rivals.last().map(|rival| rival.value.clone()));
            if let Some(value) = value {
                cells.insert(item.key.into_owned(), Cell { value, rivals });
            }
        }
        cells
    }

    pub(super) fn odd(&mut self, what: &str, how: &str) {
        self.oddities.push(format!("{what} {how}"));
    }

    /// A field with all its values.
    pub(super) fn cell(&self, container: &str, key: &str) -> Option<&Cell> {
        self.maps.get(container)?.get(key)
    }

    /// The value of a field.
    pub(super) fn get(&self, container: &str, key: &str) -> Option<&Scalar> {
        self.cell(container, key).map(|cell| &cell.value)
    }

    /// A text field that must be there; an oddity when it is not.
    pub(super) fn text(&mut self, container: &'static str, key: &str) -> Option<String> {
        let text = self.get(container, key).and_then(Scalar::as_str).map(str::to_owned);
        if text.is_none() {
            self.odd(&format!("{container}.{key}"), "is not a text");
        }
        text
    }

    /// A whole number, if the field is one; an oddity when it is something else.
    pub(super) fn int(&mut self, container: &'static str, key: &str) -> Option<i64> {
        let value = self.get(container, key)?;
        let int = value.as_int();
        if int.is_none() && *value != Scalar::Null {
            self.odd(&format!("{container}.{key}"), "is not a whole number");
        }
        int
    }

    /// A text parsed by the type it stands for; an oddity when it is none.
    pub(super) fn parsed<T: std::str::FromStr>(
        &mut self,
        container: &'static str,
        key: &str,
    ) -> Option<T> {
        let parsed = self.text(container, key)?.parse().ok();
        if parsed.is_none() {
            self.odd(&format!("{container}.{key}"), "is not one of the known values");
        }
        parsed
    }

    /// The entries of a list, each a structure in JSON. Unknown JSON keys are skipped.
    pub(super) fn entries<T: serde::de::DeserializeOwned>(&mut self, list: &'static str) -> Vec<T> {
        let mut entries = Vec::new();
        for item in self.lists.remove(list).unwrap_or_default() {
            match item.as_str().and_then(|json| serde_json::from_str(json).ok()) {
                Some(entry) => entries.push(entry),
                None => self.odd(list, "has an entry that cannot be understood"),
            }
        }
        entries
    }

    /// The conflicts that people see, in the order of containers and field names.
    pub(super) fn conflicts(&self, id: DocId, layout: &Layout) -> Vec<Conflict> {
        let shown = self
            .maps
            .iter()
            .filter(|(name, _)| layout.container(name).is_some_and(|container| container.shown));
        shown
            .flat_map(|(name, cells)| {
                cells.iter().filter(|(_, cell)| differ(&cell.rivals)).map(move |(field, cell)| {
                    Conflict {
                        doc: id,
                        container: (*name).to_owned(),
                        field: field.clone(),
                        values: cell.rivals.clone(),
                    }
                })
            })
            .collect()
    }
}

fn differ(rivals: &[ConflictValue]) -> bool {
    rivals.windows(2).any(|pair| pair[0].value != pair[1].value)
}

/// A container at the root: its type and object.
pub(super) fn find(doc: &am::Automerge, name: &str) -> Option<(am::ObjType, am::ObjId)> {
    match doc.get(am::ROOT, name) {
        Ok(Some((am::Value::Object(typ), obj))) => Some((typ, obj)),
        _ => None,
    }
}

/// A text at the root, if there is one.
pub(super) fn root_text(doc: &am::Automerge, key: &str) -> Option<String> {
    match doc.get(am::ROOT, key) {
        Ok(Some((value, _))) => value.as_str().map(str::to_owned),
        _ => None,
    }
}

/// The schema version at the root, if it is a whole number.
pub(super) fn root_version(doc: &am::Automerge) -> Option<i64> {
    match doc.get(am::ROOT, VERSION) {
        Ok(Some((value, _))) => value.as_i64(),
        _ => None,
    }
}

/// Every plain value of a field with its writer, losers first, in an order all replicas share.
pub(super) fn rivals(doc: &am::Automerge, obj: &am::ObjId, key: &str) -> Vec<ConflictValue> {
    let mut rivals: Vec<ConflictValue> = Vec::new();
    for (value, op) in doc.get_all(obj, key).unwrap_or_default() {
        let am::Value::Scalar(scalar) = value else { continue };
        let Some(value) = convert::from_owned(&scalar) else { continue };
        let Some(hash) = doc.hash_for_opid(&op) else { continue };
        let Some(meta) = doc.get_change_meta_by_hash(&hash) else { continue };
        rivals.push(ConflictValue {
            value,
            author: meta.author.as_ref().and_then(convert::author),
            at: convert::time(meta.timestamp),
            change: convert::hash(&hash),
            winner: false,
        });
    }
    if let Some(last) = rivals.last_mut() {
        last.winner = true;
    }
    rivals
}
