//! A log file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::application::compare::feed::{CompareError, Fed, Feed, FeedFacts, TakeAgain, read_again};
use crate::application::log_source::{LogSource, PieceContent, Reject, SourceError, UNVERIFIED};
use crate::infrastructure::sources::{FileEquality, open_log};
use crate::wire::json::{ObjectScanner, ScanError};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// How a log file is opened.
pub(super) type OpenFile = fn(&Path, &Mapping) -> Result<Box<dyn LogSource>, SourceError>;

/// Takes the text of a record, with its offset.
type TakeText<'t> = dyn FnMut(u64, &[u8]) -> Result<(), CompareError> + 't;

/// A log file, opened anew each time it is read.
pub struct LogFeed {
    path: PathBuf,
    mapping: Mapping,
    open: OpenFile,
    /// Known once it was read.
    is_compressed: bool,
    /// What it was found to be the same as.
    original: Option<FileEquality>,
}

impl LogFeed {
    /// The log at `path`, whose records are read by `mapping`. It is opened when it is read.
    pub fn new(path: PathBuf, mapping: Mapping) -> Self {
        Self { path, mapping, open: open_log, is_compressed: false, original: None }
    }

    /// The same log, opened in that way.
    #[must_use]
    pub fn opened_by(self, open: OpenFile) -> Self {
        Self { open, ..self }
    }

    fn io(&self, action: &'static str) -> impl Fn(std::io::Error) -> CompareError + '_ {
        move |source| SourceError::Io { action, path: self.path.clone(), source }.into()
    }

    /// The texts of a plain file, each read from where it begins.
    fn texts_at(&self, offsets: &[u64], take: &mut TakeText<'_>) -> Result<(), CompareError> {
        let mut file = File::open(&self.path).map_err(self.io("open"))?;
        let mut scanner = ObjectScanner::new();
        for &offset in offsets {
            file.seek(SeekFrom::Start(offset)).map_err(self.io("read"))?;
            let mut text = Vec::new();
            let mut more = 4096;
            loop {
                let read = (&mut file).take(more).read_to_end(&mut text).map_err(self.io("read"))?;
                match scanner.scan(&text, 0) {
                    Ok(object) => {
                        take(offset, object.span.of(&text))?;
                        break;
                    }
                    // The end of what was read can cut a character in two.
                    Err(ScanError::Incomplete { .. } | ScanError::NotUtf8 { .. }) if read > 0 => more *= 2,
                    Err(_) => break,
                }
            }
        }
        Ok(())
    }
}

impl Feed for LogFeed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        let mut log = (self.open)(&self.path, &self.mapping)?;
        self.is_compressed = log.compression().is_some();
        log.omit_line_ends();
        let mut flags = BTreeMap::new();
        while let Some(piece) = log.next_piece(reader)? {
            match &piece.content {
                PieceContent::Record(record) => {
                    take(Fed::Record { place: piece.place, record }, reader)?;
                    if let Some(flag) = log.flag() {
                        *flags.entry(flag).or_default() += 1;
                    }
                }
                PieceContent::Reject(reject) => {
                    if matches!(reject, Reject::Unverified { .. }) {
                        *flags.entry(UNVERIFIED).or_default() += 1;
                    }
                    take(Fed::Reject { place: piece.place, reject: reject.clone() }, reader)?;
                }
                PieceContent::Layout | PieceContent::RejectContinued => {}
            }
        }
        let digest = log.digest();
        let resume = log.resume_point();
        let prefix = (!self.is_compressed).then_some((resume.offset, resume.sha256));
        Ok(FeedFacts::File { bytes: digest.bytes, sha256: digest.sha256, prefix, flags })
    }

    fn is_copy_of(&mut self, original: &Path) -> Result<bool, CompareError> {
        if !self.original.as_ref().is_some_and(|known| known.still_holds(original, &self.path)) {
            self.original = FileEquality::of(original, &self.path)?;
        }
        Ok(self.original.is_some())
    }

    fn again(
        &mut self,
        offsets: &[u64],
        reader: &mut RecordReader<'_>,
        take: &mut TakeAgain<'_>,
    ) -> Result<(), CompareError> {
        if self.is_compressed {
            return read_again(self, offsets, reader, take);
        }
        self.texts_at(offsets, &mut |offset, text| match reader.read_whole(text) {
            Ok(record) => take(offset, &record, reader),
            Err(_) => Ok(()),
        })
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        if !self.is_compressed {
            return self.texts_at(offsets, &mut |offset, text| {
                take(offset, text);
                Ok(())
            });
        }
        let mut log = (self.open)(&self.path, &self.mapping)?;
        // Times do not matter here, only where records begin.
        let zone = Zone::utc();
        let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, &self.mapping);
        let mut left = offsets.len();
        while left > 0
            && let Some(piece) = log.next_piece(&mut reader)?
        {
            if let PieceContent::Record(record) = piece.content
                && offsets.binary_search(&piece.place.offset).is_ok()
            {
                take(piece.place.offset, record.body.as_bytes());
                left -= 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_records_of_a_plain_and_of_a_compressed_log_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!(r#"{{"type": "A", "timestamp": "2025-01-01", "v": "{}"}}"#, "é".repeat(5000));
        let short = r#"{"type": "B", "timestamp": "2025-01-01"}"#;
        let log = format!("{short}\n{long}\n{short}\n");
        let plain = folder.path().join("plain.jsonl");
        std::fs::write(&plain, &log).unwrap();
        let compressed = folder.path().join("compressed.jsonl.zst");
        std::fs::write(&compressed, zstd::encode_all(log.as_bytes(), 1).unwrap()).unwrap();
        for path in [plain, compressed] {
            let mut feed = LogFeed::new(path, Mapping::BuiltIn);
            let zone = Zone::utc();
            let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
            let mut offsets = Vec::new();
            feed.read(&mut reader, &mut |fed, _| {
                if let Fed::Record { place, .. } = fed {
                    offsets.push(place.offset);
                }
                Ok(())
            })
            .unwrap();
            let mut texts = Vec::new();
            feed.texts(&offsets[1..], &mut |_, text| texts.push(String::from_utf8(text.to_owned()).unwrap()))
                .unwrap();
            assert_eq!(texts, [long.clone(), short.to_owned()]);
            let mut again = Vec::new();
            feed.again(&offsets[1..], &mut reader, &mut |offset, record, _| {
                again.push((offset, record.body.to_owned()));
                Ok(())
            })
            .unwrap();
            assert_eq!(again, [(offsets[1], long.clone()), (offsets[2], short.to_owned())]);
        }
    }
}
