//! The events that are missing, read again from where the control has them, with the ids that an import gives them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::application::compare::feed::{CompareError, Fed, Feed};
use crate::application::compare::parallel_run::{ParallelRun, Rows};
use crate::application::compare::report::{Difference, EventPlace, RecordLocation};
use crate::application::import::{Identity, ImportRecord};
use crate::domain::event::derived_event_id;
use crate::domain::value_objects::EventId;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::{ContentIds, RecordReader};

/// An event that the control has and the candidate lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingEvent {
    /// The id that it carries, or the one that is derived from its content and its number among the identical records
    /// of its log, as by an import.
    pub event_id: EventId,
    /// What it is, and where it stands in its log.
    pub record: ImportRecord,
    /// That log; absolute.
    pub path: String,
}

/// What is looked for in one log.
#[derive(Default)]
struct Wanted<'d> {
    /// By the offset, the number of the difference and the text that was compared.
    at: BTreeMap<u64, (usize, &'d str)>,
    /// By content, how many identical records were read so far.
    occurrences: HashMap<Uuid, u64>,
}

/// The events of these differences, in their order; `None` where another record stands at the place by now.
///
/// # Errors
/// The control could not be read.
pub(super) fn read(
    run: &ParallelRun<'_>,
    missing: &[Difference],
    absolute: &dyn Fn(&Path) -> String,
) -> Result<Vec<Option<MissingEvent>>, CompareError> {
    let mut content_ids = ContentIds::default();
    let mut logs: BTreeMap<PathBuf, Wanted<'_>> = BTreeMap::new();
    for (number, difference) in missing.iter().enumerate() {
        let Some(EventPlace { path, location, body, .. }) = &difference.control else { continue };
        let wanted = logs.entry(path.clone()).or_default();
        wanted.at.insert(offset(*location), (number, body));
        if let Ok(content) = content_ids.of(body) {
            wanted.occurrences.insert(content, 0);
        }
    }
    let mut found: Vec<Option<MissingEvent>> = vec![None; missing.len()];
    if logs.is_empty() {
        return Ok(found);
    }
    let (zone, mapping) = (&run.settings.zone, run.control.mapping());
    for feed in &mut run.control.input(Rows::Native)?.feeds {
        let Some(mut wanted) = logs.remove(feed.path()) else { continue };
        let path = absolute(feed.path());
        let mut reader = RecordReader::with_mapping(zone, DstPolicy::Resolve, mapping);
        read_log(
            &mut **feed,
            &mut reader,
            &mut content_ids,
            &mut wanted,
            &mut |number, event_id, record| {
                found[number] = Some(MissingEvent { event_id, record, path: path.clone() });
            },
        )?;
    }
    Ok(found)
}

fn read_log(
    feed: &mut dyn Feed,
    reader: &mut RecordReader<'_>,
    content_ids: &mut ContentIds,
    wanted: &mut Wanted<'_>,
    take: &mut dyn FnMut(usize, EventId, ImportRecord),
) -> Result<(), CompareError> {
    let facts = feed.read(reader, &mut |fed, reader| {
        let Fed::Record { place, record } = fed else { return Ok(()) };
        let Ok(read) = ImportRecord::new(record, reader, place, content_ids) else { return Ok(()) };
        let event_id = match &read.identity {
            Identity::Carried(id) => id.clone(),
            Identity::Derived { content, .. } => {
                let Some(number) = wanted.occurrences.get_mut(content) else { return Ok(()) };
                *number += 1;
                derived_event_id(*content, *number)
            }
        };
        match wanted.at.get(&place.offset) {
            Some((number, body)) if *body == read.body => take(*number, event_id, read),
            _ => {}
        }
        Ok(())
    });
    facts.map(drop)
}

/// Where a record begins in what a feed gives.
fn offset(location: RecordLocation) -> u64 {
    match location {
        RecordLocation::File { offset, .. } => offset,
        RecordLocation::Store { position } => position,
    }
}
