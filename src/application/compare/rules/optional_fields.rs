//! Whether two events with the same content agree in their optional fields: those that a profile
//! expects on one side only, and those that it ignores.
//!
//! A record of the legacy shape that lacks a one-sided field states nothing about it: the other side
//! may carry it, with its declared default where there is one. A record of the legacy shape that has
//! the field states its value, and the other side must have the same.

use crate::application::compare::reading::content::{Fields, LEGACY_EVENT_ID};
use crate::application::compare::reading::packed_event::PackedEvent;

use super::field_set::FieldSet;

/// How two events agree in their optional fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Agreement {
    Agrees,
    /// But for fields that these rules disregard, numbered in the order of the profile.
    Ignoring(FieldSet),
    Differs,
}

/// Says how two events agree in their optional fields.
pub(crate) fn agreement(one: &PackedEvent<'_>, other: &PackedEvent<'_>, fields: &Fields) -> Agreement {
    if one.optional_fields == other.optional_fields && one.is_legacy_shape() == other.is_legacy_shape() {
        return Agreement::Agrees;
    }
    let mut ignoring = FieldSet::default();
    for (field, (left, right)) in one.fields().zip(other.fields()).enumerate() {
        if left == right {
            continue;
        }
        if field >= fields.ignored_from() {
            ignoring.insert(field - fields.ignored_from());
        } else if !is_expected(field, (one, left), (other, right), fields) {
            return Agreement::Differs;
        }
    }
    if ignoring.is_empty() { Agreement::Agrees } else { Agreement::Ignoring(ignoring) }
}

/// Whether a field that differs is one that one side may lack.
fn is_expected(
    field: usize,
    (one, left): (&PackedEvent<'_>, Option<&[u8]>),
    (other, right): (&PackedEvent<'_>, Option<&[u8]>),
    fields: &Fields,
) -> bool {
    if one.is_legacy_shape() == other.is_legacy_shape() {
        return false;
    }
    if field == LEGACY_EVENT_ID {
        return true;
    }
    let (legacy, full) = if one.is_legacy_shape() { (left, right) } else { (right, left) };
    legacy.is_none() && is_default(field, full, fields)
}

/// Whether a value is one that may stand where the other side lacks the field.
pub(crate) fn is_default(field: usize, value: Option<&[u8]>, fields: &Fields) -> bool {
    match (&fields.defaults[field], value) {
        (Some(default), Some(value)) => default == value,
        _ => true,
    }
}

/// The one-sided fields whose values an event of the legacy shape states.
pub(crate) fn stated_fields(legacy: &PackedEvent<'_>, fields: &Fields) -> FieldSet {
    let mut stated = FieldSet::default();
    let present = legacy.fields().enumerate().skip(1).take(fields.one_sided);
    present.filter(|(_, value)| value.is_some()).for_each(|(field, _)| stated.insert(field));
    stated
}

/// What two events must have in common, apart from their content, to agree: equal keys, and only they,
/// agree. By the keys of a scope many events are paired at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Both are of the legacy shape, or neither is.
    SameShape,
    /// One is of the legacy shape and states the values of exactly these one-sided fields.
    AcrossShapes(FieldSet),
}

impl Scope {
    /// Whether an event of the legacy shape states the values of exactly the fields that this scope is of.
    pub fn is_stated_by(&self, legacy: &PackedEvent<'_>, fields: &Fields) -> bool {
        let Self::AcrossShapes(stated) = self else { return true };
        let mut present = legacy.fields().enumerate().skip(1).take(fields.one_sided);
        present.all(|(field, value)| stated.contains(field) == value.is_some())
    }

    /// Appends the key of an event in this scope; two that agree only but for ignored fields have equal
    /// keys without them.
    pub fn key(&self, event: &PackedEvent<'_>, fields: &Fields, with_ignored: bool, key: &mut Vec<u8>) {
        for (field, value) in event.fields().enumerate() {
            let is_compared = match self {
                _ if field >= fields.ignored_from() => with_ignored,
                Self::SameShape => true,
                Self::AcrossShapes(_) if field == LEGACY_EVENT_ID => false,
                Self::AcrossShapes(stated) if !stated.contains(field) => {
                    key.push(u8::from(is_default(field, value, fields)));
                    false
                }
                Self::AcrossShapes(_) => true,
            };
            if is_compared {
                let length = value.map_or(u32::MAX, |value| value.len() as u32);
                key.extend_from_slice(&length.to_le_bytes());
                key.extend_from_slice(value.unwrap_or_default());
            }
        }
    }
}
