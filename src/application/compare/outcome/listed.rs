//! A difference, as it is held until it is listed.

use chrono::NaiveDate;

use crate::application::compare::reading::packed_event::{EventHead, PackedEvent};
use crate::application::compare::report::{Cause, Class};

use super::field_diff::FieldDifference;

/// A difference, as it is held until it is listed. Ordered by what does not depend on the order of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    /// The control's time, or the candidate's; microseconds.
    pub at: i64,
    pub class: Class,
    /// The rank of the type.
    pub event_type: u32,
    pub aggregate: Option<String>,
    pub cause: Cause,
    pub ambiguous: bool,
    pub fields: Vec<FieldDifference>,
    pub control: Option<ListedEvent>,
    pub candidate: Option<ListedEvent>,
    /// The type and the aggregate of the candidate, where the control has others.
    pub elsewhere: Option<(u32, Option<String>)>,
    /// By the control's clock.
    pub day: NaiveDate,
    /// What was taken off the time of the candidate, in microseconds.
    pub clock_offset: Option<i64>,
}

/// Where an event of a listed difference stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListedEvent {
    pub id: Option<String>,
    pub feed: u32,
    pub offset: u64,
    pub line: u64,
}

impl From<&PackedEvent<'_>> for ListedEvent {
    fn from(event: &PackedEvent<'_>) -> Self {
        let EventHead { feed, offset, line, .. } = event.head;
        let id = text(Some(event.id).filter(|id| !id.is_empty()));
        Self { id, feed, offset, line }
    }
}

/// The text of an envelope's field.
pub(crate) fn text(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}
