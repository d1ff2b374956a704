//! The logs and stores of recorded comparisons, as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::application::evidence::{EvidenceError, EvidenceInputs, FileContent, StoreContent};
use crate::domain::path_text::path_of;
use crate::domain::value_objects::Position;
use crate::durable::presence::metadata_if_present;
#[cfg(feature = "postgres")]
use crate::infrastructure::config::PostgresUrl;
#[cfg(feature = "postgres")]
use crate::infrastructure::postgres::{PostgresAddress, PostgresError, PostgresEventRepository};
use crate::infrastructure::sqlite::{SqliteError, SqliteEventRepository};
use crate::wire::zone::Zone;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// Files and SQLite stores at their paths.
#[derive(Debug, Default)]
pub struct StoredInputs;

impl EvidenceInputs for StoredInputs {
    fn file(&self, path: &str, lengths: &BTreeSet<u64>) -> Result<Option<FileContent>, EvidenceError> {
        match prefixes(&path_of(path), lengths) {
            Ok(content) => Ok(Some(content)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(unreadable(path, error)),
        }
    }

    fn store(&self, path: &str, positions: &BTreeSet<i64>) -> Result<Option<StoreContent>, EvidenceError> {
        let positions: Vec<Position> = positions.iter().copied().map(Position::new).collect();
        #[cfg(feature = "postgres")]
        if PostgresUrl::is_meant(path) {
            return store_in_postgres(path, &positions);
        }
        let store = match SqliteEventRepository::open_for_reading(path_of(path), Zone::utc()) {
            Ok(store) => store,
            Err(SqliteError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(unreadable(path, error)),
        };
        let counted = store.count_up_to(&positions).map_err(|error| unreadable(path, error))?;
        Ok(Some(content(&positions, counted)))
    }
}

fn content(positions: &[Position], (last, counts): (Position, Vec<u64>)) -> StoreContent {
    let events = positions.iter().map(|position| position.get()).zip(counts).collect();
    StoreContent { last_position: last.get(), events }
}

#[cfg(feature = "postgres")]
fn store_in_postgres(path: &str, positions: &[Position]) -> Result<Option<StoreContent>, EvidenceError> {
    let store = PostgresAddress::of_path(Path::new(path)).map_err(PostgresError::from);
    let store = store.and_then(|address| PostgresEventRepository::open_for_reading(address, Zone::utc()));
    let store = match store {
        Ok(store) => store,
        Err(PostgresError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    let counted = store.count_up_to(positions).map_err(|error| unreadable(path, error))?;
    Ok(Some(content(positions, counted)))
}

/// A folder of the path can be gone, or be a file by now.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unreadable(path: &str, error: impl StdError + Send + Sync + 'static) -> EvidenceError {
    EvidenceError::Read { action: "read", place: path.to_owned(), source: Box::new(error) }
}

/// Hashes a file once, as far as the longest of these lengths.
fn prefixes(path: &Path, lengths: &BTreeSet<u64>) -> io::Result<FileContent> {
    // Asked before it is opened: opening a pipe waits for its writer.
    if !metadata_if_present(path)?.ok_or(ErrorKind::NotFound)?.is_file() {
        return Err(io::Error::other("expected a file, found something else"));
    }
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut sha256 = BTreeMap::new();
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut passed = 0;
    for &length in lengths.iter().take_while(|length| **length <= bytes) {
        while passed < length {
            let count = usize::try_from(length - passed).unwrap_or(BUFFER).min(BUFFER);
            file.read_exact(&mut buffer[..count])?;
            hash.update(&buffer[..count]);
            passed += count as u64;
        }
        sha256.insert(length, HEXLOWER.encode(&hash.clone().finalize()));
    }
    Ok(FileContent { bytes, sha256 })
}
