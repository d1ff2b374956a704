//! The same type, aggregate and content: which events of a group are pairs depends on their times and on
//! their optional fields.

use std::ops::Range;

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::{EventHead, Side};
use crate::application::compare::report::Class;
use crate::application::compare::rules::field_set::FieldSet;
use crate::application::compare::rules::optional_fields::{Scope, stated_fields};
use crate::application::compare::rules::{Round, Rules, Ruling};

use super::group::{Group, PairedFlags};
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;
use super::two_pointer::{Paired, pair_sorted};

pub(crate) struct SameContent;

impl Stage for SameContent {
    fn key(&self) -> Key {
        Key::TypeAggregateAndContent
    }

    fn pair(
        &self,
        group: &Group<'_, '_>,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        if let ([one], [other]) = (group.control, group.candidate)
            && let Some(ruling) = rules.of_same_content(one, other)
        {
            return output.pair(ruling, one, other, false);
        }
        let paired = if group.control.is_empty() || group.candidate.is_empty() {
            group.unpaired()
        } else {
            Rounds::new(group, rules).run(output)?
        };
        leave(Side::Control, group, &paired, rules, output)?;
        leave(Side::Candidate, group, &paired, rules, output)
    }
}

/// The pairing of one group, round by round.
struct Rounds<'g, 'b> {
    group: &'g Group<'g, 'b>,
    rules: &'g Rules<'g>,
    /// The scopes in which events of this group can agree, the narrowest first.
    scopes: Vec<Scope>,
    /// Of each event of the legacy shape, the scope of the fields that it states; control first.
    stated: [Vec<Option<usize>>; 2],
    paired: PairedFlags,
}

/// One round over the events of one shape a side.
struct Shapes {
    /// The index of the scope.
    scope: usize,
    /// Whether events of the legacy shape take part; control first.
    are_legacy: [bool; 2],
    /// Whether the other reading of local times that came twice is taken; control first.
    other_reading: [bool; 2],
}

/// An event in one round: its key, its time, its place in the group.
struct Ranked {
    key: Range<usize>,
    at: i64,
    index: usize,
}

impl<'g, 'b> Rounds<'g, 'b> {
    fn new(group: &'g Group<'g, 'b>, rules: &'g Rules<'g>) -> Self {
        let fields = [group.control, group.candidate].map(|events| -> Vec<Option<FieldSet>> {
            let stated = |event: &TimedEvent<'_>| {
                event.entry.is_legacy_shape().then(|| stated_fields(&event.entry, rules.fields))
            };
            events.iter().map(stated).collect()
        });
        let mut sets: Vec<&FieldSet> = fields.iter().flatten().flatten().collect();
        sets.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        sets.dedup();
        // The first scope is that of events of the same shape.
        let scope_of = |set: &FieldSet| sets.iter().position(|known| *known == set).map(|index| index + 1);
        let stated = fields
            .each_ref()
            .map(|of_side| of_side.iter().map(|set| set.as_ref().and_then(scope_of)).collect::<Vec<_>>());
        let across = sets.into_iter().cloned().map(Scope::AcrossShapes);
        let scopes = std::iter::once(Scope::SameShape).chain(across).collect();
        Self { group, rules, scopes, stated, paired: group.unpaired() }
    }

    fn run(mut self, output: &mut StageOutput<'_, '_>) -> Result<PairedFlags, CompareError> {
        let has_ignored = self.rules.fields.ignored_from() < self.rules.fields.optional_fields.len();
        for round in self.rules.content_rounds() {
            if round.disregards_ignored && !has_ignored {
                continue;
            }
            // What a local time that came twice may mean besides is the second choice.
            for readings in [&[[false, false]][..], &[[true, false], [false, true], [true, true]]] {
                for scope in 0..self.scopes.len() {
                    // Where one is of the legacy shape and the other is not, either may be of the control.
                    let shapes = match self.scopes[scope] {
                        Scope::SameShape => [[false, false], [true, true]],
                        Scope::AcrossShapes(_) => [[true, false], [false, true]],
                    };
                    for are_legacy in shapes {
                        for &other_reading in readings {
                            let shapes = Shapes { scope, are_legacy, other_reading };
                            self.pair(&round, &shapes, output)?;
                        }
                    }
                }
            }
        }
        Ok(self.paired)
    }

    /// Pairs what has no partner yet.
    fn pair(
        &mut self,
        round: &Round,
        shapes: &Shapes,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let mut keys = Vec::new();
        let control = self.ranked(Side::Control, round, shapes, &mut keys);
        if control.is_empty() {
            return Ok(());
        }
        let candidate = self.ranked(Side::Candidate, round, shapes, &mut keys);
        let key = |ranked: &Ranked| &keys[ranked.key.clone()];
        let mut rest = &candidate[..];
        for same in control.chunk_by(|one, other| key(one) == key(other)) {
            let wanted = key(&same[0]);
            rest = &rest[rest.partition_point(|ranked| key(ranked) < wanted)..];
            let partners = &rest[..rest.partition_point(|ranked| key(ranked) == wanted)];
            let times =
                |ranked: &[Ranked]| ranked.iter().map(|ranked| i128::from(ranked.at)).collect::<Vec<_>>();
            let mut pairs = Vec::new();
            pair_sorted(&times(same), &times(partners), i128::from(round.within), &mut |paired| {
                if let Paired::Both { control, candidate } = paired {
                    pairs.push((same[control].index, partners[candidate].index));
                }
            });
            for (control, candidate) in pairs {
                self.paired[0][control] = true;
                self.paired[1][candidate] = true;
                let (one, other) = (&self.group.control[control], &self.group.candidate[candidate]);
                let ruling = match round.class {
                    Class::Ignored => Ruling { class: round.class, ignoring: self.rules.needed(one, other) },
                    class => class.into(),
                };
                output.pair(ruling, one, other, false)?;
            }
        }
        Ok(())
    }

    /// The events of a side that take part in a round, by key and time.
    fn ranked(&self, side: Side, round: &Round, shapes: &Shapes, keys: &mut Vec<u8>) -> Vec<Ranked> {
        let is_legacy = shapes.are_legacy[side as usize];
        let other_reading = shapes.other_reading[side as usize];
        let scope = &self.scopes[shapes.scope];
        let events = self.group.side(side);
        let mut key = Vec::new();
        let mut ranked: Vec<Ranked> = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let at = if other_reading { event.other_reading } else { Some(event.at) };
            let states_them = match scope {
                Scope::AcrossShapes(_) if is_legacy => {
                    self.stated[side as usize][index] == Some(shapes.scope)
                }
                _ => true,
            };
            if let Some(at) = at
                && !self.paired[side as usize][index]
                && event.entry.is_legacy_shape() == is_legacy
                && states_them
            {
                scope.key(&event.entry, self.rules.fields, !round.disregards_ignored, &mut key);
                // The key of many events next to each other is the same: it is kept once.
                let range = match ranked.last() {
                    Some(last) if keys[last.key.clone()] == *key => last.key.clone(),
                    _ => {
                        keys.extend_from_slice(&key);
                        keys.len() - key.len()..keys.len()
                    }
                };
                ranked.push(Ranked { key: range, at, index });
            }
        }
        ranked.sort_by(|one, other| {
            let fingerprint = |ranked: &Ranked| events[ranked.index].entry.head.lexical_fingerprint;
            keys[one.key.clone()]
                .cmp(&keys[other.key.clone()])
                .then(one.at.cmp(&other.at))
                .then_with(|| fingerprint(one).cmp(&fingerprint(other)))
        });
        ranked
    }
}

/// Gives out what has no partner. Of identical events next to each other, the first one is not a copy of
/// those after it.
fn leave(
    side: Side,
    group: &Group<'_, '_>,
    paired: &PairedFlags,
    rules: &Rules<'_>,
    output: &mut StageOutput<'_, '_>,
) -> Result<(), CompareError> {
    let (events, paired) = (group.side(side), &paired[side as usize]);
    let mut order: Vec<usize> = (0..events.len()).collect();
    let identity = |event: &TimedEvent<'_>| (event.entry.is_legacy_shape(), event.at);
    order.sort_by(|&one, &other| {
        let fields = |index: usize| events[index].entry.optional_fields;
        fields(one).cmp(fields(other)).then_with(|| identity(&events[one]).cmp(&identity(&events[other])))
    });
    for place in (0..order.len()).filter(|&place| !paired[order[place]]) {
        let event = &events[order[place]];
        let before = place > 0 && rules.is_copy(&events[order[place - 1]], event);
        let after =
            order.get(place + 1).is_some_and(|&next| paired[next] && rules.is_copy(event, &events[next]));
        output.leave(side, event, before || after || event.entry.head.is(EventHead::SIBLING))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::tests::{Lived, classes_after, legacy, new};

    fn at(seconds: &[i64]) -> Vec<Lived> {
        let event = |second: &i64| Lived {
            event_type: "A",
            task: "T1".into(),
            title: "the same".into(),
            at: second * 1000,
        };
        seconds.iter().map(event).collect()
    }

    #[test]
    fn as_many_events_as_can_be_are_paired_within_the_tolerance() {
        // The nearest first would leave the event at 0 without a partner.
        let found = classes_after(&[&SameContent], &legacy(&at(&[0, 2])), &new(&at(&[2, 4])));
        assert_eq!(found, [(Class::Matched, 2)]);
    }

    #[test]
    fn what_lies_between_tolerance_and_largest_shift_has_another_time() {
        let found = classes_after(&[&SameContent], &legacy(&at(&[0, 100])), &new(&at(&[0, 1000])));
        assert_eq!(found, [(Class::TimeShifted, 1), (Class::Matched, 1)]);
    }

    #[test]
    fn an_identical_event_within_the_tolerance_of_one_that_is_paired_was_written_twice() {
        let found = classes_after(&[&SameContent], &legacy(&at(&[0])), &new(&at(&[0, 1, 20])));
        assert_eq!(found, [(Class::Extra, 1), (Class::Duplicated, 1), (Class::Matched, 1)]);
    }
}
