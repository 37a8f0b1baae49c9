//! From a template and the operator's own words to an entry that can be used.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::entry::Entry;
use super::error::CatalogueError;
use super::placeholder::fill;
use super::validate::Stage;

/// What the operator wrote.
#[derive(Debug, Clone, Default)]
pub struct EntryOverrides {
    /// Values for the entry's variables.
    pub vars: BTreeMap<String, String>,
    /// Fields that replace those of the entry. Tables are merged, everything else is replaced; an empty string unsets
    /// (except in `param_rename`, where it drops the parameter).
    pub fields: Table,
    /// Hosts (`host` or `host:port`) that the operator declared internal: only these may be plain HTTP.
    pub internal_hosts: Vec<String>,
}

impl Entry {
    /// Fills in the variables, applies the overrides and checks that everything is there.
    pub fn resolve(&self, overrides: EntryOverrides) -> Result<Self, CatalogueError> {
        let mut table = Table::try_from(self).map_err(|e| CatalogueError::Syntax {
            entry: self.name.clone(),
            message: e.to_string(),
        })?;
        merge(&mut table, overrides.fields, "");
        // What the operator wrote is checked as an entry, before any value is put into it.
        let merged = Self::from_table(table.clone(), &Stage::Template)?;
        let values = merged.values(overrides.vars)?;
        table.remove("vars");
        substitute(&mut table, &values);
        Self::from_table(
            table,
            &Stage::Resolved {
                internal_hosts: &overrides.internal_hosts,
            },
        )
    }

    fn values(
        &self,
        mut given: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, CatalogueError> {
        let mut values = BTreeMap::new();
        for (name, var) in &self.vars {
            let field = format!("vars.{name}");
            let form = var.pattern.describe();
            let value = given
                .remove(name)
                .or_else(|| var.default.clone())
                .ok_or_else(|| {
                    let remedy = format!("set it to {form}, for example `{}`", var.example);
                    CatalogueError::field(&self.name, &field, "no value", remedy)
                })?;
            if !var.accepts(&value) {
                let suffix = match var.suffix.as_str() {
                    "" => String::new(),
                    suffix => format!(" that ends with `{suffix}`"),
                };
                let allowed = match var.allowed.join(", ") {
                    words if words.is_empty() => words,
                    words => format!(", or one of: {words}"),
                };
                let remedy = format!("use {form}{suffix}{allowed}");
                return Err(CatalogueError::field(
                    &self.name,
                    field,
                    "this value cannot stand in a URL",
                    remedy,
                ));
            }
            values.insert(name.clone(), value);
        }
        match given.into_keys().next() {
            None => Ok(values),
            Some(name) => {
                let known: Vec<&str> = self.vars.keys().map(String::as_str).collect();
                let remedy = format!("remove it; variables of this entry: [{}]", known.join(", "));
                Err(CatalogueError::field(
                    &self.name,
                    format!("vars.{name}"),
                    "unknown variable",
                    remedy,
                ))
            }
        }
    }
}

fn merge(base: &mut Table, overrides: Table, inside: &str) {
    for (key, value) in overrides {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above, &key),
            (_, Value::String(text)) if text.is_empty() && inside != "param_rename" => {
                base.remove(&key);
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn substitute(table: &mut Table, values: &BTreeMap<String, String>) {
    for (_, value) in table.iter_mut() {
        substitute_value(value, values);
    }
}

fn substitute_value(value: &mut Value, values: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => *text = fill(text, |name| values.get(name).map(String::as_str)),
        Value::Array(items) => items.iter_mut().for_each(|item| substitute_value(item, values)),
        Value::Table(table) => substitute(table, values),
        _ => {}
    }
}
