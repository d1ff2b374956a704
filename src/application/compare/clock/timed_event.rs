//! An event with its time by the control's clock.

use std::cmp::Ordering;

use crate::application::compare::reading::packed_event::PackedEvent;

/// An event with its time by the control's clock.
#[derive(Clone, Copy)]
pub(crate) struct TimedEvent<'b> {
    pub entry: PackedEvent<'b>,
    /// Microseconds since the epoch.
    pub at: i64,
    /// The same for the other reading, where the local time came twice.
    pub other_reading: Option<i64>,
}

/// The length of a time, packed.
const TIME: usize = size_of::<i64>();

impl<'b> TimedEvent<'b> {
    /// Appends the packed event with its times.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.to_le_bytes());
        out.push(u8::from(self.other_reading.is_some()));
        out.extend_from_slice(&self.other_reading.unwrap_or_default().to_le_bytes());
        out.extend_from_slice(self.entry.packed);
    }

    /// The event that [`write`](Self::write) has written.
    pub fn read(written: &'b [u8]) -> Option<Self> {
        let (at, rest) = written.split_first_chunk::<TIME>()?;
        let (has_other_reading, rest) = rest.split_first()?;
        let (other_reading, packed) = rest.split_first_chunk::<TIME>()?;
        let other_reading = (*has_other_reading == 1).then(|| i64::from_le_bytes(*other_reading));
        let (entry, _) = PackedEvent::unpack(packed)?;
        Some(Self { entry, at: i64::from_le_bytes(*at), other_reading })
    }

    /// How many microseconds two events are apart, in the readings of their local times that bring them nearest.
    pub fn apart(&self, other: &Self) -> i64 {
        let readings = |timed: &Self| [Some(timed.at), timed.other_reading];
        readings(self)
            .into_iter()
            .flatten()
            .flat_map(|left| {
                readings(other).into_iter().flatten().map(move |right| left.abs_diff(right) as i64)
            })
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Its time by its own clock, in the reading that is nearer to another event.
    pub fn own_time_near(&self, other: &Self) -> i64 {
        let apart = |at: i64| Self { at, other_reading: None, ..*self }.apart(other);
        let at = self.other_reading.filter(|reading| apart(*reading) < apart(self.at)).unwrap_or(self.at);
        self.own_time(at)
    }

    /// What its own clock showed at one of its times.
    pub fn own_time(&self, at: i64) -> i64 {
        at - self.at + self.entry.head.at
    }

    /// By time; where that is the same, by what does not depend on the order of the input; and what is the
    /// same in everything by its place, so that it does not matter which was kept first.
    pub fn compare_time(&self, other: &Self) -> Ordering {
        let (left, right) = (&self.entry, &other.entry);
        (self.at.cmp(&other.at))
            .then_with(|| left.head.lexical_fingerprint.cmp(&right.head.lexical_fingerprint))
            .then_with(|| left.id.cmp(right.id))
            .then_with(|| left.optional_fields.cmp(right.optional_fields))
            .then_with(|| left.aggregate.cmp(&right.aggregate))
            .then_with(|| left.shared_content.cmp(right.shared_content))
            .then_with(|| left.head.ordinal().cmp(&right.head.ordinal()))
    }
}
