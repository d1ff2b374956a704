//! What both systems wrote of one event: which records are twins.
//!
//! During a parallel run the legacy log and the new system record the same life. The records that an
//! import brings are compared with what the store has from the other system, by the rules of
//! `compare-logs`; a record that has a partner there becomes the twin of it, and is not counted again.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::application::compare::feed::{Feed, Scratch};
use crate::application::compare::profile::Profile;
use crate::application::compare::report::Class;
use crate::application::compare::settings::Settings;
use crate::application::compare::{ClocksApart, FoundPair, Input, PlacedEvent, pairs};
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

use crate::application::import::{ImportError, ImportLegacy};

/// How far, before and behind the records of one system, a partner in the other one is looked for: no
/// zone of the earth is farther from another, and the clocks may differ on top of that.
pub const NEAR: TimeDelta = TimeDelta::hours(27);

/// The records of both systems that may be of one life.
pub struct Sides {
    /// Those of the legacy system.
    pub history: Vec<Box<dyn Feed>>,
    /// Those of the new system.
    pub native: Vec<Box<dyn Feed>>,
    /// So many of the first feeds of each side hold what was stored before. Records there that are twins
    /// carry an id that they have in common, and no other record carries one.
    pub stored_feeds: u32,
}

/// Two records that are one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinPair {
    /// What the legacy system wrote.
    pub history: PlacedEvent,
    /// What the new system wrote.
    pub native: PlacedEvent,
    /// How they differ, if at all.
    pub class: Class,
}

/// Why nothing could be paired: the clocks of both systems are farther apart than clocks are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockRefusal {
    /// The first day on which it shows.
    pub day: NaiveDate,
    /// The new system's clock minus the legacy one's, in milliseconds.
    pub offset_ms: i64,
    /// How far apart they may be, in milliseconds.
    pub max_offset_ms: i64,
}

/// What was found of one life in both systems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paired {
    /// Records of this import lie in the time of what the other system wrote.
    pub overlap: bool,
    /// So many records of this import resemble one of the other system, and are yet events of their own.
    pub kept_apart: u64,
    /// The clocks forbid it.
    pub refused: Option<ClockRefusal>,
}

/// How records are compared, days being those of `zone`: as `compare-logs` does where nothing else is
/// asked for.
pub fn pairing_settings(zone: Zone) -> Settings {
    Settings {
        zone,
        profile: Profile::default(),
        tolerance: TimeDelta::seconds(2),
        max_shift: TimeDelta::hours(1),
        max_offset: TimeDelta::minutes(5),
        settle: TimeDelta::zero(),
        // No record is too young to have a partner.
        as_of: DateTime::<Utc>::MAX_UTC,
        as_of_is_declared: true,
        since: None,
        until: None,
        memory: 256 << 20,
        limit: 0,
        shortcuts: true,
    }
}

impl ImportLegacy<'_> {
    /// Finds which records both systems wrote, and lets the target keep each of them as the twin of the
    /// other one.
    ///
    /// # Errors
    /// The records could not be compared, or the target could not note a pair.
    pub fn pair(&mut self, settings: &Settings, scratch: Box<dyn Scratch>) -> Result<(), ImportError> {
        let Some(sides) = self.target.sides().map_err(ImportError::Finish)? else { return Ok(()) };
        let side = |feeds, mapping| Input { path: PathBuf::new(), mapping, feeds, skipped: Vec::new() };
        let history = side(sides.history, self.reading.mapping.clone());
        let native = side(sides.native, Mapping::BuiltIn);
        let (target, paired) = (&mut self.target, &mut self.imported.paired);
        paired.overlap = true;
        let is_new = |event: PlacedEvent| event.feed >= sides.stored_feeds;
        let clocks = pairs(settings, history, native, scratch, &mut |pair| {
            if !is_new(pair.control) && !is_new(pair.candidate) {
                return Ok(());
            }
            if !are_twins(&pair, settings) {
                paired.kept_apart += 1;
                return Ok(());
            }
            let FoundPair { control: history, candidate: native, class, .. } = pair;
            Ok(target.pair(&TwinPair { history, native, class })?)
        });
        let clocks = clocks.map_err(ImportError::Pairing)?;
        paired.refused = clocks.map(|ClocksApart { day, offset }| ClockRefusal {
            day,
            offset_ms: offset.num_milliseconds(),
            max_offset_ms: settings.max_offset.num_milliseconds(),
        });
        Ok(())
    }
}

/// Whether a pair is one event. What differs in more than its time must be at the same time, and have no
/// other possible partner; and a clock that a few events make out is not believed to be hours off.
fn are_twins(pair: &FoundPair, settings: &Settings) -> bool {
    let is_near = pair.written_apart <= settings.max_shift + settings.max_offset;
    let is_certain = pair.class != Class::Changed || (!pair.ambiguous && pair.apart <= settings.tolerance);
    is_near && is_certain
}
