//! Pairs that met while both sides were being read: their events were the same, under one id.
//!
//! Two things can only be told when everything was read: whether nobody else has that id, and whether
//! their times are near enough by both clocks. Pairs of which both is true are matched. The events of
//! the others are read again, and find their partners as all others do.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_64;

use crate::wire::record::Record;

use crate::application::compare::clock::correction::ClockCorrection;
use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::order::PlacedPair;
use crate::application::compare::outcome::tally::Tally;
use crate::application::compare::reading::packed_event::{EventHead, Side};
use crate::application::compare::settings::Settings;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch, share};

/// What is kept of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JoinedPair {
    /// The hash of the id.
    pub id: u64,
    /// The hash of the aggregate.
    pub aggregate: Option<u64>,
    pub control: JoinedEvent,
    pub candidate: JoinedEvent,
    /// The number of the type.
    pub event_type: u32,
    /// The two are spelled in different ways.
    pub is_respelled: bool,
    /// The lowest bits of [`EventHead::hash`], which both have in common.
    pub content: u32,
}

/// One event of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JoinedEvent {
    /// Microseconds since the epoch, by the clock of its side.
    pub at: i64,
    /// See [`EventHead::ordinal`].
    pub ordinal: u64,
    pub line: u32,
}

impl JoinedEvent {
    /// `None` where a place is too large to be kept.
    pub fn of(head: &EventHead) -> Option<Self> {
        let line = u32::try_from(head.line).ok()?;
        Some(Self { at: head.at, ordinal: head.exact_ordinal()?, line })
    }
}

impl JoinedPair {
    /// Its length, packed.
    const PACKED: usize = 64;
    const HAS_AGGREGATE: u64 = 1;
    const IS_RESPELLED: u64 = 2;
    const FLAG_BITS: u32 = 2;
    /// How many bits of the hash of its content are kept: as many as there is room for.
    const CONTENT_BITS: u32 = 30;

    /// What is kept of the hash of a content.
    pub fn content_of(head: &EventHead) -> u32 {
        head.hash as u32 & ((1 << Self::CONTENT_BITS) - 1)
    }

    fn packed(&self) -> [u8; Self::PACKED] {
        let Self { id, aggregate, control, candidate, event_type, is_respelled, content } = *self;
        let flags = u64::from(aggregate.is_some()) * Self::HAS_AGGREGATE
            + u64::from(is_respelled) * Self::IS_RESPELLED;
        let fields = [
            id,
            aggregate.unwrap_or_default(),
            control.at as u64,
            candidate.at as u64,
            control.ordinal,
            candidate.ordinal,
            u64::from(control.line) << 32 | u64::from(candidate.line),
            u64::from(event_type) << 32 | u64::from(content) << Self::FLAG_BITS | flags,
        ];
        let mut packed = [0; Self::PACKED];
        for (into, field) in packed.as_chunks_mut::<8>().0.iter_mut().zip(fields) {
            *into = field.to_le_bytes();
        }
        packed
    }

    fn unpacked(packed: &[u8; Self::PACKED]) -> Self {
        let (fields, _) = packed.as_chunks::<8>();
        let field = |index: usize| u64::from_le_bytes(fields[index]);
        let (lines, rest) = (field(6), field(7));
        Self {
            id: field(0),
            aggregate: (rest & Self::HAS_AGGREGATE != 0).then(|| field(1)),
            control: JoinedEvent { at: field(2) as i64, ordinal: field(4), line: (lines >> 32) as u32 },
            candidate: JoinedEvent { at: field(3) as i64, ordinal: field(5), line: lines as u32 },
            event_type: (rest >> 32) as u32,
            is_respelled: rest & Self::IS_RESPELLED != 0,
            content: rest as u32 >> Self::FLAG_BITS,
        }
    }
}

/// All pairs that met.
pub(crate) struct JoinedPairs {
    /// By their aggregates, as the order analysis needs them.
    pairs: Partitions,
    /// The hashes of their ids.
    ids: Partitions,
    /// Those of the ids of everybody else.
    pub other_ids: [Partitions; 2],
    /// Pairs that are none until it is known who else there is, by the ordinal of the control's event.
    rejected: HashSet<u64, RandomState>,
}

/// An event that is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RereadEvent {
    pub met: JoinedEvent,
    /// The hash of its id.
    id: u64,
    /// See [`JoinedPair::content`].
    content: u32,
}

impl RereadEvent {
    /// Feed and offset.
    pub fn place(&self) -> (u32, u64) {
        EventHead::place_of(self.met.ordinal)
    }

    /// Whether what stands in its place is still that event.
    pub fn is(&self, record: &Record<'_>, head: &EventHead) -> bool {
        record.event_id.as_deref().is_some_and(|id| xxh3_64(id.as_bytes()) == self.id)
            && head.at == self.met.at
            && JoinedPair::content_of(head) == self.content
    }
}

/// What became of the pairs.
pub(crate) struct Confirmation {
    /// How many were matched.
    pub matched: u64,
    /// The events of the others, control first, in the order of their places.
    pub rejected: [Vec<RereadEvent>; 2],
}

impl JoinedPairs {
    /// How many bytes of memory a pair takes that is rejected, at most.
    pub const REJECTED: usize = 256;

    /// Pairs that may hold `budget` bytes of memory.
    pub fn new(budget: usize) -> Self {
        Self {
            pairs: Partitions::new(budget / 8 * 7),
            ids: Partitions::new(budget / 8),
            other_ids: [(); 2].map(|()| Partitions::new(0)),
            rejected: HashSet::default(),
        }
    }

    pub fn push(&mut self, pair: &JoinedPair, scratch: &SharedScratch) -> Result<(), CompareError> {
        let by = pair.aggregate.unwrap_or(pair.id);
        self.pairs.push(Partitions::of(by, 0), scratch, |out| out.extend_from_slice(&pair.packed()))?;
        push_id(&mut self.ids, pair.id, scratch)
    }

    /// Counts the pairs that are matched, and says whose events are to be read again; `None` where those are
    /// more than `most`.
    pub fn confirm(
        &mut self,
        settings: &Settings,
        clock: &ClockModel,
        tallies: &mut [Tally<'_>],
        most: usize,
        scratch: &SharedScratch,
    ) -> Result<Option<Confirmation>, CompareError> {
        let Some(repeated) = self.repeated(tallies.len(), most, scratch)? else { return Ok(None) };
        struct Worker<'w, 't, 's> {
            tally: &'w mut Tally<'t>,
            corrector: ClockCorrection<'s>,
            matched: u64,
            rejected: Vec<JoinedPair>,
        }
        let mut workers: Vec<Worker<'_, '_, '_>> = tallies
            .iter_mut()
            .map(|tally| {
                let corrector = ClockCorrection::new(settings, clock);
                Worker { tally, corrector, matched: 0, rejected: Vec::new() }
            })
            .collect();
        let tolerance = crate::application::compare::micros(settings.tolerance).unsigned_abs();
        share(&mut workers, &|worker, partition| {
            let Worker { tally, corrector, matched, rejected } = worker;
            self.pairs.blocks(partition, scratch, &mut |block| {
                for pair in block.as_chunks().0.iter().map(JoinedPair::unpacked) {
                    let candidate_at = corrector.by_the_control(Side::Candidate, pair.candidate.at);
                    let is_matched = pair.control.at.abs_diff(candidate_at) <= tolerance
                        && !repeated.contains(&pair.id)
                        && !clock.exceeds_on(tally.day(pair.control.at));
                    if is_matched {
                        *matched += 1;
                        tally.met(&pair);
                    } else if rejected.len() <= most {
                        rejected.push(pair);
                    }
                }
                Ok(())
            })
        })?;
        let matched = workers.iter().map(|worker| worker.matched).sum();
        let rejected: Vec<JoinedPair> = workers.into_iter().flat_map(|worker| worker.rejected).collect();
        if rejected.len() > most {
            return Ok(None);
        }
        self.rejected = rejected.iter().map(|pair| pair.control.ordinal).collect();
        let events = [|pair: &JoinedPair| pair.control, |pair: &JoinedPair| pair.candidate].map(|of_side| {
            let events = rejected.iter().map(|pair| RereadEvent {
                met: of_side(pair),
                id: pair.id,
                content: pair.content,
            });
            let mut events: Vec<RereadEvent> = events.collect();
            events.sort_unstable_by_key(|event| event.met.ordinal);
            events
        });
        Ok(Some(Confirmation { matched, rejected: events }))
    }

    /// The hashes of ids that more than one pair has, or a pair and somebody else; `None` where those are
    /// more than `most`.
    fn repeated(
        &self,
        workers: usize,
        most: usize,
        scratch: &SharedScratch,
    ) -> Result<Option<HashSet<u64, RandomState>>, CompareError> {
        let mut found = vec![HashSet::default(); workers];
        share(&mut found, &|found: &mut HashSet<u64, RandomState>, partition| {
            if found.len() > most {
                return Ok(());
            }
            let mut pairs = ids_of(&self.ids, partition, scratch)?;
            pairs.sort_unstable();
            found.extend(pairs.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]));
            for others in &self.other_ids {
                let others = ids_of(others, partition, scratch)?;
                found.extend(others.into_iter().filter(|id| pairs.binary_search(id).is_ok()));
            }
            Ok(())
        })?;
        let found: HashSet<u64, RandomState> = found.into_iter().flatten().collect();
        Ok((found.len() <= most).then_some(found))
    }

    /// Adds the pairs of a partition that were matched to those of the order analysis.
    pub fn placed(
        &self,
        partition: usize,
        scratch: &SharedScratch,
        into: &mut Vec<(u64, PlacedPair)>,
    ) -> Result<(), CompareError> {
        self.pairs.blocks(partition, scratch, &mut |block| {
            let pairs = block.as_chunks().0.iter().map(JoinedPair::unpacked);
            into.extend(pairs.filter(|pair| !self.rejected.contains(&pair.control.ordinal)).filter_map(
                |pair| {
                    let (control, candidate) = (pair.control.ordinal, pair.candidate.ordinal);
                    Some((pair.aggregate?, PlacedPair { control, candidate, at: pair.control.at }))
                },
            ));
            Ok(())
        })
    }
}

/// Takes note of the hash of an id.
pub(crate) fn push_id(ids: &mut Partitions, id: u64, scratch: &SharedScratch) -> Result<(), CompareError> {
    ids.push(Partitions::of(id, 0), scratch, |out| out.extend_from_slice(&id.to_le_bytes()))
}

fn ids_of(ids: &Partitions, partition: usize, scratch: &SharedScratch) -> Result<Vec<u64>, CompareError> {
    let mut bytes = Vec::with_capacity(ids.size(partition));
    ids.load(partition, scratch, &mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|id| u64::from_le_bytes(*id)).collect())
}
