//! What the criteria judge by.

use chrono::{DateTime, NaiveDate, Utc};

use crate::application::gate::comparisons::Comparisons;
use crate::application::gate::days::JudgedDays;
use crate::application::gate::facts::{GateFacts, GateSettings};

/// What the criteria judge by.
pub struct Known<'f> {
    pub settings: &'f GateSettings,
    pub facts: &'f GateFacts,
    pub comparisons: &'f Comparisons<'f>,
    pub days: &'f JudgedDays,
    /// The first day of the period over which errors, failures and latencies are judged; `None`: from the beginning of what is
    /// recorded.
    pub since: Option<NaiveDate>,
}

impl Known<'_> {
    /// The day of a time.
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.facts.zone.day_of(at)
    }

    /// Whether a day is one of the period.
    pub fn is_in_period(&self, day: NaiveDate) -> bool {
        self.since.is_none_or(|since| since <= day)
    }

    /// The period in words.
    pub fn period(&self) -> String {
        self.since.map_or_else(|| "ever".to_owned(), |since| format!("since {since}"))
    }
}

/// So many of a list are told each for itself.
pub(super) const TOLD: usize = 10;

pub(super) use crate::domain::counted::counted;

/// What makes the next comparison.
pub(super) const COMPARE: &str = "`mission-events compare-logs`";
