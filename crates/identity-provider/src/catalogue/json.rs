//! JSON from a stranger: bounded depth, and no member twice.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use zeroize::Zeroize as _;

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonError {
    /// It is not JSON, or only the beginning of it.
    Malformed,
    /// It is JSON that two readers may understand differently, or none should read.
    Refused(&'static str),
}

/// Parses a whole document.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let refused = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict {
        depth: 0,
        refused: &refused,
    }
    .deserialize(&mut deserializer)
    .map_err(|_| refused.get().map_or(JsonError::Malformed, JsonError::Refused))?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(_) => Err(JsonError::Malformed),
    }
}

/// Wipes every text of a value that carried tokens.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.iter_mut().for_each(|(_, member)| wipe(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u8,
    refused: &'a Cell<Option<&'static str>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse("nesting"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn refuse<E: serde::de::Error>(self, what: &'static str) -> E {
        self.refused.set(Some(what));
        E::custom(what)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(seed)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let member = map.next_value_seed(seed)?;
            if members.insert(name, member).is_some() {
                return Err(self.refuse("duplicate member"));
            }
        }
        Ok(Value::Object(members))
    }
}

const MAX_DEPTH: u8 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_json_is_as_serde_reads_it() {
        let text = br#" {"a":[1,-2,3.5,"x",null,true,{}],"b":{"c":"\u00e9"}} "#;
        assert_eq!(parse(text), Ok(serde_json::from_slice(text).expect("JSON")));
    }

    #[test]
    fn members_named_twice_and_deep_nesting_are_refused() {
        assert_eq!(
            parse(br#"{"a":1,"b":{"c":1,"c":2}}"#),
            Err(JsonError::Refused("duplicate member"))
        );
        assert_eq!(
            parse(br#"{"a":1,"\u0061":2}"#),
            Err(JsonError::Refused("duplicate member"))
        );
        let deep = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
        assert!(parse(&deep(32)).is_ok());
        assert_eq!(parse(&deep(33)), Err(JsonError::Refused("nesting")));
        assert_eq!(parse(&vec![b'['; 1_000_000]), Err(JsonError::Refused("nesting")));
    }

    #[test]
    fn half_a_document_and_more_than_one_are_malformed() {
        for text in ["", "{", r#"{"a":"#, "{} {}", "<html>", "\u{feff}{}", "nul"] {
            assert_eq!(parse(text.as_bytes()), Err(JsonError::Malformed), "{text}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(JsonError::Malformed));
    }
}
