//! Rows that grant: only what the vault tagged counts.

use serde::Serialize;
use vouchsafe_model::{Authority, Tag, Tagged};
use vouchsafe_vault::{TagError, Vault};

use crate::{NOW, ids, instance, key_file, rotated, vault};

/// A row that grants, as any of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Grant {
    id: String,
    user: String,
    scope: Vec<String>,
    expires_at: Option<i64>,
}

impl Grant {
    pub(crate) fn example() -> Self {
        Self {
            id: "dlg_1".to_owned(),
            user: "usr_1".to_owned(),
            scope: vec!["repo".to_owned()],
            expires_at: Some(1),
        }
    }
}

impl Authority for Grant {
    const KIND: &'static str = "grants/1";
}

/// Another kind of row with the same fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct OtherKind(Grant);

impl Authority for OtherKind {
    const KIND: &'static str = "other_kinds/1";
}

const MISMATCH: TagError = TagError::Mismatch { kind: "grants/1" };

#[test]
fn a_tagged_row_verifies() {
    let (vault, _) = vault(1);
    assert_eq!(
        vault.verify(vault.tag(Grant::example())).unwrap(),
        Grant::example()
    );
}

#[test]
fn ar_04__a_row_changed_after_tagging_is_refused() {
    let (vault, _) = vault(1);
    let (row, tag) = vault.tag(Grant::example()).into_parts();
    for changed in [
        Grant {
            id: "dlg_2".to_owned(),
            ..row.clone()
        },
        Grant {
            user: "usr_2".to_owned(),
            ..row.clone()
        },
        Grant {
            scope: vec!["repo".to_owned(), "admin".to_owned()],
            ..row.clone()
        },
        Grant {
            scope: Vec::new(),
            ..row.clone()
        },
        Grant {
            expires_at: None,
            ..row.clone()
        },
    ] {
        assert_eq!(
            vault.verify(Tagged::new(changed, tag.clone())).unwrap_err(),
            MISMATCH
        );
    }
    assert!(vault.verify(Tagged::new(row, tag)).is_ok());
}

#[test]
fn ar_04__a_tag_copied_to_another_row_or_kind_is_refused() {
    let (vault, _) = vault(1);
    let other = Grant {
        id: "dlg_2".to_owned(),
        ..Grant::example()
    };
    let tag = vault.tag(Grant::example()).tag().clone();
    assert_eq!(
        vault.verify(Tagged::new(other, tag.clone())).unwrap_err(),
        MISMATCH
    );
    assert_eq!(
        vault
            .verify(Tagged::new(OtherKind(Grant::example()), tag))
            .unwrap_err(),
        TagError::Mismatch {
            kind: "other_kinds/1"
        }
    );
}

#[test]
fn ar_04__a_row_inserted_by_sql_is_refused_whatever_tag_it_carries() {
    let (vault, _) = vault(1);
    let key_id = vault.tag(Grant::example()).tag().key_id.clone();
    for mac in [[0; 32], [255; 32]] {
        let inserted = Tagged::new(
            Grant::example(),
            Tag {
                key_id: key_id.clone(),
                mac,
            },
        );
        assert_eq!(vault.verify(inserted).unwrap_err(), MISMATCH);
    }
    let unknown = Tag {
        key_id: ids(42).next(),
        mac: [0; 32],
    };
    let refused = vault
        .verify(Tagged::new(Grant::example(), unknown.clone()))
        .unwrap_err();
    assert_eq!(
        refused,
        TagError::KeyUnknown {
            kind: "grants/1",
            key_id: unknown.key_id
        }
    );
}

#[test]
fn ar_04__a_row_of_another_instance_with_the_very_same_keys_is_refused() {
    let here = vault(1).0;
    let there = Vault::create(instance(2), &key_file(1), ids(1), NOW).unwrap().0;
    assert_eq!(there.verify(here.tag(Grant::example())).unwrap_err(), MISMATCH);
}

#[test]
fn ar_04__the_alarm_names_the_kind_of_row_and_nothing_of_its_content() {
    let text = MISMATCH.to_string();
    assert_eq!(
        text,
        "a row of grants/1 does not carry its tag: it was written or changed outside Vouchsafe"
    );
}

#[test]
fn rows_tagged_before_a_rotation_still_verify() {
    let (before, after) = rotated();
    assert!(after.verify(before.tag(Grant::example())).is_ok());
    let new = after.tag(Grant::example());
    assert_ne!(new.tag().key_id, before.tag(Grant::example()).tag().key_id);
    assert!(matches!(
        before.verify(new).unwrap_err(),
        TagError::KeyUnknown { .. }
    ));
}
