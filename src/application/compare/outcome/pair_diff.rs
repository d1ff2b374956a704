//! What differs between the two events of a pair.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::reading::content::{Fields, LEGACY_EVENT_ID};
use crate::application::compare::report::{Cause, Class};
use crate::application::compare::rules::optional_fields::{is_default, may_lack, where_lacking};
use crate::application::compare::rules::repeated_times::near;

use super::field_diff::{FieldDifference, differing_fields};

/// What differs between the two events of a pair: the envelope first, then the content, then the optional
/// fields.
pub(crate) fn differences_of_pair(
    class: Class,
    control: &TimedEvent<'_>,
    candidate: &TimedEvent<'_>,
    fields: &Fields,
) -> Vec<FieldDifference> {
    let near = near(control, candidate);
    let (one, other) = (&control.entry, &candidate.entry);
    let mut found = Vec::new();
    let mut differs = |path: &str, cause| found.push(FieldDifference { path: path.to_owned(), cause });
    if one.head.event_type != other.head.event_type {
        differs("event_type", Cause::Real);
    }
    if one.aggregate != other.aggregate {
        differs("aggregate_id", Cause::Real);
    }
    if class == Class::TimeShifted {
        differs("timestamp", Cause::ClockOrZone);
    }
    found.extend(differing_fields(&[one.shared_content], &[other.shared_content], &fields.zone, near));
    let is_across_shapes = one.is_legacy_shape() != other.is_legacy_shape();
    let lacking = may_lack(one, other, fields);
    for (field, (left, right)) in one.fields().zip(other.fields()).enumerate() {
        if left == right || (is_across_shapes && field == LEGACY_EVENT_ID) {
            continue;
        }
        let name = &fields.optional_fields[field];
        let expected = lacking.filter(|_| field < fields.ignored_from() && field != LEGACY_EVENT_ID);
        if let Some(value) = where_lacking(expected, [left, right]) {
            if !is_default(field, value, fields, near[usize::from(left.is_none())]) {
                found.push(FieldDifference { path: name.clone(), cause: Cause::DeclaredDefault });
            }
            continue;
        }
        // The canonical object that has this field alone, or nothing.
        let object = |value: Option<&[u8]>| match value {
            Some(value) => [format!("{{s{}:{name}", name.len()).as_bytes(), value, b"}"].concat(),
            None => b"{}".to_vec(),
        };
        found.extend(differing_fields(&[&object(left)], &[&object(right)], &fields.zone, near));
    }
    found
}
