//! The legacy event system, which is being strangled: procedural, with one global dispatcher. Built only with the cargo
//! feature `legacy`, and deleted in one step: nothing but the command line, `lib.rs` and `legacy_system.rs` knows this module, and
//! `CONTRIBUTING.md` lists the lines outside it that go with it.
//!
//! ```text
//! watchers ──occurrence──> batch window ──> queue ──> dispatcher ──> handler, by its dotted name
//!                            (registry: what is watched, how often, which handler)
//! queue_event(task event) ──────────────────────────> events.json
//! ```
//!
//! | old part | new part | can be deleted when |
//! |---|---|---|
//! | [`events_json`] | `EventRepository` | every configured file is imported, and exported back byte for byte |
//! | [`dispatcher`], [`queue`] | `EventDispatcherService` | the flag has been on for the days that the gate asks for |
//! | [`registry`], [`definition`] | registrations of handlers | no definition is enabled any more |
//! | [`watchers`] | none: signals of files and times are another program's | no definition is enabled any more |
//! | [`handlers`] | `EventHandler` | each has a counterpart, or is not needed |
//! | [`doctor`] | `application::doctor` | the log and the watchers are deleted |
//! | [`routing`] | `dispatch` alone | the gate says GO, and no mirror is behind |
//! | `cli::legacy`, `legacy_system` | `cli::dispatch`, `cli::handlers`; `dispatch` | all of the above are deleted |

pub mod counted;
pub mod definition;
pub mod dispatcher;
pub mod doctor;
pub mod events_json;
pub mod exact_json;
pub mod handlers;
pub mod occurrence;
pub mod outage;
pub mod path_text;
pub mod queue;
pub mod registry;
pub mod replace;
pub mod routing;
#[cfg(test)]
mod tests;
pub mod watchers;
