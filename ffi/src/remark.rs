//! Remarks, of places, visits and tasks.

use ironfeet_core::model;

use crate::words::Role;

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Remark {
    /// When it was written, by the writer's clock, ms since 1970.
    pub at: i64,
    /// The post of who wrote it.
    pub by_role: Role,
    /// The text.
    pub text: String,
}

impl From<model::Remark> for Remark {
    fn from(remark: model::Remark) -> Self {
        let model::Remark { at, by_role, text } = remark;
        Self { at: at.0, by_role: by_role.into(), text }
    }
}
