//! The same type, aggregate and content: which events of a group are pairs depends on their times and on
//! their optional fields.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::content::Fields;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::report::Class;
use crate::application::compare::rules::evidence::says_something;
use crate::application::compare::rules::field_set::FieldSet;
use crate::application::compare::rules::optional_fields::{Scope, are_stated, stated_fields};
use crate::application::compare::rules::{Round, Rules, Ruling};

use super::group::{Group, Neighbours};
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;

pub(crate) struct SameContent;

impl Stage for SameContent {
    fn key(&self) -> Key {
        Key::TypeAggregateAndContent
    }

    /// One of them may have been written twice.
    fn looks_at_one_side(&self) -> bool {
        true
    }

    fn pair(
        &self,
        group: &mut dyn Group,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        if let Some([one, other]) = group.single_pair()
            && let Some(ruling) = rules.of_same_content(one, other)
        {
            return output.pair(ruling, one, other, false);
        }
        if !group.counts().contains(&0) {
            Rounds::new(group, rules)?.run(group, output)?;
        }
        // Of identical events next to each other, the first one is not a copy of those after it.
        let key = |event: &TimedEvent<'_>, key: &mut Vec<u8>| {
            key.extend_from_slice(event.entry.optional_fields);
            key.push(u8::from(event.entry.is_legacy_shape()));
        };
        group.unpaired_with_neighbours(&key, &mut |side, neighbours| {
            let Neighbours { before, event, after } = neighbours;
            let is_copy = before.is_some_and(|before| rules.is_copy(before, event))
                || after.is_some_and(|(after, is_paired)| is_paired && rules.is_copy(event, after))
                || event.entry.head.is(EventHead::SIBLING);
            output.leave(side, event, is_copy)
        })
    }
}

/// The pairing of one group, round by round.
struct Rounds<'g> {
    rules: &'g Rules<'g>,
    /// The scopes in which events of this group can agree, the narrowest first.
    scopes: Vec<Scope>,
    /// What the events of each side are, control first.
    sides: [SideShapes; 2],
    /// Whether their content says something.
    has_evidence: bool,
}

/// What the events of one side are.
#[derive(Default)]
struct SideShapes {
    /// Whether some are not of the legacy shape, and whether some are.
    are_there: [bool; 2],
    /// Whether the local time of some came twice.
    came_twice: bool,
}

/// One round over the events of one shape a side.
struct Shapes<'s> {
    scope: &'s Scope,
    /// Whether events of the legacy shape take part; control first.
    are_legacy: [bool; 2],
    /// Whether the other reading of local times that came twice is taken; control first.
    other_reading: [bool; 2],
}

/// Which sets of one-sided fields events state the values of.
#[derive(Default)]
struct StatedFields {
    all: BTreeSet<FieldSet>,
    last: Option<FieldSet>,
}

impl StatedFields {
    fn note(&mut self, event: &PackedEvent<'_>, fields: &Fields) {
        if !self.last.as_ref().is_some_and(|stated| are_stated(stated, event, fields)) {
            let stated = stated_fields(event, fields);
            self.all.insert(stated.clone());
            self.last = Some(stated);
        }
    }

    fn narrowest_first(self) -> impl Iterator<Item = FieldSet> {
        let mut all: Vec<FieldSet> = self.all.into_iter().collect();
        all.sort_by_key(|fields| Reverse(fields.len()));
        all.into_iter()
    }
}

impl<'g> Rounds<'g> {
    fn new(group: &dyn Group, rules: &'g Rules<'g>) -> Result<Self, CompareError> {
        // What the events of the legacy shape state, and those of the control where they may lack fields.
        let [mut of_legacy, mut of_control] = [StatedFields::default(), StatedFields::default()];
        let mut sides: [SideShapes; 2] = Default::default();
        let mut has_evidence = None;
        group.unpaired(&mut |side, event| {
            let is_legacy = event.entry.is_legacy_shape();
            let of_side = &mut sides[side as usize];
            of_side.are_there[usize::from(is_legacy)] = true;
            of_side.came_twice |= event.other_reading.is_some();
            has_evidence.get_or_insert_with(|| says_something(event.entry.shared_content));
            if is_legacy {
                of_legacy.note(&event.entry, rules.fields);
            }
            if rules.fields.are_declared && side == Side::Control {
                of_control.note(&event.entry, rules.fields);
            }
            Ok(())
        })?;
        // The first scopes are those of events of the same shape.
        let mut scopes: Vec<Scope> = of_control.narrowest_first().map(Scope::ControlStates).collect();
        if !rules.fields.are_declared {
            scopes.push(Scope::SameShape);
        }
        scopes.extend(of_legacy.narrowest_first().map(Scope::AcrossShapes));
        Ok(Self { rules, scopes, sides, has_evidence: has_evidence == Some(true) })
    }

    fn run(&self, group: &mut dyn Group, output: &mut StageOutput<'_, '_>) -> Result<(), CompareError> {
        let has_ignored = self.rules.fields.ignored_from() < self.rules.fields.optional_fields.len();
        for round in self.rules.content_rounds() {
            if round.disregards_ignored && !has_ignored || round.needs_evidence && !self.has_evidence {
                continue;
            }
            // What a local time that came twice may mean besides is the second choice.
            for readings in [&[[false, false]][..], &[[true, false], [false, true], [true, true]]] {
                for scope in &self.scopes {
                    // Where one is of the legacy shape and the other is not, either may be of the control.
                    let shapes = match scope {
                        Scope::SameShape | Scope::ControlStates(_) => [[false, false], [true, true]],
                        Scope::AcrossShapes(_) => [[true, false], [false, true]],
                    };
                    for are_legacy in shapes {
                        for &other_reading in readings {
                            let shapes = Shapes { scope, are_legacy, other_reading };
                            if self.are_there(&shapes) {
                                self.pair(&round, &shapes, group, output)?;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether both sides have events that may take part.
    fn are_there(&self, shapes: &Shapes<'_>) -> bool {
        self.sides.iter().zip(shapes.are_legacy).zip(shapes.other_reading).all(
            |((side, is_legacy), other_reading)| {
                side.are_there[usize::from(is_legacy)] && (side.came_twice || !other_reading)
            },
        )
    }

    /// Pairs what has no partner yet.
    fn pair(
        &self,
        round: &Round,
        shapes: &Shapes<'_>,
        group: &mut dyn Group,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let Self { rules, .. } = self;
        let select = &mut |side: Side, event: &TimedEvent<'_>, key: &mut Vec<u8>| {
            let is_legacy = shapes.are_legacy[side as usize];
            let at = if shapes.other_reading[side as usize] { event.other_reading } else { Some(event.at) }?;
            let takes_part = event.entry.is_legacy_shape() == is_legacy
                && shapes.scope.takes(side, &event.entry, rules.fields);
            takes_part.then(|| {
                let with = (!round.disregards_ignored, event.own_time(at));
                shapes.scope.key(&event.entry, rules.fields, with, key);
                at
            })
        };
        group.pair(round.within, select, &mut |one, other, _| {
            let ruling = match round.class {
                Class::Ignored => Ruling { class: round.class, ignoring: rules.needed(one, other) },
                class => class.into(),
            };
            output.pair(ruling, one, other, false)?;
            Ok(true)
        })
    }
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
