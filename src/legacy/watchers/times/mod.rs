//! The watcher of times.

pub(in crate::legacy::watchers) mod ticks;

use std::sync::Arc;

use chrono::SecondsFormat;
use crossbeam_channel::{RecvTimeoutError, unbounded};
use serde_json::Map;

use crate::application::clock::Clock;
use crate::legacy::definition::Schedule;
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::watchers::error::WatchError;
use crate::legacy::watchers::watcher::{BackgroundThread, Watcher, Watching};
use crate::wire::zone::Zone;
use ticks::{Tick, Ticks};

/// Tells each time that a schedule names.
pub(in crate::legacy::watchers) struct TimeWatcher {
    definition_id: String,
    schedule: Schedule,
    zone: Zone,
    clock: Arc<dyn Clock + Send + Sync>,
}

impl TimeWatcher {
    pub(in crate::legacy::watchers) fn new(
        definition_id: String,
        schedule: Schedule,
        zone: Zone,
        clock: Arc<dyn Clock + Send + Sync>,
    ) -> Self {
        Self { definition_id, schedule, zone, clock }
    }
}

impl Watcher for TimeWatcher {
    fn start(self: Box<Self>, sink: Arc<dyn OccurrenceSink>) -> Result<Watching, WatchError> {
        let Self { definition_id, schedule, zone, clock } = *self;
        let mut ticks = Ticks::new(schedule, zone, &*clock);
        let (end, ended) = unbounded::<()>();
        let work = move || {
            loop {
                if let Some(tick) = ticks.due(&*clock) {
                    sink.occurred(occurrence(&definition_id, &tick, &*clock));
                }
                // Not by the clock's own wait, which nothing interrupts.
                match ended.recv_timeout(ticks.wait(&*clock)) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        Ok(Watching::new(BackgroundThread::start(work, move || {
            let _ = end.send(());
        })?))
    }
}

fn occurrence(definition_id: &str, tick: &Tick, clock: &dyn Clock) -> Occurrence {
    let scheduled_at = tick.scheduled_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let mut data = Map::new();
    data.insert("scheduled_at".to_owned(), scheduled_at.into());
    if tick.missed > 0 {
        data.insert("missed".to_owned(), tick.missed.into());
    }
    Occurrence {
        definition_id: definition_id.to_owned(),
        event_type: "time_based".to_owned(),
        at: clock.now(),
        data,
    }
}
