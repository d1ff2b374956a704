//! How fast a store grows.

use chrono::NaiveDate;

use super::stored_events::for_each_event_of;
use crate::domain::repository::{EventRepository, RepositoryError};

/// What a store holds of a day, which is that of the times of its events in the configured zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayGrowth {
    /// The day.
    pub day: NaiveDate,
    /// How many events.
    pub events: u64,
    /// How many bytes their texts have.
    pub bytes: u64,
}

/// The same of a store that has a stream for each day, for the days from `since` on, in their order.
///
/// # Errors
/// What the store says.
pub fn growth_of_daily_streams(
    events: &dyn EventRepository,
    since: NaiveDate,
) -> Result<Vec<DayGrowth>, RepositoryError> {
    let mut days = Vec::new();
    for stream in events.streams()? {
        let Some(day) = stream.id.as_str().parse().ok().filter(|day| *day >= since) else { continue };
        let mut growth = DayGrowth { day, events: 0, bytes: 0 };
        for_each_event_of(events, &stream, &mut |stored| {
            growth.events += 1;
            growth.bytes += stored.event.body().len() as u64;
            Ok(())
        })?;
        days.push(growth);
    }
    Ok(days)
}
