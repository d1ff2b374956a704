//! Whether an event is what its text says: each column of a row is compared with what the program reads in the text now.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::findings::{Check, Findings};
use crate::domain::counted::counted;
use crate::domain::event::{DomainEvent, derived_event_id};
use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{AggregateId, StreamId};
use crate::wire::local_time::{DstPolicy, TimeFlags};
use crate::wire::mapping::Mapping;
use crate::wire::record::{ContentIds, Record, RecordReader};
use crate::wire::zone::Zone;

/// Two zones are at most so far apart.
const ZONES_APART: TimeDelta = TimeDelta::hours(26);
/// So many contents that come several times are remembered with the number of their last occurrence.
const REMEMBERED: usize = 100_000;
/// So many numbers after the last one are tried first.
const NEAR: u64 = 64;

/// An event of a store, and how its columns came to be.
#[derive(Debug, Clone, Copy)]
pub struct ProvedEvent<'e> {
    /// The stream that it is of.
    pub stream: &'e StreamId,
    /// What the store says of it.
    pub stored: &'e StoredEvent,
    /// How its columns came to be.
    pub how: HowRead,
}

/// How the columns of an event came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowRead {
    /// The store has the text alone, and has just read it.
    Now,
    /// It was saved live, and carries its id.
    Live,
    /// It was read from a log.
    Log {
        /// The number of the log.
        source_id: i64,
        /// It carries no id.
        is_derived: bool,
        /// By another mapping than that of the log: it was rejected first.
        is_retried: bool,
    },
    /// A repair has read it from the legacy log.
    Repair {
        /// It carries no id.
        is_derived: bool,
    },
}

/// How the records of a log were read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The zone of naive times.
    pub zone: Zone,
    /// Where the fields are.
    pub mapping: Mapping,
}

/// How the logs were read that a store knows; `None` of one whose zone or mapping is not known here.
#[derive(Debug, Clone, Default)]
pub struct ReadLogs {
    /// By the numbers of the logs.
    pub readings: BTreeMap<i64, Option<Reading>>,
    /// How many records all of them have.
    pub records: u64,
}

/// Holds events against their texts.
pub struct EventCheck<'r> {
    logs: &'r ReadLogs,
    live: RecordReader<'r>,
    of_log: Option<(i64, RecordReader<'r>)>,
    zone: &'r Zone,
    contents: ContentIds,
    numbers: HashMap<Uuid, u64>,
    /// Events whose naive time was read in another zone than that of the settings.
    other_zone: u64,
    /// Events that only a mapping which is not known has read.
    unknown: u64,
    /// Events in the files of other days than theirs, and the first of them.
    of_other_days: u64,
    first_of_other_day: Option<String>,
}

impl<'r> EventCheck<'r> {
    /// `zone` is that in which live events are read.
    pub fn new(logs: &'r ReadLogs, zone: &'r Zone) -> Self {
        Self {
            logs,
            live: RecordReader::new(zone, DstPolicy::Resolve),
            of_log: None,
            zone,
            contents: ContentIds::default(),
            numbers: HashMap::new(),
            other_zone: 0,
            unknown: 0,
            of_other_days: 0,
            first_of_other_day: None,
        }
    }

    /// Holds the next event against its text.
    pub fn check(&mut self, event: &ProvedEvent<'_>, findings: &mut Findings) {
        let stored = event.stored;
        let (is_derived, found) = match event.how {
            HowRead::Now => return self.look_at_day(event.stream, &stored.event),
            HowRead::Live => (false, self.differs_live(&stored.event)),
            HowRead::Log { source_id, is_derived, is_retried } => {
                let found = self.differs_from_log(&stored.event, source_id, is_derived);
                (is_derived, if is_retried { self.not_known(found) } else { found })
            }
            HowRead::Repair { is_derived } => {
                let read = self.live.read_whole(stored.event.body().as_bytes());
                let found = match read {
                    Ok(record) => differs(&stored.event, &record, is_derived, self.zone),
                    Err(error) => Some(error.to_string()),
                };
                (is_derived, self.not_known(found))
            }
        };
        let place = || format!("position {}", stored.position);
        if let Some(detail) = found {
            findings.add(Check::Bodies, place(), detail);
        }
        if is_derived
            && !findings.is_full(Check::DerivedIds)
            && let Some(detail) = self.derived_otherwise(stored)
        {
            findings.add(Check::DerivedIds, place(), detail);
        }
    }

    /// Nothing is left to be checked.
    pub fn end(self, findings: &mut Findings) {
        if self.other_zone > 0 {
            findings.notes.push(format!(
                "{} live events have a time without offset that was read in another zone than {}, which `timezone` names",
                self.other_zone,
                self.zone.name()
            ));
        }
        if let Some(first) = self.first_of_other_day {
            findings.notes.push(format!(
                "{} lie in files of other days than their times in {} say, the first {first}: a file was renamed or copied, or written in another \
                 zone or by another program",
                counted(self.of_other_days, "event", "events"),
                self.zone.name()
            ));
        }
        if self.unknown > 0 {
            findings.notes.push(format!(
                "{} events were read by a mapping or in a zone that is not known here: their texts are there, and were not held against \
                 their columns",
                self.unknown
            ));
        }
    }

    /// A store writes an event to the file of its day. Other programs need not have, and those of another zone have not.
    fn look_at_day(&mut self, day: &StreamId, event: &DomainEvent) {
        let own = self.zone.day_of(event.timestamp()).to_string();
        if own != day.as_str() {
            self.of_other_days += 1;
            self.first_of_other_day
                .get_or_insert_with(|| format!("{} of {own} in the file of {day}", event.event_id()));
        }
    }

    fn not_known(&mut self, found: Option<String>) -> Option<String> {
        self.unknown += u64::from(found.is_some());
        None
    }

    fn differs_live(&mut self, event: &DomainEvent) -> Option<String> {
        let record = match self.live.read_whole(event.body().as_bytes()) {
            Ok(record) => record,
            Err(error) => return Some(format!("its text is no event: {error}")),
        };
        let is_near = (record.occurred_at - event.timestamp()).abs() <= ZONES_APART;
        if record.occurred_at != event.timestamp() && record.flags.time.contains(TimeFlags::NAIVE) && is_near
        {
            self.other_zone += 1;
            let record = Record { occurred_at: event.timestamp(), ..record };
            return differs(event, &record, false, self.zone);
        }
        differs(event, &record, false, self.zone)
    }

    fn differs_from_log(&mut self, event: &DomainEvent, source_id: i64, is_derived: bool) -> Option<String> {
        let logs = self.logs;
        let reading = match logs.readings.get(&source_id) {
            None => return Some(format!("it is of the log {source_id}, which the store does not know")),
            Some(None) => {
                self.unknown += 1;
                return None;
            }
            Some(Some(reading)) => reading,
        };
        if self.of_log.as_ref().is_none_or(|(of, _)| *of != source_id) {
            let reader = RecordReader::with_mapping(&reading.zone, DstPolicy::Resolve, &reading.mapping);
            self.of_log = Some((source_id, reader));
        }
        let (_, reader) = self.of_log.as_mut()?;
        match reader.read_whole(event.body().as_bytes()) {
            Ok(record) => differs(event, &record, is_derived, &reading.zone),
            Err(error) => Some(format!("its text is no event as its log was read: {error}")),
        }
    }

    /// How a derived id is not the one of any occurrence of its content.
    fn derived_otherwise(&mut self, stored: &StoredEvent) -> Option<String> {
        let content = match self.contents.of(stored.event.body()) {
            Ok(content) => content,
            // The text is told already.
            Err(_) => return None,
        };
        let id = stored.event.event_id();
        let last = self.numbers.get(&content).copied().unwrap_or(0);
        let most = self.logs.records.max(1);
        let near = last + 1..=last + NEAR;
        let found = near.chain(1..=most).find(|number| derived_event_id(content, *number) == *id);
        match found {
            Some(1) => None,
            Some(number) => {
                if self.numbers.len() >= REMEMBERED {
                    self.numbers.clear();
                }
                self.numbers.insert(content, number);
                None
            }
            None => Some(format!(
                "expected an id derived from its text, as {} for its first occurrence; found {id}",
                derived_event_id(content, 1)
            )),
        }
    }
}

/// How an event is not what its text says.
fn differs(event: &DomainEvent, record: &Record<'_>, is_derived: bool, zone: &Zone) -> Option<String> {
    let of = |what: &str, expected: &str, found: &str| {
        Some(format!("expected the {what} of its text, {expected:?}; found {found:?}"))
    };
    let (id, aggregate) = (event.event_id().as_str(), event.aggregate_id().map(AggregateId::as_str));
    match record.event_id.as_deref() {
        Some(_) if is_derived => {
            return Some(format!("its text carries an id, and {id} is said to be derived"));
        }
        Some(carried) if carried != id => return of("id", carried, id),
        None if !is_derived => return Some(format!("its text carries no id, and {id} is said to be of it")),
        Some(_) | None => {}
    }
    if record.event_type != event.event_type() {
        return of("type", &record.event_type, event.event_type());
    }
    if record.aggregate.as_deref() != aggregate {
        return of("aggregate", record.aggregate.as_deref().unwrap_or("none"), aggregate.unwrap_or("none"));
    }
    if !is_same_time(record, event.timestamp(), zone) {
        return of("time", &record.occurred_at.to_rfc3339(), &event.timestamp().to_rfc3339());
    }
    (record.body != event.body()).then(|| "something stands around the object that its text is".to_owned())
}

/// Which of two readings a local time has that comes twice depends on what stood before it in its log.
fn is_same_time(record: &Record<'_>, stored: DateTime<Utc>, zone: &Zone) -> bool {
    record.occurred_at == stored
        || record.flags.time.contains(TimeFlags::AMBIGUOUS)
            && zone.other_reading(record.occurred_at) == Some(stored.timestamp_micros())
}

#[cfg(test)]
mod tests;
