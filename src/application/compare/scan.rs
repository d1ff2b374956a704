//! Reading one side: every event becomes a packed entry in its partition.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::application::import::SourceError;
use crate::domain::local_clock::{DstPolicy, TimeFlags};
use crate::domain::mapping::Mapping;
use crate::domain::record::{Record, RecordReader};

use super::clock::AnchorSample;
use super::content::{Content, ContentReader, Fields};
use super::days::Days;
use super::digest::MultisetDigest;
use super::entry::{Entry, Head};
use super::feed::{CompareError, Fed, Feed};
use super::partitions::{Partitions, SharedScratch};
use super::report::{FileReport, RejectedPlace};
use super::settings::Settings;

/// How many anchors of a side are kept.
const ANCHORS: usize = 1 << 16;
/// How many rejects of a side are listed; all are counted.
const LISTED_REJECTS: usize = 100;
/// How often a side is read that changes meanwhile.
const ATTEMPTS: usize = 3;

/// A side that was read.
pub(super) struct Scanned {
    pub partitions: Partitions,
    pub anchors: AnchorSample,
    pub events: u64,
    /// Outside the range, and too far to be anyone's partner.
    pub out_of_range: u64,
    /// Outside the range, but taken along.
    pub margin: u64,
    pub with_id: u64,
    /// Those whose time was written without an offset.
    pub naive: u64,
    pub days: BTreeMap<NaiveDate, DaySum>,
    pub digest: MultisetDigest,
    pub files: Vec<FileReport>,
    pub quarantined: u64,
    pub rejects: Vec<RejectedPlace>,
    /// The file that changed each time it was read.
    pub changing: Option<PathBuf>,
    /// A few of its records, to test the comparison on.
    pub sample: BTreeMap<u64, String>,
}

impl Scanned {
    /// Gives types the ranks of their names instead of their numbers.
    pub fn rank_types(&mut self, ranks: &[u32]) {
        for day in self.days.values_mut() {
            let types = std::mem::take(&mut day.types).into_iter();
            day.types = types.map(|(number, events)| (ranks[number as usize], events)).collect();
        }
    }

    /// The same without its entries.
    pub fn counted(&self) -> Self {
        Self {
            partitions: Partitions::new(0),
            anchors: self.anchors.clone(),
            days: self.days.clone(),
            files: self.files.clone(),
            rejects: self.rejects.clone(),
            changing: self.changing.clone(),
            sample: self.sample.clone(),
            ..*self
        }
    }

    /// Takes over what another part of the same side holds, the entries apart.
    pub fn add(&mut self, other: Self, sample: usize) {
        self.anchors.add(other.anchors);
        self.events += other.events;
        self.out_of_range += other.out_of_range;
        self.margin += other.margin;
        self.with_id += other.with_id;
        self.naive += other.naive;
        for (day, sum) in other.days {
            let into = self.days.entry(day).or_default();
            into.events += sum.events;
            into.digest.add_digest(sum.digest);
            for (event_type, events) in sum.types {
                *into.types.entry(event_type).or_default() += events;
            }
        }
        self.digest.add_digest(other.digest);
        self.files.extend(other.files);
        self.quarantined += other.quarantined;
        let room = LISTED_REJECTS.saturating_sub(self.rejects.len());
        self.rejects.extend(other.rejects.into_iter().take(room));
        self.changing = self.changing.take().or(other.changing);
        self.sample.extend(other.sample);
        while self.sample.len() > sample {
            self.sample.pop_last();
        }
    }
}

/// What a side holds of one day.
#[derive(Clone, Default)]
pub(super) struct DaySum {
    pub events: u64,
    pub digest: MultisetDigest,
    /// How many events there are of each type.
    pub types: BTreeMap<u32, u64>,
}

/// The numbers of event types, the same for both sides.
#[derive(Default)]
pub(super) struct Types(Mutex<HashMap<String, u32>>);

impl Types {
    fn number(&self, name: &str) -> u32 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = known.len() as u32;
        *known.entry(name.to_owned()).or_insert(next)
    }

    /// The names, sorted, and the place of each number among them.
    pub fn ranked(&self) -> (Vec<String>, Vec<u32>) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<(String, u32)> =
            known.iter().map(|(name, number)| (name.clone(), *number)).collect();
        names.sort();
        let mut ranks = vec![0; names.len()];
        for (rank, (_, number)) in names.iter().enumerate() {
            ranks[*number as usize] = rank as u32;
        }
        (names.into_iter().map(|(name, _)| name).collect(), ranks)
    }
}

/// What reading a side needs.
pub(super) struct Scan<'s> {
    pub settings: &'s Settings,
    pub mapping: &'s Mapping,
    pub fields: &'s Fields,
    pub types: &'s Types,
    pub scratch: &'s SharedScratch,
    /// Bytes of entries that one side may hold in memory.
    pub budget: usize,
    /// How many records are kept for the self-test.
    pub sample: usize,
    /// False where events are only counted: they need no partner.
    pub keeps_entries: bool,
}

impl Scan<'_> {
    /// Reads a side; again where it changes meanwhile.
    pub fn side(&self, feeds: &mut [Box<dyn Feed>]) -> Result<Scanned, CompareError> {
        for _ in 1..ATTEMPTS {
            match self.attempt(feeds) {
                Err(CompareError::Source(SourceError::Changing { .. })) => {}
                read => return read,
            }
        }
        match self.attempt(feeds) {
            Err(CompareError::Source(SourceError::Changing { path, .. })) => {
                Ok(Scanned { changing: Some(path), ..self.nothing() })
            }
            read => read,
        }
    }

    fn nothing(&self) -> Scanned {
        Scanned {
            partitions: Partitions::new(self.budget),
            anchors: AnchorSample::new(ANCHORS),
            events: 0,
            out_of_range: 0,
            margin: 0,
            with_id: 0,
            naive: 0,
            days: BTreeMap::new(),
            digest: MultisetDigest::default(),
            files: Vec::new(),
            quarantined: 0,
            rejects: Vec::new(),
            changing: None,
            sample: BTreeMap::new(),
        }
    }

    fn attempt(&self, feeds: &mut [Box<dyn Feed>]) -> Result<Scanned, CompareError> {
        let mut taker = Taker {
            scan: self,
            content: ContentReader::new(self.fields, self.mapping),
            scratch: Content::default(),
            days: Days::new(&self.settings.zone),
            types: HashMap::default(),
            day: None,
            margin: (self.settings.max_offset + self.settings.tolerance)
                .num_microseconds()
                .unwrap_or(i64::MAX),
            side: self.nothing(),
        };
        for (number, feed) in feeds.iter_mut().enumerate() {
            let path = feed.path().to_owned();
            let before = taker.side.events;
            let mut reader =
                RecordReader::with_mapping(&self.settings.zone, DstPolicy::Resolve, self.mapping);
            let facts = feed.read(&mut reader, &mut |fed, reader| match fed {
                Fed::Record { place, record } => taker.take(number as u32, place, &record, reader),
                Fed::Reject { place, reason, detail } => {
                    taker.side.quarantined += 1;
                    if taker.side.rejects.len() < LISTED_REJECTS {
                        let (path, line, offset) = (path.clone(), place.line, place.offset);
                        taker.side.rejects.push(RejectedPlace { path, line, offset, reason, detail });
                    }
                    Ok(())
                }
            })?;
            taker.side.files.push(FileReport { path, events: taker.side.events - before, facts });
        }
        taker.put_day_aside();
        Ok(taker.side)
    }
}

struct Taker<'t, 's> {
    scan: &'t Scan<'s>,
    content: ContentReader<'t>,
    scratch: Content,
    days: Days<'t>,
    types: HashMap<String, u32, RandomState>,
    /// What is added up of the day that the last event was of.
    day: Option<(NaiveDate, DaySum)>,
    margin: i64,
    side: Scanned,
}

impl Taker<'_, '_> {
    fn take(
        &mut self,
        feed: u32,
        place: crate::application::import::Place,
        record: &Record<'_>,
        reader: &RecordReader<'_>,
    ) -> Result<(), CompareError> {
        let at = record.occurred_at.timestamp_micros();
        let Some(is_margin) = self.margin(at) else {
            self.side.out_of_range += 1;
            return Ok(());
        };
        if self.content.read(record, reader, &mut self.scratch).is_err() {
            // What was scanned once scans again.
            self.side.quarantined += 1;
            return Ok(());
        }
        let event_type = match self.types.get(&*record.event_type) {
            Some(number) => *number,
            None => {
                let number = self.scan.types.number(&record.event_type);
                self.types.insert(record.event_type.clone().into_owned(), number);
                number
            }
        };
        let digest = content_digest(&record.event_type, record.aggregate.as_deref(), &self.scratch.base);
        let hash = first::<8>(&digest).map_or(0, u64::from_le_bytes);
        let mut flags = 0;
        for (flag, is_set) in [
            (Head::BARE, self.scratch.bare),
            (Head::MARGIN, is_margin),
            (Head::AMBIGUOUS, record.flags.time.contains(TimeFlags::AMBIGUOUS)),
        ] {
            flags |= if is_set { flag } else { 0 };
        }
        let head = Head {
            hash,
            at,
            offset: place.offset,
            line: place.line,
            feed,
            event_type,
            spelling: self.scratch.spelling,
            flags,
        };
        if is_margin {
            self.side.margin += 1;
        } else {
            self.side.events += 1;
            let day = self.day_of(at);
            day.events += 1;
            day.digest.add(&digest);
            *day.types.entry(event_type).or_default() += 1;
            self.side.digest.add(&digest);
        }
        // A local time that came twice sets no clock.
        let sure = (flags & Head::AMBIGUOUS == 0).then_some(at);
        self.side.anchors.observe(first::<16>(&digest).map_or(0, u128::from_le_bytes), sure);
        let id = record.event_id.as_deref().unwrap_or_default().as_bytes();
        self.side.with_id += u64::from(!id.is_empty());
        self.side.naive += u64::from(record.flags.time.contains(TimeFlags::NAIVE));
        self.keep_sample(&digest, record.body);
        if !self.scan.keeps_entries {
            return Ok(());
        }
        let route = if id.is_empty() { hash } else { xxh3_64(id) };
        let content = &self.scratch;
        let aggregate = record.aggregate.as_deref().map(str::as_bytes);
        self.side.partitions.push(Partitions::of(route, 0), self.scan.scratch, |out| {
            Entry::pack(&head, id, aggregate, content, out);
        })
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
    fn margin(&self, at: i64) -> Option<bool> {
        let Settings { since, until, .. } = self.scan.settings;
        let before = since.map_or(0, |since| since.timestamp_micros().saturating_sub(at));
        let behind = until.map_or(0, |until| at.saturating_sub(until.timestamp_micros()));
        let outside = before.max(behind);
        (outside <= self.margin).then_some(outside > 0)
    }

    /// The records with the smallest hashes: a sample that does not depend on their order.
    fn keep_sample(&mut self, digest: &[u8; 32], body: &str) {
        let sample = &mut self.side.sample;
        let Some(hash) = digest.last_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) else { return };
        let is_full = sample.len() >= self.scan.sample;
        if is_full && sample.last_key_value().is_none_or(|(last, _)| hash >= *last) {
            return;
        }
        const LONGEST: usize = 4096;
        if body.len() <= LONGEST {
            sample.insert(hash, body.to_owned());
            if is_full {
                sample.pop_last();
            }
        }
    }
}

/// The digest of what an event says: its type, its aggregate and its base. The base is put in by a
/// 128-bit hash, which is a quarter of the work for the same chance of an accident.
pub(super) fn content_digest(event_type: &str, aggregate: Option<&str>, base: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update((event_type.len() as u64).to_le_bytes());
    hasher.update(event_type);
    hasher.update(aggregate.map_or(u64::MAX, |aggregate| aggregate.len() as u64).to_le_bytes());
    hasher.update(aggregate.unwrap_or_default());
    hasher.update(xxh3_128(base).to_le_bytes());
    hasher.finalize().into()
}

fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}
