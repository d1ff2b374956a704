//! What recorded comparisons say of each day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::comparisons::{Comparisons, RecordedRun};
use super::facts::GateFacts;
use super::report::{DayState, GateDay};
use crate::application::evidence::record::{ComparisonEvidence, DayEvidence, DaySide, Verdict};
use crate::domain::counted::counted;
use crate::wire::zone::Zone;

/// How long an event may be on one side only, where no comparison says it.
const SETTLE: TimeDelta = TimeDelta::seconds(60);

/// The days of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedDays {
    /// From the first day that was compared to the present one, in their order; none where none was.
    pub days: Vec<GateDay>,
    /// How many days were counted, backwards from the last one that has ended.
    pub clean: u32,
    /// The day at which the count ended because it is not clean; `None` where it ended with the first day.
    pub broken_by: Option<NaiveDate>,
    /// The first day of the period over which everything else is judged: so many days with events, backwards from the last one.
    pub since: Option<NaiveDate>,
    /// The last day that has ended and settled.
    last_ended: NaiveDate,
}

impl JudgedDays {
    /// Judges the days; `needed` of them have to be clean.
    pub fn of(facts: &GateFacts, comparisons: &Comparisons<'_>, needed: u32) -> Self {
        let judge = Judge::new(facts, comparisons);
        let mut judged =
            Self { days: judge.all(), clean: 0, broken_by: None, since: None, last_ended: judge.last };
        judged.count();
        let ended = judged.days.iter().rev().filter(|day| day.day <= judge.last);
        let with_events = ended.filter(|day| day.state != DayState::Quiet).take(needed as usize);
        judged.since = with_events.last().or(judged.days.first()).map(|day| day.day);
        judged
    }

    /// Counts backwards from the last day that has ended.
    fn count(&mut self) {
        for day in self.days.iter_mut().rev().filter(|day| day.day <= self.last_ended) {
            match day.state {
                DayState::Open | DayState::Quiet => {}
                DayState::Clean => {
                    self.clean += 1;
                    day.is_counted = true;
                }
                DayState::Different | DayState::Repaired | DayState::NotCompared | DayState::BeforeRules => {
                    self.broken_by = Some(day.day);
                    return;
                }
            }
        }
    }

    /// The days that have not ended, or not settled: they do not count yet.
    pub fn not_ended(&self) -> impl Iterator<Item = &GateDay> {
        self.days.iter().filter(|day| day.day > self.last_ended)
    }

    /// The day of that date.
    pub fn day(&self, date: NaiveDate) -> Option<&GateDay> {
        self.days.iter().find(|day| day.day == date)
    }
}

/// Judges one day after the other.
struct Judge<'f> {
    facts: &'f GateFacts,
    comparisons: &'f Comparisons<'f>,
    zone: &'f Zone,
    /// The last day that has ended and settled by now.
    last: NaiveDate,
    /// The last day on which a comparison with other rules was recorded.
    other_rules: Option<NaiveDate>,
}

/// What one comparison says of a day.
enum Said<'e> {
    /// It has judged the day, and found this; `None`: no event.
    Judged(Option<&'e DayEvidence>),
    /// It has not, for this reason.
    Not(String),
}

impl<'f> Judge<'f> {
    fn new(facts: &'f GateFacts, comparisons: &'f Comparisons<'f>) -> Self {
        let zone = &facts.zone;
        let settle = comparisons.last().map_or(SETTLE, |run| settle_of(run.comparison));
        let last = zone.day_of(facts.now - settle) - Days::new(1);
        let changed = comparisons.last_of_other_rules();
        let other_rules = changed.map(|run| zone.day_of(run.comparison.recorded_at));
        Self { facts, comparisons, zone, last, other_rules }
    }

    fn all(&self) -> Vec<GateDay> {
        let compared = self.comparisons.runs().iter().flat_map(|run| &run.comparison.days);
        let Some(first) = compared.map(|day| day.day).min() else { return Vec::new() };
        let today = self.zone.day_of(self.facts.now);
        first.iter_days().take_while(|day| *day <= today).map(|day| self.judge(day)).collect()
    }

    fn judge(&self, day: NaiveDate) -> GateDay {
        let entries: Vec<(&RecordedRun<'_>, &DayEvidence)> = self
            .comparisons
            .runs()
            .iter()
            .filter_map(|run| Some((run, run.comparison.days.iter().find(|entry| entry.day == day)?)))
            .collect();
        let [control, candidate] = [&self.facts.control, &self.facts.candidate].map(|log| {
            let log = log.as_ref().ok();
            log.map(|log| log.days.get(&day).copied().unwrap_or(0))
        });
        let last = entries.last().map(|(_, entry)| *entry);
        let (state, reason) = self.state(day, &entries, [control, candidate]);
        GateDay {
            day,
            state,
            is_counted: false,
            control: last.map(|entry| entry.control.events).or(control).unwrap_or(0),
            candidate: last.map(|entry| entry.candidate.events).or(candidate).unwrap_or(0),
            differences: entries.iter().map(|(_, entry)| entry.differences).max().unwrap_or(0),
            records: entries.iter().map(|(run, _)| run.sequence).collect(),
            reason,
        }
    }

    fn state(
        &self,
        day: NaiveDate,
        entries: &[(&RecordedRun<'_>, &DayEvidence)],
        [control, candidate]: [Option<u64>; 2],
    ) -> (DayState, Option<String>) {
        if let Some((run, entry)) = entries.iter().find(|(run, entry)| is_different(run.comparison, entry)) {
            return (DayState::Different, Some(difference(run, entry)));
        }
        if let Some((run, entry)) = entries.iter().find(|(_, entry)| repaired(entry) > 0) {
            let reason = format!("{} of its events were repaired (record {})", repaired(entry), run.sequence);
            return (DayState::Repaired, Some(reason));
        }
        if day > self.last {
            return (DayState::Open, Some("it has not ended, or not settled".to_owned()));
        }
        let mut why = None;
        for run in self.comparisons.runs().iter().rev() {
            match self.said(run, day) {
                Said::Judged(entry) => return self.judged(day, entry, control),
                Said::Not(reason) => {
                    why.get_or_insert(format!("record {}: {reason}", run.sequence));
                }
            }
        }
        let has_events = !entries.is_empty() || control.unwrap_or(0) + candidate.unwrap_or(0) > 0;
        match has_events {
            true => {
                (DayState::NotCompared, Some(why.unwrap_or_else(|| "no comparison covers it".to_owned())))
            }
            false => (DayState::Quiet, None),
        }
    }

    /// The state of a day that a comparison has judged, and found nothing wrong on.
    fn judged(
        &self,
        day: NaiveDate,
        entry: Option<&DayEvidence>,
        control: Option<u64>,
    ) -> (DayState, Option<String>) {
        let compared = entry.map_or(0, |entry| entry.control.events);
        if let Some(now) = control.filter(|now| *now > compared) {
            let reason = format!(
                "the legacy log has {} of it, and {compared} when it was compared",
                counted(now, "event", "events")
            );
            return (DayState::NotCompared, Some(reason));
        }
        // Events of the candidate alone are partners of events of the day before or after, by the clock of the other side.
        if entry.is_none_or(|entry| entry.matched + entry.ignored.values().sum::<u64>() == 0) {
            return (DayState::Quiet, None);
        }
        match self.other_rules {
            Some(changed) if day <= changed => {
                let reason = format!("a comparison with other rules was recorded on {changed}");
                (DayState::BeforeRules, Some(reason))
            }
            _ => (DayState::Clean, None),
        }
    }

    /// Whether a comparison has judged the day.
    fn said<'e>(&self, run: &RecordedRun<'e>, day: NaiveDate) -> Said<'e> {
        let comparison = run.comparison;
        if !self.had_ended(comparison, day) {
            return Said::Not("the day had not ended and settled then".to_owned());
        }
        if let Some(doubt) = run.doubt() {
            return Said::Not(format!("inconclusive: {doubt}"));
        }
        let entry = comparison.days.iter().find(|entry| entry.day == day);
        if !entry.map_or_else(|| self.covers(comparison, day), |entry| entry.whole) {
            return Said::Not("the day was compared in part, or not at all".to_owned());
        }
        if let Some(entry) = entry {
            let [pending, quarantined] = [
                entry.control.pending + entry.candidate.pending,
                entry.control.quarantined + entry.candidate.quarantined,
            ];
            if pending + quarantined > 0 {
                return Said::Not(format!(
                    "{} pending, {quarantined} quarantined",
                    counted(pending, "event was", "events were")
                ));
            }
        }
        Said::Judged(entry)
    }

    /// Whether a day was over, whatever time was declared as now.
    fn had_ended(&self, comparison: &ComparisonEvidence, day: NaiveDate) -> bool {
        let now = comparison.window.as_of.min(comparison.recorded_at);
        self.zone.day_of(now - settle_of(comparison)) > day
    }

    /// Whether a day without any compared event lies within what was compared.
    fn covers(&self, comparison: &ComparisonEvidence, day: NaiveDate) -> bool {
        let begins =
            comparison.window.beginning.and_then(|beginning| beginning.at).or(comparison.window.since);
        let day_of = |at: DateTime<Utc>| self.zone.day_of(at);
        begins.is_none_or(|at| day_of(at) < day)
            && comparison.window.until.is_none_or(|until| day_of(until + TimeDelta::microseconds(1)) > day)
    }
}

fn is_different(comparison: &ComparisonEvidence, entry: &DayEvidence) -> bool {
    let is_over_offset = comparison.clock.days_over_max_offset.contains(&entry.day);
    comparison.verdict == Verdict::Different && (entry.differences > 0 || is_over_offset)
}

/// Events that a repair has added: they are neither missing nor matched.
fn repaired(entry: &DayEvidence) -> u64 {
    entry.classes.get(REPAIRED).copied().unwrap_or(0)
}

fn difference(run: &RecordedRun<'_>, entry: &DayEvidence) -> String {
    let found = match entry.differences {
        0 => "the clocks are farther apart than they may be".to_owned(),
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    };
    let classes = entry.classes.iter().filter(|(_, count)| **count > 0);
    let classes = classes.filter(|(class, _)| !NO_DIFFERENCE.contains(&class.as_str()));
    let classes: Vec<String> = classes.map(|(class, count)| format!("{count} {class}")).collect();
    let classes = if classes.is_empty() { String::new() } else { format!(": {}", classes.join(", ")) };
    format!("{found}{classes} (record {}); a later comparison changes nothing", run.sequence)
}

const REPAIRED: &str = "repaired";
/// The classes of an evidence record that are no differences.
const NO_DIFFERENCE: [&str; 4] = ["matched", "pending", "ignored", REPAIRED];

fn settle_of(comparison: &ComparisonEvidence) -> TimeDelta {
    TimeDelta::microseconds(i64::try_from(comparison.settings.settle_us).unwrap_or(i64::MAX))
}

/// The types of events of both sides on the days from `since` on, each as its last comparison has found them.
pub(super) fn types_since(comparisons: &Comparisons<'_>, since: Option<NaiveDate>) -> [BTreeSet<String>; 2] {
    let all = comparisons.runs().iter().flat_map(|run| &run.comparison.days);
    let in_period = all.filter(|entry| since.is_none_or(|since| since <= entry.day));
    let last: BTreeMap<NaiveDate, &DayEvidence> = in_period.map(|entry| (entry.day, entry)).collect();
    let of = |side: fn(&DayEvidence) -> &DaySide| {
        last.values().flat_map(|entry| &side(entry).event_types).cloned().collect()
    };
    [of(|entry| &entry.control), of(|entry| &entry.candidate)]
}
