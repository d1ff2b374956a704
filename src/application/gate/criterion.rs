//! One criterion, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::name::CriterionName;

/// What came of one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriterionVerdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// What is known says neither.
    NotEnoughEvidence,
}

/// One criterion, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criterion {
    /// Its name; stable.
    #[serde(rename = "criterion")]
    pub name: CriterionName,
    /// What has to hold, as a sentence.
    pub sentence: &'static str,
    /// What was found, in words.
    pub value: String,
    /// What has to be found, in words.
    pub threshold: String,
    /// What came of it.
    pub verdict: CriterionVerdict,
    /// Why it does not hold, a sentence each; none where it holds.
    pub reasons: Vec<String>,
    /// The ways out, or to more evidence, in the order in which to go them; none where it holds.
    pub remedies: Vec<String>,
    /// What is worth knowing and decides nothing.
    pub notes: Vec<String>,
    /// The numbers after `value`, by stable names; times in microseconds.
    pub figures: BTreeMap<&'static str, u64>,
}

impl Criterion {
    /// A criterion that holds, as long as nothing else is said of it.
    pub(super) fn new(name: CriterionName, value: impl Into<String>, threshold: impl Into<String>) -> Self {
        Self {
            name,
            sentence: name.sentence(),
            value: value.into(),
            threshold: threshold.into(),
            verdict: CriterionVerdict::Holds,
            reasons: Vec::new(),
            remedies: Vec::new(),
            notes: Vec::new(),
            figures: BTreeMap::new(),
        }
    }

    /// A criterion about something that could not be looked at.
    pub(super) fn unread(name: CriterionName, threshold: impl Into<String>, why: &str) -> Self {
        let remedy = "see what the reason says, and check again as the user that the program runs as";
        Self::new(name, "not known", threshold).lacks(format!("it could not be looked at: {why}"), remedy)
    }

    /// It fails, for a reason. The same remedy is told once.
    pub(super) fn fails(mut self, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        self.verdict = CriterionVerdict::Fails;
        self.tell(reason.into(), remedy.into());
        self
    }

    /// There is not enough evidence, for a reason, where it does not fail.
    pub(super) fn lacks(mut self, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        if self.verdict != CriterionVerdict::Fails {
            self.verdict = CriterionVerdict::NotEnoughEvidence;
        }
        self.tell(reason.into(), remedy.into());
        self
    }

    /// With something that is worth knowing.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With a number of that name.
    pub(super) fn figure(mut self, name: &'static str, value: u64) -> Self {
        self.figures.insert(name, value);
        self
    }

    fn tell(&mut self, reason: String, remedy: String) {
        self.reasons.push(reason);
        if !self.remedies.contains(&remedy) {
            self.remedies.push(remedy);
        }
    }
}

impl fmt::Display for CriterionVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Fails => "FAILS",
            Self::NotEnoughEvidence => "not enough evidence",
        })
    }
}
