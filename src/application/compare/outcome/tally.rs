//! Counting what events came to, and keeping the differences that are listed.

use std::collections::BinaryHeap;

use chrono::NaiveDate;
use xxhash_rust::xxh3::xxh3_64;

use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::both_sides::BothSides;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::report::{Cause, Class};
use crate::application::compare::rules::Ruling;
use crate::application::compare::rules::optional_fields::note_needed;
use crate::application::compare::spill::partitions::Partitions;

use super::about_beginning::AboutBeginning;
use super::counts::Counts;
use super::field_diff::cause_of;
use super::listed::{Listed, text};
use super::pair_diff::differences_of_pair;
use super::placed_pair::PlacedPair;
use super::range::{Range, SettledBeginning};
use super::unmatched::Unmatched;

/// What one worker counts; those of all workers are added up.
pub(crate) struct Tally<'t> {
    context: &'t Context<'t>,
    days: LocalDayCache<'t>,
    /// The rank of each type by its name: numbers depend on which was read first.
    ranks: &'t [u32],
    range: Range,
    pub counts: Counts,
    about_beginning: AboutBeginning<'t>,
    /// The listed differences, the last one on top.
    listed: BinaryHeap<Listed>,
    /// Matched pairs, by aggregate, for the order analysis.
    order: Partitions,
}

impl<'t> Tally<'t> {
    /// A tally whose pairs for the order analysis may hold `order_budget` bytes of memory.
    pub fn new(context: &'t Context<'t>, sides: &'t BothSides, order_budget: usize) -> Self {
        Self {
            context,
            days: LocalDayCache::new(&context.settings.zone),
            ranks: &sides.ranks,
            range: Range::new(context, sides),
            counts: Counts::default(),
            about_beginning: AboutBeginning::new(context),
            listed: BinaryHeap::new(),
            order: Partitions::new(order_budget),
        }
    }

    /// Counts a pair; `ambiguous` where there was more than one possible partner.
    pub fn pair(
        &mut self,
        ruling: &Ruling,
        control: &TimedEvent<'_>,
        candidate: &TimedEvent<'_>,
        ambiguous: bool,
    ) -> Result<(), CompareError> {
        let Context { settings, scratch, pair_log, coverage, .. } = self.context;
        let (one, other) = (&control.entry, &candidate.entry);
        let is_repaired = one.head.is(EventHead::REPAIRED) || other.head.is(EventHead::REPAIRED);
        let class = match ruling.class {
            class if class.is_difference() || !is_repaired => class,
            _ => Class::Repaired,
        };
        if let Some(log) = pair_log {
            log.note(Some(class), control, candidate, ambiguous, scratch)?;
        }
        if let Some(coverage) = coverage {
            coverage.note_pair(&one.head);
        }
        if self.range.excludes_pair(one, other) {
            self.counts.beyond.control += 1;
            self.counts.beyond.candidate += 1;
            return Ok(());
        }
        if self.range.is_within_tolerance(control.at, candidate.at) && !is_repaired {
            self.counts.note_pair_in_time(one.head.at, other.head.at);
        }
        if self.context.fields.are_declared {
            note_needed(one, other, &self.context.fields, &mut self.counts.one_sided);
        }
        let day = self.day(one.head.at);
        self.counts.pair(class, day, self.rank(one));
        match class {
            Class::Matched => {
                self.counts.representation +=
                    u64::from(one.head.lexical_fingerprint != other.head.lexical_fingerprint);
                self.counts.same_in_a_reading |= one.head.hash != other.head.hash;
            }
            Class::Ignored => {
                let rules = 0..settings.profile.ignore.len();
                for rule in rules.filter(|rule| ruling.ignoring.contains(*rule)) {
                    *self.counts.rules.entry((rule, day)).or_default() += 1;
                }
            }
            Class::Repaired => {}
            _ => self.different_pair(class, control, candidate, day, ambiguous),
        }
        self.note_order(one, other)
    }

    fn different_pair(
        &mut self,
        class: Class,
        control: &TimedEvent<'_>,
        candidate: &TimedEvent<'_>,
        day: NaiveDate,
        ambiguous: bool,
    ) {
        let (one, other) = (&control.entry, &candidate.entry);
        self.counts.ambiguous += u64::from(ambiguous);
        let fields = differences_of_pair(class, control, candidate, &self.context.fields);
        let cause = match class {
            Class::TimeShifted => Cause::ClockOrZone,
            Class::Changed => cause_of(&fields),
            _ => Cause::Real,
        };
        let event_type = self.rank(one);
        *self.counts.causes.entry((cause, class, day, event_type)).or_default() += 1;
        self.list(Listed {
            at: one.head.at,
            class,
            event_type,
            aggregate: text(one.aggregate),
            cause,
            ambiguous,
            fields,
            control: Some(one.into()),
            candidate: Some(other.into()),
            elsewhere: Some((self.rank(other), text(other.aggregate))),
            day,
            clock_offset: Some(other.head.at - candidate.at),
        });
    }

    /// Takes note of two events without a partner that resemble each other.
    pub fn note_resemblance(
        &self,
        control: &TimedEvent<'_>,
        candidate: &TimedEvent<'_>,
    ) -> Result<(), CompareError> {
        let Context { scratch, pair_log, .. } = self.context;
        pair_log.as_ref().map_or(Ok(()), |log| log.note(None, control, candidate, false, scratch))
    }

    /// Counts an event without a partner, when all pairs were counted. `corrected` is its time by the control's clock.
    pub fn unmatched(
        &mut self,
        side: Side,
        event: &PackedEvent<'_>,
        corrected: i64,
    ) -> Result<(), CompareError> {
        let coverage = self.context.coverage.filter(|_| side == Side::Control);
        if coverage.is_some_and(|coverage| coverage.takes_later(&event.head))
            || self.range.excludes(side, event, corrected)
        {
            *self.counts.beyond.of_mut(side) += 1;
        } else if self.range.is_about_beginning(side, event) {
            return self.about_beginning.push(event);
        } else {
            self.count_unmatched(side, event, corrected);
        }
        Ok(())
    }

    fn count_unmatched(&mut self, side: Side, event: &PackedEvent<'_>, corrected: i64) {
        let (day, event_type) = (self.day(corrected), self.rank(event));
        let unmatched = Unmatched::new(side, event, (corrected, day), event_type, self.context.settings);
        let Unmatched { side, class, listed } = unmatched;
        let counts = self.counts.by.entry((day, listed.event_type)).or_default();
        match side {
            Side::Control => counts.control += 1,
            Side::Candidate => counts.candidate += 1,
        }
        *counts.of_mut(class, side) += 1;
        if class != Class::Pending {
            *self.counts.causes.entry((listed.cause, class, day, listed.event_type)).or_default() += 1;
            self.list(listed);
        }
    }

    /// Where the range begins by the control's clock, now that all pairs are known. What comes before it
    /// without a partner is of the time before.
    pub fn settle_beginning(&mut self) -> Result<Option<SettledBeginning>, CompareError> {
        let Some(beginning) = self.range.settled(self.counts.first_in_time) else { return Ok(None) };
        let about_beginning = std::mem::replace(&mut self.about_beginning, AboutBeginning::new(self.context));
        about_beginning.each(&mut |event| {
            if event.head.at < beginning.at {
                self.counts.beyond.control += 1;
            } else {
                self.count_unmatched(Side::Control, event, event.head.at);
            }
        })?;
        Ok(Some(beginning))
    }

    /// The day of an instant by the control's clock.
    pub fn day(&mut self, at: i64) -> NaiveDate {
        self.days.of(at)
    }

    fn rank(&self, event: &PackedEvent<'_>) -> u32 {
        self.ranks[event.head.event_type as usize]
    }

    fn list(&mut self, listed: Listed) {
        if self.listed.len() < self.context.kept_differences() {
            self.listed.push(listed);
        } else if let Some(mut last) = self.listed.peek_mut()
            && listed < *last
        {
            *last = listed;
        }
    }

    fn note_order(&mut self, one: &PackedEvent<'_>, other: &PackedEvent<'_>) -> Result<(), CompareError> {
        let Some(aggregate) = one.aggregate else { return Ok(()) };
        let pair = PlacedPair {
            aggregate: xxh3_64(aggregate),
            control: one.head.ordinal(),
            candidate: other.head.ordinal(),
            at: one.head.at,
        };
        let partition = Partitions::of(pair.aggregate, 0);
        self.order.push(partition, &self.context.scratch, |out| out.extend_from_slice(&pair.packed()))
    }

    /// Takes over what another worker counted, and gives its pairs for the order analysis.
    pub fn add(&mut self, other: Self) -> Result<Partitions, CompareError> {
        self.counts.add(other.counts);
        self.about_beginning.add(other.about_beginning)?;
        other.listed.into_iter().for_each(|listed| self.list(listed));
        Ok(other.order)
    }

    /// The counts, and the listed differences in their order.
    pub fn into_parts(self) -> (Counts, Vec<Listed>) {
        (self.counts, self.listed.into_sorted_vec())
    }
}
