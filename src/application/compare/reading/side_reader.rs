//! Reading one side: every record becomes a packed event, and is counted.

use std::collections::HashMap;

use chrono::NaiveDate;
use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::context::Context;
use crate::application::compare::feed::{CompareError, Fed, Feed};
use crate::application::compare::report::{FileReport, RecordLocation, RejectedPlace};
use crate::application::compare::shortcuts::joined_pair::RereadEvent;
use crate::application::compare::shortcuts::streaming_join::JoinInput;
use crate::application::compare::spill::partitions::Partitions;
use crate::application::log_source::{Place, SourceError};
use crate::wire::local_time::{DstPolicy, TimeFlags};
use crate::wire::mapping::Mapping;
use crate::wire::record::{Record, RecordReader};

use super::content::{Content, ContentReader};
use super::packed_event::{EventHead, PackedEvent};
use super::read_range::{Nearness, ReadRange};
use super::side_summary::{DaySum, SideSummary};

/// How often a side is read that changes meanwhile.
const ATTEMPTS: usize = 3;

/// Reads one side.
pub(crate) struct SideReader<'s> {
    pub context: &'s Context<'s>,
    pub mapping: &'s Mapping,
    pub range: ReadRange,
}

/// Where the events of a side go that was read.
enum Destination<'d> {
    /// Nowhere: they are only counted.
    Nowhere,
    /// They wait for the stages.
    Partitions(&'d mut Partitions),
    /// They are joined with those of the other side.
    Join(JoinInput<'d, 'd>),
}

impl SideReader<'_> {
    /// Reads a side and keeps its events; again where it changes meanwhile.
    pub fn read(&self, feeds: &mut [Box<dyn Feed>]) -> Result<(SideSummary, Partitions), CompareError> {
        let nothing = || Partitions::new(self.context.budget.side_events());
        let read = attempts(|| {
            let mut events = nothing();
            let summary = self.read_once(feeds, Destination::Partitions(&mut events))?;
            Ok((summary, events))
        })?;
        Ok(read.unwrap_or_else(|changing| (changing, nothing())))
    }

    /// Reads a side and only counts its events; again where it changes meanwhile.
    pub fn count(&self, feeds: &mut [Box<dyn Feed>]) -> Result<SideSummary, CompareError> {
        let read = attempts(|| self.read_once(feeds, Destination::Nowhere))?;
        Ok(read.unwrap_or_else(|changing| changing))
    }

    /// Reads a side whose events are joined with those of the other one: once, as pairs that were joined
    /// are gone.
    pub fn join(
        &self,
        feeds: &mut [Box<dyn Feed>],
        join: JoinInput<'_, '_>,
    ) -> Result<SideSummary, CompareError> {
        self.read_once(feeds, Destination::Join(join))
    }

    /// Reads events again that were read before, in the order of their places, and keeps them with
    /// others of their side. False where one of them is not there any more.
    pub fn reread(
        &self,
        feeds: &mut [Box<dyn Feed>],
        events: &[RereadEvent],
        into: &mut Partitions,
    ) -> Result<bool, CompareError> {
        let mut consumer = self.consumer(Destination::Partitions(into));
        let mut found = 0;
        for of_feed in events.chunk_by(|one, other| one.place().0 == other.place().0) {
            let Some((feed, _)) = of_feed.first().map(RereadEvent::place) else { continue };
            let offsets: Vec<u64> = of_feed.iter().map(|event| event.place().1).collect();
            feeds[feed as usize].again(&offsets, &mut self.reader(), &mut |offset, record, reader| {
                let Ok(index) = offsets.binary_search(&offset) else { return Ok(()) };
                found += usize::from(consumer.take_again(feed, &of_feed[index], record, reader)?);
                Ok(())
            })?;
        }
        Ok(found == events.len())
    }

    fn consumer<'t>(&'t self, destination: Destination<'t>) -> Consumer<'t> {
        let Context { settings, fields, .. } = self.context;
        Consumer {
            context: self.context,
            content: ContentReader::new(fields, self.mapping),
            scratch: Content::default(),
            digested: Vec::new(),
            days: LocalDayCache::new(&settings.zone),
            types: HashMap::default(),
            day: None,
            range: self.range,
            sampled_below: u64::MAX,
            destination,
            is_repaired: false,
            side: SideSummary::nothing(),
        }
    }

    fn reader(&self) -> RecordReader<'_> {
        RecordReader::with_mapping(&self.context.settings.zone, DstPolicy::Resolve, self.mapping)
    }

    fn read_once(
        &self,
        feeds: &mut [Box<dyn Feed>],
        destination: Destination<'_>,
    ) -> Result<SideSummary, CompareError> {
        let mut consumer = self.consumer(destination);
        for (number, feed) in feeds.iter_mut().enumerate() {
            let (path, has_positions) = (feed.path().to_owned(), feed.has_positions());
            let before = consumer.side.events;
            consumer.is_repaired = feed.holds_repaired();
            let mut reader = self.reader();
            let facts = feed.read(&mut reader, &mut |fed, reader| match fed {
                Fed::Record { place, record } => consumer.take(number as u32, place, record, reader),
                Fed::Reject { place, reject } => {
                    consumer.side.quarantined += 1;
                    consumer.side.is_damaged |= reject.is_in_doubt();
                    consumer.side.rejects.add_with(reject.reason(), || RejectedPlace {
                        path: path.clone(),
                        location: RecordLocation::new(place, has_positions),
                        reason: reject.reason(),
                        detail: reject.sentence(),
                    });
                    Ok(())
                }
            })?;
            consumer.side.files.push(FileReport { path, events: consumer.side.events - before, facts });
        }
        Ok(consumer.finish())
    }
}

/// Reads until the side does not change meanwhile; where it always does, the answer is a side without
/// events that says so.
fn attempts<T>(
    mut read: impl FnMut() -> Result<T, CompareError>,
) -> Result<Result<T, SideSummary>, CompareError> {
    let mut attempt = 1;
    loop {
        match read() {
            Err(CompareError::Source(SourceError::Changing { path, .. })) if attempt == ATTEMPTS => {
                return Ok(Err(SideSummary { changing: Some(path), ..SideSummary::nothing() }));
            }
            Err(CompareError::Source(SourceError::Changing { .. })) => attempt += 1,
            read => return read.map(Ok),
        }
    }
}

/// Takes the records of one side, one after the other.
struct Consumer<'t> {
    context: &'t Context<'t>,
    content: ContentReader<'t>,
    scratch: Content,
    /// Memory for what is digested.
    digested: Vec<u8>,
    days: LocalDayCache<'t>,
    types: HashMap<String, u32, RandomState>,
    /// What is added up of the day that the last event was of.
    day: Option<(NaiveDate, DaySum)>,
    range: ReadRange,
    /// The hash from which on no record is sampled any more.
    sampled_below: u64,
    destination: Destination<'t>,
    /// The records of this feed were put into a store by a repair.
    is_repaired: bool,
    side: SideSummary,
}

impl Consumer<'_> {
    fn take(
        &mut self,
        feed: u32,
        place: Place,
        record: &Record<'_>,
        reader: &RecordReader<'_>,
    ) -> Result<(), CompareError> {
        if !self.context.settings.profile.compares(&record.event_type) {
            self.side.other_types += 1;
            return Ok(());
        }
        let at = record.occurred_at.timestamp_micros();
        // A run does not begin with what its system did not write.
        if !self.is_repaired {
            self.side.first = Some(self.side.first.map_or(at, |first| first.min(at)));
        }
        let nearness = self.range.nearness(at);
        if nearness != Some(Nearness::Within) {
            self.side.after_range += u64::from(self.range.is_after(at));
        }
        let Some(nearness) = nearness else {
            self.side.out_of_range += 1;
            return Ok(());
        };
        let is_near_boundary = nearness == Nearness::Near;
        let Some((head, digest)) = self.read(feed, place, at, is_near_boundary, record, reader) else {
            // What was scanned once scans again.
            self.side.quarantined += 1;
            return Ok(());
        };
        if is_near_boundary {
            self.side.near_boundary += 1;
        } else {
            self.side.events += 1;
            let day = self.day_of(at);
            day.events += 1;
            day.digest.add(&digest);
            *day.types.entry(head.event_type).or_default() += 1;
        }
        // A local time that came twice sets no clock.
        let sure = (!head.is(EventHead::AMBIGUOUS)).then_some(at);
        // One that was repaired says nothing of the clock of its side.
        if !self.is_repaired {
            self.side.anchors.observe(first::<16>(&digest).map_or(0, u128::from_le_bytes), sure);
        }
        self.side.has_repeated_times |= head.is(EventHead::REPEATED_TIME);
        self.side.with_id += u64::from(record.event_id.as_deref().is_some_and(|id| !id.is_empty()));
        self.side.naive += u64::from(record.flags.time.contains(TimeFlags::NAIVE));
        self.keep_sample(&digest, record.body);
        self.keep(&head, record)
    }

    /// Takes an event that was counted before; false where it is not that one any more.
    fn take_again(
        &mut self,
        feed: u32,
        event: &RereadEvent,
        record: &Record<'_>,
        reader: &RecordReader<'_>,
    ) -> Result<bool, CompareError> {
        let at = record.occurred_at.timestamp_micros();
        let place = Place { line: u64::from(event.event.line), offset: event.place().1 };
        match self.read(feed, place, at, false, record, reader) {
            Some((head, _)) if event.is(record, &head) => self.keep(&head, record).map(|()| true),
            _ => Ok(false),
        }
    }

    /// The event of a record, and the digest of what it says; its content is in `scratch` then.
    fn read(
        &mut self,
        feed: u32,
        place: Place,
        at: i64,
        is_near_boundary: bool,
        record: &Record<'_>,
        reader: &RecordReader<'_>,
    ) -> Option<(EventHead, [u8; 32])> {
        self.content.read(record, reader, &mut self.scratch).ok()?;
        let event_type = match self.types.get(&*record.event_type) {
            Some(number) => *number,
            None => {
                let number = self.context.types.number(&record.event_type);
                self.types.insert(record.event_type.clone().into_owned(), number);
                number
            }
        };
        let digest = content_digest(
            &record.event_type,
            record.aggregate.as_deref(),
            &self.scratch.shared_content,
            &mut self.digested,
        );
        let mut flags = 0;
        for (flag, is_set) in [
            (EventHead::LEGACY_SHAPE, self.scratch.legacy_shape),
            (EventHead::NEAR_BOUNDARY, is_near_boundary),
            (EventHead::AMBIGUOUS, record.flags.time.contains(TimeFlags::AMBIGUOUS)),
            (EventHead::REPAIRED, self.is_repaired),
            (EventHead::REPEATED_TIME, self.scratch.has_repeated_time),
        ] {
            flags |= if is_set { flag } else { 0 };
        }
        let head = EventHead {
            hash: first::<8>(&digest).map_or(0, u64::from_le_bytes),
            at,
            offset: place.offset,
            line: place.line,
            feed,
            event_type,
            lexical_fingerprint: self.scratch.lexical_fingerprint,
            flags,
        };
        Some((head, digest))
    }

    fn keep(&mut self, head: &EventHead, record: &Record<'_>) -> Result<(), CompareError> {
        let Self { destination, scratch: content, context, .. } = self;
        let id = record.event_id.as_deref().unwrap_or_default().as_bytes();
        let aggregate = record.aggregate.as_deref().map(str::as_bytes);
        let pack = |out: &mut Vec<u8>| PackedEvent::pack(head, id, aggregate, content, out);
        match destination {
            Destination::Nowhere => Ok(()),
            Destination::Partitions(partitions) => {
                let route = if id.is_empty() { head.hash } else { xxh3_64(id) };
                partitions.push(Partitions::of(route, 0), &context.scratch, pack)
            }
            Destination::Join(join) => join.push(head, id, pack),
        }
    }

    /// What the side is when its last record was taken.
    fn finish(mut self) -> SideSummary {
        self.store_day();
        let Self { mut side, content, .. } = self;
        side.times_read = content.times_read();
        side.days.values().for_each(|day| side.digest.add_digest(day.digest));
        side
    }

    /// The sum of the day of an instant. Events of one day mostly follow each other.
    fn day_of(&mut self, at: i64) -> &mut DaySum {
        let day = self.days.of(at);
        match &mut self.day {
            Some((current, _)) if *current == day => {}
            _ => {
                self.store_day();
                self.day = Some((day, self.side.days.remove(&day).unwrap_or_default()));
            }
        }
        &mut self.day.get_or_insert_default().1
    }

    fn store_day(&mut self) {
        self.side.days.extend(self.day.take());
    }

    /// The records with the smallest hashes: a sample that does not depend on their order.
    fn keep_sample(&mut self, digest: &[u8; 32], body: &str) {
        let Some(hash) = digest.last_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) else { return };
        const LONGEST: usize = 4096;
        if hash >= self.sampled_below || body.len() > LONGEST {
            return;
        }
        let sample = &mut self.side.sample;
        sample.insert(hash, body.to_owned());
        if sample.len() > self.context.sample {
            sample.pop_last();
            self.sampled_below = sample.last_key_value().map_or(0, |(last, _)| *last);
        }
    }
}

/// The digest of what an event says: its type, its aggregate and its content. The content is put in by a
/// 128-bit hash, which is a quarter of the work for the same chance of an accident.
fn content_digest(
    event_type: &str,
    aggregate: Option<&str>,
    shared_content: &[u8],
    text: &mut Vec<u8>,
) -> [u8; 32] {
    // One short text is hashed faster than five pieces of it.
    text.clear();
    text.extend_from_slice(&(event_type.len() as u64).to_le_bytes());
    text.extend_from_slice(event_type.as_bytes());
    text.extend_from_slice(&aggregate.map_or(u64::MAX, |aggregate| aggregate.len() as u64).to_le_bytes());
    text.extend_from_slice(aggregate.unwrap_or_default().as_bytes());
    text.extend_from_slice(&xxh3_128(shared_content).to_le_bytes());
    Sha256::digest(&*text).into()
}

fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}
