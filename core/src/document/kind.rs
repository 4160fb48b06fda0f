//! The list of kinds. A new kind is one file and one line at the end of this one.

use std::fmt;
use std::str::FromStr;

use crate::model::{self, DocId, IdError, Remark, UtcMillis};

use super::conflict::Settle;
use super::error::EditError;
use super::fields::Fields;
use super::layout::Layout;
use super::write::Writer;
use super::{place, task, visit};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $module:ident, $birth:ident, $edit:ident;)+) => {
        $(pub use super::$module::{$birth, $edit};)+

        /// What a document is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            pub(super) fn layout(self) -> &'static Layout {
                match self {
                    $(Self::$kind => &$module::LAYOUT,)+
                }
            }

            pub(super) fn read(self, id: DocId, v: i64, fields: &mut Fields) -> Option<Record> {
                match self {
                    $(Self::$kind => $module::read(id, v, fields).map(Record::$kind),)+
                }
            }
        }

        /// The first content of a document, by kind.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Birth {
            $($(#[$doc])* $kind($module::$birth),)+
        }

        impl Birth {
            /// The kind to be born.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)+
                }
            }

            pub(super) fn write(&self, at: UtcMillis, w: &mut Writer<'_, '_>) -> Result<(), EditError> {
                match self {
                    $(Self::$kind(birth) => $module::birth(birth, at, w),)+
                }
            }
        }

        /// One edit of a document: exactly one change.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Edit {
            $($(#[$doc])* $kind($module::$edit),)+
            /// Any kind: chooses among the values of a field in conflict.
            Settle(Settle),
            /// Any kind: chooses, and keeps what was not chosen as a remark in the same change.
            SettleWith(Settle, Remark),
        }

        impl Edit {
            /// The kind the edit is for; `None` fits every kind.
            #[must_use]
            pub fn kind(&self) -> Option<Kind> {
                match self {
                    $(Self::$kind(_) => Some(Kind::$kind),)+
                    Self::Settle(_) | Self::SettleWith(..) => None,
                }
            }

            /// Writes a kind's own edit; settling is the room's own work.
            pub(super) fn write(&self, w: &mut Writer<'_, '_>) -> Result<(), EditError> {
                match self {
                    $(Self::$kind(edit) => $module::edit(edit, w),)+
                    Self::Settle(_) | Self::SettleWith(..) => Ok(()),
                }
            }
        }

        /// A record as it is read from its document.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Record {
            $($(#[$doc])* $kind(model::$kind),)+
            /// A kind this version does not know, or a document too damaged to be a record.
            Unknown {
                /// What the document says it is.
                kind: Option<String>,
                /// Its schema version.
                v: Option<i64>,
            },
        }
    };
}

impl Kind {
    /// The stable name used in documents, SQL and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.layout().name
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or(IdError { what: "kind of record", expected: "place, visit or task" })
    }
}

kinds! {
    /// A place.
    Place, place, PlaceBirth, PlaceEdit;
    /// A visit.
    Visit, visit, VisitBirth, VisitEdit;
    /// A task.
    Task, task, TaskBirth, TaskEdit;
}
