//! One log, read once from its first event to its last.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use super::facts::{Fact, LogFacts};
use super::task_states::TaskReplay;
use crate::application::compare::feed::{CompareError, Fed};
use crate::application::compare::parallel_run::{ParallelSide, Rows};
use crate::application::handling::HandlerError;
use crate::application::stored_events::for_each_event;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventOrigin, EventRepository, RepositoryError, StoredEvent};
use crate::domain::value_objects::{EventId, Position};
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// How logs are read.
#[derive(Debug, Clone)]
pub struct LogReading {
    /// The zone of local times, and of days.
    pub zone: Zone,
    /// The types of the events that are counted and replayed; all, where there is none.
    pub event_types: BTreeSet<String>,
}

/// What was read so far.
struct Read<'r> {
    reading: &'r LogReading,
    days: BTreeMap<NaiveDate, u64>,
    left_out: BTreeMap<String, NaiveDate>,
    replay: TaskReplay,
}

impl LogReading {
    /// Reads a legacy log, in its own order.
    pub fn legacy_log(&self, log: &dyn ParallelSide) -> Fact<LogFacts> {
        self.read_legacy_log(log).map_err(|error| error_chain(&error))
    }

    fn read_legacy_log(&self, log: &dyn ParallelSide) -> Result<LogFacts, CompareError> {
        let mut read = Read::new(self);
        // Records of the legacy system have no ids, and nothing here asks for one.
        let id = EventId::from(Uuid::nil());
        let mut position = 0;
        for mut feed in log.input(Rows::Native)?.feeds {
            let mut reader = RecordReader::with_mapping(&self.zone, DstPolicy::Resolve, log.mapping());
            feed.read(&mut reader, &mut |fed, _| {
                let Fed::Record { record, .. } = fed else { return Ok(()) };
                position += 1;
                let event = StoredEvent {
                    position: Position::new(position),
                    origin: EventOrigin::Saved,
                    event: DomainEvent::from_record(record, id.clone()),
                };
                read.take(&event).map_err(|error| CompareError::Open(error.into()))
            })?;
        }
        Ok(read.into_facts())
    }

    /// Reads a store, whatever wrote its events.
    pub fn store(&self, events: &dyn EventRepository) -> Fact<LogFacts> {
        self.read_store(events).map_err(|error| error_chain(&error))
    }

    fn read_store(&self, events: &dyn EventRepository) -> Result<LogFacts, RepositoryError> {
        let mut read = Read::new(self);
        let failed = |error| RepositoryError::storage("replay an event", error);
        for_each_event(events, &mut |event| read.take(event).map_err(failed))?;
        Ok(read.into_facts())
    }
}

impl<'r> Read<'r> {
    fn new(reading: &'r LogReading) -> Self {
        let replay = TaskReplay::new(&reading.zone);
        Self { reading, days: BTreeMap::new(), left_out: BTreeMap::new(), replay }
    }

    fn take(&mut self, stored: &StoredEvent) -> Result<(), HandlerError> {
        let (types, event_type) = (&self.reading.event_types, stored.event.event_type());
        let is_read = types.is_empty() || types.contains(event_type);
        if stored.origin == EventOrigin::Saved {
            let day = self.reading.zone.day_of(stored.event.timestamp());
            if is_read {
                *self.days.entry(day).or_default() += 1;
            } else if let Some(last) = self.left_out.get_mut(event_type) {
                *last = day.max(*last);
            } else {
                self.left_out.insert(event_type.to_owned(), day);
            }
        }
        if !is_read {
            return Ok(());
        }
        self.replay.apply(stored)
    }

    fn into_facts(self) -> LogFacts {
        LogFacts { days: self.days, left_out: self.left_out, tasks: self.replay.into_states() }
    }
}
