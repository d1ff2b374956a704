//! The keys by which the stages of the matching bring events together.

use std::cmp::Ordering;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::application::compare::reading::packed_event::PackedEvent;

/// The key by which a stage brings events together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Id,
    TypeAggregateAndContent,
    AggregateAndContent,
    TypeAndContent,
    Content,
    TypeAndAggregate,
}

impl Key {
    pub fn hash(self, entry: &PackedEvent<'_>) -> u64 {
        let event_type = u64::from(entry.head.event_type);
        let aggregate = || entry.aggregate.map_or(1, xxh3_64);
        match self {
            Self::Id if entry.id.is_empty() => entry.head.hash,
            Self::Id => xxh3_64(entry.id),
            Self::TypeAggregateAndContent => entry.head.hash,
            Self::AggregateAndContent => xxh3_64_with_seed(entry.shared_content, aggregate()),
            Self::TypeAndContent => xxh3_64_with_seed(entry.shared_content, event_type),
            Self::Content => xxh3_64(entry.shared_content),
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
            Self::TypeAggregateAndContent => contents().then_with(aggregates).then_with(types),
            Self::AggregateAndContent => contents().then_with(aggregates),
            Self::TypeAndContent => contents().then_with(types),
            Self::Content => contents(),
            Self::TypeAndAggregate => aggregates().then_with(types),
        }
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
