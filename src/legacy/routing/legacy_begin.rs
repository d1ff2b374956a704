//! Where the legacy mirror goes on: its progress, and what stands in the legacy log after a crash or an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::intervals::Intervals;
use super::legacy_mirror::{Begun, LegacyMirror};
use super::legacy_recovery::{FoundRecords, Unmirrored, settle};
use super::log_progress::{Intent, LEGACY_MIRROR, LogProgress};
use super::mirror_error::MirrorError;
use super::outbox_progress::BroughtEvents;
use super::ports::LegacyLog;
use super::sides::NewSide;
use super::undecided::tell;
use crate::application::handling::store::StreamProgress;
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{Position, StreamId};

impl LegacyMirror {
    /// Reads the progress, and checks that it is of this event store.
    pub(super) fn begin(&mut self, new: &NewSide) -> Result<Begun, MirrorError> {
        let mut progress = self.store.progress(&*self.sides.ports.handlers)?;
        let log = LogProgress::take(&mut progress)?;
        let mut mirrored = BTreeMap::new();
        for StreamProgress { stream, position, event_id, .. } in progress {
            let before = Position::new(position.get() - 1);
            let found = new.events.read_stream(&stream, Some(before), 1)?;
            let is_it =
                |found: &StoredEvent| found.position == position && *found.event.event_id() == event_id;
            if !found.first().is_some_and(is_it) {
                return Err(MirrorError::OtherStore { event_id, position });
            }
            self.state.set_mirrored(&stream, position, 0);
            mirrored.insert(stream, position);
        }
        Ok(Begun { mirrored, log: log.unwrap_or_default(), is_recovered: false })
    }

    /// Finds out what stands in the legacy log.
    pub(super) fn recover(
        &mut self,
        begun: &mut Begun,
        new: &NewSide,
        intervals: &Intervals,
        brought: &BroughtEvents,
    ) -> Result<(), MirrorError> {
        let sides = Arc::clone(&self.sides);
        let legacy = &**sides.legacy_log()?;
        let known_end = match begun.log.intent.take() {
            Some(intent) => self.settle(begun, legacy, &intent)?,
            None => {
                let known_end = begun.log.last.is_some().then_some(begun.log.end);
                known_end.max(intervals.legacy_start(&begun.mirrored))
            }
        };
        if let Some(from) = known_end {
            let found = Unmirrored {
                events: &*new.events,
                intervals,
                brought,
                streams: &self.streams,
                mirrored: &begun.mirrored,
                zone: &sides.ports.zone,
            }
            .find(legacy, from)?;
            self.reach(begun, found, from)?;
        }
        begun.is_recovered = true;
        Ok(())
    }

    /// Answers after which end of the log records of later pages may stand, where all of the intent do: a power cut can
    /// have taken back what was noted after it.
    fn settle(
        &mut self,
        begun: &mut Begun,
        legacy: &dyn LegacyLog,
        intent: &Intent,
    ) -> Result<Option<u64>, MirrorError> {
        let sides = Arc::clone(&self.sides);
        let (ports, settled) = (&sides.ports, settle(legacy, intent)?);
        let (mut passed, open) = intent.records.split_at(settled.written);
        if !settled.is_known {
            for record in open {
                let detail = "whether its record was written to the legacy log is not known, since another program has written the \
                              log anew meanwhile; it is not written again, and compare-logs shows whether it is missing";
                tell(ports, LEGACY_MIRROR, Some(&record.event_id), Some(intent.from), detail.to_owned())?;
            }
            passed = &intent.records;
        }
        let (stream, mut rows) = (StreamId::new(intent.stream.as_str()), Vec::new());
        begun.log.end = settled.end;
        begun.log.records += settled.written as u64;
        if let Some(last) = passed.last() {
            let row = last.reached(&stream, ports.clock.now())?;
            begun.log.last = Some(row.event_id.clone());
            begun.mirrored.insert(stream.clone(), row.position);
            self.state.set_mirrored(&stream, row.position, passed.len() as u64);
            rows.push(row);
        }
        self.put(begun, &rows, settled.written as u64)?;
        Ok(settled.written_end)
    }

    fn reach(&mut self, begun: &mut Begun, found: FoundRecords, from: u64) -> Result<(), MirrorError> {
        let sides = Arc::clone(&self.sides);
        let ports = &sides.ports;
        if !found.is_known {
            let detail = "another program has written the legacy log anew, or cut it: records that were mirrored may be missing, or, \
                          after a power cut, be written twice; the mirror goes on, and compare-logs shows them";
            tell(ports, LEGACY_MIRROR, None, Some(from), detail.to_owned())?;
        }
        let (mut rows, mut records) = (Vec::new(), 0);
        begun.log.end = found.end;
        for (stream, (last, count)) in found.reached {
            let row = last.reached(&stream, ports.clock.now())?;
            begun.log.last = Some(row.event_id.clone());
            begun.mirrored.insert(stream.clone(), row.position);
            self.state.set_mirrored(&stream, row.position, count);
            rows.push(row);
            records += count;
        }
        begun.log.records += records;
        self.put(begun, &rows, records)
    }
}
