//! What is recorded of the two clocks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::application::compare::report::{ClockReport, DayClock, HistogramBucket, OffsetMode, Spread};

/// The candidate's clock, seen from the control's. Records of earlier versions lack the keys that can be absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ClockEvidence {
    /// How many anchors were used.
    pub anchors: u64,
    /// There were more of them.
    pub sampled: bool,
    /// The median offset of all anchors; 0 where there are none.
    pub offset_us: i64,
    /// How far apart the times of a pair may be once the offset is taken off.
    pub tolerance_us: i64,
    /// How large an offset may be.
    pub max_offset_us: i64,
    /// How far the anchors are from the median offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// By how much the offset grows in a day, where that is known.
    #[serde(default)]
    pub drift_us_per_day: Option<i64>,
    /// Each day of the control that has anchors.
    pub days: BTreeMap<NaiveDate, DayClock>,
    /// Where the offsets lie, if in several places.
    pub modes: Vec<OffsetMode>,
    /// The days whose clocks are farther apart than they may be.
    pub days_over_max_offset: BTreeSet<NaiveDate>,
    /// How many anchors have which offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Vec<HistogramBucket>>,
}

impl From<&ClockReport> for ClockEvidence {
    fn from(report: &ClockReport) -> Self {
        let ClockReport { anchors, sampled, offset_us, tolerance_us, max_offset_us, .. } = *report;
        Self {
            anchors,
            sampled,
            offset_us,
            tolerance_us,
            max_offset_us,
            spread: Some(report.spread),
            drift_us_per_day: report.drift_us_per_day,
            days: report.days.clone(),
            modes: report.modes.clone(),
            days_over_max_offset: report.days_over_max_offset.clone(),
            histogram: Some(report.histogram.clone()),
        }
    }
}
