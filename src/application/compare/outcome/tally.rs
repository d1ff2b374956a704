//! Counting what events came to, and keeping the differences that are listed.

mod unmatched;

use std::collections::{BTreeMap, BinaryHeap, HashMap};

use chrono::NaiveDate;

use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::field_diff::{FieldDifference, cause_of, differing_fields};
use crate::application::compare::pair_log::PairLog;
use crate::application::compare::reading::content::Fields;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::report::{Cause, Class, ClassCounts, PerSide};
use crate::application::compare::settings::Settings;
use crate::application::compare::shortcuts::joined_pairs::JoinedPair;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};
use crate::application::compare::stages::group::Timed;

/// What one worker counts; those of all workers are added up.
pub(crate) struct Tally<'t> {
    settings: &'t Settings,
    fields: &'t Fields,
    days: LocalDayCache<'t>,
    scratch: &'t SharedScratch,
    /// The rank of each type by its name: numbers depend on who came first.
    ranks: &'t [u32],
    /// Where the range begins by the control's clock, where that was read off the candidate: then pairs
    /// belong to it by the candidate's time.
    beginning: Option<i64>,
    found: Option<&'t PairLog>,
    pub counts: Counts,
    /// The listed differences, the last one on top.
    listed: BinaryHeap<Listed>,
    /// Matched pairs, by aggregate, for the order analysis.
    pub order: Partitions,
}

/// The counts alone.
#[derive(Default)]
pub(crate) struct Counts {
    pub by: HashMap<(NaiveDate, u32), ClassCounts>,
    pub causes: BTreeMap<(Cause, Class, NaiveDate, u32), u64>,
    /// Events of each side that turned out to be outside the range.
    pub beyond: PerSide,
    /// The earliest time of the control in a pair that lies within the tolerance.
    pub first_pair: Option<i64>,
    /// Events of the control without a partner, from about the beginning: what they come to shows when all
    /// pairs are known.
    about_beginning: Vec<unmatched::Unmatched>,
    pub representation: u64,
    pub ambiguous: u64,
    /// Pairs that needed each rule.
    pub rules: BTreeMap<(usize, NaiveDate), u64>,
}

/// A difference, as it is held until it is listed. Ordered by what does not depend on the order of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    /// The control's time, or the candidate's; microseconds.
    pub at: i64,
    pub class: Class,
    pub event_type: u32,
    pub aggregate: Option<String>,
    pub cause: Cause,
    pub ambiguous: bool,
    pub fields: Vec<FieldDifference>,
    pub control: Option<ListedEvent>,
    pub candidate: Option<ListedEvent>,
    /// The type and the aggregate of the candidate, where the control has others.
    pub elsewhere: Option<(u32, Option<String>)>,
}

/// Where an event of a listed difference stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListedEvent {
    pub id: Option<String>,
    pub feed: u32,
    pub offset: u64,
    pub line: u64,
}

/// Length of a matched pair in the partitions of the order analysis.
pub(crate) const ORDER_RECORD: usize = 32;

impl<'t> Tally<'t> {
    pub fn new(
        settings: &'t Settings,
        fields: &'t Fields,
        scratch: &'t SharedScratch,
        ranks: &'t [u32],
        found: Option<&'t PairLog>,
        order_budget: usize,
        beginning: Option<i64>,
    ) -> Self {
        Self {
            settings,
            fields,
            days: LocalDayCache::new(&settings.zone),
            scratch,
            ranks,
            beginning,
            found,
            counts: Counts::default(),
            listed: BinaryHeap::new(),
            order: Partitions::new(order_budget),
        }
    }

    /// Counts a pair.
    pub fn pair(
        &mut self,
        class: Class,
        control: &Timed<'_>,
        candidate: &Timed<'_>,
        ignoring: u64,
        ambiguous: bool,
    ) -> Result<(), CompareError> {
        let (one, other) = (&control.entry, &candidate.entry);
        if let Some(found) = self.found {
            found.note(class, control, candidate, ambiguous, self.scratch)?;
        }
        if self.is_beyond(one, other) {
            self.counts.beyond.control += 1;
            self.counts.beyond.candidate += 1;
            return Ok(());
        }
        if self.is_within_tolerance(control.at, candidate.at) {
            self.note_first_pair(one.head.at);
        }
        let day = self.days.of(one.head.at);
        let event_type = self.rank(one);
        let counts = self.counts.by.entry((day, event_type)).or_default();
        counts.control += 1;
        counts.candidate += 1;
        *counts.of_mut(class, Side::Control) += 1;
        match class {
            Class::Matched => {
                self.counts.representation +=
                    u64::from(one.head.lexical_fingerprint != other.head.lexical_fingerprint);
            }
            Class::Ignored => {
                for rule in
                    (0..self.settings.profile.ignore.len()).filter(|rule| ignoring >> rule.min(&63) & 1 == 1)
                {
                    *self.counts.rules.entry((rule, day)).or_default() += 1;
                }
            }
            _ => {
                self.counts.ambiguous += u64::from(ambiguous);
                let fields = self.differing(class, one, other);
                let cause = match class {
                    Class::TimeShifted => Cause::ClockOrZone,
                    Class::Changed => cause_of(&fields),
                    _ => Cause::Real,
                };
                *self.counts.causes.entry((cause, class, day, event_type)).or_default() += 1;
                self.list(Listed {
                    at: one.head.at,
                    class,
                    event_type,
                    aggregate: text(one.aggregate),
                    cause,
                    ambiguous,
                    fields,
                    control: Some(place(one)),
                    candidate: Some(place(other)),
                    elsewhere: Some((self.rank(other), text(other.aggregate))),
                });
            }
        }
        self.note_order(one, other)
    }

    /// Counts a pair that met and is matched; the order analysis looks at it where it is.
    pub fn met(&mut self, pair: &JoinedPair) {
        let at = pair.control.at;
        self.note_first_pair(at);
        let day = self.days.of(at);
        let event_type = self.ranks[pair.event_type as usize];
        let counts = self.counts.by.entry((day, event_type)).or_default();
        counts.control += 1;
        counts.candidate += 1;
        counts.matched += 1;
        self.counts.representation += u64::from(pair.is_respelled);
    }

    fn note_first_pair(&mut self, at: i64) {
        let first = self.counts.first_pair.get_or_insert(at);
        *first = (*first).min(at);
    }

    /// The day of an instant by the control's clock.
    pub fn day(&mut self, at: i64) -> NaiveDate {
        self.days.of(at)
    }

    fn rank(&self, entry: &PackedEvent<'_>) -> u32 {
        self.ranks[entry.head.event_type as usize]
    }

    fn differing(
        &self,
        class: Class,
        one: &PackedEvent<'_>,
        other: &PackedEvent<'_>,
    ) -> Vec<FieldDifference> {
        let mut fields = Vec::new();
        if one.head.event_type != other.head.event_type {
            fields.push(FieldDifference { path: "event_type".to_owned(), cause: Cause::Real });
        }
        if one.aggregate != other.aggregate {
            fields.push(FieldDifference { path: "aggregate_id".to_owned(), cause: Cause::Real });
        }
        if class == Class::TimeShifted {
            fields.push(FieldDifference { path: "timestamp".to_owned(), cause: Cause::ClockOrZone });
        }
        fields.extend(differing_fields(&[one.shared_content], &[other.shared_content]));
        let is_cross = one.is_legacy_shape() != other.is_legacy_shape();
        for (field, (left, right)) in one.fields().zip(other.fields()).enumerate() {
            if left == right
                || (is_cross && field == crate::application::compare::reading::content::LEGACY_EVENT_ID)
            {
                continue;
            }
            let legacy_shape = if one.is_legacy_shape() { left } else { right };
            if is_cross && legacy_shape.is_none() && field < self.fields.ignored_from() {
                let full = if one.is_legacy_shape() { right } else { left };
                if !crate::application::compare::rules::optional_fields::is_default(field, full, self.fields)
                {
                    let path = self.fields.optional_fields[field].clone();
                    fields.push(FieldDifference { path, cause: Cause::DeclaredDefault });
                }
                continue;
            }
            let object = |value: Option<&[u8]>| {
                let name = &self.fields.optional_fields[field];
                value.map(|value| [format!("{{s{}:{name}", name.len()).as_bytes(), value, b"}"].concat())
            };
            let (left, right) = (object(left), object(right));
            let parts = |value: &Option<Vec<u8>>| value.clone().unwrap_or_else(|| b"{}".to_vec());
            fields.extend(differing_fields(&[&parts(&left)], &[&parts(&right)]));
        }
        fields
    }

    fn list(&mut self, listed: Listed) {
        let limit = self.settings.limit;
        if self.listed.len() < limit {
            self.listed.push(listed);
        } else if let Some(mut last) = self.listed.peek_mut()
            && listed < *last
        {
            *last = listed;
        }
    }

    fn note_order(&mut self, one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> Result<(), CompareError> {
        let Some(aggregate) = one.aggregate else { return Ok(()) };
        let hash = xxhash_rust::xxh3::xxh3_64(aggregate);
        let fields = [hash, one.head.ordinal(), other.head.ordinal(), one.head.at as u64];
        self.order.push(Partitions::of(hash, 0), self.scratch, |out| {
            fields.iter().for_each(|field| out.extend_from_slice(&field.to_le_bytes()));
        })
    }

    /// Takes over what another worker counted, its order partitions apart.
    pub fn add(&mut self, counts: Counts, listed: BinaryHeap<Listed>) {
        for (key, from) in counts.by {
            let into = self.counts.by.entry(key).or_default();
            *into += from;
        }
        for (key, count) in counts.causes {
            *self.counts.causes.entry(key).or_default() += count;
        }
        self.counts.beyond.control += counts.beyond.control;
        self.counts.beyond.candidate += counts.beyond.candidate;
        self.counts.first_pair = self.counts.first_pair.into_iter().chain(counts.first_pair).min();
        self.counts.about_beginning.extend(counts.about_beginning);
        self.counts.representation += counts.representation;
        self.counts.ambiguous += counts.ambiguous;
        for (key, count) in counts.rules {
            *self.counts.rules.entry(key).or_default() += count;
        }
        for one in listed {
            self.list(one);
        }
    }

    /// The counts, the listed differences, and the pairs for the order analysis.
    pub fn into_parts(self) -> (Counts, BinaryHeap<Listed>, Partitions) {
        (self.counts, self.listed, self.order)
    }
}

fn place(entry: &PackedEvent<'_>) -> ListedEvent {
    let EventHead { feed, offset, line, .. } = entry.head;
    let id = text(Some(entry.id).filter(|id| !id.is_empty()));
    ListedEvent { id, feed, offset, line }
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}
