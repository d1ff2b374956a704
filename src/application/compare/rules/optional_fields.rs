//! Whether two events with the same base agree in the fields that are kept aside.
//!
//! A bare record (of the legacy side) that lacks a one-sided field says nothing about it: the other
//! side may carry it, with its declared default where there is one. A bare record that has the field
//! speaks about it, and the other side must say the same.

use crate::application::compare::reading::content::{Fields, LEGACY_EVENT_ID};
use crate::application::compare::reading::packed_event::PackedEvent;

/// How two events agree in what is kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    Agrees,
    /// But for these fields, which a rule disregards: a bit each, in the order of the rules.
    Ignoring(u64),
    Differs,
}

/// Says how two events agree in what is kept aside.
pub(crate) fn agreement(one: &PackedEvent<'_>, other: &PackedEvent<'_>, fields: &Fields) -> Agreement {
    if one.optional_fields == other.optional_fields && one.is_legacy_shape() == other.is_legacy_shape() {
        return Agreement::Agrees;
    }
    let mut ignoring = 0;
    for (field, (left, right)) in one.fields().zip(other.fields()).enumerate() {
        if field >= fields.ignored_from() {
            ignoring |= u64::from(left != right) << (field - fields.ignored_from()).min(63);
        } else if !(left == right || is_expected(field, (one, left), (other, right), fields)) {
            return Agreement::Differs;
        }
    }
    if ignoring == 0 { Agreement::Agrees } else { Agreement::Ignoring(ignoring) }
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
    let (legacy_shape, full) = if one.is_legacy_shape() { (left, right) } else { (right, left) };
    legacy_shape.is_none() && is_default(field, full, fields)
}

/// Whether a value is one that may stand where the other side lacks the field.
pub(crate) fn is_default(field: usize, value: Option<&[u8]>, fields: &Fields) -> bool {
    match (&fields.defaults[field], value) {
        (Some(default), Some(value)) => default == value,
        _ => true,
    }
}

/// What two events must have in common, apart from their base, to agree: equal keys, and only they, agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Both are bare, or neither is.
    Alike,
    /// One is bare and speaks about exactly these one-sided fields: a bit each.
    StatedFields(u64),
}

impl Scope {
    /// The fields that a bare event speaks about.
    pub fn of(legacy_shape: &PackedEvent<'_>, fields: &Fields) -> u64 {
        let present = legacy_shape.fields().enumerate().skip(1).take(fields.one_sided);
        present
            .filter(|(_, value)| value.is_some())
            .fold(0, |stated_fields, (field, _)| stated_fields | 1 << field.min(63))
    }

    /// The key of an event in this scope.
    pub fn key(self, entry: &PackedEvent<'_>, fields: &Fields, with_ignored: bool, key: &mut Vec<u8>) {
        key.clear();
        for (field, value) in entry.fields().enumerate() {
            let is_compared = match self {
                _ if field >= fields.ignored_from() => with_ignored,
                Self::Alike => true,
                Self::StatedFields(_) if field == LEGACY_EVENT_ID => false,
                Self::StatedFields(stated_fields) if stated_fields & 1 << field.min(63) == 0 => {
                    key.push(u8::from(is_default(field, value, fields)));
                    false
                }
                Self::StatedFields(_) => true,
            };
            if is_compared {
                let length = value.map_or(u32::MAX, |value| value.len() as u32);
                key.extend_from_slice(&length.to_le_bytes());
                key.extend_from_slice(value.unwrap_or_default());
            }
        }
    }
}
