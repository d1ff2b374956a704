//! The criteria of the gate, and the days that it counts.

use super::numbers::{grouped, percent};
use super::outcome::Tone;
use crate::application::gate::{Criterion, CriterionVerdict, DayState, GateDay, GateReport};
use crate::cli::output::visible;

/// How many days have a row, those in a row without events one for all: the last ones.
const SHOWN_DAYS: usize = 400;

/// What the gate has judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateView {
    /// Each criterion.
    pub criteria: Vec<CriterionRow>,
    /// Each day.
    pub days: Vec<GateDayRow>,
    /// How many rows of days are not shown, from the first one on.
    pub earlier_days: usize,
}

/// A criterion, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionRow {
    /// Its name in the JSON document.
    pub name: &'static str,
    /// What has to hold.
    pub sentence: &'static str,
    /// What was found.
    pub found: String,
    /// What has to be found.
    pub needed: String,
    /// What came of it.
    pub verdict: &'static str,
    /// What that is for the whole.
    pub tone: Tone,
    /// Why it does not hold.
    pub reasons: Vec<String>,
    /// The ways out.
    pub remedies: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// A day, or days in a row without events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateDayRow {
    /// Which.
    pub label: String,
    /// What it is.
    pub state: &'static str,
    /// It is one of the days that are counted.
    pub is_counted: bool,
    /// Events of the control.
    pub control: String,
    /// Events of the candidate.
    pub candidate: String,
    /// The most differences that a comparison has found.
    pub differences: String,
    /// It has differences.
    pub differs: bool,
    /// The numbers of the records of its comparisons.
    pub records: String,
    /// Why it is not clean.
    pub reason: String,
    /// The lengths of the bars of both sides, of a hundred.
    pub bars: [String; 2],
}

impl From<&GateReport> for GateView {
    fn from(report: &GateReport) -> Self {
        let is_quiet = |day: &GateDay| day.state == DayState::Quiet;
        let runs: Vec<&[GateDay]> =
            report.days.chunk_by(|one, other| is_quiet(one) && is_quiet(other)).collect();
        let earlier_days = runs.len().saturating_sub(SHOWN_DAYS);
        let shown = &runs[earlier_days..];
        let most = shown.iter().flat_map(|run| run.iter()).map(|day| day.control.max(day.candidate)).max();
        let days = shown.iter().filter_map(|run| GateDayRow::new(run, most.unwrap_or_default()));
        Self {
            criteria: report.criteria.iter().map(CriterionRow::from).collect(),
            days: days.collect(),
            earlier_days,
        }
    }
}

impl From<&Criterion> for CriterionRow {
    fn from(criterion: &Criterion) -> Self {
        let texts = |texts: &[String]| texts.iter().map(|text| visible(text).into_owned()).collect();
        let (verdict, tone) = match criterion.verdict {
            CriterionVerdict::Holds => ("holds", Tone::Good),
            CriterionVerdict::Fails => ("fails", Tone::Bad),
            CriterionVerdict::NotEnoughEvidence => ("not enough evidence", Tone::Unknown),
        };
        Self {
            name: criterion.name.as_str(),
            sentence: criterion.sentence,
            found: visible(&criterion.value).into_owned(),
            needed: visible(&criterion.threshold).into_owned(),
            verdict,
            tone,
            reasons: texts(&criterion.reasons),
            remedies: texts(&criterion.remedies),
            notes: texts(&criterion.notes),
        }
    }
}

impl GateDayRow {
    fn new(run: &[GateDay], most: u64) -> Option<Self> {
        let (first, last) = (run.first()?, run.last()?);
        let records: Vec<String> = first.records.iter().map(u64::to_string).collect();
        Some(Self {
            label: match run.len() {
                1 => first.day.to_string(),
                _ => format!("{} to {}", first.day, last.day),
            },
            state: first.state.as_words(),
            is_counted: first.is_counted,
            control: grouped(first.control),
            candidate: grouped(first.candidate),
            differences: grouped(first.differences),
            differs: first.differences > 0,
            records: records.join(", "),
            reason: first.reason.as_deref().map(|reason| visible(reason).into_owned()).unwrap_or_default(),
            bars: [first.control, first.candidate].map(|events| percent(events, most)),
        })
    }
}
