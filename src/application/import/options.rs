//! How the records of a log are read.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_128;

use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

/// How the records of a log are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The zone of naive timestamps.
    pub zone: Zone,
    /// What becomes of local times that come twice or never.
    pub dst: DstPolicy,
    /// Where the fields of the records stand.
    pub mapping: Mapping,
    /// Records before this instant are out of range.
    pub since: Option<DateTime<Utc>>,
    /// Records after this instant are out of range.
    pub until: Option<DateTime<Utc>>,
}

impl ReadOptions {
    /// Every record, in the shapes of Mission Control; naive timestamps are placed in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self { zone, dst: DstPolicy::Resolve, mapping: Mapping::BuiltIn, since: None, until: None }
    }

    /// All of it on one line: records that were read in another way may be other events.
    pub fn describe(&self) -> String {
        let dst = match self.dst {
            DstPolicy::Resolve => "resolve",
            DstPolicy::Reject => "reject",
        };
        let mut text = format!("zone={} dst={dst} mapping={}", self.zone.name(), self.mapping);
        for (name, bound) in [("since", self.since), ("until", self.until)] {
            if let Some(bound) = bound {
                text.push_str(&format!(" {name}={}", bound.to_rfc3339()));
            }
        }
        text
    }

    /// Whether an event of that time is in the range.
    pub(super) fn includes(&self, time: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until)
    }
}

/// What tells one set of parts from another, whatever their order.
pub(super) fn set_of_parts(logs: &[PathBuf]) -> String {
    let mut names: Vec<_> = logs.iter().map(|log| log.as_os_str().as_encoded_bytes()).collect();
    names.sort_unstable();
    format!(" parts={} {:032x}", names.len(), xxh3_128(&names.join(&0)))
}
