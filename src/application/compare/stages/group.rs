//! One group of events: the same type, aggregate and base. Who is whose partner depends on their
//! times and on what is kept aside.

use std::ops::Range;

use crate::application::compare::reading::content::Fields;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::report::Class;
use crate::application::compare::rules::optional_fields::{Agreement, Scope, agreement};
use crate::application::compare::stages::two_pointer::{Paired, pair_sorted};

/// An event of a group, with its time by the control's clock.
#[derive(Clone, Copy)]
pub(crate) struct Timed<'b> {
    pub entry: PackedEvent<'b>,
    /// Microseconds since the epoch.
    pub at: i64,
    /// The same for the other reading, where the local time came twice.
    pub other_reading: Option<i64>,
}

impl Timed<'_> {
    /// How far two events are apart, in the readings of their local times that bring them nearest.
    pub fn apart(&self, other: &Self) -> i64 {
        let readings = |timed: &Self| [Some(timed.at), timed.other_reading];
        readings(self)
            .into_iter()
            .flatten()
            .flat_map(|left| {
                readings(other).into_iter().flatten().map(move |right| left.abs_diff(right) as i64)
            })
            .min()
            .unwrap_or(i64::MAX)
    }
}

/// How far the times of a pair may lie apart, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub tolerance: i64,
    pub max_shift: i64,
}

/// What a group came to.
pub(crate) trait GroupOutput<'b> {
    fn pair(&mut self, class: Class, control: &Timed<'b>, candidate: &Timed<'b>, ignoring: u64);
    /// No partner; `has_sibling` where an identical event of its side lies within the tolerance.
    fn left(&mut self, side: Side, event: &Timed<'b>, has_sibling: bool);
}

/// Pairs the events of one group.
pub(crate) fn pair_group<'b>(
    control: &[Timed<'b>],
    candidate: &[Timed<'b>],
    fields: &Fields,
    windows: Windows,
    sink: &mut dyn GroupOutput<'b>,
) {
    if let ([one], [other]) = (control, candidate)
        && let Some((class, ignoring)) = single_pair(one, other, fields, windows)
    {
        return sink.pair(class, one, other, ignoring);
    }
    let mut group = Group {
        control,
        candidate,
        fields,
        paired: [vec![false; control.len()], vec![false; candidate.len()]],
        sink,
    };
    if !control.is_empty() && !candidate.is_empty() {
        let scopes = group.scopes();
        let mut rounds = vec![(true, windows.tolerance, Class::Matched)];
        if fields.ignored_from() < fields.optional_fields.len() {
            rounds.push((false, windows.tolerance, Class::Ignored));
        }
        rounds.push((true, windows.max_shift, Class::TimeShifted));
        for (with_ignored, window, class) in rounds {
            // What a local time that came twice may mean besides is the second choice.
            for other_reading in [false, true] {
                for &scope in &scopes {
                    group.round(scope, with_ignored, window, class, other_reading);
                }
            }
        }
    }
    group.leave(Side::Control, windows.tolerance);
    group.leave(Side::Candidate, windows.tolerance);
}

fn single_pair(
    one: &Timed<'_>,
    other: &Timed<'_>,
    fields: &Fields,
    windows: Windows,
) -> Option<(Class, u64)> {
    let apart = one.apart(other);
    match agreement(&one.entry, &other.entry, fields) {
        Agreement::Agrees if apart <= windows.tolerance => Some((Class::Matched, 0)),
        Agreement::Agrees if apart <= windows.max_shift => Some((Class::TimeShifted, 0)),
        Agreement::Ignoring(rules) if apart <= windows.tolerance => Some((Class::Ignored, rules)),
        _ => None,
    }
}

struct Group<'g, 'b> {
    control: &'g [Timed<'b>],
    candidate: &'g [Timed<'b>],
    fields: &'g Fields,
    paired: [Vec<bool>; 2],
    sink: &'g mut dyn GroupOutput<'b>,
}

/// An event in one round: its key, its time, its place in the group.
struct Ranked {
    key: Range<usize>,
    at: i64,
    index: usize,
}

impl<'b> Group<'_, 'b> {
    /// The scopes in which events of this group can agree, the narrowest first.
    fn scopes(&self) -> Vec<Scope> {
        let mut stated_fields: Vec<u64> = Vec::new();
        for event in self.control.iter().chain(self.candidate).filter(|event| event.entry.is_legacy_shape()) {
            let fields = Scope::of(&event.entry, self.fields);
            if !stated_fields.contains(&fields) {
                stated_fields.push(fields);
            }
        }
        stated_fields.sort_by_key(|fields| (std::cmp::Reverse(fields.count_ones()), *fields));
        std::iter::once(Scope::Alike).chain(stated_fields.into_iter().map(Scope::StatedFields)).collect()
    }

    fn events(&self, side: Side) -> &[Timed<'b>] {
        match side {
            Side::Control => self.control,
            Side::Candidate => self.candidate,
        }
    }

    /// Pairs what is left within a scope and a window.
    fn round(&mut self, scope: Scope, with_ignored: bool, window: i64, class: Class, other_reading: bool) {
        // Where one is bare and the other is not, either may be of the control.
        let constellations: &[[bool; 2]] = match scope {
            Scope::Alike => &[[false, false], [true, true]],
            Scope::StatedFields(_) => &[[true, false], [false, true]],
        };
        for &[control_is_bare, candidate_is_bare] in constellations {
            let readings: &[[bool; 2]] =
                if other_reading { &[[true, false], [false, true], [true, true]] } else { &[[false, false]] };
            for &[control_reading, candidate_reading] in readings {
                let mut keys = Vec::new();
                let control = self.ranked(
                    Side::Control,
                    scope,
                    control_is_bare,
                    with_ignored,
                    control_reading,
                    &mut keys,
                );
                if control.is_empty() {
                    continue;
                }
                let candidate = self.ranked(
                    Side::Candidate,
                    scope,
                    candidate_is_bare,
                    with_ignored,
                    candidate_reading,
                    &mut keys,
                );
                self.pair(&control, &candidate, &keys, window, class);
            }
        }
    }

    /// The events of a side that take part in a round, by key and time.
    fn ranked(
        &self,
        side: Side,
        scope: Scope,
        is_legacy_shape: bool,
        with_ignored: bool,
        other_reading: bool,
        keys: &mut Vec<u8>,
    ) -> Vec<Ranked> {
        let mut key = Vec::new();
        let mut ranked: Vec<Ranked> = Vec::new();
        for (index, event) in self.events(side).iter().enumerate() {
            let at = if other_reading { event.other_reading } else { Some(event.at) };
            let states_them = match scope {
                Scope::StatedFields(stated_fields) if is_legacy_shape => {
                    Scope::of(&event.entry, self.fields) == stated_fields
                }
                _ => true,
            };
            if let Some(at) = at
                && !self.paired[side as usize][index]
                && event.entry.is_legacy_shape() == is_legacy_shape
                && states_them
            {
                scope.key(&event.entry, self.fields, with_ignored, &mut key);
                let start = keys.len();
                // Most keys of a group are the same one.
                let range = match ranked.last() {
                    Some(last) if keys[last.key.clone()] == key[..] => last.key.clone(),
                    _ => {
                        keys.extend_from_slice(&key);
                        start..keys.len()
                    }
                };
                ranked.push(Ranked { key: range, at, index });
            }
        }
        ranked.sort_by(|one, other| {
            let lexical_fingerprint =
                |ranked: &Ranked| self.events(side)[ranked.index].entry.head.lexical_fingerprint;
            keys[one.key.clone()]
                .cmp(&keys[other.key.clone()])
                .then(one.at.cmp(&other.at))
                .then_with(|| lexical_fingerprint(one).cmp(&lexical_fingerprint(other)))
        });
        ranked
    }

    fn pair(&mut self, control: &[Ranked], candidate: &[Ranked], keys: &[u8], window: i64, class: Class) {
        let key = |ranked: &Ranked| &keys[ranked.key.clone()];
        let mut rest = candidate;
        for same in control.chunk_by(|one, other| key(one) == key(other)) {
            let wanted = key(&same[0]);
            rest = &rest[rest.partition_point(|ranked| key(ranked) < wanted)..];
            let partners = &rest[..rest.partition_point(|ranked| key(ranked) == wanted)];
            let times =
                |ranked: &[Ranked]| ranked.iter().map(|ranked| i128::from(ranked.at)).collect::<Vec<_>>();
            pair_sorted(&times(same), &times(partners), i128::from(window), &mut |paired| {
                if let Paired::Both { control, candidate } = paired {
                    let (control, candidate) = (same[control].index, partners[candidate].index);
                    self.paired[0][control] = true;
                    self.paired[1][candidate] = true;
                    let (one, other) = (&self.control[control], &self.candidate[candidate]);
                    let ignoring = match agreement(&one.entry, &other.entry, self.fields) {
                        Agreement::Ignoring(rules) => rules,
                        Agreement::Agrees | Agreement::Differs => 0,
                    };
                    self.sink.pair(class, one, other, ignoring);
                }
            });
        }
    }

    /// Gives out what has no partner. Of identical events next to each other, the first one is not a copy of those behind it.
    fn leave(&mut self, side: Side, tolerance: i64) {
        let events = self.events(side);
        let paired = &self.paired[side as usize];
        let mut order: Vec<usize> = (0..events.len()).collect();
        let identity =
            |index: &usize| (events[*index].entry.optional_fields, events[*index].entry.is_legacy_shape());
        order.sort_by(|one, other| {
            identity(one).cmp(&identity(other)).then(events[*one].at.cmp(&events[*other].at))
        });
        let near = |one: &usize, other: &usize| {
            identity(one) == identity(other)
                && events[*one].at.abs_diff(events[*other].at) <= tolerance as u64
        };
        let left: Vec<(Timed<'b>, bool)> = (0..order.len())
            .filter(|&place| !paired[order[place]])
            .map(|place| {
                let before = place > 0 && near(&order[place - 1], &order[place]);
                let behind =
                    order.get(place + 1).is_some_and(|next| paired[*next] && near(&order[place], next));
                let event = events[order[place]];
                (event, before || behind || event.entry.head.is(EventHead::SIBLING))
            })
            .collect();
        for (event, has_sibling) in left {
            self.sink.left(side, &event, has_sibling);
        }
    }
}
