//! What is read of a recorded value.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::recorded_fields::RecordedFields;
use crate::domain::recorded_task_event::Word;
use crate::domain::value_objects::{Priority, Status};
use crate::wire::local_time::{DstPolicy, LocalTimeResolver};
use crate::wire::timestamp::WrittenTimestamp;
use crate::wire::zone::Zone;

/// A JSON value as text, as a field that holds it reads: nothing where it is `null`, an array or an object.
pub fn text_of(json: &str) -> Option<Cow<'static, str>> {
    let object = format!("{{\"value\":{json}}}");
    RecordedFields::of_json(&object).text("value").map(|text| Cow::Owned(text.into_owned()))
}

/// The word of a priority: one that is known in capitals, any other as it was written.
pub fn priority_word(text: &str) -> String {
    Word::<Priority>::new(text).as_str().to_owned()
}

/// The word of a status: one that is known in capitals, any other as it was written.
pub fn status_word(text: &str) -> String {
    Word::<Status>::new(text).as_str().to_owned()
}

/// How long a date alone is; every other timestamp is longer.
const DATE_ALONE: usize = "YYYY-MM-DD".len();

/// When a task was completed: the time that is written, or that of the event where none is, or what is written is
/// no time. A date alone is its first moment, or the time of the event where that is on the same day.
pub fn completion_time(written: Option<&str>, event: DateTime<Utc>, zone: &Zone) -> DateTime<Utc> {
    let Some(written) = written else { return event };
    let placed = WrittenTimestamp::parse(written)
        .and_then(|time| LocalTimeResolver::new(zone, DstPolicy::Resolve).resolve(&time));
    match placed {
        Ok((midnight, _))
            if written.len() == DATE_ALONE && (midnight..midnight + TimeDelta::days(1)).contains(&event) =>
        {
            event
        }
        Ok((at, _)) => at,
        Err(_) => event,
    }
}
