//! The places that an export keeps clear of: the store that it reads, the recorded evidence, and what
//! belongs to any SQLite database.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::application::evidence::{EvidenceRecord, UTF_8_BOM};
use crate::application::export::{Occupied, PlaceError, name_key};
use crate::durable::links::{file_identity, resolved};
use crate::infrastructure::side_files::{LOCK, OF_A_DATABASE, OF_A_STORE, database_beside, with_suffix};
use crate::infrastructure::sqlite::MAGIC;

/// How much of a file is read to see whether it begins with a record of evidence, in bytes.
const LONGEST_EVIDENCE: u64 = 16 << 20;

/// Places of which an export keeps clear, whether something stands there or not.
#[derive(Debug, Default, Clone)]
pub(super) struct KeptFiles {
    /// Each with the links of its folder resolved.
    places: Vec<(PathBuf, Occupied)>,
}

impl KeptFiles {
    /// Adds a SQLite store with all that belongs to it.
    pub fn add_store(&mut self, database: &Path) {
        let suffixes = [""].into_iter().chain(OF_A_DATABASE).chain(OF_A_STORE);
        self.add(database, suffixes, &Occupied::Store);
    }

    /// Adds a file of evidence with its lock.
    pub fn add_evidence(&mut self, path: &Path) {
        self.add(path, ["", LOCK].into_iter(), &Occupied::Evidence);
    }

    /// What lies beside a link is named after it, or after the file that it leads to.
    fn add<'s>(&mut self, path: &Path, suffixes: impl Iterator<Item = &'s str> + Clone, what: &Occupied) {
        let spelled = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let named =
            spelled.file_name().zip(spelled.parent()).map(|(name, folder)| resolved(folder).join(name));
        for path in named.into_iter().chain([resolved(path)]) {
            for suffix in suffixes.clone() {
                self.places.push((with_suffix(&path, suffix), what.clone()));
            }
        }
    }

    /// Refuses a place by its name: one that is kept, or that of a file beside a database.
    pub fn refuse_name(&self, place: &Path) -> Result<(), PlaceError> {
        let kept = self
            .places
            .iter()
            .find(|(kept, _)| kept.parent() == place.parent() && key_of_name(kept) == key_of_name(place));
        if let Some((_, what)) = kept {
            return Err(what.clone().into());
        }
        if let Some(database) = database_beside(place).filter(|path| path.is_file())
            && (self.kept_file(&fs::metadata(&database)?).is_some() || is_database(&database)?)
        {
            return Err(Occupied::Database.into());
        }
        Ok(())
    }

    /// Refuses a place by the file that stands there. `metadata` is that of the file, whatever link leads to it.
    pub fn refuse_file(&self, place: &Path, metadata: &Metadata) -> Result<(), PlaceError> {
        // In this order: to open and close the store's file would take its locks from SQLite.
        if let Some(what) = self.kept_file(metadata) {
            return Err(what.clone().into());
        }
        if metadata.len() == 0 && key_of_name(place).ends_with(LOCK) {
            return Err(Occupied::Lock.into());
        }
        if is_database(place)? {
            return Err(Occupied::Database.into());
        }
        if is_evidence(place)? {
            return Err(Occupied::Evidence.into());
        }
        Ok(())
    }

    /// Which of the kept files it is, under whatever name.
    fn kept_file(&self, metadata: &Metadata) -> Option<&Occupied> {
        let identity = file_identity(metadata)?;
        let is_kept =
            |path: &Path| fs::metadata(path).ok().as_ref().and_then(file_identity) == Some(identity);
        self.places.iter().find(|(path, _)| is_kept(path)).map(|(_, what)| what)
    }
}

fn key_of_name(path: &Path) -> String {
    path.file_name().map(|name| name_key(&name.to_string_lossy())).unwrap_or_default()
}

fn is_database(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::with_capacity(MAGIC.len());
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning == MAGIC)
}

/// Whether the first value in a file is a record of evidence.
fn is_evidence(path: &Path) -> io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?.take(LONGEST_EVIDENCE));
    if file.fill_buf()?.starts_with(UTF_8_BOM) {
        file.consume(UTF_8_BOM.len());
    }
    let mut values = serde_json::Deserializer::from_reader(file).into_iter::<EvidenceRecord>();
    match values.next() {
        Some(Err(error)) if error.is_io() => Err(error.into()),
        Some(found) => Ok(found.is_ok()),
        None => Ok(false),
    }
}
