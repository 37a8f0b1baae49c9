//! The answer of a run, for people and for machines.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::requirements::Requirements;
use crate::verdict::{Line, Verdict};

/// What a run found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One line per requirement, in the order of `requirements.tsv`.
    pub lines: Vec<Line>,
}

impl Report {
    /// How many requirements passed.
    pub fn passed(&self) -> usize {
        self.count(|verdict| *verdict == Verdict::Passed)
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    /// How many could not be asked.
    pub fn not_checked(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::NotChecked(_)))
    }

    /// One line per requirement, then the sum.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        for line in &self.lines {
            writeln!(out, "{line}")?;
        }
        let (passed, failed, rest) = (self.passed(), self.failed(), self.not_checked());
        writeln!(out, "{passed} passed, {failed} failed, {rest} not checked")
    }

    /// One JSON document: `requirements` with `id`, `priority`, `title`, `verdict` and, unless it passed, `why`; and the
    /// counts.
    pub fn to_json(&self) -> Value {
        let requirements = Requirements::shipped();
        let line = |line: &Line| {
            let known = requirements.position(&line.id).map(|at| requirements.all()[at]);
            let mut entry = json!({ "id": line.id, "verdict": line.verdict.as_str() });
            if let Some(known) = known {
                entry["priority"] = known.priority.into();
                entry["title"] = known.title.into();
            }
            if let Some(why) = line.verdict.why() {
                entry["why"] = why.into();
            }
            entry
        };
        json!({
            "requirements": self.lines.iter().map(line).collect::<Vec<Value>>(),
            "passed": self.passed(),
            "failed": self.failed(),
            "not_checked": self.not_checked(),
        })
    }

    fn count(&self, of: impl Fn(&Verdict) -> bool) -> usize {
        self.lines.iter().filter(|line| of(&line.verdict)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let line = |id: &str, verdict| Line {
            id: id.to_owned(),
            verdict,
        };
        Report {
            lines: vec![
                line("TE-2.1-01", Verdict::Passed),
                line("TE-2.1-02", Verdict::Failed("200".to_owned())),
                line("TE-2.1-03", Verdict::NotChecked("no fixture".to_owned())),
            ],
        }
    }

    #[test]
    fn people_read_one_line_each_and_the_sum() {
        let mut out = Vec::new();
        report().write_text(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "TE-2.1-01      passed\nTE-2.1-02      FAILED: 200\nTE-2.1-03      not checked: no fixture\n\
             1 passed, 1 failed, 1 not checked\n"
        );
    }

    #[test]
    fn machines_read_the_same() {
        let json = report().to_json();
        assert_eq!(json["failed"], 1);
        let second = &json["requirements"][1];
        assert_eq!(second["verdict"], "failed");
        assert_eq!(
            (&second["why"], &second["priority"]),
            (&json!("200"), &json!("P0"))
        );
        assert!(json["requirements"][0].get("why").is_none());
    }
}
