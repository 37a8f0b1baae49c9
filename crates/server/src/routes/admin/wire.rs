//! What the admin API's bodies have in common: how they are written and read. How they are described stands beside, in
//! `schemas`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};
use vouchsafe_model::ScopeBound;
use vouchsafe_oauth_types::Scope;

pub(super) use super::schemas::*;

/// Declares the body of a list: items, and the cursor of the next page.
macro_rules! list_of {
    ($name:ident, $item:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $name {
            /// In order of id.
            pub(crate) items: Vec<$item>,
            /// The `cursor` of the next page; absent on the last. A page may have fewer items than `limit`, even none, and
            /// still have one.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            pub(crate) next_cursor: Option<String>,
            /// Which items of this page are not shown, by their ids: their rows are damaged, or were changed past the
            /// server. The log says what is wrong with each. Absent where there is none.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            #[schema(required = false)]
            pub(crate) unreadable: Vec<String>,
        }

        impl $name {
            pub(crate) fn of<T>(page: vouchsafe_store::Page<T>, wire: impl FnMut(T) -> $item) -> Self {
                Self {
                    items: page.items.into_iter().map(wire).collect(),
                    next_cursor: page.next,
                    unreadable: page.unreadable,
                }
            }
        }
    };
}
pub(super) use list_of;

/// An object and nothing else: serde would read an array as the fields of a struct in their order.
pub(super) struct Strict<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// An array of objects.
pub(super) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Strict<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Strict(object)| object).collect())
}

/// An array of objects that may be absent.
pub(super) fn objects_if_present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    objects(deserializer).map(Some)
}

/// A field that may be absent, but not `null`: absent means unchanged, and `null` could be meant as anything.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A whole number that may be absent. JSON has one kind of number: `30.0` is thirty.
pub(super) fn whole_if_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        format!("{float:.0}").parse().ok()
    });
    let wrong = || serde::de::Error::custom("expected a whole number");
    whole.map(Some).ok_or_else(wrong)
}

/// How much, in one text: `*` = everything a token can do, otherwise scopes.
pub(super) fn bound_text(bound: &ScopeBound) -> String {
    bound.to_string()
}

/// Writes it as such a text.
pub(super) fn write_bound<S: Serializer>(bound: &ScopeBound, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&bound_text(bound))
}

/// Writes such a text where there is one.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(super) fn write_bound_if_present<S: Serializer>(
    bound: &Option<ScopeBound>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match bound {
        Some(bound) => write_bound(bound, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads such a text.
pub(super) fn bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScopeBound, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_bound(&text).map_err(serde::de::Error::custom)
}

/// Reads such a text where it may be absent.
pub(super) fn bound_if_present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ScopeBound>, D::Error> {
    bound(deserializer).map(Some)
}

fn read_bound(text: &str) -> Result<ScopeBound, String> {
    match text {
        "" => Err("expected scopes with single spaces between, or \"*\" for everything".to_owned()),
        "*" => Ok(ScopeBound::Everything),
        text => match Scope::parse(text) {
            Ok(scope) => Ok(ScopeBound::Scopes(scope)),
            Err(error) => Err(error.to_string()),
        },
    }
}
