//! What the server answered.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use vouchsafe_audit::escape;

use crate::cli::Failure;

/// The body of a success.
#[derive(Debug)]
pub(super) struct Answer {
    text: String,
    json: Json,
}

/// JSON whose members stay in the order in which the server wrote them: that is the order in which people should read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Answer {
    /// Nothing, or JSON.
    pub(super) fn read(body: Vec<u8>) -> Result<Self, Failure> {
        let wrong =
            || Failure::new("the server's answer is no JSON: is this a Vouchsafe server of this version?");
        let text = String::from_utf8(body).map_err(|_| wrong())?;
        let json = if text.is_empty() {
            Json::Null
        } else {
            serde_json::from_str(&text).map_err(|_| wrong())?
        };
        Ok(Self { text, json })
    }

    /// The same JSON as it came, with a line end and without what drives a terminal; nothing, if nothing came.
    pub(super) fn raw(&self) -> String {
        match self.text.as_str() {
            "" => String::new(),
            text => format!("{}\n", escape::json(text)),
        }
    }

    pub(super) const fn json(&self) -> &Json {
        &self.json
    }

    /// Whether it is a list without items.
    pub(super) fn lists_nothing(&self) -> bool {
        let listed = self.json.get("items").or_else(|| self.json.get("records"));
        listed.is_some_and(|listed| listed.items().is_empty()) && self.unreadable().next().is_none()
    }

    /// Which items of a list cannot be shown.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &str> {
        let ids = self.json.get("unreadable").map(Json::items).unwrap_or_default();
        ids.iter().filter_map(|id| match id {
            Json::Text(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// The text of a member.
    pub(super) fn member(&self, name: &str) -> Option<String> {
        match self.json.get(name)? {
            Json::Text(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Json {
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let (_, value) = members.iter().find(|(member, _)| member == name)?;
        Some(value)
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E: Error>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
                Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Json::Object(object))
            }
        }

        deserializer.deserialize_any(Anything)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_a_terminal_means_the_same_and_drives_nothing() {
        let body = "{\"name\": \"a\u{202e}b\u{9b}31m é\",\n \"n\": 1}";
        let raw = Answer::read(body.as_bytes().to_vec()).unwrap().raw();
        assert_eq!(raw, "{\"name\": \"a\\u202eb\\u009b31m é\",\n \"n\": 1}\n");
        let same = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(same(&raw), same(body));
    }
}
