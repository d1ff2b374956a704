//! Where the events of both sides meet while they are being read.
//!
//! What both sides say of one event mostly stands at about the same place of both logs. Where both give
//! it one id, the two find each other long before everything was read, and not the events have to be put
//! aside but only that they met. Sides are read at one pace for that. Whoever has not met his partner in
//! time is put aside, as everybody is where nobody meets.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use xxhash_rust::xxh3::xxh3_64;

use super::crowd::{Crowd, Everyone, pairs};
use super::entry::{Head, Side};
use super::feed::CompareError;
use super::matching::BothSides;
use super::met::{Met, MetPairs, push_id};
use super::pace::Pace;
use super::partitions::{Partitions, SharedScratch, locked};

/// So many events come at a time, or fewer that are this many bytes.
const STEP: usize = 1024;
const STEP_BYTES: usize = 1 << 20;
/// It pays to look for partners among so many bytes of events.
const WORTHWHILE: usize = 24 << 20;

pub(super) struct Meeting<'m> {
    scratch: &'m SharedScratch,
    /// How many bits of the hash of an id are used.
    hash_bits: u32,
    /// Bytes of events that may wait for their partners.
    limit: usize,
    /// Those who wait.
    waiting: [Mutex<Vec<Crowd>>; 2],
    /// How many bytes they are.
    held: AtomicUsize,
    /// From so many on somebody looks for partners.
    threshold: AtomicUsize,
    /// Too few have met: nobody waits any more.
    given_up: AtomicBool,
    pace: Pace,
    /// Those who did not wait.
    left: [Mutex<Left>; 2],
    /// Held by whoever looks for partners.
    met: Mutex<MetPairs>,
}

/// Those of one side who did not wait, and the hashes of their ids.
struct Left {
    entries: Partitions,
    ids: Partitions,
}

/// One side of a meeting, for as long as it is read.
pub(super) struct Arrivals<'a, 'm> {
    meeting: &'a Meeting<'m>,
    side: Side,
    events: usize,
    crowd: Crowd,
}

impl<'m> Meeting<'m> {
    /// A meeting that may hold `memory` bytes.
    pub fn new(memory: usize, hash_bits: u32, scratch: &'m SharedScratch) -> Self {
        let limit = memory / 2;
        Self {
            scratch,
            hash_bits,
            limit,
            waiting: [(); 2].map(|()| Mutex::default()),
            held: AtomicUsize::new(0),
            threshold: AtomicUsize::new(WORTHWHILE.min(limit)),
            given_up: AtomicBool::new(false),
            pace: Pace::default(),
            left: [(); 2].map(|()| {
                Mutex::new(Left { entries: Partitions::new(memory / 16), ids: Partitions::new(memory / 128) })
            }),
            met: Mutex::new(MetPairs::new(memory / 16)),
        }
    }

    /// Begins to read a side. Both must be begun before one of them is read.
    pub fn arrivals(&self, side: Side) -> Arrivals<'_, 'm> {
        Arrivals { meeting: self, side, events: 0, crowd: Crowd::default() }
    }

    /// Ends the meeting: those who have met nobody, and the pairs.
    pub fn end(self) -> Result<(BothSides, MetPairs), CompareError> {
        self.introduce(&mut locked(&self.met))?;
        self.dismiss()?;
        let mut met = self.met.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left = self.left.map(|side| side.into_inner().unwrap_or_else(PoisonError::into_inner));
        let [(control, control_ids), (candidate, candidate_ids)] = left.map(|side| (side.entries, side.ids));
        met.other_ids = [control_ids, candidate_ids];
        Ok(([control, candidate], met))
    }

    /// Looks for partners where many wait, if nobody does so already.
    fn relieve(&self) -> Result<(), CompareError> {
        if self.held.load(Ordering::Relaxed) <= self.threshold.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut met = match self.met.try_lock() {
            Ok(met) => met,
            Err(TryLockError::Poisoned(met)) => met.into_inner(),
            // Nobody reads on while more wait than may, however long the others take.
            Err(TryLockError::WouldBlock) if self.held.load(Ordering::Relaxed) > self.limit => {
                locked(&self.met)
            }
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let before = self.held.load(Ordering::Relaxed);
        let gone = self.introduce(&mut met)?;
        let left = before.saturating_sub(gone);
        self.threshold.store((left * 2).clamp(WORTHWHILE.min(self.limit), self.limit), Ordering::Relaxed);
        if left > self.limit / 2 {
            if gone < before / 8 {
                self.given_up.store(true, Ordering::Relaxed);
                self.pace.lift();
            }
            self.dismiss()?;
        }
        Ok(())
    }

    fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Lets those who wait find their partners, and says how many bytes of events have.
    fn introduce(&self, met: &mut MetPairs) -> Result<usize, CompareError> {
        let waiting = self.waiting.each_ref().map(|side| std::mem::take(&mut *locked(side)));
        let sides = waiting.map(|crowds| Everyone::of(crowds, self.hash_bits));
        let before = sides[0].size() + sides[1].size();
        let (pairs, gone) = pairs(&sides);
        pairs.iter().try_for_each(|pair| met.push(pair, self.scratch))?;
        let mut left = 0;
        for ((side, everyone), gone) in self.waiting.iter().zip(sides).zip(gone) {
            let crowds = everyone.without(gone);
            left += crowds.iter().map(Crowd::size).sum::<usize>();
            locked(side).extend(crowds);
        }
        self.held.fetch_sub(before - left, Ordering::Relaxed);
        Ok(before - left)
    }

    /// Puts aside those who wait.
    fn dismiss(&self) -> Result<(), CompareError> {
        for (side, waiting) in [Side::Control, Side::Candidate].into_iter().zip(&self.waiting) {
            for crowd in std::mem::take(&mut *locked(waiting)) {
                for (id, entry) in crowd.entries() {
                    let partition = Partitions::of(id, 0);
                    self.leave(side, Some(id), partition, |out| out.extend_from_slice(entry.packed))?;
                }
                self.held.fetch_sub(crowd.size(), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn leave(
        &self,
        side: Side,
        id: Option<u64>,
        partition: usize,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), CompareError> {
        let mut left = locked(&self.left[side as usize]);
        if let Some(id) = id {
            push_id(&mut left.ids, id, self.scratch)?;
        }
        left.entries.push(partition, self.scratch, pack)
    }
}

impl Arrivals<'_, '_> {
    /// An event arrives: it waits for its partner, or is put aside where it can have none yet.
    pub fn arrive(
        &mut self,
        head: &Head,
        id: &[u8],
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), CompareError> {
        let hash = xxh3_64(id);
        let stays_away = id.is_empty()
            || head.is(Head::MARGIN | Head::AMBIGUOUS)
            || Met::of(head).is_none()
            || self.meeting.has_given_up();
        if stays_away {
            let route = if id.is_empty() { head.hash } else { hash };
            let id = (!id.is_empty()).then_some(hash);
            self.meeting.leave(self.side, id, Partitions::of(route, 0), pack)?;
        } else {
            self.crowd.push(hash, pack);
        }
        self.events += 1;
        if self.events < STEP && self.crowd.size() < STEP_BYTES {
            return Ok(());
        }
        let next = Crowd::like(&self.crowd);
        let crowd = std::mem::replace(&mut self.crowd, next);
        self.join(crowd);
        self.meeting.relieve()?;
        self.meeting.pace.advance(self.side, std::mem::take(&mut self.events) as u64);
        Ok(())
    }

    /// Lets those who have arrived join those who wait.
    fn join(&self, crowd: Crowd) {
        self.meeting.held.fetch_add(crowd.size(), Ordering::Relaxed);
        locked(&self.meeting.waiting[self.side as usize]).push(crowd);
    }
}

impl Drop for Arrivals<'_, '_> {
    fn drop(&mut self) {
        let crowd = std::mem::take(&mut self.crowd);
        self.join(crowd);
        self.meeting.pace.end(self.side);
    }
}
