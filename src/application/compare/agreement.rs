//! Whether two events with the same base agree in the fields that are kept aside.
//!
//! A bare record (of the legacy side) that lacks a one-sided field says nothing about it: the other
//! side may carry it, with its declared default where there is one. A bare record that has the field
//! speaks about it, and the other side must say the same.

use super::content::{Fields, LEGACY_EVENT_ID};
use super::entry::Entry;

/// How two events agree in what is kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreement {
    Agrees,
    /// But for these fields, which a rule disregards: a bit each, in the order of the rules.
    Ignoring(u64),
    Differs,
}

/// Says how two events agree in what is kept aside.
pub(super) fn agreement(one: &Entry<'_>, other: &Entry<'_>, fields: &Fields) -> Agreement {
    if one.aside == other.aside && one.is_bare() == other.is_bare() {
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
    (one, left): (&Entry<'_>, Option<&[u8]>),
    (other, right): (&Entry<'_>, Option<&[u8]>),
    fields: &Fields,
) -> bool {
    if one.is_bare() == other.is_bare() {
        return false;
    }
    if field == LEGACY_EVENT_ID {
        return true;
    }
    let (bare, full) = if one.is_bare() { (left, right) } else { (right, left) };
    bare.is_none() && is_default(field, full, fields)
}

/// Whether a value is one that may stand where the other side lacks the field.
pub(super) fn is_default(field: usize, value: Option<&[u8]>, fields: &Fields) -> bool {
    match (&fields.defaults[field], value) {
        (Some(default), Some(value)) => default == value,
        _ => true,
    }
}

/// What two events must have in common, apart from their base, to agree: equal keys, and only they, agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Both are bare, or neither is.
    Alike,
    /// One is bare and speaks about exactly these one-sided fields: a bit each.
    Spoken(u64),
}

impl Scope {
    /// The fields that a bare event speaks about.
    pub fn of(bare: &Entry<'_>, fields: &Fields) -> u64 {
        let present = bare.fields().enumerate().skip(1).take(fields.one_sided);
        present.filter(|(_, value)| value.is_some()).fold(0, |spoken, (field, _)| spoken | 1 << field.min(63))
    }

    /// The key of an event in this scope.
    pub fn key(self, entry: &Entry<'_>, fields: &Fields, with_ignored: bool, key: &mut Vec<u8>) {
        key.clear();
        for (field, value) in entry.fields().enumerate() {
            let is_compared = match self {
                _ if field >= fields.ignored_from() => with_ignored,
                Self::Alike => true,
                Self::Spoken(_) if field == LEGACY_EVENT_ID => false,
                Self::Spoken(spoken) if spoken & 1 << field.min(63) == 0 => {
                    key.push(u8::from(is_default(field, value, fields)));
                    false
                }
                Self::Spoken(_) => true,
            };
            if is_compared {
                let length = value.map_or(u32::MAX, |value| value.len() as u32);
                key.extend_from_slice(&length.to_le_bytes());
                key.extend_from_slice(value.unwrap_or_default());
            }
        }
    }
}
