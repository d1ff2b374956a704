//! The pairs themselves, where more is needed of a comparison than its report: an import keeps together
//! what both systems wrote of one event.

use std::sync::Mutex;

use chrono::TimeDelta;

use crate::application::compare::clock::clocks_apart::ClocksApart;
use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::report::Class;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};
use crate::application::compare::spill::threads::locked;

/// A pair that a comparison made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundPair {
    /// How its events differ, if at all; `None` where they only resemble each other, and are two events.
    pub class: Option<Class>,
    /// There was more than one possible partner.
    pub ambiguous: bool,
    /// How far apart its times are once the clocks are set against each other.
    pub apart: TimeDelta,
    /// How far apart they are as they were written.
    pub written_apart: TimeDelta,
    /// The event of the control.
    pub control: PlacedEvent,
    /// The event of the candidate.
    pub candidate: PlacedEvent,
}

/// Where an event of a pair is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedEvent {
    /// The number of its feed among those of its side.
    pub feed: u32,
    /// Its offset there.
    pub offset: u64,
}

/// Every pair of a comparison, noted beside its counts.
pub(crate) struct PairLog {
    /// All in one partition: they are only kept, and read once. The lock is held for one pair, or while
    /// all are read; that of the temporary file is taken under it.
    noted: Mutex<Partitions>,
    clocks: Mutex<Option<ClocksApart>>,
}

const ALL: usize = 0;
const RECORD: usize = 8 * 6;

impl PairLog {
    /// A log that may hold so many bytes of memory.
    pub fn new(budget: usize) -> Self {
        Self { noted: Mutex::new(Partitions::new(budget)), clocks: Mutex::new(None) }
    }

    /// Notes which clocks are too far apart, when both sides were read.
    pub fn note_clocks(&self, apart: Option<ClocksApart>) {
        *locked(&self.clocks) = apart;
    }

    /// Which clocks are too far apart.
    pub fn clocks(&self) -> Option<ClocksApart> {
        *locked(&self.clocks)
    }

    /// Gives every pair that was noted to `take`, in no particular order.
    pub fn pairs(
        &self,
        scratch: &SharedScratch,
        take: &mut dyn FnMut(FoundPair) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        locked(&self.noted).blocks(ALL, scratch, &mut |block| {
            block.as_chunks::<RECORD>().0.iter().map(unpack).try_for_each(&mut *take)
        })
    }

    pub fn note(
        &self,
        class: Option<Class>,
        control: &TimedEvent<'_>,
        candidate: &TimedEvent<'_>,
        ambiguous: bool,
        scratch: &SharedScratch,
    ) -> Result<(), CompareError> {
        let (one, other) = (&control.entry.head, &candidate.entry.head);
        let class =
            Class::ALL.iter().position(|known| Some(*known) == class).unwrap_or(Class::ALL.len()) as u64;
        let fields = [
            class << 1 | u64::from(ambiguous),
            control.at.abs_diff(candidate.at),
            one.at.abs_diff(other.at),
            u64::from(one.feed) << 32 | u64::from(other.feed),
            one.offset,
            other.offset,
        ];
        let mut noted = locked(&self.noted);
        noted.push(ALL, scratch, |out| {
            fields.iter().for_each(|field| out.extend_from_slice(&field.to_le_bytes()));
        })
    }
}

fn unpack(record: &[u8; RECORD]) -> FoundPair {
    let (fields, _) = record.as_chunks::<8>();
    let field = |index: usize| u64::from_le_bytes(fields[index]);
    let micros = |index| TimeDelta::microseconds(i64::try_from(field(index)).unwrap_or(i64::MAX));
    let feeds = field(3);
    FoundPair {
        class: Class::ALL.get((field(0) >> 1) as usize).copied(),
        ambiguous: field(0) & 1 == 1,
        apart: micros(1),
        written_apart: micros(2),
        control: PlacedEvent { feed: (feeds >> 32) as u32, offset: field(4) },
        candidate: PlacedEvent { feed: feeds as u32, offset: field(5) },
    }
}
