//! The four handlers that the application came with.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::handler::{HandlerContext, HandlerResult, LegacyHandler};
use crate::durable::space::available_bytes;

/// Less free space than this is no health: in bytes.
const LEAST_SPACE: u64 = 64 << 20;

/// What the handlers look at.
#[derive(Debug, Clone)]
pub struct ExamplePlaces {
    /// The folder of the legacy system's own files, usually `data/legacy`: the dashboard is written there.
    pub folder: PathBuf,
    /// The legacy log.
    pub events_json: PathBuf,
}

/// The handlers, by their dotted names.
pub fn example_handlers(places: ExamplePlaces) -> [(&'static str, Arc<dyn LegacyHandler>); 4] {
    let dashboard = places.folder.join("dashboard.json");
    [
        ("handlers.briefing_updated.run", Arc::new(briefing_updated)),
        ("handlers.update_dashboard.run", Arc::new(move |context: &_| update_dashboard(&dashboard, context))),
        ("handlers.notify_preference_change.run", Arc::new(notify_preference_change)),
        ("handlers.health_check.run", Arc::new(move |_: &_| health_check(&places))),
    ]
}

/// Reads the briefing that has changed, and says how long it is.
fn briefing_updated(context: &HandlerContext) -> HandlerResult {
    let Some(path) = context.text("path") else { return missing("path") };
    if context.text("event_type") == Some("deleted") {
        return done(format!("Briefing removed: {path}"));
    }
    let lines = File::open(path).and_then(|file| {
        BufReader::new(file).split(b'\n').try_fold(0_u64, |lines, line| line.map(|_| lines + 1))
    });
    match lines {
        Ok(lines) => done(format!("Briefing processed: {path}, {lines} lines")),
        Err(error) => failed(format!("could not read the briefing {path}: {error}")),
    }
}

/// Keeps the last event of each definition in `dashboard.json`, which is replaced as a whole.
fn update_dashboard(dashboard: &Path, context: &HandlerContext) -> HandlerResult {
    let mut last: Map<String, Value> = match fs::read(dashboard) {
        // What cannot be read is made anew: it holds nothing that the log of handlers does not.
        Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(error) => return failed(format!("could not read {}: {error}", dashboard.display())),
    };
    let event = serde_json::json!({
        "event_id": context.event_id,
        "noticed_at": context.timestamp,
        "data": context.data,
    });
    last.insert(context.definition_id.clone(), event);
    match replace(dashboard, &last) {
        Ok(()) => done(format!("Dashboard updated: {} definitions", last.len())),
        Err(error) => failed(format!("could not write {}: {error}", dashboard.display())),
    }
}

fn replace(dashboard: &Path, content: &Map<String, Value>) -> io::Result<()> {
    let folder = dashboard.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    file.persist(dashboard)?;
    Ok(())
}

/// Tells in the log which preferences have changed.
fn notify_preference_change(context: &HandlerContext) -> HandlerResult {
    let Some(path) = context.text("path") else { return missing("path") };
    let notice = format!("Preferences {}: {path}", context.text("event_type").unwrap_or("changed"));
    tracing::info!("[EventDispatcher] {notice}");
    done(notice)
}

/// Looks at what the legacy system writes to: its folder, the space that is left there, and its log.
fn health_check(places: &ExamplePlaces) -> HandlerResult {
    let (folder, log) = (places.folder.display(), places.events_json.display());
    if !places.folder.is_dir() {
        return failed(format!("unhealthy: {folder} is no folder"));
    }
    let space = available_bytes(&places.folder);
    if let Some(space) = space.filter(|space| *space < LEAST_SPACE) {
        return failed(format!("unhealthy: {} MiB are free in {folder}", space >> 20));
    }
    let log_state = match fs::metadata(&places.events_json) {
        Ok(metadata) if metadata.is_file() => format!("{log} has {} bytes", metadata.len()),
        Ok(_) => return failed(format!("unhealthy: {log} is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("{log} is not written yet"),
        Err(error) => return failed(format!("unhealthy: {log} cannot be looked at: {error}")),
    };
    let space = space.map_or_else(String::new, |space| format!("{} MiB are free in {folder}, ", space >> 20));
    done(format!("healthy: {space}{log_state}"))
}

fn done(output: String) -> HandlerResult {
    HandlerResult::Success { output }
}

fn failed(error: String) -> HandlerResult {
    HandlerResult::Failure { error }
}

fn missing(field: &str) -> HandlerResult {
    failed(format!("expected the text `{field}` in the data of the event, found none"))
}
