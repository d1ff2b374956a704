//! What a store holds, and whether it is what it is to be.

use super::contents::Contents;
use super::event_check::EventCheck;
use super::event_digests::EventDigests;
use super::findings::{Check, Findings};
use super::ports::{Subject, Tell};
use crate::application::export::{ExportStore, StoredLog, check_log};
use crate::domain::counted::counted;
use crate::domain::repository::RepositoryError;
use crate::wire::zone::Zone;

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What shows that a copy is whole.
    Copy,
    /// All that can be known of a store by itself.
    Everything,
}

/// What a store holds, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Proof {
    /// What it holds.
    pub contents: Contents,
    /// What is wrong.
    pub findings: Findings,
}

/// Looks at all of it; naive times of live events are read in `zone`. `tell` is told how many bytes of texts and rows were read.
///
/// # Errors
/// Something could not be read, and not because it is damaged.
pub fn prove(subject: Subject, depth: Depth, zone: &Zone, tell: Tell<'_>) -> Result<Proof, RepositoryError> {
    let Subject { events, mut databases, mut findings } = subject;
    let mut contents = Contents::default();
    for database in &mut databases {
        database.complain(&mut findings)?;
        findings.look(Check::Schema);
    }
    if findings.counts.contains_key(&Check::Integrity) {
        // What else would be found is no news, and cannot be read reliably.
        return Ok(Proof { contents, findings });
    }
    if let Some(mut events) = events {
        let logs = events.read_logs()?;
        let counts_positions = events.counts_positions();
        let mut digests = EventDigests::default();
        let mut check = EventCheck::new(&logs, zone);
        let mut expected = 1;
        let is_thorough = depth == Depth::Everything;
        let mut read = 0;
        findings.look(Check::Bodies);
        if is_thorough && counts_positions {
            findings.look(Check::Positions);
            findings.look(Check::DerivedIds);
        }
        events.each_event(
            &mut |event, findings| {
                let position = event.stored.position.get();
                digests.take(event.stream, event.stored);
                if is_thorough {
                    if counts_positions && position != expected {
                        let detail = format!(
                            "expected the position {expected}: positions count from 1 on without gaps"
                        );
                        findings.add(Check::Positions, format!("position {position}"), detail);
                    }
                    expected = position + 1;
                    check.check(event, findings);
                }
                read += event.stored.event.body().len() as u64;
                tell(read);
            },
            &mut findings,
        )?;
        check.end(&mut findings);
        contents = digests.into_contents();
        if is_thorough && let Some(store) = events.provenance() {
            findings.look(Check::Provenance);
            prove_provenance(store, &mut findings)?;
        }
    }
    for database in &mut databases {
        contents.tables.extend(database.tables(tell)?);
        contents.schema_versions.insert(database.name().to_owned(), database.schema_version());
    }
    Ok(Proof { contents, findings })
}

/// Puts every log together again that was read whole, and holds it against its recorded SHA-256.
fn prove_provenance(store: &mut dyn ExportStore, findings: &mut Findings) -> Result<(), RepositoryError> {
    let (mut unfinished, mut in_part): (Vec<StoredLog>, Vec<StoredLog>) = (Vec::new(), Vec::new());
    for log in store.logs()? {
        if log.content.is_none() {
            unfinished.push(log);
        } else if log.out_of_range > 0 {
            in_part.push(log);
        } else if let Some(reason) = check_log(store, &log)? {
            findings.add(Check::Provenance, format!("the log {} ({})", log.source_id, log.path), reason);
        }
    }
    if let Some(first) = unfinished.first() {
        findings.notes.push(format!(
            "{} logs were not read to their end, as the store says, so that nothing tells whether they can be given back; the first: {} ({}). Imported \
             again, they are; `--against` a backup tells whether one was",
            unfinished.len(),
            first.source_id,
            first.path
        ));
    }
    if let Some(first) = in_part.first() {
        findings.notes.push(format!(
            "{} imported in part, by --since or --until, and cannot be given back; the first: {} ({})",
            counted(in_part.len() as u64, "log was", "logs were"),
            first.source_id,
            first.path
        ));
    }
    Ok(())
}
