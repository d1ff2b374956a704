//! Handlers and their failures, for people and for programs.

use std::io::{self, Write};

use super::answer::{FailureList, HandlerEntry, HandlerList};
use crate::application::doctor::handlers::MIRRORS;
use crate::cli::output::{self, Format};
use crate::cli::table::Columns;

/// The list of handlers.
pub fn handlers(list: &HandlerList, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => return output::json_document(out, list),
        Format::Jsonl => return list.handlers.iter().try_for_each(|handler| output::json_line(out, handler)),
        Format::Human => {}
    }
    out.write_all(table(&list.handlers).as_bytes())
}

/// A line for each handler, under headings.
pub fn table(handlers: &[HandlerEntry]) -> String {
    let mut table =
        Columns::new(["handler", "kind", "events", "handled", "behind", "failed", "parked", "state"]);
    for handler in handlers {
        let at_least = if handler.behind_is_at_least { "at least " } else { "" };
        table.add([
            &handler.handler,
            handler.kind,
            &events(handler),
            &handler.handled.to_string(),
            &format!("{at_least}{}", handler.behind),
            &(handler.retrying + handler.waiting).to_string(),
            &handler.parked.to_string(),
            &state(handler),
        ]);
    }
    table.text(&[(2, 12), (7, 30)])
}

fn events(handler: &HandlerEntry) -> String {
    match &handler.event_types {
        None if MIRRORS.contains(&handler.handler.as_str()) => "mirrored".to_owned(),
        None => "not registered".to_owned(),
        Some(names) if names.iter().any(|name| name == "*") => "all".to_owned(),
        Some(names) => names.join(", "),
    }
}

fn state(handler: &HandlerEntry) -> String {
    match (&handler.reason, &handler.next_attempt, &handler.error) {
        (Some(reason), ..) => format!("{}: {reason}", handler.state),
        (None, Some(at), Some(error)) => format!("{}, tries again at {at}: {error}", handler.state),
        _ => handler.state.clone(),
    }
}

/// The failures of a handler.
pub fn failures(list: &FailureList, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => return output::json_document(out, list),
        Format::Jsonl => return list.failures.iter().try_for_each(|failure| output::json_line(out, failure)),
        Format::Human if list.failures.is_empty() => {
            return writeln!(
                out,
                "{} has handled every event that it was given",
                output::visible(&list.handler)
            );
        }
        Format::Human => {}
    }
    let mut table =
        Columns::new(["position", "event", "type", "about", "state", "attempts", "since", "error"]);
    for failure in &list.failures {
        table.add([
            &failure.position.to_string(),
            &failure.event_id,
            &failure.event_type,
            failure.aggregate_id.as_deref().unwrap_or(""),
            failure.state,
            &failure.attempts.to_string(),
            failure.first_failed_at.as_deref().unwrap_or(""),
            failure.error.as_deref().or(failure.resolved_by.as_deref()).unwrap_or(""),
        ]);
    }
    write!(out, "{}", table.text(&[(7, 30), (1, 8)]))?;
    let name = output::visible(&list.handler);
    writeln!(
        out,
        "\nhandlers retry {name} [--event EVENT] tries again; handlers skip {name} --event EVENT --reason REASON leaves one out"
    )
}
