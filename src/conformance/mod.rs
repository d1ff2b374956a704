//! The conformance suite of the port: one function a clause of the
//! [contract](crate::domain::repository::EventRepository#contract), for the backends of this crate and
//! of any other. Cargo feature `conformance`.
//!
//! A backend is tested by a [`StoreUnderTest`] and one line, [`conformance_tests!`](crate::conformance_tests),
//! which makes a test of each clause; [`check_all`] is the same in one call.
//!
//! ```toml
//! [dev-dependencies]
//! mission-events = { version = "0.1", features = ["conformance"] }
//! ```
//!
//! # Example
//!
//! A whole backend, made of public names alone:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use mission_events::conformance::{StoreUnderTest, check_all};
//! use mission_events::{
//!     BatchError, DomainEvent, EventId, EventOrigin, EventQuery, EventRepository, Position, RepositoryError, StoreSummary,
//!     StoredEvent, Stream, StreamId, TimeOrder, Zone,
//! };
//!
//! struct ListRepository {
//!     zone: Zone,
//!     events: Mutex<Vec<StoredEvent>>,
//! }
//!
//! impl EventRepository for ListRepository {
//!     fn save_events(&self, events: &[DomainEvent]) -> Result<Vec<Position>, BatchError> {
//!         let mut stored = self.events.lock().unwrap();
//!         let mut after = stored.clone();
//!         let mut positions = Vec::new();
//!         for event in events {
//!             event.ensure_live(&self.zone).map_err(|reason| RepositoryError::not_live(event, reason))?;
//!             let first = after.iter().find(|stored| stored.event.event_id() == event.event_id());
//!             positions.push(match first {
//!                 Some(first) if first.event.has_content_of(event) => first.position,
//!                 Some(first) => {
//!                     let (event_id, position) = (event.event_id().clone(), first.position);
//!                     return Err(RepositoryError::Conflict { event_id, position }.into());
//!                 }
//!                 None => {
//!                     let position = Position::new(after.len() as i64 + 1);
//!                     after.push(StoredEvent { position, origin: EventOrigin::Saved, event: event.clone() });
//!                     position
//!                 }
//!             });
//!         }
//!         *stored = after;
//!         Ok(positions)
//!     }
//!
//!     fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
//!         let stored = self.events.lock().unwrap();
//!         Ok(stored.iter().find(|stored| stored.event.event_id() == id).cloned())
//!     }
//!
//!     fn query(&self, query: &EventQuery, limit: usize) -> Result<Vec<StoredEvent>, RepositoryError> {
//!         let mut found = self.events.lock().unwrap().clone();
//!         found.retain(|stored| query.matches(&stored.event));
//!         found.sort_by_key(|stored| (stored.event.timestamp(), stored.position));
//!         if query.order == TimeOrder::NewestFirst {
//!             found.reverse();
//!         }
//!         found.truncate(limit);
//!         Ok(found)
//!     }
//!
//!     fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
//!         let head = self.events.lock().unwrap().last().map(|stored| stored.position);
//!         Ok(head.map(|head| Stream { id: StreamId::single(), head }).into_iter().collect())
//!     }
//!
//!     fn read_stream(
//!         &self,
//!         stream: &StreamId,
//!         after: Option<Position>,
//!         limit: usize,
//!     ) -> Result<Vec<StoredEvent>, RepositoryError> {
//!         let mut found = self.events.lock().unwrap().clone();
//!         found.retain(|stored| *stream == StreamId::single() && Some(stored.position) > after);
//!         found.truncate(limit);
//!         Ok(found)
//!     }
//!
//!     fn summary(&self) -> Result<StoreSummary, RepositoryError> {
//!         let stored = self.events.lock().unwrap();
//!         let times = || stored.iter().map(|stored| stored.event.timestamp());
//!         Ok(StoreSummary {
//!             events: stored.len() as u64,
//!             first: times().min(),
//!             last: times().max(),
//!             head: stored.last().map(|stored| stored.position),
//!         })
//!     }
//! }
//!
//! struct ListStore(Arc<ListRepository>);
//!
//! impl StoreUnderTest for ListStore {
//!     fn open(&self) -> Box<dyn EventRepository> {
//!         Box::new(Arc::clone(&self.0))
//!     }
//! }
//!
//! check_all(|zone| ListStore(Arc::new(ListRepository { zone, events: Mutex::default() })));
//! ```
//!
//! # A new clause
//!
//! It is a function in the file of its theme, and its name in [`conformance_tests!`](crate::conformance_tests).
//! One that is not listed does not compile: `dead_code` is denied here. The tests of this crate run all
//! clauses over stores that are broken on purpose, and demand that each clause rejects one.
#![deny(dead_code)]
// The clauses are tests, and a panic is how a test says that it failed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batches;
mod concurrency;
mod durability;
mod each;
pub mod events;
mod exactness;
mod identity;
mod limits;
mod order;
mod queries;
pub mod questions;
mod refusals;
mod streams;
mod summary;
mod zones;

use self::events::{berlin, utc};
use crate::domain::repository::EventRepository;
use crate::wire::zone::Zone;

/// A store that a clause can open as often as it likes: each handle is one that another process could
/// hold. It is new and empty when a clause gets it.
pub trait StoreUnderTest: Sync {
    /// Opens the store once more.
    fn open(&self) -> Box<dyn EventRepository>;

    /// Does what a power cut does: what was not made durable before is gone when the store is opened the next time. A
    /// store that cannot show it does nothing.
    fn cut_power(&self) {}
}

/// One clause of the contract.
#[derive(Clone, Copy)]
pub struct Clause {
    name: &'static str,
    zone: fn() -> Zone,
    check: fn(&dyn StoreUnderTest),
}

impl Clause {
    /// Theme and sentence, as `identity::a_conflict_changes_nothing`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The zone that the store has to read naive timestamps in.
    pub fn zone(&self) -> Zone {
        (self.zone)()
    }

    /// Checks the clause on a new store of its [`zone`](Self::zone).
    ///
    /// # Panics
    /// The store breaks the clause.
    pub fn check(&self, store: &dyn StoreUnderTest) {
        (self.check)(store);
    }
}

/// Every clause.
pub const CLAUSES: &[Clause] = crate::conformance_tests!(@clauses list);

/// Checks every clause, each on a new store that `create` makes for it. It reads naive timestamps in
/// the zone that it is made with.
///
/// # Panics
/// A store breaks a clause.
pub fn check_all<S: StoreUnderTest>(create: impl Fn(Zone) -> S) {
    for clause in CLAUSES {
        clause.check(&create(clause.zone()));
    }
}

/// Checks the clause of that name on a store that `create` makes for it.
///
/// # Panics
/// The store breaks the clause, or there is none of that name.
pub fn check<S: StoreUnderTest>(name: &str, create: impl FnOnce(Zone) -> S) {
    let clause = CLAUSES.iter().find(|clause| clause.name == name).expect("the name of a clause");
    clause.check(&create(clause.zone()));
}

/// Makes a test of each clause: `conformance_tests!(sqlite, SqliteStore::create)` makes a module
/// `sqlite` with one module a theme, where `SqliteStore::create` makes a new, empty
/// [`StoreUnderTest`](crate::conformance::StoreUnderTest) for a zone.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:ident, $create:expr) => {
        mod $backend {
            use super::*;
            $crate::conformance_tests!(@clauses tests $create);
        }
    };
    (@clauses $then:ident $($create:expr)?) => {
        $crate::conformance_tests! { @$then ($($create)?)
            identity in utc {
                an_event_saved_again_answers_the_position_of_the_first,
                an_event_saved_again_is_stored_once,
                another_spelling_is_the_same_event_and_the_first_text_stays,
                other_content_under_a_stored_id_is_a_conflict_that_names_the_first,
                a_conflict_changes_nothing,
                contents_that_lax_readers_confuse_are_in_conflict,
                ids_are_told_apart_by_every_character,
            }
            refusals in utc {
                an_event_whose_text_carries_no_id_is_refused,
                an_event_of_several_lines_is_refused,
                an_event_whose_envelope_is_not_of_its_text_is_refused,
            }
            exactness in utc {
                key_order_white_space_and_repeated_keys_are_kept,
                numbers_keep_their_spelling,
                escapes_and_lone_surrogates_are_kept,
                text_beyond_ascii_is_kept,
                unknown_types_and_fields_are_kept,
                long_and_deep_events_are_kept,
                the_envelope_comes_back_with_the_text,
                what_a_running_system_saved_is_no_import,
            }
            batches in utc {
                a_batch_answers_the_position_of_each_event_in_the_order_given,
                a_batch_without_events_answers_no_positions,
                a_batch_may_be_long,
                an_event_that_stands_twice_in_a_batch_is_stored_once,
                an_event_stored_before_a_batch_keeps_its_position,
                a_conflict_in_the_middle_of_a_batch_stores_none_of_it,
                a_conflict_within_a_batch_stores_none_of_it,
                a_refused_event_in_the_middle_of_a_batch_stores_none_of_it,
            }
            each in utc {
                each_event_is_answered_in_the_order_given,
                a_call_without_events_has_no_answers,
                a_call_may_be_long,
                an_event_that_was_stored_before_is_not_new,
                an_event_that_stands_twice_in_a_call_is_new_once,
                a_conflict_leaves_its_neighbours_stored,
                a_refused_event_leaves_its_neighbours_stored,
            }
            order in utc {
                newest_first_and_chronological_follow_the_time,
                equal_times_follow_the_position,
                equal_times_are_equal_however_they_are_written,
                microseconds_decide,
                times_before_1970_and_at_the_ends_of_the_calendar_are_in_order,
                a_late_arrival_stands_by_its_time_and_has_the_greatest_position_of_its_day,
                every_query_gives_the_position_that_the_save_answered,
            }
            queries in utc {
                an_empty_store_answers_every_query_with_nothing,
                an_unknown_id_type_or_aggregate_is_an_empty_answer,
                types_and_aggregates_match_by_every_character,
                no_aggregate_and_an_empty_one_are_not_the_same,
                a_range_includes_both_its_ends_to_the_microsecond,
                range_ends_between_two_microseconds_are_taken_at_their_word,
                a_range_that_ends_before_it_starts_is_empty,
                a_range_may_reach_beyond_the_calendar,
                every_query_answers_as_the_reference_model_does,
            }
            limits in utc {
                a_limit_of_zero_gives_nothing,
                a_limit_gives_the_first_events_of_the_order,
                a_limit_beyond_the_number_of_events_gives_all_of_them,
            }
            streams in utc {
                an_empty_store_has_no_streams,
                a_stream_that_the_store_does_not_know_is_empty,
                pages_of_any_size_give_every_event_once_in_growing_positions,
                the_streams_end_to_end_are_the_whole_store,
                a_stream_reaches_to_its_head,
                the_stream_of_a_position_is_the_one_that_its_event_is_read_from,
                between_an_event_and_its_next_position_is_no_event,
                a_page_after_the_place_before_an_event_begins_with_that_event,
                readers_at_different_places_of_a_stream_do_not_disturb_each_other,
                a_repeat_or_a_refusal_is_nothing_new,
                reading_goes_on_after_the_last_position_with_what_came_later,
                an_event_that_arrives_late_for_an_earlier_day_is_read_by_a_reader_that_goes_on,
            }
            summary in utc {
                an_empty_store_is_summed_up_as_nothing,
                a_summary_agrees_with_what_is_stored,
                a_repeat_or_a_refusal_leaves_the_summary_as_it_is,
            }
            durability in utc {
                a_store_opened_again_gives_the_same_answers,
                a_store_opened_again_knows_its_ids,
                what_was_answered_each_for_itself_is_there_when_the_store_is_opened_again,
                what_is_answered_as_saved_survives_a_power_cut,
                positions_go_on_growing_after_a_store_was_opened_again,
                what_is_saved_through_one_handle_is_seen_through_another,
            }
            concurrency in utc {
                threads_that_save_different_events_lose_none,
                threads_that_save_the_same_events_are_answered_the_same_positions,
                one_of_several_threads_that_save_conflicting_events_wins,
                a_reader_that_follows_while_threads_save_misses_nothing,
            }
            zones in berlin {
                naive_times_are_read_in_the_zone_of_the_store,
                an_event_read_in_another_zone_is_refused,
                a_local_time_that_comes_twice_or_never_is_refused,
                a_repeated_hour_with_offsets_is_in_order,
                an_instant_whose_local_day_is_beyond_the_calendar_is_kept,
            }
        }
    };
    (@list () $($theme:ident in $zone:ident { $($clause:ident,)+ })+) => {
        &[$($(
            $crate::conformance::Clause {
                name: concat!(stringify!($theme), "::", stringify!($clause)),
                zone: $zone,
                check: $theme::$clause,
            },
        )+)+]
    };
    (@tests ($create:expr) $($theme:ident in $zone:ident { $($clause:ident,)+ })+) => {$(
        mod $theme {
            use super::*;
            $(
                #[test]
                fn $clause() {
                    let name = concat!(stringify!($theme), "::", stringify!($clause));
                    $crate::conformance::check(name, $create);
                }
            )+
        }
    )+};
}
