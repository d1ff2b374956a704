//! Which events of the new side are the legacy mirror's, by the recorded switches.

use std::collections::BTreeMap;

use crate::application::mode_log::ModeChange;
use crate::domain::repository::Stream;
use crate::domain::value_objects::{Position, StreamId};

/// The times at which the new side was primary in a parallel run, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Intervals(Vec<Interval>);

/// One of them. A stream that has no position at its begin began later; one that has none at its end, after it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Interval {
    starts: BTreeMap<StreamId, Position>,
    /// `None` while it lasts.
    ends: Option<BTreeMap<StreamId, Position>>,
    legacy_start: Option<u64>,
}

/// Events of a stream that are to be mirrored, and come one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub stream: StreamId,
    /// `None`: from the first event on.
    pub after: Option<Position>,
    /// Up to this one.
    pub up_to: Position,
}

impl Intervals {
    pub fn of(changes: &[ModeChange]) -> Self {
        let mut intervals: Vec<Interval> = Vec::new();
        for change in changes {
            let heads: BTreeMap<StreamId, Position> = change.heads.iter().cloned().collect();
            if let Some(last) = intervals.last_mut().filter(|last| last.ends.is_none()) {
                last.ends = Some(heads.clone());
            }
            if change.to.mirrors_to_legacy() {
                let legacy_start = change.legacy_end;
                intervals.push(Interval { starts: heads, ends: None, legacy_start });
            }
        }
        Self(intervals)
    }

    /// Whether there never was one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the legacy log ended when the first of them began of which events are left: their records stand after it.
    pub fn legacy_start(&self, mirrored: &BTreeMap<StreamId, Position>) -> Option<u64> {
        self.0.iter().find(|interval| !interval.is_done(mirrored)).and_then(|interval| interval.legacy_start)
    }

    /// The next events of a stream after those that are mirrored; `None` where it has none.
    pub fn next(&self, stream: &Stream, mirrored: Option<Position>) -> Option<Span> {
        self.0.iter().find_map(|interval| {
            let after = interval.starts.get(&stream.id).copied().max(mirrored);
            let end = match &interval.ends {
                None => stream.head,
                Some(ends) => stream.head.min(*ends.get(&stream.id)?),
            };
            let is_left = after.is_none_or(|after| after < end);
            is_left.then(|| Span { stream: stream.id.clone(), after, up_to: end })
        })
    }

    /// Whether an event there is one of them.
    pub fn contain(&self, stream: &StreamId, position: Position) -> bool {
        self.0.iter().any(|interval| {
            let begins = interval.starts.get(stream).is_none_or(|start| *start < position);
            let ends =
                |ends: &BTreeMap<StreamId, Position>| ends.get(stream).is_some_and(|end| position <= *end);
            begins && interval.ends.as_ref().is_none_or(ends)
        })
    }

    /// Whether all are over, and all their events mirrored, with that progress.
    pub fn are_done(&self, mirrored: &BTreeMap<StreamId, Position>) -> bool {
        self.0.iter().all(|interval| interval.is_done(mirrored))
    }
}

impl Interval {
    fn is_done(&self, mirrored: &BTreeMap<StreamId, Position>) -> bool {
        let is_done = |(stream, end): (&StreamId, &Position)| {
            self.starts.get(stream).max(mirrored.get(stream)).is_some_and(|after| after >= end)
        };
        self.ends.as_ref().is_some_and(|ends| ends.iter().all(is_done))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;

    use super::*;
    use crate::domain::event_system_mode::Routing;

    fn change(use_new: bool, parallel: bool, heads: &[(&str, i64)]) -> ModeChange {
        let heads = heads.iter().map(|(stream, head)| (StreamId::new(*stream), Position::new(*head)));
        ModeChange {
            at: DateTime::UNIX_EPOCH,
            from: None,
            to: Routing::of(use_new, parallel, BTreeSet::new()),
            heads: heads.collect(),
            legacy_end: Some(7),
        }
    }

    fn next(
        intervals: &Intervals,
        stream: &str,
        head: i64,
        mirrored: Option<i64>,
    ) -> Option<(Option<i64>, i64)> {
        let stream = Stream { id: StreamId::new(stream), head: Position::new(head) };
        let span = intervals.next(&stream, mirrored.map(Position::new))?;
        Some((span.after.map(Position::get), span.up_to.get()))
    }

    #[test]
    fn the_events_between_two_switches_are_mirrored_and_no_others() {
        let changes = [
            change(false, false, &[]),
            change(true, true, &[("", 10)]),
            change(true, false, &[("", 20)]),
            change(true, true, &[("", 30)]),
        ];
        let intervals = Intervals::of(&changes);
        assert_eq!(next(&intervals, "", 35, None), Some((Some(10), 20)));
        assert_eq!(next(&intervals, "", 35, Some(15)), Some((Some(15), 20)));
        assert_eq!(next(&intervals, "", 35, Some(20)), Some((Some(30), 35)));
        assert_eq!(next(&intervals, "", 35, Some(35)), None);
        for (position, is_mirrored) in
            [(10, false), (11, true), (20, true), (21, false), (30, false), (31, true)]
        {
            assert_eq!(
                intervals.contain(&StreamId::single(), Position::new(position)),
                is_mirrored,
                "{position}"
            );
        }
    }

    #[test]
    fn a_stream_that_began_after_the_switch_counts_from_its_first_event() {
        let changes = [change(true, true, &[("d1", 10)]), change(true, false, &[("d1", 12), ("d2", 110)])];
        let open = Intervals::of(&changes[..1]);
        assert_eq!(next(&open, "d2", 110, None), Some((None, 110)));
        let over = Intervals::of(&changes);
        assert_eq!(next(&over, "d2", 120, None), Some((None, 110)));
        assert_eq!(next(&over, "d3", 220, None), None, "it began when the interval was over");
    }

    #[test]
    fn an_interval_is_done_when_it_is_over_and_all_its_events_are_mirrored() {
        let changes = [change(true, true, &[("d1", 10)]), change(true, false, &[("d1", 10), ("d2", 110)])];
        let mirrored = |heads: &[(&str, i64)]| {
            heads.iter().map(|(stream, head)| (StreamId::new(*stream), Position::new(*head))).collect()
        };
        assert!(!Intervals::of(&changes[..1]).are_done(&mirrored(&[("d1", 10)])), "it lasts");
        assert!(!Intervals::of(&changes).are_done(&mirrored(&[("d2", 109)])));
        assert!(
            Intervals::of(&changes).are_done(&mirrored(&[("d2", 110)])),
            "nothing came to the first stream"
        );
        assert!(Intervals::default().are_done(&BTreeMap::new()));
    }
}
