//! The report for maintainers: one JSON document, which can be read before it is sent.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use super::checks::HAS_LEGACY;
use super::stores::SurveyedStore;
use crate::application::clock::Clock;
use crate::application::doctor::Diagnosis;
use crate::cli::error::CliError;
use crate::cli::event_system::{HandlerAccess, operations};
use crate::cli::exit_code::ExitCode;
use crate::cli::handlers::FailureList;
use crate::cli::output;
use crate::cli::status::Status;
use crate::cli::store::open_active;
use crate::domain::event::format_timestamp;
use crate::domain::repository::EventRepositoryExt;
use crate::infrastructure::config::Config;
use crate::infrastructure::sqlite::library_version;
use crate::infrastructure::system_clock::SystemClock;

/// So many events of a type are added where they are wanted.
const EVENTS: usize = 5;
/// So many failures of a handler, the last ones.
const FAILURES: usize = 20;
/// A text of an error is cut after so many characters: it may hold values of events.
const SHOWN: usize = 300;

const NOTE: &str = "Read this before you send it. Error texts are cut after 300 characters and may hold values of events; paths below the home folder \
                    begin with ~; events are in it where --with-events was given, and else none.";

/// The whole report; its keys are stable.
#[derive(Debug, Serialize)]
pub struct Bundle {
    note: &'static str,
    made_at: String,
    program: Program,
    flag: Flag,
    mode: String,
    doctor: Value,
    status: Value,
    /// How many events of each type the active store holds; `null` where it cannot be read.
    event_types: Option<BTreeMap<String, u64>>,
    failures: Value,
    /// The texts of events, by type; `null` where they were not asked for.
    events: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Serialize)]
struct Program {
    version: &'static str,
    /// Whether the legacy system is built in.
    legacy: bool,
    sqlite: &'static str,
    os: &'static str,
    architecture: &'static str,
}

#[derive(Debug, Serialize)]
struct Flag {
    value: bool,
    source: String,
}

/// Refuses to write over anything.
pub fn ensure_new(file: &Path) -> Result<(), CliError> {
    match fs::symlink_metadata(file) {
        Ok(_) => Err(CliError::usage(format!(
            "--bundle: {} is there already, and nothing is written over: name another file",
            file.display()
        ))),
        // Whatever else is wrong with it is told where it is made, which writes over nothing either.
        Err(_) => Ok(()),
    }
}

impl Bundle {
    /// The report on what the settings name.
    pub fn of(config: &Config, store: &SurveyedStore, diagnosis: &Diagnosis, with_events: bool) -> Self {
        let flag = &config.use_new_event_system;
        let home = std::env::var("HOME").unwrap_or_default();
        let json = |value: serde_json::Result<Value>| {
            value.map_or_else(|error| Value::String(error.to_string()), |value| for_others(value, &home))
        };
        let types = store.types().cloned();
        Self {
            note: NOTE,
            made_at: format_timestamp(SystemClock::default().now()),
            program: Program {
                version: env!("CARGO_PKG_VERSION"),
                legacy: HAS_LEGACY,
                sqlite: library_version(),
                os: std::env::consts::OS,
                architecture: std::env::consts::ARCH,
            },
            flag: Flag { value: flag.value, source: without_home(&flag.source.to_string(), &home) },
            mode: config.mode.to_string(),
            doctor: json(serde_json::to_value(diagnosis)),
            status: json(serde_json::to_value(Status::of(config))),
            failures: json(serde_json::to_value(failures(config))),
            events: with_events
                .then(|| samples(config, types.iter().flatten().map(|(name, _)| name.as_str()))),
            event_types: types,
        }
    }
}

/// The last open failures of each handler. Why one cannot be looked at is among the findings.
fn failures(config: &Config) -> Vec<FailureList> {
    let Ok(operations) = operations(config, HandlerAccess::Reading) else { return Vec::new() };
    let handlers = operations.list().unwrap_or_default();
    let failures = handlers.into_iter().filter_map(|handler| {
        let failures = operations.failures(&handler.name).ok()?;
        let open: Vec<_> = failures.iter().filter(|failure| failure.state.is_open()).collect();
        let last =
            open.iter().skip(open.len().saturating_sub(FAILURES)).map(|failure| (*failure).into()).collect();
        Some(FailureList { handler: handler.name, failures: last })
    });
    failures.filter(|list| !list.failures.is_empty()).collect()
}

/// The newest events of each type.
fn samples<'t>(config: &Config, types: impl Iterator<Item = &'t str>) -> BTreeMap<String, Vec<String>> {
    let Ok(store) = open_active(config) else { return BTreeMap::new() };
    let of = |event_type: &str| {
        let newest = store.repository().find_by_type(event_type, EVENTS).unwrap_or_default();
        newest.into_iter().map(|stored| stored.event.body().to_owned()).collect()
    };
    types.map(|event_type| (event_type.to_owned(), of(event_type))).collect()
}

/// Every text without the home folder, and texts of errors cut.
fn for_others(value: Value, home: &str) -> Value {
    match value {
        Value::String(text) => Value::String(without_home(&text, home)),
        Value::Array(values) => values.into_iter().map(|value| for_others(value, home)).collect(),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| {
                    let value = match for_others(value, home) {
                        Value::String(text) if matches!(key.as_str(), "error" | "reason" | "detail") => {
                            Value::String(cut(&text))
                        }
                        value => value,
                    };
                    (key, value)
                })
                .collect(),
        ),
        value => value,
    }
}

fn without_home(text: &str, home: &str) -> String {
    match home.trim_end_matches('/') {
        "" => text.to_owned(),
        home => text.replace(&format!("{home}/"), "~/"),
    }
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown}… (cut)") } else { shown }
}

/// Writes the report to a file, which is made; one that could not be written to its end is taken away.
pub fn write(file: &Path, bundle: &Bundle) -> Result<(), CliError> {
    let written = File::create_new(file).and_then(|mut opened| {
        let written = write_into(&mut opened, bundle);
        if written.is_err() {
            // What is left of it is no report; where it cannot be removed, it stays so.
            drop(fs::remove_file(file));
        }
        written
    });
    written
        .with_context(|| format!("could not write the report to {}", file.display()))
        .map_err(|error| CliError::new(ExitCode::Storage, error))
}

fn write_into(file: &mut File, bundle: &Bundle) -> io::Result<()> {
    let mut text = Vec::new();
    output::json_document(&mut text, bundle)?;
    file.write_all(&text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_home_folder_is_taken_out_of_every_text_and_no_other_folder() {
        let value = json!({"a": ["/home/me/data", "Flag (--store /home/me/x.db)", "/home/meg/data", "/home/me"], "n": 1});
        let expected =
            json!({"a": ["~/data", "Flag (--store ~/x.db)", "/home/meg/data", "/home/me"], "n": 1});
        for home in ["/home/me", "/home/me/"] {
            assert_eq!(for_others(value.clone(), home), expected);
        }
        for home in ["", "/"] {
            assert_eq!(for_others(value.clone(), home), value, "{home:?}");
        }
    }

    #[test]
    fn texts_of_errors_are_cut_and_others_are_not() {
        let long = "ü".repeat(301);
        let found = for_others(json!({"error": long, "reason": "short", "path": long}), "");
        assert_eq!(found["error"], json!(format!("{}… (cut)", "ü".repeat(300))));
        assert_eq!((&found["reason"], &found["path"]), (&json!("short"), &json!(long)));
    }
}
