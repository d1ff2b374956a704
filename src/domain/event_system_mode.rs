//! Which event systems run.

use std::collections::BTreeSet;
use std::fmt;

/// Which event systems run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "the names are those of the contract")]
pub enum EventSystemMode {
    /// The legacy system alone.
    LegacyEvents,
    /// The new system alone.
    NewEvents,
    /// Both; the setting `use_new_event_system` says which side is primary.
    ParallelEvents,
}

impl EventSystemMode {
    /// The mode that the settings `use_new_event_system` and `parallel_run` select.
    pub fn of(use_new_event_system: bool, parallel_run: bool) -> Self {
        match (parallel_run, use_new_event_system) {
            (true, _) => Self::ParallelEvents,
            (false, true) => Self::NewEvents,
            (false, false) => Self::LegacyEvents,
        }
    }
}

impl fmt::Display for EventSystemMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LegacyEvents => "legacy_events",
            Self::NewEvents => "new_events",
            Self::ParallelEvents => "parallel_events",
        })
    }
}

/// One of the two event systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The legacy system: `events.json`.
    Legacy,
    /// The new system: the event store.
    New,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Legacy => "legacy",
            Self::New => "new",
        })
    }
}

/// Which side, or sides, events go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// Which systems run.
    pub mode: EventSystemMode,
    /// The side whose answer is the answer.
    pub primary: Side,
    /// The types that go to the new system while the legacy one is primary: they alone, where there is one. It says nothing where
    /// the new system is primary.
    pub new_event_types: BTreeSet<String>,
}

/// Where one event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The side that answers.
    pub primary: Side,
    /// Whether the other side receives it as well.
    pub is_mirrored: bool,
}

impl Routing {
    /// The routing that the settings `use_new_event_system`, `parallel_run` and `new_event_types` select.
    pub fn of(use_new_event_system: bool, parallel_run: bool, new_event_types: BTreeSet<String>) -> Self {
        Self {
            mode: EventSystemMode::of(use_new_event_system, parallel_run),
            primary: if use_new_event_system { Side::New } else { Side::Legacy },
            new_event_types,
        }
    }

    /// Whether both systems run.
    pub fn is_parallel(&self) -> bool {
        self.mode == EventSystemMode::ParallelEvents
    }

    /// Whether any event goes to that side.
    pub fn uses(&self, side: Side) -> bool {
        match (self.mode, side) {
            (EventSystemMode::ParallelEvents, _)
            | (EventSystemMode::LegacyEvents, Side::Legacy)
            | (EventSystemMode::NewEvents, Side::New) => true,
            (EventSystemMode::LegacyEvents, Side::New) => !self.new_event_types.is_empty(),
            (EventSystemMode::NewEvents, Side::Legacy) => false,
        }
    }

    /// Whether that side is primary for any event.
    pub fn answers(&self, side: Side) -> bool {
        match side {
            Side::Legacy => self.mode == EventSystemMode::LegacyEvents || self.mirrors_to_new(),
            Side::New => {
                self.mode != EventSystemMode::ParallelEvents && self.uses(side) || self.mirrors_to_legacy()
            }
        }
    }

    /// Whether the events of the new side, as primary, are brought to the legacy side.
    pub fn mirrors_to_legacy(&self) -> bool {
        self.is_parallel() && self.primary == Side::New
    }

    /// Whether events of the legacy side, as primary, are brought to the new side.
    pub fn mirrors_to_new(&self) -> bool {
        self.is_parallel() && self.primary == Side::Legacy
    }

    /// Where an event of that type goes.
    pub fn route(&self, event_type: &str) -> Route {
        let is_named = self.new_event_types.contains(event_type);
        match (self.mode, self.primary) {
            (EventSystemMode::NewEvents, _) => Route { primary: Side::New, is_mirrored: false },
            (EventSystemMode::LegacyEvents, _) => {
                Route { primary: if is_named { Side::New } else { Side::Legacy }, is_mirrored: false }
            }
            (EventSystemMode::ParallelEvents, Side::New) => Route { primary: Side::New, is_mirrored: true },
            (EventSystemMode::ParallelEvents, Side::Legacy) => {
                Route { primary: Side::Legacy, is_mirrored: is_named || self.new_event_types.is_empty() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_settings_select_the_mode() {
        for (use_new, parallel, expected) in [
            (false, false, "legacy_events"),
            (true, false, "new_events"),
            (false, true, "parallel_events"),
            (true, true, "parallel_events"),
        ] {
            assert_eq!(EventSystemMode::of(use_new, parallel).to_string(), expected);
        }
    }

    #[test]
    fn each_mode_sends_an_event_to_its_side_or_sides() {
        let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let route = |use_new, parallel, named: &[&str]| {
            let Route { primary, is_mirrored } =
                Routing::of(use_new, parallel, types(named)).route("TaskCreated");
            (primary, is_mirrored)
        };
        assert_eq!(route(false, false, &[]), (Side::Legacy, false));
        assert_eq!(route(true, false, &[]), (Side::New, false));
        assert_eq!(route(false, true, &[]), (Side::Legacy, true));
        assert_eq!(route(true, true, &[]), (Side::New, true));
    }

    #[test]
    fn a_side_is_used_where_any_event_goes_to_it() {
        let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (use_new, parallel, named, sides) in [
            (false, false, &[][..], (true, false)),
            (false, false, &["TaskCreated"], (true, true)),
            (true, false, &[], (false, true)),
            (false, true, &[], (true, true)),
            (true, true, &[], (true, true)),
        ] {
            let routing = Routing::of(use_new, parallel, types(named));
            assert_eq!((routing.uses(Side::Legacy), routing.uses(Side::New)), sides, "{routing:?}");
        }
    }

    #[test]
    fn named_types_go_to_the_new_system_alone_or_are_the_only_ones_mirrored_to_it() {
        let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (parallel, event_type, expected) in [
            (false, "TaskCreated", (Side::New, false)),
            (false, "TaskDeleted", (Side::Legacy, false)),
            (true, "TaskCreated", (Side::Legacy, true)),
            (true, "TaskDeleted", (Side::Legacy, false)),
        ] {
            let Route { primary, is_mirrored } =
                Routing::of(false, parallel, types(&["TaskCreated"])).route(event_type);
            assert_eq!((primary, is_mirrored), expected, "{parallel} {event_type}");
        }
    }
}
