//! What both systems wrote of one event: which records are twins.
//!
//! During a parallel run the legacy log and the new system record the same events. The records that an
//! import brings are compared with what the store has from the other system, by the rules of
//! `compare-logs`; a record that has a partner there becomes the twin of it, and is not counted again.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::ImportError;
use super::overlap::{ClockRefusal, TwinPair};
use super::pass::ImportPass;
use super::target::{ImportSink, OverlapView};
use crate::application::compare::feed::Scratch;
use crate::application::compare::report::Class;
use crate::application::compare::settings::Settings;
use crate::application::compare::{ClocksApart, FoundPair, Input, PlacedEvent, pairs};
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

/// What matching may hold in memory, in bytes: an import holds batches and pages of the store beside it.
const MEMORY: usize = 40 << 20;

/// How records are compared, days being those of `zone`: as `compare-logs` does where nothing else is
/// asked for.
pub fn matching_settings(zone: Zone) -> Settings {
    Settings {
        settle: TimeDelta::zero(),
        // No record is too young to have a partner.
        as_of_is_declared: true,
        limit: 0,
        memory: MEMORY,
        ..Settings::new(zone, DateTime::<Utc>::MAX_UTC)
    }
}

impl<S: ImportSink + OverlapView + ?Sized> ImportPass<'_, S> {
    /// Finds which records both systems wrote, and lets the sink keep each of them as the twin of the
    /// other one.
    ///
    /// # Errors
    /// The records could not be compared, or the sink could not note a pair.
    pub fn match_twins(&mut self, settings: &Settings, scratch: Box<dyn Scratch>) -> Result<(), ImportError> {
        let Some(feeds) = self.sink.feeds().map_err(ImportError::Finish)? else { return Ok(()) };
        let side = |feeds, mapping| Input { path: PathBuf::new(), mapping, feeds, skipped: Vec::new() };
        let history = side(feeds.history, self.options.mapping.clone());
        let native = side(feeds.native, Mapping::BuiltIn);
        let (sink, summary) = (&mut self.sink, &mut self.totals.overlap);
        summary.overlap = true;
        let is_new = |event: PlacedEvent| event.feed >= feeds.stored_feeds;
        let clocks = pairs(settings, history, native, scratch, &mut |pair| {
            if !is_new(pair.control) && !is_new(pair.candidate) {
                return Ok(());
            }
            let FoundPair { control: history, candidate: native, class, .. } = pair;
            match class.filter(|class| are_twins(*class, &pair, settings)) {
                Some(class) => sink.note_twins(&TwinPair { history, native, class })?,
                None => summary.kept_apart += 1,
            }
            Ok(())
        });
        let clocks = clocks.map_err(ImportError::Matching)?;
        summary.refused = clocks.map(|ClocksApart { day, offset }| ClockRefusal {
            day,
            offset_ms: offset.num_milliseconds(),
            max_offset_ms: settings.max_offset.num_milliseconds(),
        });
        Ok(())
    }
}

/// Whether a pair of a class is one event. What differs in more than its time must be at the same time, and have no
/// other possible partner; and a clock that a few events make out is not believed to be hours off.
fn are_twins(class: Class, pair: &FoundPair, settings: &Settings) -> bool {
    let is_near = pair.written_apart <= settings.max_shift + settings.max_offset;
    let is_certain = class != Class::Changed || (!pair.ambiguous && pair.apart <= settings.tolerance);
    is_near && is_certain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_one_event_where_its_times_are_near_and_a_changed_one_has_no_other_partner() {
        let settings = matching_settings(Zone::utc());
        let (second, minute) = (TimeDelta::seconds(1), TimeDelta::minutes(1));
        for (class, ambiguous, apart, written_apart, expected) in [
            (Class::Matched, false, second, second, true),
            (Class::Matched, true, second, second, true),
            (Class::Matched, false, second, minute * 65, true),
            (Class::Matched, false, second, minute * 66, false),
            (Class::TimeShifted, true, minute * 30, minute * 30, true),
            (Class::Changed, false, second * 2, second * 2, true),
            (Class::Changed, false, second * 3, second * 3, false),
            (Class::Changed, true, second, second, false),
        ] {
            let event = PlacedEvent { feed: 0, offset: 0 };
            let pair = FoundPair {
                class: Some(class),
                ambiguous,
                apart,
                written_apart,
                control: event,
                candidate: event,
            };
            assert_eq!(are_twins(class, &pair, &settings), expected, "{pair:?}");
        }
    }
}
