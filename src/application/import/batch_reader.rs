//! What the reading thread hands to the writer: pieces of a log, sorted by what is to become of them.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender};

use super::options::ReadOptions;
use super::record::ImportRecord;
use super::target::{Batch, KnownSource, Rejected, SourceText};
use crate::application::log_source::{
    LogPiece, LogSource, PieceContent, Place, Reject, ResumePoint, SourceDigest, SourceError, UNVERIFIED,
};
use crate::wire::record::{ContentIds, RecordReader};

/// A batch ends when it has this many records: what it brings is stored as a whole, and another writer that waits for
/// its turn waits for no longer than it takes to store so many.
const BATCH_RECORDS: usize = 500;
/// Or when its texts pass this many bytes.
const BATCH_BYTES: usize = 512 << 10;

/// What the reading thread sends.
pub(super) enum Parsed {
    Batch(Batch),
    /// The log has ended, or was read as far as it was to be.
    End(SourceDigest),
    /// It could not be read on, and is known up to there.
    Failed(SourceError, ResumePoint),
}

/// How the logs of a pass are read: what is learned of the layouts of their records is known from one to the next.
pub(super) struct Reading<'o> {
    options: &'o ReadOptions,
    reader: RecordReader<'o>,
}

impl<'o> Reading<'o> {
    pub fn new(options: &'o ReadOptions) -> Self {
        Self { options, reader: RecordReader::with_mapping(&options.zone, options.dst, &options.mapping) }
    }
}

/// Reads a log to its end, or to a place that an earlier reading has found, or until the receiver is dropped.
///
/// `known` is what the store has of the log already, which is not read again. The records that are
/// `stored` come back here: their memory is freed for least by the thread that it came from.
pub(super) fn parse(
    source: &mut dyn LogSource,
    reading: &mut Reading<'_>,
    known: Option<&KnownSource>,
    to: Option<&ResumePoint>,
    sender: &Sender<Parsed>,
    stored: &Receiver<Vec<ImportRecord>>,
) {
    let Reading { options, reader } = reading;
    reader.begin_log();
    let mut builder = BatchBuilder::new(options, known);
    let limit = to.map_or(u64::MAX, |to| to.offset);
    let path = source.path().to_owned();
    let mut reached = known.map_or(0, |known| known.resume.offset);
    let end = loop {
        if reached >= limit {
            break Parsed::End(source.digest());
        }
        match source.next_piece(reader) {
            Ok(Some(mut piece)) => {
                reached = piece.place.offset + piece.bytes.len() as u64;
                if reached > limit {
                    // A record that goes on there is another one than was seen.
                    if !matches!(piece.content, PieceContent::Layout) {
                        let changing = SourceError::Changing { path, opened: limit, ended: reached };
                        break Parsed::Failed(changing, ResumePoint::default());
                    }
                    piece.bytes = &piece.bytes[..(limit - piece.place.offset) as usize];
                }
                if builder.take(piece, reader) {
                    builder.count_flag(source.flag());
                }
            }
            Ok(None) => break Parsed::End(source.digest()),
            Err(error) => break Parsed::Failed(error, source.resume_point()),
        }
        if builder.is_full() {
            if sender.send(Parsed::Batch(builder.batch(source))).is_err() {
                return;
            }
            builder.batch.records = stored.try_iter().last().unwrap_or_default();
            builder.batch.records.clear();
        }
    };
    if matches!(end, Parsed::End(_)) && sender.send(Parsed::Batch(builder.batch(source))).is_err() {
        return;
    }
    // Where the receiver is gone, the writer has said why.
    drop(sender.send(end));
}

struct BatchBuilder<'r> {
    options: &'r ReadOptions,
    batch: Batch,
    bytes: usize,
    /// What stood between the first two records.
    separator: Option<Vec<u8>>,
    after_record: bool,
    content_ids: ContentIds,
}

impl<'r> BatchBuilder<'r> {
    fn new(options: &'r ReadOptions, known: Option<&KnownSource>) -> Self {
        Self {
            options,
            batch: Batch::default(),
            bytes: 0,
            separator: known.map(|known| known.separator.clone()).filter(|known| !known.is_empty()),
            // A load that was cut short before it stored anything knows the log, and nothing of it.
            after_record: known.is_some_and(|known| known.resume.offset > 0),
            content_ids: ContentIds::default(),
        }
    }

    fn is_full(&self) -> bool {
        let pieces = self.batch.records.len() + self.batch.rejects.len() + self.batch.texts.len();
        pieces >= BATCH_RECORDS || self.bytes >= BATCH_BYTES
    }

    fn batch(&mut self, source: &mut dyn LogSource) -> Batch {
        self.bytes = 0;
        let mut batch = std::mem::take(&mut self.batch);
        batch.separator = self.separator.clone().unwrap_or_default();
        batch.resume = source.resume_point();
        batch
    }

    /// Takes what `reader` has read last; true where it is a record that is kept.
    fn take(&mut self, piece: LogPiece<'_>, reader: &RecordReader<'_>) -> bool {
        let after_record = std::mem::replace(&mut self.after_record, false);
        let LogPiece { place, bytes, content } = piece;
        match content {
            PieceContent::Layout => self.take_layout(place, bytes, after_record),
            PieceContent::RejectContinued => self.reject(place, None, bytes),
            PieceContent::Reject(reject) => self.reject(place, Some(reject), bytes),
            PieceContent::Record(record) => {
                self.after_record = true;
                if !self.options.includes(record.occurred_at) {
                    self.batch.out_of_range += 1;
                    return false;
                }
                match ImportRecord::new(&record, reader, place, &mut self.content_ids) {
                    Ok(taken) => {
                        count_flags(&mut self.batch.flags, &taken);
                        self.bytes += taken.body.len();
                        self.batch.records.push(taken);
                        return true;
                    }
                    Err(reject) => self.reject(place, Some(reject), bytes),
                }
            }
        }
        false
    }

    fn count_flag(&mut self, flag: Option<&'static str>) {
        if let Some(name) = flag {
            *self.batch.flags.entry(name).or_default() += 1;
        }
    }

    fn take_layout(&mut self, place: Place, bytes: &[u8], after_record: bool) {
        if after_record && self.separator.is_none() {
            self.separator = Some(bytes.to_owned());
        }
        if self.separator.as_deref() != Some(bytes) {
            self.bytes += bytes.len();
            self.batch.texts.push(SourceText { offset: place.offset, bytes: bytes.to_owned() });
        }
    }

    fn reject(&mut self, place: Place, reject: Option<Reject>, bytes: &[u8]) {
        self.bytes += bytes.len();
        match &reject {
            Some(Reject::Compression(damaged)) => self.batch.in_doubt += damaged.lines,
            Some(Reject::Unverified { .. }) => self.count_flag(Some(UNVERIFIED)),
            _ => {}
        }
        self.batch.rejects.push(Rejected { place, reject, bytes: bytes.to_owned() });
    }
}

fn count_flags(flags: &mut BTreeMap<&'static str, u64>, record: &ImportRecord) {
    for name in record.flags.names() {
        *flags.entry(name).or_default() += 1;
    }
}
