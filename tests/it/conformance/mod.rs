//! The contract of the port `EventRepository`, one clause a function.
//!
//! - A new clause is a function in the file of its theme, and its name in [`with_clauses`]. One that
//!   is not listed does not compile: `dead_code` is denied here.
//! - A new backend is one [`Store`] in `backends.rs`, and one line `conformance!` below.
//! - Each clause has to reject a store of `broken_stores/` that is broken in just its point.
#![deny(dead_code)]

mod backends;
mod batches;
mod broken_stores;
mod concurrency;
mod durability;
mod exactness;
mod identity;
mod limits;
mod order;
mod paging;
mod queries;
mod refusals;
mod zones;

pub use backends::{JsonlStore, MemoryStore, SqliteStore, Store};
pub use broken_stores::{BrokenStore, panics_quietly};

use mission_events::internals::wire::zone::Zone;

use crate::support::{berlin, utc};

/// One clause of the contract, and the zone of the store that it is checked on.
struct Clause {
    name: &'static str,
    zone: fn() -> Zone,
    /// Panics on a new store that breaks the clause.
    check: fn(&dyn Store),
}

/// All clauses, handed to another macro.
macro_rules! with_clauses {
    ($then:ident $arguments:tt) => {
        $then! { $arguments
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
            paging in utc {
                pages_of_any_size_give_every_event_once_in_growing_positions,
                reading_goes_on_behind_the_last_position_with_what_came_later,
            }
            durability in utc {
                a_store_opened_again_gives_the_same_answers,
                a_store_opened_again_knows_its_ids,
                positions_go_on_growing_after_a_store_was_opened_again,
                what_is_saved_through_one_handle_is_seen_through_another,
            }
            concurrency in utc {
                threads_that_save_different_events_lose_none,
                threads_that_save_the_same_events_are_answered_the_same_positions,
                one_of_several_threads_that_save_conflicting_events_wins,
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
}

macro_rules! list_clauses {
    (() $($theme:ident in $zone:ident { $($clause:ident,)+ })+) => {
        const CLAUSES: &[Clause] = &[$($(
            Clause {
                name: concat!(stringify!($theme), "::", stringify!($clause)),
                zone: $zone,
                check: $theme::$clause,
            },
        )+)+];
    };
}
with_clauses!(list_clauses());

/// Checks every clause on a backend: `conformance!(sqlite, SqliteStore::create)`.
macro_rules! conformance {
    ($backend:ident, $create:expr) => {
        mod $backend {
            with_clauses!(test_clauses($create));
        }
    };
}

macro_rules! test_clauses {
    (($create:expr) $($theme:ident in $zone:ident { $($clause:ident,)+ })+) => {$(
        mod $theme {
            use crate::conformance::*;
            $(
                #[test]
                fn $clause() {
                    let store: Box<dyn Store> = Box::new($create($crate::support::$zone()));
                    super::super::$theme::$clause(&*store);
                }
            )+
        }
    )+};
}

conformance!(memory, MemoryStore::create);
conformance!(jsonl, JsonlStore::create);
conformance!(sqlite, SqliteStore::create);
conformance!(wrapped, BrokenStore::sound);
