//! The events of both sides that have a key in common.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::Side;

use super::two_pointer::Accept;

/// Says of an event without a partner whether it takes part in a round of pairing: its time there, and its
/// key, which is appended; only events of equal keys are paired.
pub(crate) type Select<'s> = dyn FnMut(Side, &TimedEvent<'_>, &mut Vec<u8>) -> Option<i64> + 's;

/// An event without a partner, among the events of its side and group in some order.
pub(crate) struct Neighbours<'n, 'b> {
    pub before: Option<&'n TimedEvent<'b>>,
    pub event: &'n TimedEvent<'b>,
    /// With whether it has a partner.
    pub after: Option<(&'n TimedEvent<'b>, bool)>,
}

/// Appends the key by which neighbours are found; those of one key are in the order of
/// [`TimedEvent::compare_time`].
pub(crate) type NeighbourKey<'k> = dyn Fn(&TimedEvent<'_>, &mut Vec<u8>) + 'k;

/// The events of both sides that have a key in common: in memory, or where there are too many, on disk.
pub(crate) trait Group {
    /// How many events there are, control first.
    fn counts(&self) -> [u64; 2];

    /// The two events of a group that has no others, if they are at hand.
    fn single_pair(&self) -> Option<[&TimedEvent<'_>; 2]> {
        None
    }

    /// Gives every event that has no partner.
    fn unpaired(
        &self,
        take: &mut dyn FnMut(Side, &TimedEvent<'_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError>;

    /// Takes note of which events have several of the other side within the tolerance, in microseconds. To be
    /// called before any pair is made.
    fn note_crowds(&mut self, tolerance: i64) -> Result<(), CompareError>;

    /// Pairs events without a partner in the order of time, at most `window` microseconds apart, where `accept`
    /// takes the pair.
    fn pair(
        &mut self,
        window: i64,
        select: &mut Select<'_>,
        accept: &mut Accept<'_>,
    ) -> Result<(), CompareError>;

    /// Gives every event that has no partner with its neighbours of the same side. To be called once, at the end.
    fn unpaired_with_neighbours(
        &mut self,
        key: &NeighbourKey<'_>,
        take: &mut dyn FnMut(Side, &Neighbours<'_, '_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError>;
}

/// Selects every event, at its time.
pub(crate) fn every(_: Side, event: &TimedEvent<'_>, _: &mut Vec<u8>) -> Option<i64> {
    Some(event.at)
}
