//! A store of events, read once from its first event to its last.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::application::stored_events::for_each_event;
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::wire::local_time::{DstPolicy, TimeFlags};
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreSurvey {
    /// How many events of each type.
    pub types: BTreeMap<String, u64>,
    /// How many events have a time without offset.
    pub naive: u64,
    /// The time of the latest event.
    pub last: Option<DateTime<Utc>>,
}

/// Reads all events of a store.
///
/// # Errors
/// What the store says.
pub fn survey(events: &dyn EventRepository) -> Result<StoreSurvey, RepositoryError> {
    let mut survey = StoreSurvey::default();
    let utc = Zone::utc();
    let mut reader = RecordReader::new(&utc, DstPolicy::Resolve);
    for_each_event(events, &mut |stored| {
        let event = &stored.event;
        *survey.types.entry(event.event_type().to_owned()).or_default() += 1;
        survey.last = survey.last.max(Some(event.timestamp()));
        // What other mappings than the built-in ones have read is not told to have times of either kind.
        let record = reader.read_whole(event.body().as_bytes());
        survey.naive += u64::from(record.is_ok_and(|record| record.flags.time.contains(TimeFlags::NAIVE)));
        Ok(())
    })?;
    Ok(survey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::infrastructure::memory::InMemoryEventRepository;

    #[test]
    fn types_naive_times_and_the_last_time_are_counted_over_all_events() {
        let store = InMemoryEventRepository::new(Zone::utc());
        for number in 0..2_500 {
            let (kind, offset) = if number % 5 == 0 { ("A", "") } else { ("B", "Z") };
            let text = format!(
                r#"{{"event_id": "e{number}", "event_type": "{kind}", "timestamp": "2025-10-25T10:{:02}:00{offset}"}}"#,
                number % 60
            );
            store.save_event(&DomainEvent::from_json(&text, &Zone::utc()).unwrap()).unwrap();
        }
        let found = survey(&store).unwrap();
        assert_eq!(found.types, BTreeMap::from([("A".to_owned(), 500), ("B".to_owned(), 2_000)]));
        assert_eq!(found.naive, 500);
        assert_eq!(found.last, Some("2025-10-25T10:59:00Z".parse().unwrap()));
    }

    #[test]
    fn an_empty_store_holds_nothing() {
        assert_eq!(survey(&InMemoryEventRepository::new(Zone::utc())).unwrap(), StoreSurvey::default());
    }
}
