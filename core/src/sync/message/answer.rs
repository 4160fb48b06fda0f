//! An answer to a sync: said in full, or "as before".

use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder, decode as de, encode as en};

use super::SyncResponse;
use crate::model::UtcMillis;
use crate::sync::row::Row;

/// What the server answers to [`super::SyncRequest`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// All of it: a map.
    Whole(Box<SyncResponse>),
    /// All but the server's time is as in the answer with the tag asked with: that time alone, a number.
    Same(UtcMillis),
}

impl Encode<Row> for Answer {
    fn encode<W: en::Write>(
        &self,
        e: &mut Encoder<W>,
        row: &mut Row,
    ) -> Result<(), en::Error<W::Error>> {
        match self {
            Self::Whole(response) => response.encode(e, row),
            Self::Same(at) => at.encode(e, row),
        }
    }
}

impl<'b> Decode<'b, Row> for Answer {
    fn decode(d: &mut Decoder<'b>, row: &mut Row) -> Result<Self, de::Error> {
        match d.datatype()? {
            Type::Map | Type::MapIndef => Ok(Self::Whole(d.decode_with(row)?)),
            _ => Ok(Self::Same(d.decode_with(row)?)),
        }
    }
}
