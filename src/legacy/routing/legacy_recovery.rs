//! Which records the legacy mirror has written, where a crash or an error has left that open.

use std::collections::{BTreeMap, VecDeque};

use super::intervals::Intervals;
use super::legacy_pages::LegacyPage;
use super::legacy_records::{Next, RecordsAfter, records_of};
use super::log_progress::{IntendedRecord, Intent};
use super::mirror_error::MirrorError;
use super::outbox_progress::BroughtEvents;
use super::ports::{LegacyLog, LegacyPlace, LegacySideError};
use crate::domain::repository::{EventRepository, Stream};
use crate::domain::value_objects::{Position, StreamId};
use crate::wire::zone::Zone;

/// What stands of an intent.
pub(super) struct Settled {
    /// So many of its records, counted from the first, were written.
    pub written: usize,
    /// Whether that is known of the others: they were not.
    pub is_known: bool,
    /// Where the log ends now.
    pub end: u64,
    /// Where the last of its records ends, where all were written.
    pub written_end: Option<u64>,
}

/// Looks which of the records that were to be written stand in the log, in their order and text for text. What this program has
/// appended besides may stand between them.
pub(super) fn settle(log: &dyn LegacyLog, intent: &Intent) -> Result<Settled, LegacySideError> {
    let (mut records, mut written, mut written_end) = (RecordsAfter::new(log, intent.from), 0, intent.from);
    loop {
        let (end, is_lost) = match records.next()? {
            Next::Record(record) => {
                if intent.records.get(written).is_some_and(|next| next.is(&record.place)) {
                    (written, written_end) = (written + 1, record.place.end());
                }
                continue;
            }
            Next::End(end) => (end, false),
            Next::Lost(end) => (end, true),
        };
        let is_whole = written == intent.records.len();
        let written_end = (is_whole && !is_lost).then_some(written_end);
        return Ok(Settled { written, is_known: is_whole || !is_lost, end, written_end });
    }
}

/// What was found where there was no intent.
pub(super) struct FoundRecords {
    /// The last event of each stream of which the record stands in the log, and how many there are.
    pub reached: BTreeMap<StreamId, (IntendedRecord, u64)>,
    /// Whether the log has still what stood there.
    pub is_known: bool,
    /// Where it ends now.
    pub end: u64,
}

/// Where the new side's events are read.
pub(super) struct Unmirrored<'m> {
    pub events: &'m dyn EventRepository,
    pub intervals: &'m Intervals,
    pub brought: &'m BroughtEvents,
    pub streams: &'m [Stream],
    pub mirrored: &'m BTreeMap<StreamId, Position>,
    pub zone: &'m Zone,
}

impl Unmirrored<'_> {
    /// A power cut can have taken back the last of the progress, and the intent with it: records after `from` that are those of
    /// the next events of a stream, text for text, were written.
    pub fn find(&self, log: &dyn LegacyLog, from: u64) -> Result<FoundRecords, MirrorError> {
        let mut next: Vec<NextRecords<'_>> = self.streams.iter().map(NextRecords::new).collect();
        let (mut records, mut reached) = (RecordsAfter::new(log, from), BTreeMap::new());
        loop {
            let record = match records.next()? {
                Next::Record(record) => record,
                Next::End(end) => return Ok(FoundRecords { reached, is_known: true, end }),
                Next::Lost(end) => return Ok(FoundRecords { reached, is_known: false, end }),
            };
            for stream in &mut next {
                if let Some(found) = stream.take_if(|next| next.is(&record.place), self, log)? {
                    let (last, count) =
                        reached.entry(stream.stream.id.clone()).or_insert_with(|| (found.clone(), 0));
                    (*last, *count) = (found, *count + 1);
                    break;
                }
            }
        }
    }
}

/// The places of records, each as if it were the next one; `None` for one that the log has no form for.
fn places_of_each(
    log: &dyn LegacyLog,
    records: &[String],
) -> Result<Vec<Option<LegacyPlace>>, LegacySideError> {
    let place = |record: &String| {
        Ok(log.lock()?.plan(std::slice::from_ref(record)).ok().and_then(|mut places| places.pop()))
    };
    records.iter().map(place).collect()
}

/// The records of a stream's next events.
struct NextRecords<'s> {
    stream: &'s Stream,
    read: Option<Position>,
    records: VecDeque<IntendedRecord>,
    is_at_end: bool,
}

impl<'s> NextRecords<'s> {
    fn new(stream: &'s Stream) -> Self {
        Self { stream, read: None, records: VecDeque::new(), is_at_end: false }
    }

    fn take_if(
        &mut self,
        is_it: impl Fn(&IntendedRecord) -> bool,
        from: &Unmirrored<'_>,
        log: &dyn LegacyLog,
    ) -> Result<Option<IntendedRecord>, MirrorError> {
        while self.records.is_empty() && !self.is_at_end {
            let mirrored = self.read.max(from.mirrored.get(&self.stream.id).copied());
            let Some(mut page) = LegacyPage::read(from.events, from.intervals, self.stream, mirrored)? else {
                self.is_at_end = true;
                break;
            };
            self.read = Some(page.read.0);
            page.keep_mirrored(from.brought);
            let records = records_of(page.events.iter().map(|event| &event.event), from.zone)?;
            let planned = log.lock()?.plan(&records);
            let places = match planned {
                Ok(places) => places.into_iter().map(Some).collect(),
                // What the log has no form for is told, and left out, when it is its turn.
                Err(_) => places_of_each(log, &records)?,
            };
            let records = page.events.iter().zip(&places);
            let intended = |(event, place): (_, &Option<_>)| {
                place.as_ref().map(|place| IntendedRecord::new(event, place))
            };
            self.records = records.filter_map(intended).collect();
        }
        Ok(self.records.front().is_some_and(is_it).then(|| self.records.pop_front()).flatten())
    }
}
