//! How dispatches went.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::known::{Known, counted};
use crate::application::figures::{DayFigures, FiguresLine, Latencies, figures_by_day};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;
use crate::domain::event_system_mode::EventSystemMode;

/// What a dispatch is to take at most on average, in microseconds.
const LIMIT: u64 = 10_000;
/// So many of a thousand dispatches have to be timed.
const TIMED: u64 = 990;

const NO_FIGURES: &str = "no figures of dispatches are recorded in this period";
const DISPATCH: &str = "dispatch with this program, which records them in `evidence.dispatch_figures`";

/// The figures of the days of the period, but for what went to the legacy system alone.
fn figures_of_period(
    known: &Known<'_>,
    lines: &[(FiguresLine, Latencies)],
) -> BTreeMap<NaiveDate, DayFigures> {
    let legacy = EventSystemMode::LegacyEvents.to_string();
    let day_of = |line: &FiguresLine| known.day_of(line.from);
    let lines = lines.iter().filter(|(line, _)| line.mode != legacy && known.is_in_period(day_of(line)));
    let lines: Vec<_> = lines
        .map(|(line, latencies)| (FiguresLine { day: day_of(line), ..line.clone() }, latencies.clone()))
        .collect();
    figures_by_day(&lines)
}

/// No event could not be taken by the primary side, and the secondary one has failed on none.
pub fn failures(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::DispatchFailures, format!("0 {}", known.period()));
    let recorded = match &known.facts.figures {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(recorded) => recorded.as_ref(),
    };
    let days = figures_of_period(known, recorded.map_or(&[], |recorded| &recorded.lines));
    let sum = |of: fn(&DayFigures) -> u64| days.values().map(of).sum::<u64>();
    let (primary, secondary) = (sum(|day| day.primary_failures), sum(|day| day.secondary_failures));
    let mut criterion = Criterion::new(
        name,
        format!("{primary} on the primary side, {secondary} on the secondary side"),
        threshold,
    )
    .figure("primary", primary)
    .figure("secondary", secondary);
    let look =
        "`mission-events status` shows them by day; mend the cause, and let the period pass without another";
    for (day, figures) in &days {
        for (count, side) in
            [(figures.primary_failures, "primary"), (figures.secondary_failures, "secondary")]
        {
            if count > 0 {
                let reason =
                    format!("{day}: {} failed on the {side} side", counted(count, "dispatch", "dispatches"));
                criterion = criterion.fails(reason, look);
            }
        }
    }
    if days.is_empty() {
        criterion = criterion.lacks(NO_FIGURES, DISPATCH);
    }
    let damaged = recorded.map_or(0, |recorded| recorded.damage.iter().filter(|line| !line.is_torn).count());
    match damaged {
        0 => criterion,
        lines => criterion.lacks(
            format!("{} damaged: what failed in these minutes is not known", counted(lines as u64, "line of the figures is", "lines of the figures are")),
            "`mission-events doctor` says where; find out what has changed the file, and take what is no line out",
        ),
    }
}

/// Dispatches took 10 ms at most on average, as far as they were timed, which nearly all have to be.
pub fn latency(known: &Known<'_>) -> Criterion {
    let name = CriterionName::Latency;
    let threshold = "10.0 ms at most on average, 99 % of the dispatches timed";
    let (recorded, candidate) = match (&known.facts.figures, &known.facts.candidate) {
        (Ok(recorded), Ok(candidate)) => (recorded.as_ref(), candidate),
        (Err(why), _) | (_, Err(why)) => return Criterion::unread(name, threshold, why),
    };
    let days = figures_of_period(known, recorded.map_or(&[], |recorded| &recorded.lines));
    let mut latencies = Latencies::default();
    days.values().for_each(|day| latencies.add(&day.latencies));
    let Some(mean) = latencies.mean() else {
        return Criterion::new(name, "no dispatch", threshold).lacks(NO_FIGURES, DISPATCH);
    };
    // What was dispatched in the present minute has no line yet.
    let today = known.day_of(known.facts.now);
    let is_counted = |day: NaiveDate| known.is_in_period(day) && day < today;
    let stored = candidate.days.iter().filter(|(day, _)| is_counted(**day));
    let (mut events, mut timed) = (0, 0);
    for (day, count) in stored {
        events += count;
        timed += days.get(day).map_or(0, |figures| figures.dispatches).min(*count);
    }
    let p99 = latencies.quantile(0.99).unwrap_or(mean);
    let value = format!(
        "{} on average, {} at most for 99 %; {timed} of {} timed",
        ms(mean),
        ms(p99),
        counted(events, "event", "events")
    );
    let mut criterion = Criterion::new(name, value, threshold)
        .figure("mean_us", mean)
        .figure("p99_us", p99)
        .figure("dispatches", latencies.count())
        .figure("events", events)
        .figure("timed", timed);
    if mean > LIMIT {
        let reason = format!("a dispatch took {} on average", ms(mean));
        criterion = criterion.fails(reason, "`mission-events doctor` tells a slow disk from slow handlers");
    }
    if events == 0 {
        criterion = criterion.lacks(
            "no event is stored of a day of the period that has ended",
            "let days with dispatches pass",
        );
    }
    if timed * 1_000 < events * TIMED {
        let reason =
            format!("of {} stored in the period, {timed} were timed", counted(events, "event", "events"));
        criterion = criterion.lacks(reason, "processes that were killed took the timing with them, or another program has dispatched: let the period pass without");
    }
    criterion
}

#[allow(clippy::cast_precision_loss, reason = "for people, to a tenth of a millisecond")]
fn ms(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1_000.0)
}
