//! What differs between two logs, event by event.

use std::path::PathBuf;

use chrono::NaiveDate;
use serde::Serialize;

use super::class::Class;
use super::record_location::RecordLocation;
use crate::application::duration::rounded;
use crate::domain::path_text;

/// Why a value differs, or an event as a whole. In the order of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The time alone.
    ClockOrZone,
    /// A field that only one side has, with another value than the profile declares.
    DeclaredDefault,
    /// `null` on one side, nothing on the other.
    NullVersusMissing,
    /// Numbers that are the same, or next to each other, once they have gone through a 64-bit float; instants of which
    /// digits were cut off or rounded away.
    Precision,
    /// It says something else.
    Real,
    /// Texts that are the same instant, in a field that the profile does not declare to be a time.
    TimeSpelling,
    /// Strings that are the same once both are normalized (NFC).
    UnicodeForm,
}

impl Cause {
    /// The name, as reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockOrZone => "clock-or-zone",
            Self::DeclaredDefault => "declared-default",
            Self::NullVersusMissing => "null-versus-missing",
            Self::Precision => "precision",
            Self::Real => "real",
            Self::TimeSpelling => "time-spelling",
            Self::UnicodeForm => "unicode-form",
        }
    }
}

/// How many differences have a class, a cause, a day and a type in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseCount {
    /// Why.
    pub cause: Cause,
    /// What became of the events.
    pub class: Class,
    /// Which day.
    pub day: NaiveDate,
    /// Which type.
    pub event_type: String,
    /// How many.
    pub count: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What became of the events.
    pub class: Class,
    /// Why.
    pub cause: Cause,
    /// More than one partner was possible.
    pub ambiguous: bool,
    /// The type; of a retyped pair, the control's.
    pub event_type: String,
    /// What it is about, likewise.
    pub aggregate_id: Option<String>,
    /// When, RFC 3339 in UTC, likewise.
    pub timestamp: String,
    /// The day on which it is counted, by the control's time.
    pub day: NaiveDate,
    /// The event of the control.
    pub control: Option<EventPlace>,
    /// The event of the candidate.
    pub candidate: Option<EventPlace>,
    /// By how much the candidate's clock was taken to be ahead there, in microseconds: that was taken off its time
    /// before times were compared. `None` without an event of the candidate.
    pub clock_offset_us: Option<i64>,
    /// What differs within, with both tokens as they are written.
    pub fields: Vec<DifferentField>,
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventPlace {
    /// The file or store.
    #[serde(serialize_with = "path_text::serialize")]
    pub path: PathBuf,
    /// Where it stands there.
    #[serde(flatten)]
    pub location: RecordLocation,
    /// The id that it carries.
    pub event_id: Option<String>,
    /// Its text: exactly, or cut in [`Comparison::more_differences`](super::report::Comparison::more_differences).
    #[serde(skip)]
    pub body: String,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferentField {
    /// Which: dotted.
    pub path: String,
    /// Why.
    pub cause: Cause,
    /// The token of the control; `None` where it is missing.
    pub control: Option<String>,
    /// The token of the candidate.
    pub candidate: Option<String>,
}

impl Difference {
    /// What was taken off the candidate's time before the times were compared, in a sentence: where only the times differ,
    /// and where an event has no partner at its time though that is more than the tolerance, in microseconds. As they are
    /// written, the times need not say so.
    pub fn clock_taken_off(&self, tolerance_us: i64) -> Option<String> {
        let offset = self.clock_offset_us.filter(|offset| *offset != 0)?;
        let is_alone = self.control.is_none() && offset.abs() > tolerance_us;
        let verb = if offset < 0 { "added to" } else { "taken off" };
        (self.class == Class::TimeShifted || is_alone).then(|| {
            format!("{} was {verb} the candidate's time, as its clock was that day", rounded(offset))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_written_and_ordered_by_their_names() {
        use Cause::{
            ClockOrZone, DeclaredDefault, NullVersusMissing, Precision, Real, TimeSpelling, UnicodeForm,
        };
        let causes =
            [ClockOrZone, DeclaredDefault, NullVersusMissing, Precision, Real, TimeSpelling, UnicodeForm];
        assert!(causes.is_sorted() && causes.map(Cause::as_str).is_sorted());
        for cause in causes {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
    }
}
