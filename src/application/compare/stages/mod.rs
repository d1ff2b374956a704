//! The stages in which events find their partners, one rule a file, each over partitions that fit into
//! memory. What a stage leaves goes to the next one; what the last one leaves has no partner.

mod across_keys;
mod by_id;
mod changed_fields;
mod group;
mod key;
mod member_record;
mod memory_group;
mod partition_matching;
mod resemblance;
mod same_content;
mod same_readings;
mod spilled_group;
mod spilled_partition;
mod stage;
mod stage_output;
mod two_pointer;

use across_keys::AcrossKeys;
use by_id::ById;
use changed_fields::ChangedFields;
use key::Key;
use resemblance::Resemblance;
use same_content::SameContent;
use same_readings::SameReadings;

pub(crate) use partition_matching::match_events;
pub(crate) use stage::Stage;

/// The stages in their order.
pub(crate) const STAGES: [&dyn Stage; 6] = [
    &ById,
    &SameContent,
    &SameReadings,
    &AcrossKeys(Key::AggregateAndContent),
    &AcrossKeys(Key::TypeAndContent),
    &ChangedFields,
];

/// What follows them where the pairs themselves are asked for: it notes what resembles each other.
pub(crate) const RESEMBLANCES: [&dyn Stage; 4] = [
    &Resemblance(Key::TypeAndAggregate),
    &Resemblance(Key::AggregateAndContent),
    &Resemblance(Key::TypeAndContent),
    &Resemblance(Key::Content),
];
