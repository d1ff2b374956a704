//! The registry: the definitions in `event_definitions.json`.
