//! A group in memory.

use std::collections::VecDeque;
use std::ops::Range;

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::Side;

use super::group::{Group, NeighbourKey, Neighbours, Select};
use super::two_pointer::{Accept, CrowdWindow, Queue, pair_sorted};

/// A group in memory.
pub(crate) struct MemoryGroup<'g, 'b> {
    /// Control first; each side in the order of [`TimedEvent::compare_time`].
    events: [&'g [TimedEvent<'b>]; 2],
    /// Which of them have a partner; empty where none has.
    paired: [Vec<bool>; 2],
    /// Which of them have several events of the other side within the tolerance; empty before that was asked.
    crowded: [Vec<bool>; 2],
}

/// Gives the time of an event, which is also named by its place, in some order, and appends its key.
type Rank<'r> = dyn FnMut(usize, &TimedEvent<'_>, &mut Vec<u8>) -> Option<i64> + 'r;

/// Events in one order: each with its key, its time there and its place in the group.
struct Ranked {
    keys: Vec<u8>,
    events: Vec<(Range<usize>, i64, usize)>,
}

impl<'g, 'b> MemoryGroup<'g, 'b> {
    /// A group of these events, control first; each side is in the order of [`TimedEvent::compare_time`].
    pub fn new(events: [&'g [TimedEvent<'b>]; 2]) -> Self {
        Self { events, paired: Default::default(), crowded: Default::default() }
    }

    fn is_paired(&self, side: Side, index: usize) -> bool {
        self.paired[side as usize].get(index).is_some_and(|is_paired| *is_paired)
    }

    /// The events of which `rank` gives a time, by key and time.
    fn ranked(&self, side: Side, rank: &mut Rank<'_>) -> Ranked {
        let events = self.events[side as usize];
        let mut keys = Vec::new();
        let mut ranked: Vec<(Range<usize>, i64, usize)> = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let start = keys.len();
            let Some(at) = rank(index, event, &mut keys) else {
                keys.truncate(start);
                continue;
            };
            // The key of many events next to each other is the same: it is kept once.
            let key = match ranked.last() {
                Some((last, ..)) if keys[last.clone()] == keys[start..] => {
                    let last = last.clone();
                    keys.truncate(start);
                    last
                }
                _ => start..keys.len(),
            };
            ranked.push((key, at, index));
        }
        ranked.sort_by(|(key, at, index), (other_key, other_at, other_index)| {
            let fingerprint = |index: usize| events[index].entry.head.lexical_fingerprint;
            keys[key.clone()]
                .cmp(&keys[other_key.clone()])
                .then(at.cmp(other_at))
                .then_with(|| fingerprint(*index).cmp(&fingerprint(*other_index)))
        });
        Ranked { keys, events: ranked }
    }
}

impl Group for MemoryGroup<'_, '_> {
    fn counts(&self) -> [u64; 2] {
        self.events.map(|events| events.len() as u64)
    }

    fn single_pair(&self) -> Option<[&TimedEvent<'_>; 2]> {
        match self.events {
            [[one], [other]] => Some([one, other]),
            _ => None,
        }
    }

    fn unpaired(
        &self,
        take: &mut dyn FnMut(Side, &TimedEvent<'_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        for side in [Side::Control, Side::Candidate] {
            for (index, event) in self.events[side as usize].iter().enumerate() {
                if !self.is_paired(side, index) {
                    take(side, event)?;
                }
            }
        }
        Ok(())
    }

    fn note_crowds(&mut self, tolerance: i64) -> Result<(), CompareError> {
        for (side, other) in [(0, 1), (1, 0)] {
            let mut others = self.events[other].iter().map(|event| event.at);
            let mut crowd = CrowdWindow::default();
            let of_side = self.events[side].iter();
            self.crowded[side] = of_side
                .map(|event| crowd.is_crowded(event.at, tolerance, &mut || Ok(others.next())))
                .collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    fn pair(
        &mut self,
        window: i64,
        select: &mut Select<'_>,
        accept: &mut Accept<'_>,
    ) -> Result<(), CompareError> {
        if self.events.iter().any(|events| events.is_empty()) {
            return Ok(());
        }
        let mut ranked = |side| {
            self.ranked(side, &mut |index, event, key| {
                if self.is_paired(side, index) { None } else { select(side, event, key) }
            })
        };
        let ranked = [ranked(Side::Control), ranked(Side::Candidate)];
        if ranked.iter().any(|ranked| ranked.events.is_empty()) {
            return Ok(());
        }
        let Self { events, paired, crowded } = self;
        let [of_control, of_candidate] = paired;
        let queue = |side: Side, paired| MemoryQueue {
            events: events[side as usize],
            crowded: &crowded[side as usize],
            paired,
            ranked: &ranked[side as usize],
            next: 0,
            ahead: VecDeque::new(),
        };
        let mut control = queue(Side::Control, of_control);
        let mut candidate = queue(Side::Candidate, of_candidate);
        pair_sorted(&mut control, &mut candidate, window, accept)
    }

    fn unpaired_with_neighbours(
        &mut self,
        key: &NeighbourKey<'_>,
        take: &mut dyn FnMut(Side, &Neighbours<'_, '_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        for side in [Side::Control, Side::Candidate] {
            let events = self.events[side as usize];
            if (0..events.len()).all(|index| self.is_paired(side, index)) {
                continue;
            }
            let Ranked { events: order, .. } = self.ranked(side, &mut |_, event, out| {
                key(event, out);
                Some(event.at)
            });
            let index_at = |place: usize| order.get(place).map(|(.., index)| *index);
            for (place, &(.., index)) in order.iter().enumerate() {
                if self.is_paired(side, index) {
                    continue;
                }
                let before = place.checked_sub(1).and_then(index_at).map(|index| &events[index]);
                let after = index_at(place + 1).map(|index| (&events[index], self.is_paired(side, index)));
                take(side, &Neighbours { before, event: &events[index], after })?;
            }
        }
        Ok(())
    }
}

/// The events of one side that take part in a round.
struct MemoryQueue<'q, 'b> {
    events: &'q [TimedEvent<'b>],
    crowded: &'q [bool],
    paired: &'q mut Vec<bool>,
    ranked: &'q Ranked,
    /// The first place that was not looked at yet.
    next: usize,
    /// The places that were looked at, and not taken.
    ahead: VecDeque<usize>,
}

impl Queue for MemoryQueue<'_, '_> {
    fn rank(&mut self, place: usize) -> Result<Option<(&[u8], i64)>, CompareError> {
        while self.ahead.len() <= place && self.next < self.ranked.events.len() {
            self.ahead.push_back(self.next);
            self.next += 1;
        }
        Ok(self.ahead.get(place).map(|ranked| {
            let (key, at, _) = &self.ranked.events[*ranked];
            (&self.ranked.keys[key.clone()], *at)
        }))
    }

    fn event(&self, place: usize) -> Option<(TimedEvent<'_>, bool)> {
        let (.., index) = self.ranked.events[*self.ahead.get(place)?];
        Some((self.events[index], self.crowded.get(index).is_some_and(|is_crowded| *is_crowded)))
    }

    fn take(&mut self, place: usize, is_paired: bool) -> Result<(), CompareError> {
        if let Some(ranked) = self.ahead.remove(place)
            && is_paired
        {
            let (.., index) = self.ranked.events[ranked];
            self.paired.resize(self.events.len(), false);
            self.paired[index] = true;
        }
        Ok(())
    }
}
