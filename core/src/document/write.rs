//! Puts single fields into one change. The only place that writes to the engine's objects.

use automerge as am;
use automerge::ReadDoc;
use automerge::transaction::{Transactable, Transaction};

use crate::limits;
use crate::model::Scalar;

use super::convert;
use super::error::EditError;
use super::layout::{KIND, Layout, Shape, VERSION};

/// What an operation costs in a change beside its key and value, generously, in bytes.
const OP_BYTES: usize = 48;

/// Writes fields of one document within one change.
pub(super) struct Writer<'a, 'd> {
    tx: &'a mut Transaction<'d>,
    /// About how large the change will be; errs upward.
    bytes: usize,
}

impl<'a, 'd> Writer<'a, 'd> {
    pub(super) fn new(tx: &'a mut Transaction<'d>) -> Self {
        Self { tx, bytes: 0 }
    }

    /// Counts what will be written, and refuses what no admission would let through.
    fn count(&mut self, key: &str, value: &Scalar) -> Result<(), EditError> {
        convert::check_value(key, value)?;
        self.bytes += OP_BYTES + key.len() + value.as_str().map_or(8, str::len);
        if self.bytes > limits::CHANGE_BYTES_MAX { Err(EditError::TooLarge) } else { Ok(()) }
    }

    /// Writes kind, version and every container: the beginning of a birth change.
    pub(super) fn lay_out(&mut self, layout: &Layout) -> Result<(), EditError> {
        self.tx.put(am::ROOT, KIND, layout.name).map_err(EditError::engine)?;
        self.tx.put(am::ROOT, VERSION, layout.v).map_err(EditError::engine)?;
        for container in layout.containers {
            let typ = match container.shape {
                Shape::Map => am::ObjType::Map,
                Shape::List => am::ObjType::List,
            };
            self.tx.put_object(am::ROOT, container.name, typ).map_err(EditError::engine)?;
        }
        Ok(())
    }

    fn object(&self, container: &'static str) -> Result<am::ObjId, EditError> {
        match self.tx.get(am::ROOT, container).map_err(EditError::engine)? {
            Some((am::Value::Object(_), obj)) => Ok(obj),
            _ => Err(EditError::Missing { container }),
        }
    }

    /// The winning value of a field, as the document stands within this change.
    pub(super) fn text(&self, container: &'static str, key: &str) -> Option<String> {
        let obj = self.object(container).ok()?;
        let (value, _) = self.tx.get(obj, key).ok()??;
        value.as_str().map(str::to_owned)
    }

    /// The winning whole number of a field.
    pub(super) fn int(&self, container: &'static str, key: &str) -> Option<i64> {
        let obj = self.object(container).ok()?;
        let (value, _) = self.tx.get(obj, key).ok()??;
        value.as_i64()
    }

    /// Whether the field holds any value.
    pub(super) fn has(&self, container: &'static str, key: &str) -> bool {
        self.object(container).is_ok_and(|obj| matches!(self.tx.get(obj, key), Ok(Some(_))))
    }

    /// Puts a value unless the field holds just that value and no other.
    pub(super) fn put(
        &mut self,
        container: &'static str,
        key: &str,
        value: impl Into<Scalar>,
    ) -> Result<(), EditError> {
        self.set(container, key, &value.into(), false)
    }

    /// Puts a value even if the field holds it already: a new statement by this author.
    pub(super) fn state(
        &mut self,
        container: &'static str,
        key: &str,
        value: impl Into<Scalar>,
    ) -> Result<(), EditError> {
        self.set(container, key, &value.into(), true)
    }

    fn set(
        &mut self,
        container: &'static str,
        key: &str,
        value: &Scalar,
        again: bool,
    ) -> Result<(), EditError> {
        self.count(key, value)?;
        let obj = self.object(container)?;
        let scalar = convert::to_engine(value);
        let old = self.tx.get_all(&obj, key).map_err(EditError::engine)?;
        let same = old.last().is_some_and(|(last, _)| *last == am::Value::from(scalar.clone()));
        if same && old.len() == 1 && !again {
            return Ok(());
        }
        if same {
            // The engine would drop an equal put, or only delete the losers: the value
            // would keep its first author. Delete and put make it this author's own.
            self.tx.delete(&obj, key).map_err(EditError::engine)?;
        }
        self.tx.put(&obj, key, scalar).map_err(EditError::engine)
    }

    /// Takes a field out; a value written at the same time by someone else survives.
    pub(super) fn remove(&mut self, container: &'static str, key: &str) -> Result<(), EditError> {
        let obj = self.object(container)?;
        if self.tx.get(&obj, key).map_err(EditError::engine)?.is_some() {
            self.tx.delete(&obj, key).map_err(EditError::engine)?;
        }
        Ok(())
    }

    /// Adds an entry, as JSON, at the end of a list.
    pub(super) fn append<T: serde::Serialize>(
        &mut self,
        list: &'static str,
        entry: &T,
    ) -> Result<(), EditError> {
        self.append_entry(list, &Scalar::Str(json(list, entry)?))
    }

    /// Adds an entry that is JSON already at the end of a list.
    pub(super) fn append_entry(
        &mut self,
        list: &'static str,
        entry: &Scalar,
    ) -> Result<(), EditError> {
        self.count(list, entry)?;
        let obj = self.object(list)?;
        let end = self.tx.length(&obj);
        self.tx.insert(&obj, end, convert::to_engine(entry)).map_err(EditError::engine)
    }
}

/// A structure as JSON text.
pub(super) fn json<T: serde::Serialize>(field: &str, entry: &T) -> Result<String, EditError> {
    serde_json::to_string(entry).map_err(|_| EditError::field(field, "values that JSON can hold"))
}
