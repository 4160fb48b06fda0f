//! Shapes out of a tree, by serde. What fits no shape is told with the place of the innermost node that does not fit.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::{StrDeserializer, U64Deserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::tree::{Link, Node};
use super::{Spot, YamlError};

/// A value with the line it stands in, from 1.
#[derive(Debug)]
pub(in crate::checklist) struct At<T> {
    pub(in crate::checklist) line: u64,
    pub(in crate::checklist) value: T,
}

/// The name by which [`At`] asks for its line.
const AT: &str = "$at";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_newtype_struct(AT, LineAndValue(PhantomData))
    }
}

struct LineAndValue<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LineAndValue<T> {
    type Value = At<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a YAML file")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<At<T>, A::Error> {
        let (line, value) = (parts.next_element()?, parts.next_element()?);
        let both = line.zip(value).map(|(line, value)| At { line, value });
        both.ok_or_else(|| de::Error::invalid_length(0, &self))
    }
}

/// Reads one node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'de>(pub(super) &'de Link<'de>);

impl de::Error for YamlError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self { text: text.to_string(), spot: None }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "unknown field `{field}`, expected one of {}",
            expected.join(", ")
        ))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let expected = expected.join(", ");
        Self::custom(format_args!("unknown variant `{variant}`, expected one of {expected}"))
    }
}

impl<'de> Reader<'de> {
    fn node(self) -> &'de Node<'de> {
        &self.0.node
    }

    fn spot(self) -> Spot {
        self.0.spot
    }

    /// The text, whatever it looks like.
    fn text(self) -> Option<&'de str> {
        match self.node() {
            Node::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    fn is_null(self) -> bool {
        matches!(self.node(), Node::Text { text, plain: true } if is_null(text))
    }

    /// A number. One that begins with a nought is none (readers do not agree on what it means), nor is infinity.
    fn parsed<T: FromStr>(self, what: &str) -> Result<T, YamlError> {
        let plain = |text: &&str| {
            let digits = text.trim_start_matches(['+', '-']).as_bytes();
            let numeric = digits.iter().any(u8::is_ascii_digit);
            numeric && !matches!(digits, [b'0', b'0'..=b'9', ..])
        };
        let parsed = self.text().filter(plain).and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.misfit(what))
    }

    /// What is here is not what the shape wants.
    fn misfit(self, expected: &str) -> YamlError {
        let found = match self.node() {
            Node::Text { text, plain: true } if is_null(text) => "nothing",
            Node::Text { text, .. } => return self.wrong(expected, &format!("`{text}`")),
            Node::List(_) => "a list",
            Node::Map(_) => "a map",
        };
        self.wrong(expected, found)
    }

    fn wrong(self, expected: &str, found: &str) -> YamlError {
        YamlError::at(format!("expected {expected}, found {found}"), self.spot())
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

macro_rules! numbers {
    ($($method:ident $visit:ident $kind:ty, $what:literal;)+) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
            visitor.$visit(self.parsed::<$kind>($what)?)
        }
    )+ };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = YamlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        let done = match self.node() {
            Node::List(parts) => visitor.visit_seq(Parts(parts.iter())),
            Node::Map(pairs) => visitor.visit_map(Pairs { left: pairs.iter(), value: None }),
            Node::Text { text, plain: false } => visitor.visit_borrowed_str(text),
            Node::Text { text, plain: true } => plain(text, visitor),
        };
        done.map_err(|e| e.or_at(self.spot()))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        let text = self.text().unwrap_or_default();
        let is = |words: [&str; 2]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match (is(["true", "yes"]), is(["false", "no"])) {
            (false, false) => Err(self.misfit("true or false")),
            (yes, _) => visitor.visit_bool(yes),
        }
    }

    numbers! {
        deserialize_i8 visit_i64 i64, "a whole number";
        deserialize_i16 visit_i64 i64, "a whole number";
        deserialize_i32 visit_i64 i64, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_u8 visit_u64 u64, "a whole number from 0";
        deserialize_u16 visit_u64 u64, "a whole number from 0";
        deserialize_u32 visit_u64 u64, "a whole number from 0";
        deserialize_u64 visit_u64 u64, "a whole number from 0";
        deserialize_f32 visit_f64 f64, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        match self.text().filter(|_| !self.is_null()) {
            Some(text) => {
                visitor.visit_borrowed_str(text).map_err(|e: YamlError| e.or_at(self.spot()))
            }
            None => Err(self.misfit("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, YamlError> {
        let Some(text) = self.text() else { return Err(self.misfit("a word")) };
        let word: StrDeserializer<'_, YamlError> = text.into_deserializer();
        visitor.visit_enum(word).map_err(|e| e.or_at(self.spot()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, YamlError> {
        if name == AT {
            return visitor.visit_seq(Lined { of: self, told: false });
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        match self.node() {
            Node::List(_) => self.deserialize_any(visitor),
            _ => Err(self.misfit("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, YamlError> {
        match self.node() {
            Node::Map(_) => self.deserialize_any(visitor),
            _ => Err(self.misfit("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, YamlError> {
        self.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A plain text as YAML understands it: nothing, a truth, a number, or else a text.
fn plain<'de, V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, YamlError> {
    if is_null(text) {
        return visitor.visit_unit();
    }
    if let Some(yes) = truth(text) {
        return visitor.visit_bool(yes);
    }
    if let Ok(n) = text.parse::<i64>() {
        return visitor.visit_i64(n);
    }
    match text.parse::<f64>() {
        Ok(x) if text.bytes().any(|b| b.is_ascii_digit()) => visitor.visit_f64(x),
        _ => visitor.visit_borrowed_str(text),
    }
}

/// The parts of a list.
struct Parts<'de>(std::slice::Iter<'de, Link<'de>>);

impl<'de> SeqAccess<'de> for Parts<'de> {
    type Error = YamlError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, YamlError> {
        self.0.next().map(|link| seed.deserialize(Reader(link))).transpose()
    }
}

/// The keys and values of a map.
struct Pairs<'de> {
    left: std::slice::Iter<'de, (Link<'de>, Link<'de>)>,
    value: Option<&'de Link<'de>>,
}

impl<'de> de::MapAccess<'de> for Pairs<'de> {
    type Error = YamlError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, YamlError> {
        let Some((key, value)) = self.left.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Reader(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, YamlError> {
        let value = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(Reader(value)).map_err(|e| e.or_at(value.spot))
    }
}

/// A line, then the value that stands in it.
struct Lined<'de> {
    of: Reader<'de>,
    told: bool,
}

impl<'de> SeqAccess<'de> for Lined<'de> {
    type Error = YamlError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, YamlError> {
        if !std::mem::replace(&mut self.told, true) {
            let line: U64Deserializer<YamlError> = self.of.spot().line.into_deserializer();
            return seed.deserialize(line).map(Some);
        }
        seed.deserialize(self.of).map(Some)
    }
}
