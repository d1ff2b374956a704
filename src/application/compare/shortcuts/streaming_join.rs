//! Pairs events of both sides while both are being read.
//!
//! What both sides say of one event mostly stands at about the same place of both logs. Where both give
//! it one id, the two events are found to be the same long before everything was read, and only the pair
//! is kept, not its events. Both sides are read at the same pace for that. An event that finds no partner
//! in time is put aside for the stages.
//!
//! # Locks
//!
//! In this order, and never the other way round: `pairs`, then one of `waiting` or one of `spilled`, then
//! the temporary file. `waiting` is held only to take or to add batches. The throttle waits without a lock
//! of the join.
//!
//! The atomics are `Relaxed`: each is a figure on which a thread decides whether to look closer, and a
//! stale one only makes it look earlier or later. What they speak of, the batches, is reached through the
//! mutexes alone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use xxhash_rust::xxh3::xxh3_64;

use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::{EventHead, Side};
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};
use crate::application::compare::spill::threads::locked;

use super::join_buffer::{EventBatch, JoinSide, join};
use super::joined_pair::JoinedEvent;
use super::joined_pairs::{JoinedPairs, push_id};
use super::read_throttle::ReadThrottle;

/// Events are handed over in batches of so many, or of fewer that are this many bytes.
const BATCH_EVENTS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// Events wait only where one in so many bytes of them finds its partner meanwhile. Where fewer do, as with a shuffled
/// side, keeping an event, looking for its partner and putting it aside after all takes longer than putting it aside at
/// once.
const WORTH_WAITING: usize = 4;

/// The join of two sides that are being read.
pub(crate) struct StreamingJoin<'m> {
    scratch: &'m SharedScratch,
    /// As much of the hash of an id as is used.
    hash_mask: u64,
    /// Bytes of events that may wait for their partners.
    limit: usize,
    /// With fewer of them, pairs are not looked for.
    worthwhile: usize,
    /// The events that wait for their partners.
    waiting: [Mutex<Vec<EventBatch>>; 2],
    /// How many bytes they hold.
    held: AtomicUsize,
    /// From so many on, a thread looks for pairs.
    threshold: AtomicUsize,
    /// Too few pairs were found: events no longer wait.
    given_up: AtomicBool,
    throttle: ReadThrottle,
    /// The events that do not wait any more.
    spilled: [Mutex<Spilled>; 2],
    /// Held by the thread that looks for pairs.
    pairs: Mutex<JoinedPairs>,
}

/// Events of one side that do not wait any more, and the hashes of their ids.
struct Spilled {
    events: Partitions,
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
    pub fn new(context: &'m Context<'_>) -> Self {
        let budget = &context.budget;
        let limit = budget.join_waiting();
        let spilled = || Spilled {
            events: Partitions::new(budget.join_spilled_events()),
            ids: Partitions::new(budget.join_spilled_ids()),
        };
        Self {
            scratch: &context.scratch,
            hash_mask: context.hash_mask(),
            limit,
            worthwhile: budget.join_worthwhile(),
            waiting: [(); 2].map(|()| Mutex::default()),
            held: AtomicUsize::new(0),
            threshold: AtomicUsize::new(budget.join_worthwhile()),
            given_up: AtomicBool::new(false),
            throttle: ReadThrottle::default(),
            spilled: [(); 2].map(|()| Mutex::new(spilled())),
            pairs: Mutex::new(JoinedPairs::new(budget)),
        }
    }

    /// Begins to read a side. Both must be begun before one of them is read.
    pub fn input(&self, side: Side) -> JoinInput<'_, 'm> {
        JoinInput { join: self, side, events: 0, batch: EventBatch::default() }
    }

    /// Ends the join: the events without a partner, control first, and the pairs.
    pub fn end(self) -> Result<([Partitions; 2], JoinedPairs), CompareError> {
        self.match_waiting(&mut locked(&self.pairs))?;
        self.spill_waiting()?;
        let mut pairs = self.pairs.into_inner().unwrap_or_else(PoisonError::into_inner);
        let spilled = self.spilled.map(|side| side.into_inner().unwrap_or_else(PoisonError::into_inner));
        let [(control, control_ids), (candidate, candidate_ids)] =
            spilled.map(|side| (side.events, side.ids));
        pairs.set_other_ids([control_ids, candidate_ids]);
        Ok(([control, candidate], pairs))
    }

    /// Looks for pairs where many events wait, unless another thread does so already.
    fn match_if_full(&self) -> Result<(), CompareError> {
        if self.held.load(Ordering::Relaxed) <= self.threshold.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut pairs = match self.pairs.try_lock() {
            Ok(pairs) => pairs,
            Err(TryLockError::Poisoned(pairs)) => pairs.into_inner(),
            // While more events wait than may, no side is read on, however long the other thread takes.
            Err(TryLockError::WouldBlock) if self.held.load(Ordering::Relaxed) > self.limit => {
                locked(&self.pairs)
            }
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let before = self.held.load(Ordering::Relaxed);
        let matched = self.match_waiting(&mut pairs)?;
        let left = before.saturating_sub(matched);
        self.threshold.store((left * 2).clamp(self.worthwhile, self.limit), Ordering::Relaxed);
        if left > self.limit / 2 {
            if matched < before / WORTH_WAITING {
                self.given_up.store(true, Ordering::Relaxed);
                self.throttle.lift();
            }
            self.spill_waiting()?;
        }
        Ok(())
    }

    fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Pairs the waiting events, and says how many bytes of them have a partner.
    fn match_waiting(&self, pairs: &mut JoinedPairs) -> Result<usize, CompareError> {
        let waiting = self.waiting.each_ref().map(|side| std::mem::take(&mut *locked(side)));
        let sides = waiting.map(|batches| JoinSide::of(batches, self.hash_mask));
        let before = sides[0].size() + sides[1].size();
        let (joined, matched) = join(&sides);
        joined.iter().try_for_each(|pair| pairs.push(pair, self.scratch))?;
        let mut left = 0;
        for ((side, of_side), matched) in self.waiting.iter().zip(sides).zip(matched) {
            let batches = of_side.without(matched);
            left += batches.iter().map(EventBatch::size).sum::<usize>();
            locked(side).extend(batches);
        }
        self.held.fetch_sub(before - left, Ordering::Relaxed);
        Ok(before - left)
    }

    /// Puts all waiting events aside.
    fn spill_waiting(&self) -> Result<(), CompareError> {
        for (side, waiting) in [Side::Control, Side::Candidate].into_iter().zip(&self.waiting) {
            for batch in std::mem::take(&mut *locked(waiting)) {
                for (id, event) in batch.events() {
                    let partition = Partitions::of(id, 0);
                    self.spill(side, Some(id), partition, |out| out.extend_from_slice(event.packed))?;
                }
                self.held.fetch_sub(batch.size(), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn spill(
        &self,
        side: Side,
        id: Option<u64>,
        partition: usize,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), CompareError> {
        let mut spilled = locked(&self.spilled[side as usize]);
        if let Some(id) = id {
            push_id(&mut spilled.ids, id, self.scratch)?;
        }
        spilled.events.push(partition, self.scratch, pack)
    }
}

impl JoinInput<'_, '_> {
    /// Takes an event: it waits for its partner, or is put aside where it cannot be paired yet.
    pub fn push(
        &mut self,
        head: &EventHead,
        id: &[u8],
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), CompareError> {
        let hash = xxh3_64(id);
        let cannot_wait = id.is_empty()
            || head.is(EventHead::NEAR_BOUNDARY | EventHead::AMBIGUOUS | EventHead::REPAIRED)
            || JoinedEvent::of(head).is_none()
            || self.join.has_given_up();
        if cannot_wait {
            let route = if id.is_empty() { head.hash } else { hash };
            let id = (!id.is_empty()).then_some(hash);
            self.join.spill(self.side, id, Partitions::of(route, 0), pack)?;
        } else {
            self.batch.push(hash, pack);
        }
        self.events += 1;
        if self.events < BATCH_EVENTS && self.batch.size() < BATCH_BYTES {
            return Ok(());
        }
        let next = EventBatch::with_room_of(&self.batch);
        let batch = std::mem::replace(&mut self.batch, next);
        self.add(batch);
        self.join.match_if_full()?;
        self.join.throttle.advance(self.side, std::mem::take(&mut self.events) as u64);
        Ok(())
    }

    /// Adds events to those that wait.
    fn add(&self, batch: EventBatch) {
        self.join.held.fetch_add(batch.size(), Ordering::Relaxed);
        locked(&self.join.waiting[self.side as usize]).push(batch);
    }
}

impl Drop for JoinInput<'_, '_> {
    fn drop(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.add(batch);
        self.join.throttle.end(self.side);
    }
}
