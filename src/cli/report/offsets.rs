//! How far the clocks of both sides are apart.

use super::numbers::{grouped, percent};
use crate::application::compare::report::{ClockReport, HistogramBucket};
use crate::application::duration::rounded;
use crate::application::evidence::record::ClockEvidence;
use crate::domain::counted::counted;

/// A histogram of offsets, candidate minus control.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offsets {
    /// From the least to the greatest.
    pub buckets: Vec<Bucket>,
    /// What is to be known of the clocks, a sentence each.
    pub sentences: Vec<String>,
}

/// The events whose offset lies between two bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The bounds.
    pub label: String,
    /// How many events there are.
    pub events: String,
    /// The length of the bar, of a hundred.
    pub bar: String,
}

impl From<&ClockReport> for Offsets {
    fn from(clock: &ClockReport) -> Self {
        let most = clock.histogram.iter().map(|bucket| bucket.anchors).max().unwrap_or_default();
        // Empty buckets between others are one row: there can be dozens.
        let rows = clock.histogram.chunk_by(|one, other| one.anchors == 0 && other.anchors == 0);
        let buckets = rows.filter_map(|row| {
            let (first, last) = (row.first()?, row.last()?);
            Some(Bucket {
                label: label(&HistogramBucket { to_us: last.to_us, ..*first }),
                events: grouped(first.anchors),
                bar: percent(first.anchors, most),
            })
        });
        Self { buckets: buckets.collect(), sentences: sentences(clock) }
    }
}

impl From<&ClockEvidence> for Offsets {
    fn from(clock: &ClockEvidence) -> Self {
        let ClockEvidence {
            anchors, sampled, offset_us, tolerance_us, max_offset_us, drift_us_per_day, ..
        } = *clock;
        Self::from(&ClockReport {
            anchors,
            sampled,
            offset_us,
            tolerance_us,
            max_offset_us,
            spread: clock.spread.unwrap_or_default(),
            drift_us_per_day,
            steps: Vec::new(),
            days: clock.days.clone(),
            modes: clock.modes.clone(),
            days_over_max_offset: clock.days_over_max_offset.clone(),
            histogram: clock.histogram.clone().unwrap_or_default(),
        })
    }
}

fn sentences(clock: &ClockReport) -> Vec<String> {
    if clock.anchors == 0 {
        return vec![
            "No event occurs exactly once on each side, by which the clocks could be told apart: they are taken as equal."
                .to_owned(),
        ];
    }
    let mut told = vec![format!(
        "By {} events that occur exactly once on each side{}, the candidate's clock is {} the control's. Half of the \
         events lie within {} of that offset, 99 of 100 within {}, all within {}. Pairs may be {} apart.",
        grouped(clock.anchors),
        if clock.sampled { " (a sample of them)" } else { "" },
        match clock.offset_us {
            0 => "that of".to_owned(),
            offset if offset < 0 => format!("{} after", rounded(offset)),
            offset => format!("{} ahead of", rounded(offset)),
        },
        rounded(clock.spread.p50_us),
        rounded(clock.spread.p99_us),
        rounded(clock.spread.max_us),
        rounded(clock.tolerance_us),
    )];
    if let Some(drift) = clock.drift_us_per_day.filter(|drift| *drift != 0) {
        let verb = if drift < 0 { "falls" } else { "grows" };
        told.push(format!("The offset {verb} by {} a day.", rounded(drift)));
    }
    told.extend(clock.steps.iter().map(|step| format!("Step: {step}.")));
    let modes = clock.modes.iter().map(|mode| {
        let hint = match &*mode.hint {
            "none" => String::new(),
            hint => format!(": {hint}"),
        };
        format!("{} % of the events are {} apart{hint}.", mode.percent, rounded(mode.offset_us))
    });
    told.extend(modes);
    if !clock.days_over_max_offset.is_empty() {
        let days: Vec<String> = clock.days_over_max_offset.iter().take(10).map(ToString::to_string).collect();
        let more = match clock.days_over_max_offset.len() - days.len() {
            0 => String::new(),
            more => format!(" and {}", counted(more as u64, "more day", "more days")),
        };
        let allowed = rounded(clock.max_offset_us);
        told.push(format!("The clocks are more than {allowed} apart on {}{more}.", days.join(", ")));
    }
    told
}

fn label(bucket: &HistogramBucket) -> String {
    let bound = |micros: i64| match micros {
        micros if micros < 0 => format!("−{}", rounded(micros)),
        micros => rounded(micros),
    };
    match (bucket.from_us, bucket.to_us) {
        (Some(from), Some(to)) => format!("{} to {}", bound(from), bound(to)),
        (Some(from), None) => format!("{} and more", bound(from)),
        (None, Some(to)) => format!("less than {}", bound(to)),
        (None, None) => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(from_us: Option<i64>, to_us: Option<i64>, anchors: u64) -> HistogramBucket {
        HistogramBucket { from_us, to_us, anchors }
    }

    #[test]
    fn a_bucket_says_between_which_offsets_how_many_events_lie() {
        let clock = ClockReport {
            anchors: 1_005,
            offset_us: -3_000,
            histogram: vec![
                bucket(None, Some(-100_000_000_000), 1),
                bucket(Some(-5_000), Some(-2_000), 1_000),
                bucket(Some(-200), Some(-100), 0),
                bucket(Some(-100), Some(0), 0),
                bucket(Some(0), Some(100), 0),
                bucket(Some(1_000_000), None, 4),
            ],
            ..ClockReport::default()
        };
        let offsets = Offsets::from(&clock);
        let shown: Vec<_> = offsets
            .buckets
            .iter()
            .map(|bucket| (bucket.label.as_str(), bucket.events.as_str(), bucket.bar.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("less than −27h 46m 40s", "1", "0.5"),
                ("−5ms to −2ms", "1,000", "100.0"),
                ("−200µs to 100µs", "0", "0"),
                ("1s and more", "4", "0.5"),
            ]
        );
        assert!(
            offsets.sentences[0].contains("the candidate's clock is 3ms after the control's"),
            "{offsets:?}"
        );
    }

    #[test]
    fn clocks_that_no_event_tells_apart_are_said_to_be_taken_as_equal() {
        let offsets = Offsets::from(&ClockReport::default());
        assert!(offsets.buckets.is_empty() && offsets.sentences[0].contains("taken as equal"));
    }

    #[test]
    fn a_day_on_which_the_clocks_are_too_far_apart_is_named() {
        let clock = ClockReport {
            anchors: 9,
            max_offset_us: 300_000_000,
            drift_us_per_day: Some(-2_000),
            days_over_max_offset: [NaiveDate::default()].into(),
            ..ClockReport::default()
        };
        let told = Offsets::from(&clock).sentences;
        assert_eq!(
            told[1..],
            ["The offset falls by 2ms a day.", "The clocks are more than 5m apart on 1970-01-01."]
        );
    }

    use chrono::NaiveDate;
}
