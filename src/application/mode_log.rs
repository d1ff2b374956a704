//! What is recorded of modes: each switch, the mode of each process that dispatches, and what a mirror could not decide. The port to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::application::handling::store::HandlerStoreError;
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};
use crate::domain::value_objects::{Position, StreamId};

/// A switch: from then on, events went where `to` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModeChange {
    /// When.
    pub at: DateTime<Utc>,
    /// As it was before; `None` for the first.
    pub from: Option<Routing>,
    /// As it is from then on.
    pub to: Routing,
    /// The last position of each stream of the new side at that moment; empty where it had no store, or an empty one.
    pub heads: Vec<(StreamId, Position)>,
    /// Where the last record of the legacy log ended, in bytes; `None` where there was no log.
    pub legacy_end: Option<u64>,
}

/// When the parallel run was started that goes on now, by what is recorded; `None` where none goes on. Events of all of `types` (of
/// all types, where there is none) have gone to both sides since.
pub fn start_of_parallel_run(changes: &[ModeChange], types: &BTreeSet<String>) -> Option<DateTime<Utc>> {
    let goes_on = |change: &&ModeChange| {
        change.to.mode == EventSystemMode::ParallelEvents && mirrors(&change.to, types)
    };
    changes.iter().rev().take_while(goes_on).last().map(|change| change.at)
}

/// Whether events of all of `types`, or of all types where there is none, go to both sides of a parallel run.
fn mirrors(routing: &Routing, types: &BTreeSet<String>) -> bool {
    let mirrored = &routing.new_event_types;
    let is_named = !types.is_empty() && types.is_subset(mirrored);
    routing.primary == Side::New || mirrored.is_empty() || is_named
}

/// Which events of a store the new side alone has received, by what is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyOnNewSide(Vec<Interval>);

/// Positions of a stream, and where the events there went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Interval {
    /// The last position before it.
    after: Position,
    routing: Routing,
}

impl OnlyOnNewSide {
    /// Those of a store that is one stream. What was saved before anything was recorded is among them, as earlier versions of
    /// this program dispatched to the new side alone.
    pub fn of_stream(stream: &StreamId, changes: &[ModeChange]) -> Self {
        let head = |change: &ModeChange| {
            let head = change.heads.iter().find(|(of, _)| of == stream);
            head.map_or(Position::new(0), |(_, head)| *head)
        };
        let before = Interval { after: Position::new(0), routing: Routing::of(true, false, BTreeSet::new()) };
        let recorded =
            changes.iter().map(|change| Interval { after: head(change), routing: change.to.clone() });
        Self([before].into_iter().chain(recorded).collect())
    }

    /// Whether the event at that position is one.
    pub fn includes(&self, position: Position, event_type: &str) -> bool {
        let interval = self.0.iter().rev().find(|interval| interval.after < position);
        interval.is_some_and(|interval| {
            let route = interval.routing.route(event_type);
            route.primary == Side::New && !route.is_mirrored
        })
    }
}

/// A process that dispatches, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessMode {
    /// Its number.
    pub pid: u32,
    /// Where its events go.
    pub routing: Routing,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it said so last; a process that was killed says nothing any more.
    pub seen_at: DateTime<Utc>,
}

/// Something about a record that only a power cut or another program can have made unknown. It is told, and never decided by a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecidedRecord {
    /// The mirror that found it.
    pub mirror: String,
    /// When.
    pub found_at: DateTime<Utc>,
    /// The event of the new side that it is about, where one is known.
    pub event_id: Option<String>,
    /// Where it stands, or would stand, in the legacy log, in bytes.
    pub legacy_offset: Option<u64>,
    /// What is not known, and why, in words for people.
    pub detail: String,
}

/// The port to what is recorded of modes. Any number of threads and processes may use one at a time.
pub trait ModeLog: Send + Sync {
    /// Every switch, the earliest first. It is asked for each event: while there are no further ones, the answer is the same list.
    ///
    /// # Errors
    /// The store cannot be read; the same holds for the other questions.
    fn changes(&self) -> Result<Arc<Vec<ModeChange>>, HandlerStoreError>;

    /// Adds a switch, if the last one led anywhere else than to `change.to`; answers whether it was added.
    /// `change.from` is what the last one led to: what is given there is not looked at.
    ///
    /// # Errors
    /// The store cannot be written; the same holds for the other changes.
    fn add_change(&self, change: &ModeChange) -> Result<bool, HandlerStoreError>;

    /// The processes that have said how they dispatch and not that they ended, by number.
    fn processes(&self) -> Result<Vec<ProcessMode>, HandlerStoreError>;

    /// Says how a process dispatches now.
    fn put_process(&self, process: &ProcessMode) -> Result<(), HandlerStoreError>;

    /// Says that it has ended.
    fn remove_process(&self, pid: u32) -> Result<(), HandlerStoreError>;

    /// What was not decided, the earliest first.
    fn undecided(&self) -> Result<Vec<UndecidedRecord>, HandlerStoreError>;

    /// Adds something that was not decided; the same one is added once.
    fn add_undecided(&self, record: &UndecidedRecord) -> Result<(), HandlerStoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Changes, one a second: whether the new side is primary, whether both run, and the named types.
    fn start(changes: &[(bool, bool, &[&str])], compared: &[&str]) -> Option<i64> {
        let changes: Vec<ModeChange> = (0..)
            .zip(changes)
            .map(|(second, (use_new, parallel, named))| ModeChange {
                at: DateTime::from_timestamp(second, 0).unwrap(),
                from: None,
                to: Routing::of(*use_new, *parallel, types(named)),
                heads: Vec::new(),
                legacy_end: None,
            })
            .collect();
        start_of_parallel_run(&changes, &types(compared)).map(|at| at.timestamp())
    }

    const LEGACY: (bool, bool, &[&str]) = (false, false, &[]);
    const NEW: (bool, bool, &[&str]) = (true, false, &[]);
    const PARALLEL: (bool, bool, &[&str]) = (false, true, &[]);
    const PARALLEL_NEW: (bool, bool, &[&str]) = (true, true, &[]);

    #[test]
    fn a_parallel_run_starts_with_the_change_after_which_it_did_not_end() {
        for (changes, expected) in [
            (&[][..], None),
            (&[LEGACY], None),
            (&[LEGACY, PARALLEL], Some(1)),
            // Another side is primary, and it goes on.
            (&[PARALLEL, PARALLEL_NEW, PARALLEL], Some(0)),
            (&[PARALLEL, LEGACY, PARALLEL_NEW], Some(2)),
            (&[PARALLEL, NEW], None),
        ] {
            assert_eq!(start(changes, &[]), expected, "{changes:?}");
        }
    }

    #[test]
    fn the_new_side_alone_has_what_was_saved_while_it_ran_alone_or_was_of_a_type_that_goes_there_alone() {
        let stream = StreamId::single();
        let change = |use_new, parallel, named: &[&str], head: i64| ModeChange {
            at: DateTime::UNIX_EPOCH,
            from: None,
            to: Routing::of(use_new, parallel, types(named)),
            heads: vec![(stream.clone(), Position::new(head))],
            legacy_end: None,
        };
        let changes = [
            change(false, true, &[], 2),
            change(true, false, &[], 4),
            change(true, true, &[], 6),
            change(false, false, &["A"], 8),
        ];
        let only = OnlyOnNewSide::of_stream(&stream, &changes);
        let included = |event_type| -> Vec<i64> {
            (1..=10).filter(|position| only.includes(Position::new(*position), event_type)).collect()
        };
        assert_eq!(included("A"), [1, 2, 5, 6, 9, 10]);
        assert_eq!(included("B"), [1, 2, 5, 6]);
    }

    #[test]
    fn it_starts_for_events_of_a_type_when_these_go_to_both_sides() {
        const A: (bool, bool, &[&str]) = (false, true, &["A"]);
        const A_AND_B: (bool, bool, &[&str]) = (false, true, &["A", "B"]);
        for (changes, compared, expected) in [
            (&[A][..], &["A"][..], Some(0)),
            (&[A], &[], None),
            (&[A], &["B"], None),
            (&[A, A_AND_B], &["A"], Some(0)),
            (&[A, A_AND_B], &["A", "B"], Some(1)),
            (&[A, PARALLEL], &[], Some(1)),
            (&[A, PARALLEL_NEW, PARALLEL], &["A"], Some(0)),
        ] {
            assert_eq!(start(changes, compared), expected, "{changes:?} {compared:?}");
        }
    }
}
