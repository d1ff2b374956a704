//! Whether two events with the same content agree in their optional fields: those that a profile
//! expects on one side only, and those that it ignores.
//!
//! One event of a pair may lack one-sided fields: the one of the legacy shape, where the other has another shape; and
//! of one shape, that of the control, where the profile declares fields of its own. Where it lacks one it states nothing
//! about it: the other event may have the field, with its declared default where there is one. Where it has the field
//! it states its value, and the other event must have the same.

use crate::application::compare::reading::content::{Fields, LEGACY_EVENT_ID};
use crate::application::compare::reading::packed_event::{PackedEvent, Side};

use super::field_set::FieldSet;
use super::repeated_times::{Near, are_same};

/// How two events agree in their optional fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Agreement {
    Agrees,
    /// But for fields that these rules disregard, numbered in the order of the profile.
    Ignoring(FieldSet),
    Differs,
}

/// Which event of a pair may lack one-sided fields.
pub(crate) fn may_lack(
    control: &PackedEvent<'_>,
    candidate: &PackedEvent<'_>,
    fields: &Fields,
) -> Option<Side> {
    match (control.is_legacy_shape(), candidate.is_legacy_shape()) {
        (true, false) => Some(Side::Control),
        (false, true) => Some(Side::Candidate),
        _ => fields.are_declared.then_some(Side::Control),
    }
}

/// The value of a one-sided field where the event that may lack it does.
pub(crate) fn where_lacking(
    lacking: Option<Side>,
    [control, candidate]: [Option<&[u8]>; 2],
) -> Option<&[u8]> {
    match lacking? {
        Side::Control if control.is_none() => candidate,
        Side::Candidate if candidate.is_none() => control,
        Side::Control | Side::Candidate => None,
    }
}

/// Adds the one-sided fields that an event of a pair lacks and the other has.
pub(crate) fn note_needed(
    control: &PackedEvent<'_>,
    candidate: &PackedEvent<'_>,
    fields: &Fields,
    needed: &mut FieldSet,
) {
    let Some(lacking) = may_lack(control, candidate, fields) else { return };
    if needed.len() as usize == fields.one_sided {
        return;
    }
    let values = control.fields().zip(candidate.fields()).enumerate().skip(1).take(fields.one_sided);
    for (field, (left, right)) in values {
        if where_lacking(Some(lacking), [left, right]).is_some() {
            needed.insert(field);
        }
    }
}

/// Says how two events agree in their optional fields.
pub(crate) fn agreement(
    control: &PackedEvent<'_>,
    candidate: &PackedEvent<'_>,
    fields: &Fields,
    near: Near,
) -> Agreement {
    let is_across_shapes = control.is_legacy_shape() != candidate.is_legacy_shape();
    if control.optional_fields == candidate.optional_fields && !is_across_shapes {
        return Agreement::Agrees;
    }
    let lacking = may_lack(control, candidate, fields);
    let mut ignoring = FieldSet::default();
    for (field, (left, right)) in control.fields().zip(candidate.fields()).enumerate() {
        let is_same = match (left, right) {
            (Some(left), Some(right)) => are_same(left, right, near),
            (left, right) => left == right,
        };
        if is_same || is_across_shapes && field == LEGACY_EVENT_ID {
            continue;
        }
        if field >= fields.ignored_from() {
            ignoring.insert(field - fields.ignored_from());
            continue;
        }
        let lacking = lacking.filter(|_| field != LEGACY_EVENT_ID);
        let near = near[usize::from(left.is_none())];
        if !where_lacking(lacking, [left, right]).is_some_and(|value| is_default(field, value, fields, near))
        {
            return Agreement::Differs;
        }
    }
    if ignoring.is_empty() { Agreement::Agrees } else { Agreement::Ignoring(ignoring) }
}

/// Whether a value is one that may stand where the other side lacks the field; `near` is the time of the event that has
/// it.
pub(crate) fn is_default(field: usize, value: &[u8], fields: &Fields, near: i64) -> bool {
    fields.defaults[field].as_ref().is_none_or(|default| are_same(default, value, [near; 2]))
}

/// The one-sided fields whose values an event states that may lack them.
pub(crate) fn stated_fields(event: &PackedEvent<'_>, fields: &Fields) -> FieldSet {
    let mut stated = FieldSet::default();
    let present = event.fields().enumerate().skip(1).take(fields.one_sided);
    present.filter(|(_, value)| value.is_some()).for_each(|(field, _)| stated.insert(field));
    stated
}

/// Whether an event states the values of exactly these one-sided fields.
pub(crate) fn are_stated(stated: &FieldSet, event: &PackedEvent<'_>, fields: &Fields) -> bool {
    let mut present = event.fields().enumerate().skip(1).take(fields.one_sided);
    present.all(|(field, value)| stated.contains(field) == value.is_some())
}

/// What two events must have in common, apart from their content, to agree: equal keys, and only they,
/// agree. By the keys of a scope many events are paired at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Both are of the legacy shape, or neither is, and none may lack a field.
    SameShape,
    /// Likewise, but for that of the control, which states the values of exactly these one-sided fields.
    ControlStates(FieldSet),
    /// One is of the legacy shape and states the values of exactly these one-sided fields.
    AcrossShapes(FieldSet),
}

impl Scope {
    /// Whether an event takes part that is of the legacy shape or not: the one that may lack fields does where it states
    /// the values of exactly those that this scope is of.
    pub fn takes(&self, side: Side, event: &PackedEvent<'_>, fields: &Fields) -> bool {
        match self {
            Self::ControlStates(stated) if side == Side::Control => are_stated(stated, event, fields),
            Self::AcrossShapes(stated) if event.is_legacy_shape() => are_stated(stated, event, fields),
            _ => true,
        }
    }

    /// Appends the key of an event in this scope, whose time is `near` by its own clock; two that agree only but for
    /// ignored fields have equal keys without them.
    pub fn key(
        &self,
        event: &PackedEvent<'_>,
        fields: &Fields,
        (with_ignored, near): (bool, i64),
        key: &mut Vec<u8>,
    ) {
        for (field, value) in event.fields().enumerate() {
            let is_compared = match self {
                _ if field >= fields.ignored_from() => with_ignored,
                Self::SameShape => true,
                Self::AcrossShapes(_) if field == LEGACY_EVENT_ID => false,
                Self::ControlStates(_) if field == LEGACY_EVENT_ID => true,
                Self::ControlStates(stated) | Self::AcrossShapes(stated) if !stated.contains(field) => {
                    let is_default = value.is_none_or(|value| is_default(field, value, fields, near));
                    key.push(u8::from(is_default));
                    false
                }
                Self::ControlStates(_) | Self::AcrossShapes(_) => true,
            };
            if is_compared {
                let length = value.map_or(u32::MAX, |value| value.len() as u32);
                key.extend_from_slice(&length.to_le_bytes());
                key.extend_from_slice(value.unwrap_or_default());
            }
        }
    }
}
