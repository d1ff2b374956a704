//! How rows become what is recorded of modes.

use std::collections::BTreeSet;

use rusqlite::Row;

use super::row::Fields;
use crate::application::handling::store::HandlerStoreError;
use crate::application::mode_log::{ModeChange, ProcessMode, UndecidedRecord};
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};
use crate::domain::value_objects::{Position, StreamId};

const MODES: [EventSystemMode; 3] =
    [EventSystemMode::LegacyEvents, EventSystemMode::NewEvents, EventSystemMode::ParallelEvents];
const SIDES: [Side; 2] = [Side::Legacy, Side::New];

/// A routing as the columns `mode, primary_side, new_event_types`.
pub(super) fn words(routing: &Routing) -> [String; 3] {
    let types = serde_json::Value::from_iter(routing.new_event_types.iter().map(String::as_str));
    [routing.mode.to_string(), routing.primary.to_string(), types.to_string()]
}

/// Reads `change, at, mode, primary_side, new_event_types, legacy_end`; with its key, without the one before it, and without heads.
pub(super) fn change(row: &Row<'_>) -> Result<(i64, ModeChange), HandlerStoreError> {
    let fields = Fields { row, table: "mode_changes", key: 1 };
    let change = ModeChange {
        at: fields.time(1)?,
        from: None,
        to: routing(&fields, 2)?,
        heads: Vec::new(),
        legacy_end: fields.get(5)?,
    };
    Ok((fields.get(0)?, change))
}

/// Reads `change, mode, primary_side, new_event_types`.
pub(super) fn routing_of_change(row: &Row<'_>) -> Result<Routing, HandlerStoreError> {
    routing(&Fields { row, table: "mode_changes", key: 1 }, 1)
}

/// Reads `change, stream, position`.
pub(super) fn head(row: &Row<'_>) -> Result<(StreamId, Position), HandlerStoreError> {
    let fields = Fields { row, table: "mode_change_heads", key: 2 };
    Ok((StreamId::new(fields.get::<String>(1)?), Position::new(fields.get(2)?)))
}

/// Reads `pid, mode, primary_side, new_event_types, since, seen_at`.
pub(super) fn process(row: &Row<'_>) -> Result<ProcessMode, HandlerStoreError> {
    let fields = Fields { row, table: "process_modes", key: 1 };
    Ok(ProcessMode {
        pid: fields.get(0)?,
        routing: routing(&fields, 1)?,
        since: fields.time(4)?,
        seen_at: fields.time(5)?,
    })
}

/// Reads `undecided, mirror, found_at, event_id, legacy_offset, detail`.
pub(super) fn undecided(row: &Row<'_>) -> Result<UndecidedRecord, HandlerStoreError> {
    let fields = Fields { row, table: "undecided_records", key: 1 };
    Ok(UndecidedRecord {
        mirror: fields.get(1)?,
        found_at: fields.time(2)?,
        event_id: fields.get(3)?,
        legacy_offset: fields.get(4)?,
        detail: fields.get(5)?,
    })
}

/// Reads `mode, primary_side, new_event_types` from that column on.
fn routing(fields: &Fields<'_>, column: usize) -> Result<Routing, HandlerStoreError> {
    let types: String = fields.get(column + 2)?;
    let new_event_types: BTreeSet<String> = serde_json::from_str(&types).map_err(|error| {
        fields.corrupt(format!("expected a JSON array of texts, found {types:?}: {error}"))
    })?;
    Ok(Routing {
        mode: fields.word(column, &MODES, |mode| mode.to_string())?,
        primary: fields.word(column + 1, &SIDES, |side| side.to_string())?,
        new_event_types,
    })
}
