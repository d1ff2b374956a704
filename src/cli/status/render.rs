//! The status for people.

use std::io::{self, Write};

use super::answer::{FileState, Status};
use super::handlers_state::HandlersState;
use super::parts::Sides;
use super::render_parts;
use super::store_state::StoreState;
use crate::cli::handlers::handlers_table;
use crate::cli::output::visible;
use crate::cli::table::Columns;

pub fn print(status: &Status, stdout: &mut dyn Write) -> io::Result<()> {
    writeln!(stdout, "mode     {}", status.mode)?;
    writeln!(stdout, "backend  {}", status.backend)?;
    writeln!(stdout, "why      {}", visible(&status.why))?;
    writeln!(stdout, "sides    {}", sides(&status.sides))?;

    let mut settings = Columns::new(["SETTING", "VALUE", "SOURCE"]);
    for setting in &status.settings {
        settings.add([setting.key, &setting.value, &setting.source]);
    }
    write!(stdout, "\n{}", settings.text(&[]))?;

    print_store("active store", &status.store, stdout)?;
    print_store("other store", &status.other_store, stdout)?;
    print_legacy_log(&status.legacy_log, stdout)?;
    print_handlers(&status.handlers, stdout)?;
    render_parts::print(status, stdout)
}

fn sides(sides: &Sides) -> String {
    let secondary = sides.secondary.as_ref().map(|side| format!(", {side} is secondary")).unwrap_or_default();
    let types = &sides.new_event_types;
    let named =
        if types.is_empty() { String::new() } else { format!(", new for {}", visible(&types.join(", "))) };
    format!("{} is primary{secondary}{named}", sides.primary)
}

fn print_handlers(handlers: &HandlersState, stdout: &mut dyn Write) -> io::Result<()> {
    writeln!(stdout, "\nhandlers: {}", visible(&handlers.path))?;
    match &handlers.error {
        Some(error) => writeln!(stdout, "  error   {}", visible(error)),
        None if !handlers.exists => writeln!(stdout, "  no handler was ever run"),
        None => handlers_table(&handlers.handlers).lines().try_for_each(|line| writeln!(stdout, "  {line}")),
    }
}

fn print_store(title: &str, store: &StoreState, stdout: &mut dyn Write) -> io::Result<()> {
    writeln!(stdout, "\n{title}: {} at {}", store.backend, visible(&store.path))?;
    if !store.exists {
        return writeln!(stdout, "  does not exist yet");
    }
    let events = store.events.map(|events| events.to_string());
    let bytes = store.bytes.map(|bytes| match store.log_bytes {
        Some(log) if log > 0 => format!("{bytes} bytes, {log} of them in the write-ahead log"),
        _ => format!("{bytes} bytes"),
    });
    for (name, value) in [
        ("is", store.stands_as.as_deref()),
        ("events", events.as_deref()),
        ("size", bytes.as_deref()),
        ("first", store.first_timestamp.as_deref()),
        ("last", store.last_timestamp.as_deref()),
        ("import", store.last_import.as_deref()),
        ("server", store.server.as_deref()),
        ("error", store.error.as_deref()),
    ] {
        if let Some(value) = value {
            writeln!(stdout, "  {name:<6}  {}", visible(value))?;
        }
    }
    Ok(())
}

fn print_legacy_log(log: &FileState, stdout: &mut dyn Write) -> io::Result<()> {
    writeln!(stdout, "\nlegacy log: {}", visible(&log.path))?;
    match (log.bytes, &log.error) {
        (_, Some(error)) => writeln!(stdout, "  error   {}", visible(error)),
        (Some(bytes), None) => writeln!(stdout, "  size    {bytes} bytes"),
        (None, None) => writeln!(stdout, "  does not exist"),
    }
}
