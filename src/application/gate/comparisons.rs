//! The recorded comparisons of the configured logs.

use crate::application::evidence::Chain;
use crate::application::evidence::record::{ComparisonEvidence, SettingsEvidence, Verdict};

/// A recorded comparison, and its number.
#[derive(Debug, Clone, Copy)]
pub struct RecordedRun<'e> {
    /// Its number in the evidence log.
    pub sequence: u64,
    /// What was found.
    pub comparison: &'e ComparisonEvidence,
}

/// The recorded comparisons of two logs, in the order of their records.
#[derive(Debug)]
pub struct Comparisons<'e> {
    runs: Vec<RecordedRun<'e>>,
    /// How many there are of other logs.
    pub of_other_logs: usize,
}

/// By what a comparison decides; where it changes, the count of days begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'e> {
    zone: &'e str,
    profile_sha256: &'e str,
    rules_sha256: &'e str,
    settings: SettingsEvidence,
    canonical_form: u32,
    mappings: [&'e str; 2],
}

impl<'e> RecordedRun<'e> {
    /// By what it decided.
    pub fn rules(&self) -> Rules<'e> {
        let comparison = self.comparison;
        Rules {
            zone: &comparison.zone,
            profile_sha256: &comparison.profile.sha256,
            rules_sha256: &comparison.rules_sha256,
            settings: comparison.settings,
            canonical_form: comparison.canonical_form,
            mappings: [&comparison.control.mapping, &comparison.candidate.mapping],
        }
    }

    /// What keeps it from judging any day; differences of other days do not.
    pub fn doubt(&self) -> Option<&'e str> {
        let comparison = self.comparison;
        match &comparison.doubts {
            Some(doubts) => doubts.first().map(String::as_str),
            // An earlier version did not tell doubts from differences.
            None if comparison.verdict == Verdict::Consistent => None,
            None => Some(comparison.reasons.first().map_or("it does not say why", String::as_str)),
        }
        .or((!comparison.self_test.passed).then_some("it did not pass its self-test"))
    }
}

impl Rules<'_> {
    /// What differs from others, in words.
    pub fn differing(&self, other: &Rules<'_>) -> Vec<&'static str> {
        let differs = [
            (self.zone != other.zone, "zone"),
            (self.profile_sha256 != other.profile_sha256, "profile"),
            (self.rules_sha256 != other.rules_sha256, "rules"),
            (self.settings != other.settings, "tolerances"),
            (self.canonical_form != other.canonical_form, "canonical form"),
            (self.mappings != other.mappings, "mapping"),
        ];
        differs.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect()
    }
}

impl<'e> Comparisons<'e> {
    /// Those of these two logs, whose paths are absolute.
    pub fn of(evidence: &'e Chain, control: &str, candidate: &str) -> Self {
        let all = evidence.records.iter().filter_map(|record| {
            let comparison = record.record.evidence.as_comparison()?;
            Some(RecordedRun { sequence: record.record.sequence, comparison })
        });
        let is_of_these = |run: &RecordedRun<'_>| {
            (run.comparison.control.path.as_str(), run.comparison.candidate.path.as_str())
                == (control, candidate)
        };
        let (runs, others): (Vec<_>, Vec<_>) = all.partition(is_of_these);
        Self { runs, of_other_logs: others.len() }
    }

    /// All of them.
    pub fn runs(&self) -> &[RecordedRun<'e>] {
        &self.runs
    }

    /// The last one.
    pub fn last(&self) -> Option<&RecordedRun<'e>> {
        self.runs.last()
    }

    /// Of those that decided by other rules than the last one of all, the latest; by their times, as a clock can have been set back
    /// between two records.
    pub fn last_of_other_rules(&self) -> Option<&RecordedRun<'e>> {
        let rules = self.last()?.rules();
        let others = self.runs.iter().filter(|run| run.rules() != rules);
        others.max_by_key(|run| run.comparison.recorded_at)
    }
}
