//! Events that were saved live: a JSONL file a day, or one legacy array.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use chrono::Datelike;

use crate::application::mode_log::OnlyOnNewSide;
use crate::domain::counted::counted;
use crate::domain::legacy_shape::in_legacy_shape;
use crate::domain::path_text::text_of;
use crate::domain::value_objects::Position;
use crate::wire::zone::Zone;

use super::error::ExportError;
use super::hashing_writer::HashingWriter;
use super::ports::{LiveDay, LiveEvent};
use super::report::ExportedFile;
use super::session::Export;

/// The name of the legacy array.
const LEGACY_NAME: &str = "events.json";

/// A file of live events that is to be written.
pub(super) struct LiveFile {
    pub name: String,
    /// The day whose events it holds; `None` for the array of all of them.
    day: Option<LiveDay>,
}

enum Failure {
    Write(io::Error),
    /// An event is not what a live event can be, for this reason.
    NotAnEvent(String),
}

impl Export<'_> {
    pub(super) fn choose_live(&mut self) -> Result<Vec<LiveFile>, ExportError> {
        let days = self.store.live_days().map_err(|error| self.unreadable(error))?;
        if self.options.legacy {
            let array = LiveFile { name: LEGACY_NAME.to_owned(), day: None };
            return Ok(if days.is_empty() { Vec::new() } else { vec![array] });
        }
        let file = |day: LiveDay| {
            let date = day.day;
            let name = format!("events-{:04}-{:02}-{:02}.jsonl", date.year(), date.month(), date.day());
            LiveFile { name, day: Some(day) }
        };
        Ok(days.into_iter().map(file).collect())
    }

    /// Writes the file; `None` where no event is for it.
    pub(super) fn export_live(
        &mut self,
        live: &LiveFile,
        name: &Path,
    ) -> Result<Option<ExportedFile>, ExportError> {
        let path = self.folder.path().join(name);
        let mut exported = ExportedFile {
            path: text_of(&path),
            source_path: None,
            source_id: None,
            compression: None,
            bytes: 0,
            sha256: String::new(),
            records: 0,
            written: false,
            exact: false,
            reason: None,
        };
        let file = match self.begin(name, None)? {
            Ok(file) => file,
            Err(reason) => {
                exported.reason = Some(reason);
                return Ok(Some(exported));
            }
        };
        let in_place = self.in_place();
        let mut writer = LiveWriter {
            out: file,
            zone: &self.options.zone,
            is_array: live.day.is_none(),
            only: self.options.only.as_ref(),
            events: 0,
            translated: 0,
        };
        let mut failure = None;
        let read = self.store.each_live(live.day.as_ref(), &mut |event| match writer.write(event) {
            Ok(()) => ControlFlow::Continue(()),
            Err(found) => {
                failure = Some(found);
                ControlFlow::Break(())
            }
        });
        read.map_err(|source| ExportError::Store { in_place, source })?;
        if writer.events == 0 && failure.is_none() {
            return Ok(None);
        }
        if writer.is_array && failure.is_none() {
            failure = writer.out.write_all(b"]").err().map(Failure::Write);
        }
        let LiveWriter { out, events, translated, .. } = writer;
        let (written, file) = out.end();
        exported.reason = match failure {
            Some(Failure::Write(source)) => return Err(ExportError::Write { path, in_place, source }),
            Some(Failure::NotAnEvent(reason)) => Some(reason),
            None => self.publish(file, name)?.err(),
        };
        (exported.bytes, exported.sha256, exported.records) = (written.bytes, written.sha256, events);
        exported.written = exported.reason.is_none();
        exported.exact = exported.written && translated == 0;
        if exported.written && translated > 0 {
            exported.reason = Some(format!(
                "{} written in the legacy one",
                counted(translated, "event of the new shape is", "events of the new shape are")
            ));
        }
        Ok(Some(exported))
    }
}

struct LiveWriter<'z, W> {
    out: HashingWriter<W>,
    zone: &'z Zone,
    is_array: bool,
    only: Option<&'z OnlyOnNewSide>,
    events: u64,
    translated: u64,
}

impl<W: Write> LiveWriter<'_, W> {
    fn write(&mut self, event: LiveEvent<'_>) -> Result<(), Failure> {
        let LiveEvent { position, occurred_at, event_type, body, is_repaired } = event;
        // What was repaired was read from the legacy log.
        let is_on_both =
            |only: &OnlyOnNewSide| is_repaired || !only.includes(Position::new(position), event_type);
        if self.only.is_some_and(is_on_both) {
            return Ok(());
        }
        let written = if self.is_array {
            let translated = in_legacy_shape(body, occurred_at, self.zone)
                .map_err(|error| Failure::NotAnEvent(format!("the event at position {position}: {error}")))?;
            self.translated += u64::from(translated.is_some());
            let opening = if self.events == 0 { "[" } else { ", " };
            write!(self.out, "{opening}{}", translated.as_deref().unwrap_or(body))
        } else if body.contains(['\n', '\r']) {
            let reason =
                format!("the event at position {position} spans several lines, and JSONL has one for each");
            return Err(Failure::NotAnEvent(reason));
        } else {
            writeln!(self.out, "{body}")
        };
        self.events += 1;
        written.map_err(Failure::Write)
    }
}
