//! Records in memory as a side of a comparison.

use std::path::{Path, PathBuf};

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts, Scratch};
use crate::application::log_source::Place;
use crate::wire::record::RecordReader;

/// Records in memory.
pub(crate) struct MemoryFeed {
    path: PathBuf,
    records: Vec<String>,
}

impl MemoryFeed {
    pub fn new(records: Vec<String>) -> Self {
        Self { path: PathBuf::from("memory"), records }
    }
}

impl Feed for MemoryFeed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let mut offset = 0;
        for (number, text) in self.records.iter().enumerate() {
            let place = Place { line: number as u64 + 1, offset };
            offset += text.len() as u64 + 1;
            match reader.read_whole(text.as_bytes()) {
                Ok(record) => take(Fed::Record { place, record: &record }, reader)?,
                Err(error) => {
                    let (reason, detail) = (error.reason(), error.to_string());
                    take(Fed::Reject { place, reason, detail }, reader)?;
                }
            }
        }
        Ok(FeedFacts::File { bytes: offset, sha256: String::new(), prefix: None })
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        let mut offset = 0;
        for text in &self.records {
            if offsets.binary_search(&offset).is_ok() {
                take(offset, text.as_bytes());
            }
            offset += text.len() as u64 + 1;
        }
        Ok(())
    }
}

/// The temporary file of a comparison that is small.
#[derive(Default)]
pub(crate) struct MemoryScratch(Vec<u8>);

impl Scratch for MemoryScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<u64, CompareError> {
        let offset = self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        Ok(offset)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), CompareError> {
        let start = offset as usize;
        into.copy_from_slice(&self.0[start..start + into.len()]);
        Ok(())
    }
}
