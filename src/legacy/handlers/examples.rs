//! The four handlers that the application came with.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::handler::{HandlerContext, HandlerResult, LegacyHandler};
use crate::durable::plain_file::file_if_present;
use crate::durable::space::available_bytes;
use crate::legacy::counted::counted;
use crate::legacy::path_text;
use crate::legacy::replace::replace;

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
    let (Some(path), Some(file)) = (context.text("path"), context.path("path")) else {
        return missing("path");
    };
    if context.text("event_type") == Some("deleted") {
        return done(format!("Briefing removed: {path}"));
    }
    match lines_of(&file) {
        Ok(lines) => done(format!("Briefing processed: {path}, {}", counted(lines, "line"))),
        Err(error) => failed(format!("could not read the briefing {path}: {error}")),
    }
}

fn lines_of(file: &Path) -> io::Result<u64> {
    file_if_present(file)?;
    BufReader::new(File::open(file)?).split(b'\n').try_fold(0, |lines, line| line.map(|_| lines + 1))
}

/// Keeps the last event of each definition in `dashboard.json`, which is replaced as a whole.
fn update_dashboard(dashboard: &Path, context: &HandlerContext) -> HandlerResult {
    let present =
        match file_if_present(dashboard).and_then(|found| found.map(|_| fs::read(dashboard)).transpose()) {
            Ok(present) => present.unwrap_or_default(),
            Err(error) => return failed(format!("could not read {}: {error}", dashboard.display())),
        };
    // What cannot be read is made anew: it holds nothing that the log of handlers does not.
    let mut last: Map<String, Value> =
        serde_json::from_slice(&path_text::unescaped(&present)).unwrap_or_default();
    let event = serde_json::json!({
        "event_id": context.event_id,
        "noticed_at": context.timestamp,
        "data": context.data,
    });
    last.insert(context.definition_id.clone(), event);
    match write(dashboard, &last) {
        Ok(()) => done(format!("Dashboard updated: {}", counted(last.len() as u64, "definition"))),
        Err(error) => failed(format!("could not write {}: {error}", dashboard.display())),
    }
}

fn write(dashboard: &Path, content: &Map<String, Value>) -> io::Result<()> {
    fs::create_dir_all(dashboard.parent().unwrap_or(Path::new(".")))?;
    let text = serde_json::to_string_pretty(content)? + "\n";
    replace(dashboard, path_text::escaped(&text).as_bytes())
}

/// Tells in the log which preferences have changed.
fn notify_preference_change(context: &HandlerContext) -> HandlerResult {
    let Some(path) = context.text("path") else { return missing("path") };
    let notice = format!("Preferences {}: {path}", context.text("event_type").unwrap_or("changed"));
    tracing::info!("[EventDispatcher] {}", path_text::escaped(&notice));
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
        Ok(metadata) if metadata.is_file() => format!("{log} has {}", counted(metadata.len(), "byte")),
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
