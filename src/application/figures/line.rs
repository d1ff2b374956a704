//! A line of the figures file.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use super::latencies::{InvalidHistogram, Latencies};
use crate::domain::event::format_timestamp;

/// What one process dispatched in one mode within one minute, or the failures of it that were written at once. Its keys are stable;
/// times are in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresLine {
    /// The day in the configured zone, all of it.
    pub day: NaiveDate,
    /// The first moment that it covers.
    #[serde(serialize_with = "time")]
    pub from: DateTime<Utc>,
    /// The first moment that it does not cover any more.
    #[serde(serialize_with = "time")]
    pub to: DateTime<Utc>,
    /// The number of the process.
    pub pid: u32,
    /// The mode of the event system, by its name.
    pub mode: String,
    /// How many events the primary side took; so many latencies there are.
    pub dispatches: u64,
    /// Of these, how many took more than 10 ms.
    pub over_10ms: u64,
    /// Half of them took no longer; `None` where there is none, as in the next four.
    pub p50_us: Option<u64>,
    /// 99 % of them took no longer.
    pub p99_us: Option<u64>,
    /// The longest.
    pub max_us: Option<u64>,
    /// The mean.
    pub mean_us: Option<u64>,
    /// All latencies, as [`Latencies::to_base64`] writes them.
    pub histogram: Option<String>,
    /// How many events the primary side could not take.
    pub primary_failures: u64,
    /// How many events the primary side took, and the secondary one failed on while it was waited for.
    pub secondary_failures: u64,
}

/// Why a line is none of the figures file.
#[derive(Debug, Error)]
pub enum InvalidLine {
    /// It is no JSON object with the keys of one.
    #[error("expected an object with the figures of a minute: {0}")]
    Json(#[from] serde_json::Error),
    /// Its latencies cannot be read.
    #[error("histogram: {0}")]
    Histogram(#[from] InvalidHistogram),
    /// Its latencies are not those of its dispatches.
    #[error("expected {dispatches} latencies, as many as dispatches, found {latencies}")]
    Count {
        /// As `dispatches` says.
        dispatches: u64,
        /// In the histogram.
        latencies: u64,
    },
}

impl FiguresLine {
    /// Reads a line, without its end; its latencies too, which belong to it.
    ///
    /// # Errors
    /// It is damaged, or of another file.
    pub fn parse(line: &[u8]) -> Result<(Self, Latencies), InvalidLine> {
        let line: Self = serde_json::from_slice(line)?;
        let latencies =
            line.histogram.as_deref().map(Latencies::from_base64).transpose()?.unwrap_or_default();
        let (dispatches, count) = (line.dispatches, latencies.count());
        if dispatches == count {
            Ok((line, latencies))
        } else {
            Err(InvalidLine::Count { dispatches, latencies: count })
        }
    }
}

fn time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_timestamp(*time))
}
