//! The events of daily files, as they are proved.

use std::ops::ControlFlow;
use std::path::Path;

use super::super::error::JsonlError;
use super::super::folder::EventFolder;
use super::super::id_table::IdTable;
use super::super::visit::visit_events;
use crate::application::backup::{Check, Findings, HowRead, ProvableEvents, ProvedEvent, ReadLogs, Subject};
use crate::application::export::ExportStore;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// The events of a folder of daily files.
struct JsonlProofEvents {
    folder: EventFolder,
}

/// A store of daily files, to be proved. Its day files are read in `zone`.
pub fn subject_of_days(folder: &Path, zone: &Zone) -> Subject {
    let folder = EventFolder::new(folder.to_owned(), zone.clone());
    let events = JsonlProofEvents { folder };
    Subject { events: Some(Box::new(events)), databases: Vec::new(), findings: Findings::default() }
}

impl ProvableEvents for JsonlProofEvents {
    fn place(&self) -> String {
        text_of(self.folder.path())
    }

    fn counts_positions(&self) -> bool {
        false
    }

    fn read_logs(&mut self) -> Result<ReadLogs, RepositoryError> {
        Ok(ReadLogs::default())
    }

    fn each_event(
        &mut self,
        take: &mut dyn FnMut(&ProvedEvent<'_>, &mut Findings),
        findings: &mut Findings,
    ) -> Result<(), RepositoryError> {
        let failed = |error: JsonlError| error.during("read the JSONL store");
        let mut seen = IdTable::default();
        for day in self.folder.list().map_err(failed)? {
            let stream = day.day.stream();
            let visited = visit_events(&self.folder, day.day, &mut seen, |entry| {
                let stored = entry.to_stored();
                take(&ProvedEvent { stream: &stream, stored: &stored, how: HowRead::Now }, findings);
                ControlFlow::Continue(())
            });
            match visited {
                Ok(_) => {}
                Err(JsonlError::Damaged(damage)) => findings.add(Check::Bodies, damage.place, damage.detail),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn provenance(&mut self) -> Option<&mut dyn ExportStore> {
        None
    }
}
