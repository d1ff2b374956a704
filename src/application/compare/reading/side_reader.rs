//! Reading one side: every event becomes a packed entry in its partition.

use std::collections::HashMap;

use chrono::NaiveDate;
use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::application::log_source::{Place, SourceError};
use crate::wire::local_time::{DstPolicy, TimeFlags};
use crate::wire::mapping::Mapping;
use crate::wire::record::{Record, RecordReader};

use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::feed::{CompareError, Fed, Feed};
use crate::application::compare::reading::content::{Content, ContentReader, Fields};
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent};
use crate::application::compare::reading::side_summary::{DaySum, LISTED_REJECTS, SideSummary, Types};
use crate::application::compare::report::{FileReport, RecordLocation, RejectedPlace};
use crate::application::compare::settings::Settings;
use crate::application::compare::shortcuts::joined_pairs::RereadEvent;
use crate::application::compare::shortcuts::streaming_join::JoinInput;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};

/// How often a side is read that changes meanwhile.
const ATTEMPTS: usize = 3;

/// What reading a side needs.
pub(crate) struct SideReader<'s> {
    pub settings: &'s Settings,
    pub mapping: &'s Mapping,
    pub fields: &'s Fields,
    pub types: &'s Types,
    pub scratch: &'s SharedScratch,
    /// Bytes of entries that one side may hold in memory.
    pub budget: usize,
    /// How many records are kept for the self-test.
    pub sample: usize,
}

/// Where the events of a side are kept until they have found their partners.
enum Destination<'k> {
    /// Nowhere: they are only counted.
    Nowhere,
    Optional,
    /// Where they meet those of the other side.
    Joining(JoinInput<'k, 'k>),
}

impl SideReader<'_> {
    /// Reads a side and puts its events aside; again where it changes meanwhile.
    pub fn side(&self, feeds: &mut [Box<dyn Feed>]) -> Result<SideSummary, CompareError> {
        self.attempts(feeds, || Destination::Optional)
    }

    /// The same, without its events.
    pub fn count(&self, feeds: &mut [Box<dyn Feed>]) -> Result<SideSummary, CompareError> {
        self.attempts(feeds, || Destination::Nowhere)
    }

    /// Reads a side whose events meet those of the other one: once, as those who have met are gone.
    pub fn meet(
        &self,
        feeds: &mut [Box<dyn Feed>],
        join_input: JoinInput<'_, '_>,
    ) -> Result<SideSummary, CompareError> {
        self.attempt(feeds, Destination::Joining(join_input))
    }

    fn attempts(
        &self,
        feeds: &mut [Box<dyn Feed>],
        kept: impl Fn() -> Destination<'static>,
    ) -> Result<SideSummary, CompareError> {
        for _ in 1..ATTEMPTS {
            match self.attempt(feeds, kept()) {
                Err(CompareError::Source(SourceError::Changing { .. })) => {}
                read => return read,
            }
        }
        match self.attempt(feeds, kept()) {
            Err(CompareError::Source(SourceError::Changing { path, .. })) => {
                Ok(SideSummary { changing: Some(path), ..SideSummary::nothing(self.budget) })
            }
            read => read,
        }
    }

    /// Reads events again that were read before, in the order of their places, and puts them aside with
    /// others of their side. False where one of them is not there any more.
    pub fn again(
        &self,
        feeds: &mut [Box<dyn Feed>],
        events: &[RereadEvent],
        optional_fields: &mut Partitions,
    ) -> Result<bool, CompareError> {
        let mut taker = self.taker(Destination::Optional);
        std::mem::swap(&mut taker.side.partitions, optional_fields);
        let mut found = 0;
        for of_feed in events.chunk_by(|one, other| one.place().0 == other.place().0) {
            let Some((feed, _)) = of_feed.first().map(RereadEvent::place) else { continue };
            let offsets: Vec<u64> = of_feed.iter().map(|event| event.place().1).collect();
            feeds[feed as usize].again(&offsets, &mut self.reader(), &mut |offset, record, reader| {
                let Ok(index) = offsets.binary_search(&offset) else { return Ok(()) };
                found += usize::from(taker.take_again(feed, &of_feed[index], record, reader)?);
                Ok(())
            })?;
        }
        std::mem::swap(&mut taker.side.partitions, optional_fields);
        Ok(found == events.len())
    }

    fn taker<'t>(&'t self, kept: Destination<'t>) -> Consumer<'t> {
        let near_boundary = self.settings.max_offset + self.settings.tolerance;
        Consumer {
            scan: self,
            content: ContentReader::new(self.fields, self.mapping),
            scratch: Content::default(),
            digested: Vec::new(),
            days: LocalDayCache::new(&self.settings.zone),
            types: HashMap::default(),
            day: None,
            near_boundary: near_boundary.num_microseconds().unwrap_or(i64::MAX),
            sampled_below: u64::MAX,
            kept,
            side: SideSummary::nothing(self.budget),
        }
    }

    fn reader(&self) -> RecordReader<'_> {
        RecordReader::with_mapping(&self.settings.zone, DstPolicy::Resolve, self.mapping)
    }

    fn attempt(
        &self,
        feeds: &mut [Box<dyn Feed>],
        kept: Destination<'_>,
    ) -> Result<SideSummary, CompareError> {
        let mut taker = self.taker(kept);
        for (number, feed) in feeds.iter_mut().enumerate() {
            let (path, has_positions) = (feed.path().to_owned(), feed.has_positions());
            let before = taker.side.events;
            let mut reader = self.reader();
            let facts = feed.read(&mut reader, &mut |fed, reader| match fed {
                Fed::Record { place, record } => taker.take(number as u32, place, record, reader),
                Fed::Reject { place, reason, detail } => {
                    taker.side.quarantined += 1;
                    if taker.side.rejects.len() < LISTED_REJECTS {
                        let (path, location) = (path.clone(), RecordLocation::new(place, has_positions));
                        taker.side.rejects.push(RejectedPlace { path, location, reason, detail });
                    }
                    Ok(())
                }
            })?;
            taker.side.files.push(FileReport { path, events: taker.side.events - before, facts });
        }
        taker.put_day_aside();
        let Consumer { mut side, .. } = taker;
        side.days.values().for_each(|day| side.digest.add_digest(day.digest));
        Ok(side)
    }
}

struct Consumer<'t> {
    scan: &'t SideReader<'t>,
    content: ContentReader<'t>,
    scratch: Content,
    /// Memory for what is digested.
    digested: Vec<u8>,
    days: LocalDayCache<'t>,
    types: HashMap<String, u32, RandomState>,
    /// What is added up of the day that the last event was of.
    day: Option<(NaiveDate, DaySum)>,
    near_boundary: i64,
    /// The hash from which on no record is sampled any more.
    sampled_below: u64,
    kept: Destination<'t>,
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
        let at = record.occurred_at.timestamp_micros();
        let Some(is_near_boundary) = self.near_boundary(at) else {
            self.side.out_of_range += 1;
            return Ok(());
        };
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
        self.side.anchors.observe(first::<16>(&digest).map_or(0, u128::from_le_bytes), sure);
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
        let place = Place { line: u64::from(event.met.line), offset: event.place().1 };
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
                let number = self.scan.types.number(&record.event_type);
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
        let Self { kept, scratch: content, side, scan, .. } = self;
        let id = record.event_id.as_deref().unwrap_or_default().as_bytes();
        let aggregate = record.aggregate.as_deref().map(str::as_bytes);
        let pack = |out: &mut Vec<u8>| PackedEvent::pack(head, id, aggregate, content, out);
        match kept {
            Destination::Nowhere => Ok(()),
            Destination::Optional => {
                let route = if id.is_empty() { head.hash } else { xxh3_64(id) };
                side.partitions.push(Partitions::of(route, 0), scan.scratch, pack)
            }
            Destination::Joining(join_input) => join_input.push(head, id, pack),
        }
    }

    /// The sum of the day of an instant. Events of one day mostly follow each other.
    fn day_of(&mut self, at: i64) -> &mut DaySum {
        let day = self.days.of(at);
        match &mut self.day {
            Some((current, _)) if *current == day => {}
            _ => {
                self.put_day_aside();
                self.day = Some((day, self.side.days.remove(&day).unwrap_or_default()));
            }
        }
        &mut self.day.get_or_insert_default().1
    }

    fn put_day_aside(&mut self) {
        self.side.days.extend(self.day.take());
    }

    /// Whether an event is outside the range, but so near that its partner may be within; `None` where it is farther away.
    fn near_boundary(&self, at: i64) -> Option<bool> {
        let Settings { since, until, .. } = self.scan.settings;
        let before = since.map_or(0, |since| since.timestamp_micros().saturating_sub(at));
        let behind = until.map_or(0, |until| at.saturating_sub(until.timestamp_micros()));
        let outside = before.max(behind);
        (outside <= self.near_boundary).then_some(outside > 0)
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
        if sample.len() > self.scan.sample {
            sample.pop_last();
            self.sampled_below = sample.last_key_value().map_or(0, |(last, _)| *last);
        }
    }
}

/// The digest of what an event says: its type, its aggregate and its base. The base is put in by a
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
