//! Where the events of both sides meet while they are being read.
//!
//! What both sides say of one event mostly stands at about the same place of both logs. Where both give
//! it one id, the two find each other long before everything was read, and not the events have to be put
//! aside but only that they met. Sides are read at one pace for that. Whoever has not met his partner in
//! time is put aside, as everybody is where nobody joins.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use xxhash_rust::xxh3::xxh3_64;

use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::{EventHead, Side};
use crate::application::compare::shortcuts::join_buffer::{EventBatch, JoinSide, pairs};
use crate::application::compare::shortcuts::joined_pairs::{JoinedEvent, JoinedPairs, push_id};
use crate::application::compare::shortcuts::read_throttle::ReadThrottle;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch, locked};
use crate::application::compare::stages::matching::BothSides;

/// So many events come at a time, or fewer that are this many bytes.
const STEP: usize = 1024;
const STEP_BYTES: usize = 1 << 20;
/// It pays to look for partners among so many bytes of events.
const WORTHWHILE: usize = 24 << 20;

pub(crate) struct StreamingJoin<'m> {
    scratch: &'m SharedScratch,
    /// How many bits of the hash of an id are used.
    hash_bits: u32,
    /// Bytes of events that may wait for their partners.
    limit: usize,
    /// Those who wait.
    waiting: [Mutex<Vec<EventBatch>>; 2],
    /// How many bytes they are.
    held: AtomicUsize,
    /// From so many on somebody looks for partners.
    threshold: AtomicUsize,
    /// Too few have met: nobody waits any more.
    given_up: AtomicBool,
    pace: ReadThrottle,
    /// Those who did not wait.
    left: [Mutex<Left>; 2],
    /// Held by whoever looks for partners.
    met: Mutex<JoinedPairs>,
}

/// Those of one side who did not wait, and the hashes of their ids.
struct Left {
    entries: Partitions,
    ids: Partitions,
}

/// One side of a join, for as long as it is read.
pub(crate) struct JoinInput<'a, 'm> {
    join: &'a StreamingJoin<'m>,
    side: Side,
    events: usize,
    batch: EventBatch,
}

impl<'m> StreamingJoin<'m> {
    /// A join that may hold `memory` bytes.
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
            pace: ReadThrottle::default(),
            left: [(); 2].map(|()| {
                Mutex::new(Left { entries: Partitions::new(memory / 16), ids: Partitions::new(memory / 128) })
            }),
            met: Mutex::new(JoinedPairs::new(memory / 16)),
        }
    }

    /// Begins to read a side. Both must be begun before one of them is read.
    pub fn input(&self, side: Side) -> JoinInput<'_, 'm> {
        JoinInput { join: self, side, events: 0, batch: EventBatch::default() }
    }

    /// Ends the join: those who have met nobody, and the pairs.
    pub fn end(self) -> Result<(BothSides, JoinedPairs), CompareError> {
        self.match_waiting(&mut locked(&self.met))?;
        self.spill_waiting()?;
        let mut met = self.met.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left = self.left.map(|side| side.into_inner().unwrap_or_else(PoisonError::into_inner));
        let [(control, control_ids), (candidate, candidate_ids)] = left.map(|side| (side.entries, side.ids));
        met.other_ids = [control_ids, candidate_ids];
        Ok(([control, candidate], met))
    }

    /// Looks for partners where many wait, if nobody does so already.
    fn match_if_full(&self) -> Result<(), CompareError> {
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
        let matched = self.match_waiting(&mut met)?;
        let left = before.saturating_sub(matched);
        self.threshold.store((left * 2).clamp(WORTHWHILE.min(self.limit), self.limit), Ordering::Relaxed);
        if left > self.limit / 2 {
            if matched < before / 8 {
                self.given_up.store(true, Ordering::Relaxed);
                self.pace.lift();
            }
            self.spill_waiting()?;
        }
        Ok(())
    }

    fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Lets those who wait find their partners, and says how many bytes of events have.
    fn match_waiting(&self, met: &mut JoinedPairs) -> Result<usize, CompareError> {
        let waiting = self.waiting.each_ref().map(|side| std::mem::take(&mut *locked(side)));
        let sides = waiting.map(|batches| JoinSide::of(batches, self.hash_bits));
        let before = sides[0].size() + sides[1].size();
        let (pairs, matched) = pairs(&sides);
        pairs.iter().try_for_each(|pair| met.push(pair, self.scratch))?;
        let mut left = 0;
        for ((side, join_side), matched) in self.waiting.iter().zip(sides).zip(matched) {
            let batches = join_side.without(matched);
            left += batches.iter().map(EventBatch::size).sum::<usize>();
            locked(side).extend(batches);
        }
        self.held.fetch_sub(before - left, Ordering::Relaxed);
        Ok(before - left)
    }

    /// Puts aside those who wait.
    fn spill_waiting(&self) -> Result<(), CompareError> {
        for (side, waiting) in [Side::Control, Side::Candidate].into_iter().zip(&self.waiting) {
            for batch in std::mem::take(&mut *locked(waiting)) {
                for (id, entry) in batch.entries() {
                    let partition = Partitions::of(id, 0);
                    self.leave(side, Some(id), partition, |out| out.extend_from_slice(entry.packed))?;
                }
                self.held.fetch_sub(batch.size(), Ordering::Relaxed);
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

impl JoinInput<'_, '_> {
    /// An event arrives: it waits for its partner, or is put aside where it can have none yet.
    pub fn push(
        &mut self,
        head: &EventHead,
        id: &[u8],
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), CompareError> {
        let hash = xxh3_64(id);
        let stays_away = id.is_empty()
            || head.is(EventHead::NEAR_BOUNDARY | EventHead::AMBIGUOUS)
            || JoinedEvent::of(head).is_none()
            || self.join.has_given_up();
        if stays_away {
            let route = if id.is_empty() { head.hash } else { hash };
            let id = (!id.is_empty()).then_some(hash);
            self.join.leave(self.side, id, Partitions::of(route, 0), pack)?;
        } else {
            self.batch.push(hash, pack);
        }
        self.events += 1;
        if self.events < STEP && self.batch.size() < STEP_BYTES {
            return Ok(());
        }
        let next = EventBatch::like(&self.batch);
        let batch = std::mem::replace(&mut self.batch, next);
        self.join(batch);
        self.join.match_if_full()?;
        self.join.pace.advance(self.side, std::mem::take(&mut self.events) as u64);
        Ok(())
    }

    /// Lets those who have arrived join those who wait.
    fn join(&self, batch: EventBatch) {
        self.join.held.fetch_add(batch.size(), Ordering::Relaxed);
        locked(&self.join.waiting[self.side as usize]).push(batch);
    }
}

impl Drop for JoinInput<'_, '_> {
    fn drop(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.join(batch);
        self.join.pace.end(self.side);
    }
}
