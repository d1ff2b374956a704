//! The keys by which the stages of the matching bring events together.

use std::cmp::Ordering;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::application::compare::reading::packed_event::PackedEvent;

/// The key by which a stage brings events together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Id,
    /// Type, aggregate and base.
    Content,
    AggregateAndBase,
    TypeAndBase,
    Base,
    TypeAndAggregate,
}

impl Key {
    pub fn hash(self, entry: &PackedEvent<'_>) -> u64 {
        let event_type = u64::from(entry.head.event_type);
        let aggregate = || entry.aggregate.map_or(1, xxh3_64);
        match self {
            Self::Id if entry.id.is_empty() => entry.head.hash,
            Self::Id => xxh3_64(entry.id),
            Self::Content => entry.head.hash,
            Self::AggregateAndBase => xxh3_64_with_seed(entry.shared_content, aggregate()),
            Self::TypeAndBase => xxh3_64_with_seed(entry.shared_content, event_type),
            Self::Base => xxh3_64(entry.shared_content),
            Self::TypeAndAggregate => xxh3_64_with_seed(&event_type.to_le_bytes(), aggregate()),
        }
    }

    /// Compares what the hash was made of: equality is confirmed on bytes.
    pub fn compare(self, one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> Ordering {
        let types = || one.head.event_type.cmp(&other.head.event_type);
        let aggregates = || one.aggregate.cmp(&other.aggregate);
        let contents = || one.shared_content.cmp(other.shared_content);
        match self {
            Self::Id => one.id.cmp(other.id),
            Self::Content => contents().then_with(aggregates).then_with(types),
            Self::AggregateAndBase => contents().then_with(aggregates),
            Self::TypeAndBase => contents().then_with(types),
            Self::Base => contents(),
            Self::TypeAndAggregate => aggregates().then_with(types),
        }
    }
}

/// Which key the stage after this one routes by.
pub(crate) fn next_key(key: Key) -> Key {
    match key {
        Key::Id => Key::Content,
        Key::Content => Key::AggregateAndBase,
        Key::AggregateAndBase => Key::TypeAndBase,
        Key::TypeAndBase => Key::Base,
        Key::Base | Key::TypeAndAggregate => Key::TypeAndAggregate,
    }
}

/// An event with the hash of its key.
#[derive(Clone, Copy)]
pub(crate) struct Keyed<'e, 'b> {
    pub hash: u64,
    pub entry: &'e PackedEvent<'b>,
}

/// Orders by the hash, and where that is the same, by what it was made of.
pub(crate) fn compare(key: Key, one: &Keyed<'_, '_>, other: &Keyed<'_, '_>) -> Ordering {
    one.hash.cmp(&other.hash).then_with(|| key.compare(one.entry, other.entry))
}
