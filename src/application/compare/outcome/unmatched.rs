//! Events without a partner.

use chrono::NaiveDate;

use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::report::{Cause, Class};
use crate::application::compare::settings::Settings;

use super::listed::{Listed, ListedEvent, text};

/// An event without a partner.
pub(crate) struct Unmatched {
    pub side: Side,
    pub class: Class,
    pub listed: Listed,
}

impl Unmatched {
    /// `day` is that of the event by the control's clock, and `corrected` its time.
    pub fn new(
        side: Side,
        event: &PackedEvent<'_>,
        (corrected, day): (i64, NaiveDate),
        event_type: u32,
        settings: &Settings,
    ) -> Self {
        let class = class_of(side, event, settings);
        let (control, candidate) = match side {
            Side::Control => (Some(ListedEvent::from(event)), None),
            Side::Candidate => (None, Some(ListedEvent::from(event))),
        };
        let listed = Listed {
            at: event.head.at,
            class,
            event_type,
            aggregate: text(event.aggregate),
            cause: Cause::Real,
            ambiguous: false,
            fields: Vec::new(),
            control,
            candidate,
            elsewhere: None,
            day,
            clock_offset: (side == Side::Candidate).then_some(event.head.at - corrected),
        };
        Self { side, class, listed }
    }
}

fn class_of(side: Side, event: &PackedEvent<'_>, settings: &Settings) -> Class {
    let Settings { as_of, as_of_is_declared, settle, max_offset, .. } = *settings;
    let settled = (as_of - settle).timestamp_micros();
    // An event from farther ahead than clocks may differ is not young, it is wrong.
    let is_young = event.head.at > settled
        && (as_of_is_declared || event.head.at <= (as_of + max_offset).timestamp_micros());
    match side {
        _ if is_young => Class::Pending,
        _ if event.head.is(EventHead::SIBLING) => Class::Duplicated,
        Side::Control => Class::Missing,
        Side::Candidate => Class::Extra,
    }
}
