//! The requirements: ids, priorities, titles, and which of them a test's name claims.

use std::collections::BTreeMap;

/// A requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// Prefix, section, number: `TE-2.1-01`.
    pub id: &'static str,
    /// `P0` (core) to `P2` (frontier).
    pub priority: &'static str,
    /// What it asks for.
    pub title: &'static str,
}

/// All of them, in order.
pub struct Requirements {
    all: Vec<Requirement>,
    by_id: BTreeMap<&'static str, usize>,
}

impl Requirements {
    /// The list in `requirements.tsv`.
    pub fn shipped() -> Self {
        let all: Vec<Requirement> = include_str!("../requirements.tsv")
            .lines()
            .filter_map(|line| {
                let (id, rest) = line.split_once('\t')?;
                let (priority, title) = rest.split_once('\t')?;
                Some(Requirement { id, priority, title })
            })
            .collect();
        let by_id = all.iter().enumerate().map(|(i, r)| (r.id, i)).collect();
        Self { all, by_id }
    }

    /// Every requirement.
    pub fn all(&self) -> &[Requirement] {
        &self.all
    }

    /// Its place in the list.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The ids that a function's name claims: `te_2_1_07_08__…` claims two of one section, `ar_05_06__…` two without a
    /// section, `pk_4_6_01_az_4_1_04_05__…` three of two sections, `tok_5_2_02_2_3_01__…` two of two sections with one
    /// prefix. Empty for a name that claims nothing.
    ///
    /// # Errors
    ///
    /// The id that the name claims and the list does not have.
    pub fn claimed_by(&self, name: &str) -> Result<Vec<&'static str>, String> {
        let Some((claim, _)) = name.split_once("__") else {
            return Ok(Vec::new());
        };
        let claim = claim.to_ascii_uppercase();
        let words: Vec<&str> = claim.split('_').collect();
        if words.len() < 2 || !self.is_prefix(words[0]) {
            return Ok(Vec::new());
        }
        let mut ids = Vec::new();
        let (mut prefix, mut rest) = ("", words.as_slice());
        while let Some(word) = rest.first() {
            if self.is_prefix(word) {
                (prefix, rest) = (word, &rest[1..]);
            }
            let (found, read) = self.section(prefix, rest).ok_or_else(|| {
                let unknown = [&[prefix], rest].concat();
                unknown.join("-")
            })?;
            ids.extend(found);
            rest = &rest[read..];
        }
        Ok(ids)
    }

    /// The ids of one section at the beginning of these words, and how many words they take.
    fn section(&self, prefix: &str, words: &[&str]) -> Option<(Vec<&'static str>, usize)> {
        // Which words are the section cannot be told by looking at them (`2_1_11`): only one way is in the list.
        (0..words.len()).find_map(|split| {
            let stem = [prefix, &words[..split].join(".")];
            let stem = stem
                .iter()
                .filter(|part| !part.is_empty())
                .copied()
                .collect::<Vec<&str>>();
            let numbered = |number: &&str| self.known(&format!("{}-{number}", stem.join("-")));
            let ids: Vec<&'static str> = words[split..].iter().map_while(numbered).collect();
            let read = split + ids.len();
            (!ids.is_empty()).then_some((ids, read))
        })
    }

    fn known(&self, id: &str) -> Option<&'static str> {
        self.by_id.get_key_value(id).map(|(id, _)| *id)
    }

    fn is_prefix(&self, word: &str) -> bool {
        let prefix = |requirement: &Requirement| requirement.id.split('-').next() == Some(word);
        self.all.iter().any(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_requirements_it_claims() {
        let requirements = Requirements::shipped();
        let claimed = |name: &str| requirements.claimed_by(name);
        for (name, ids) in [
            ("te_2_1_11__a", &["TE-2.1-11"][..]),
            ("te_2_1_1_04__a", &["TE-2.1.1-04"]),
            ("te_2_1_07_08__a", &["TE-2.1-07", "TE-2.1-08"]),
            ("ar_04__a", &["AR-04"]),
            ("ar_05_06__a", &["AR-05", "AR-06"]),
            ("md_k_01__a", &["MD-K-01"]),
            (
                "pk_4_6_01_az_4_1_04_05__a",
                &["PK-4.6-01", "AZ-4.1-04", "AZ-4.1-05"],
            ),
            ("tok_5_2_02_2_3_01__a", &["TOK-5.2-02", "TOK-2.3-01"]),
            ("ij_iss_01_md_2_01__a", &["IJ-ISS-01", "MD-2-01"]),
            ("rfc_8032__a", &[]),
            ("a_sentence_with__two_marks", &[]),
            ("te_2_1_01", &[]),
        ] {
            assert_eq!(claimed(name).unwrap(), ids, "{name}");
        }
        assert_eq!(claimed("te_2_1_99__a"), Err("TE-2-1-99".to_owned()));
        assert_eq!(claimed("te_2_1_01_99__a"), Err("TE-99".to_owned()));
    }

    #[test]
    fn the_list_is_in_order() {
        let requirements = Requirements::shipped();
        let lines = include_str!("../requirements.tsv").lines().count();
        assert_eq!(requirements.all().len(), lines, "a line is not read");
        assert_eq!(requirements.by_id.len(), lines, "an id stands twice");
        for requirement in requirements.all() {
            assert!(
                ["P0", "P1", "P2"].contains(&requirement.priority),
                "{requirement:?}"
            );
            assert!(requirement.title.split(' ').count() <= 12, "{requirement:?}");
        }
    }
}
