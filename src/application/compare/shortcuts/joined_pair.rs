//! What is kept of a pair that was joined while both sides were read.

use xxhash_rust::xxh3::xxh3_64;

use crate::application::compare::reading::packed_event::{EventHead, PackedEvent};
use crate::wire::record::Record;

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
    pub const PACKED: usize = 64;
    const HAS_AGGREGATE: u64 = 1;
    const IS_RESPELLED: u64 = 2;
    const FLAG_BITS: u32 = 2;
    /// How many bits of the hash of its content are kept: as many as there is room for.
    const CONTENT_BITS: u32 = 30;

    /// `None` where a place is too large to be kept.
    pub fn of(one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> Option<Self> {
        Some(Self {
            id: xxh3_64(one.id),
            aggregate: one.aggregate.map(xxh3_64),
            control: JoinedEvent::of(&one.head)?,
            candidate: JoinedEvent::of(&other.head)?,
            event_type: one.head.event_type,
            is_respelled: one.head.lexical_fingerprint != other.head.lexical_fingerprint,
            content: Self::content_of(&one.head),
        })
    }

    /// What is kept of the hash of a content.
    fn content_of(head: &EventHead) -> u32 {
        head.hash as u32 & ((1 << Self::CONTENT_BITS) - 1)
    }

    pub fn packed(&self) -> [u8; Self::PACKED] {
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

    pub fn unpacked(packed: &[u8; Self::PACKED]) -> Self {
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

/// An event that is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RereadEvent {
    pub event: JoinedEvent,
    /// The hash of its id.
    id: u64,
    /// See [`JoinedPair::content`].
    content: u32,
}

impl RereadEvent {
    pub fn new(event: JoinedEvent, pair: &JoinedPair) -> Self {
        Self { event, id: pair.id, content: pair.content }
    }

    /// Feed and offset.
    pub fn place(&self) -> (u32, u64) {
        EventHead::place_of(self.event.ordinal)
    }

    /// Whether what stands in its place is still that event.
    pub fn is(&self, record: &Record<'_>, head: &EventHead) -> bool {
        record.event_id.as_deref().is_some_and(|id| xxh3_64(id.as_bytes()) == self.id)
            && head.at == self.event.at
            && JoinedPair::content_of(head) == self.content
    }
}
