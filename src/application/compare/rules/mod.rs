//! What is "the same": the only place that decides it.
//!
//! Two events are the same where type, aggregate and content are equal, the optional fields agree
//! ([`optional_fields`]), and the times lie within the tolerance once the clocks are set by each other.
//! Stages and shortcuts bring events together; whether they are a pair, and of which class, is asked here:
//!
//! | events that have in common | rule | asked by |
//! |---|---|---|
//! | the whole log, byte for byte | none: each event is its own partner | `shortcuts/identical_inputs` |
//! | every byte but time, place and spelling, the id included | [`says_the_same`], [`Rules::is_matched_in_time`] | `shortcuts/join_buffer`, `shortcuts/joined_pairs` |
//! | an id that is unique on each side | [`Rules::of_same_id`] | `stages/by_id` |
//! | type, aggregate and content | [`Rules::of_same_content`], [`Rules::content_rounds`]; written twice: [`Rules::is_copy`] | `stages/same_content` |
//! | content and one of type and aggregate | [`Rules::of_content_elsewhere`] | `stages/across_keys` |
//! | type and aggregate | [`Rules::changed_windows`], [`Rules::may_have_changed`] | `stages/changed_fields` |
//! | the same, but for how local times that come twice are written | [`Rules::of_same_content`] | `stages/same_readings` |
//! | some of it, without being a pair | [`Rules::resemble`] | `stages/resemblance` |
//!
//! Contents that agree in no field ([`evidence`]) make a pair only where type and aggregate are the same,
//! both contents are equal or say nothing, and the times lie within the tolerance; or under one id.
//!
//! An import keeps only some of the pairs as twins: which, says `import/twin_matching.rs`.
//!
//! Events are brought together by keys (`stages/key`) that are equal for equal bytes of the canonical form,
//! which `reading/content` makes. Whatever a rule answers, a pair of a day whose clocks are too far apart
//! has another time ([`Rules::on_day`]).

pub(crate) mod evidence;
pub(crate) mod field_set;
pub(crate) mod optional_fields;
pub(crate) mod repeated_times;

use chrono::NaiveDate;

use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::reading::content::Fields;
use crate::application::compare::reading::packed_event::PackedEvent;
use crate::application::compare::report::Class;
use crate::application::compare::settings::Settings;

use evidence::{agree_in_a_field, says_something};
use field_set::FieldSet;
use optional_fields::{Agreement, agreement};
use repeated_times::{have_same_content, near};

/// The rules by which the events of one comparison are the same.
pub(crate) struct Rules<'r> {
    pub fields: &'r Fields,
    clock: &'r ClockModel,
    /// How far apart the times of a matched pair may be, in microseconds.
    pub tolerance: i64,
    /// How far apart the times of one event may be at all, in microseconds; not below the tolerance.
    pub max_shift: i64,
}

/// Whether two events say the same in everything but time, place and spelling, the id included. They agree
/// by every other rule then, so that only their times are left to be judged.
pub(crate) fn says_the_same(one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> bool {
    one.has_the_same_bytes(other)
}

/// Whether two times are no farther apart than the tolerance; all in microseconds.
pub(crate) fn are_near(one: i64, other: i64, tolerance: i64) -> bool {
    one.abs_diff(other) <= tolerance.unsigned_abs()
}

/// What two events under one id are whose type or aggregate differs: another type outweighs another aggregate.
fn envelope_difference(one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> Option<Class> {
    if one.head.event_type != other.head.event_type {
        Some(Class::Retyped)
    } else if one.aggregate != other.aggregate {
        Some(Class::Misfiled)
    } else {
        None
    }
}

/// The class of a pair, and the ignore rules that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub class: Class,
    /// Empty but for [`Class::Ignored`].
    pub ignoring: FieldSet,
}

impl From<Class> for Ruling {
    fn from(class: Class) -> Self {
        Self { class, ignoring: FieldSet::default() }
    }
}

/// One way in which events with the same content can be a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    pub class: Class,
    /// How far apart their times may be, in microseconds.
    pub within: i64,
    /// Ignored fields need not agree.
    pub disregards_ignored: bool,
    /// The content has to say something.
    pub needs_evidence: bool,
}

impl Round {
    /// Whether events of this content can be a pair in this way.
    pub fn takes(&self, shared_content: &[u8]) -> bool {
        !self.needs_evidence || says_something(shared_content)
    }
}

impl<'r> Rules<'r> {
    pub fn new(settings: &Settings, fields: &'r Fields, clock: &'r ClockModel) -> Self {
        let tolerance = settings.tolerance_us();
        let max_shift = settings.max_shift_us().max(tolerance);
        Self { fields, clock, tolerance, max_shift }
    }

    /// The ways in which events of the same type, aggregate and content can be a pair, the best one first.
    pub fn content_rounds(&self) -> [Round; 3] {
        let round = |class, within| Round { class, within, disregards_ignored: false, needs_evidence: false };
        [
            round(Class::Matched, self.tolerance),
            Round { disregards_ignored: true, ..round(Class::Ignored, self.tolerance) },
            Round { needs_evidence: true, ..round(Class::TimeShifted, self.max_shift) },
        ]
    }

    /// What two events of the same type, aggregate and content are; `None` where they are no pair.
    pub fn of_same_content(&self, one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> Option<Ruling> {
        let agreed = self.agreement(one, other);
        let apart = one.apart(other);
        let round = self.content_rounds().into_iter().find(|round| {
            let agrees = match &agreed {
                Agreement::Agrees => !round.disregards_ignored,
                Agreement::Ignoring(_) => round.disregards_ignored,
                Agreement::Differs => false,
            };
            agrees && apart <= round.within && round.takes(one.entry.shared_content)
        })?;
        let ignoring = if let Agreement::Ignoring(rules) = agreed { rules } else { FieldSet::default() };
        Some(Ruling { class: round.class, ignoring })
    }

    fn agreement(&self, one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> Agreement {
        agreement(&one.entry, &other.entry, self.fields, near(one, other))
    }

    /// The ignore rules that a pair needs whose keys agree without the ignored fields.
    pub fn needed(&self, one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> FieldSet {
        match self.agreement(one, other) {
            Agreement::Ignoring(rules) => rules,
            Agreement::Agrees | Agreement::Differs => FieldSet::default(),
        }
    }

    /// What two events are whose id is unique on each side: a pair in any case.
    pub fn of_same_id(&self, one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> Ruling {
        let (left, right) = (&one.entry, &other.entry);
        if let Some(class) = envelope_difference(left, right) {
            return class.into();
        }
        let agreed = self.agreement(one, other);
        if !have_same_content(one, other) || agreed == Agreement::Differs {
            return Class::Changed.into();
        }
        match agreed {
            _ if one.apart(other) > self.tolerance => Class::TimeShifted.into(),
            Agreement::Ignoring(ignoring) => Ruling { class: Class::Ignored, ignoring },
            Agreement::Agrees | Agreement::Differs => Class::Matched.into(),
        }
    }

    /// What two events of the same content are that stand under another type of the same aggregate, or under
    /// another aggregate with the same type; `None` where they are no pair.
    pub fn of_content_elsewhere(&self, one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> Option<Class> {
        let (left, right) = (&one.entry, &other.entry);
        let is_same_type = left.head.event_type == right.head.event_type;
        let is_same_aggregate = left.aggregate == right.aggregate;
        let class = match (is_same_type, is_same_aggregate) {
            // Not to have an aggregate is nothing that two events have in common.
            (false, true) if left.aggregate.is_some_and(|aggregate| !aggregate.is_empty()) => Class::Retyped,
            (true, false) => Class::Misfiled,
            _ => return None,
        };
        let is_pair = says_something(left.shared_content) && self.agreement(one, other) != Agreement::Differs;
        is_pair.then_some(class)
    }

    /// How far apart events of the same type and aggregate may be whose content has changed, the nearest first.
    /// In microseconds.
    pub fn changed_windows(&self) -> [i64; 2] {
        [self.tolerance, self.max_shift]
    }

    /// Whether of two events of one side, with the same type, aggregate and content, the later one is a copy.
    pub fn is_copy(&self, earlier: &TimedEvent<'_>, later: &TimedEvent<'_>) -> bool {
        earlier.entry.optional_fields == later.entry.optional_fields
            && earlier.entry.is_legacy_shape() == later.entry.is_legacy_shape()
            && are_near(earlier.at, later.at, self.tolerance)
    }

    /// Whether two events of the same type and aggregate can be one event with other content: their contents
    /// agree in a field, or say nothing else, at the same time.
    pub fn may_have_changed(
        &self,
        one: &TimedEvent<'_>,
        other: &TimedEvent<'_>,
        ids_are_shared: bool,
    ) -> bool {
        let (left, right) = (one.entry.shared_content, other.entry.shared_content);
        let is_without_contradiction =
            || have_same_content(one, other) || !(says_something(left) || says_something(right));
        self.resemble(one, other, ids_are_shared)
            && (agree_in_a_field(left, right, &self.fields.zone, near(one, other))
                || one.apart(other) <= self.tolerance && is_without_contradiction())
    }

    /// Whether two events that have a part of the envelope or their content in common can be one event at
    /// all. Where both sides use the same ids, two different ids are those of two events.
    pub fn resemble(&self, one: &TimedEvent<'_>, other: &TimedEvent<'_>, ids_are_shared: bool) -> bool {
        !ids_are_shared || one.entry.id.is_empty() || other.entry.id.is_empty()
    }

    /// Whether two events that have everything in common but their times are matched. Both times are by the
    /// control's clock, on its day.
    pub fn is_matched_in_time(&self, control: i64, candidate: i64, day: NaiveDate) -> bool {
        are_near(control, candidate, self.tolerance) && self.on_day(Class::Matched, day) == Class::Matched
    }

    /// The class of a pair of that day: where clocks are farther apart than they may be, nothing has the
    /// same time.
    pub fn on_day(&self, class: Class, day: NaiveDate) -> Class {
        match class {
            Class::Matched | Class::Ignored if self.clock.exceeds_on(day) => Class::TimeShifted,
            class => class,
        }
    }
}

#[cfg(test)]
mod tests;
