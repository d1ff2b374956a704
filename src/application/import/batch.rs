//! What the reading thread hands to the writer: pieces of a log, sorted by what is to become of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use crossbeam_channel::{Receiver, Sender};

use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::{ContentIds, RecordReader};
use crate::wire::zone::Zone;

use super::target::{Batch, ImportRecord, KnownSource, Rejected, SourceText};
use crate::application::log_source::{
    LogPiece, LogSource, PieceContent, Place, Reject, SourceDigest, SourceError,
};

/// A batch ends when it has this many records: it is committed as one, and holds up whoever else
/// writes to the store for no longer than it takes to store so many.
const BATCH_RECORDS: usize = 2_000;
/// Or when its texts pass this many bytes.
const BATCH_BYTES: usize = 2 << 20;

/// How the records of a log are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The zone of naive timestamps.
    pub zone: Zone,
    /// What becomes of local times that come twice or never.
    pub dst: DstPolicy,
    /// Where the fields of the records stand.
    pub mapping: Mapping,
    /// Records before this instant are out of range.
    pub since: Option<DateTime<Utc>>,
    /// Records behind this instant are out of range.
    pub until: Option<DateTime<Utc>>,
}

impl Reading {
    /// All of it on one line: records that were read in another way may be other events.
    pub fn describe(&self) -> String {
        let dst = match self.dst {
            DstPolicy::Resolve => "resolve",
            DstPolicy::Reject => "reject",
        };
        let mut text = format!("zone={} dst={dst} mapping={}", self.zone.name(), self.mapping);
        for (name, bound) in [("since", self.since), ("until", self.until)] {
            if let Some(bound) = bound {
                text.push_str(&format!(" {name}={}", bound.to_rfc3339()));
            }
        }
        text
    }

    fn takes(&self, time: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until)
    }
}

pub(super) enum Parsed {
    Batch(Batch),
    End(SourceDigest),
    Failed(SourceError),
}

/// Reads a log to its end, or until nobody takes what it reads.
///
/// `known` is what the store has of the log already, which is not read again. The records that are
/// `stored` come back here: their memory is freed for least by the thread that it came from.
pub(super) fn parse(
    source: &mut dyn LogSource,
    reading: &Reading,
    known: Option<&KnownSource>,
    sender: &Sender<Parsed>,
    stored: &Receiver<Vec<ImportRecord>>,
) {
    let mut reader = RecordReader::with_mapping(&reading.zone, reading.dst, &reading.mapping);
    let mut sorter = Sorter::new(reading, known);
    let end = loop {
        match source.next_piece(&mut reader) {
            Ok(Some(piece)) => sorter.take(piece, &reader),
            Ok(None) => break Parsed::End(source.digest()),
            Err(error) => break Parsed::Failed(error),
        }
        if sorter.is_full() {
            if sender.send(Parsed::Batch(sorter.batch(source))).is_err() {
                return;
            }
            sorter.batch.records = stored.try_iter().last().unwrap_or_default();
            sorter.batch.records.clear();
        }
    };
    if matches!(end, Parsed::End(_)) && sender.send(Parsed::Batch(sorter.batch(source))).is_err() {
        return;
    }
    // Where nobody listens any more, the writer has said why.
    drop(sender.send(end));
}

struct Sorter<'r> {
    reading: &'r Reading,
    batch: Batch,
    bytes: usize,
    /// What stood between the first two records.
    separator: Option<Vec<u8>>,
    behind_record: bool,
    content_ids: ContentIds,
}

impl<'r> Sorter<'r> {
    fn new(reading: &'r Reading, known: Option<&KnownSource>) -> Self {
        Self {
            reading,
            batch: Batch::default(),
            bytes: 0,
            separator: known.map(|known| known.separator.clone()).filter(|known| !known.is_empty()),
            behind_record: known.is_some(),
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

    /// Takes what `reader` has read last.
    fn take(&mut self, piece: LogPiece<'_>, reader: &RecordReader<'_>) {
        let behind_record = std::mem::replace(&mut self.behind_record, false);
        let LogPiece { place, bytes, content } = piece;
        match content {
            PieceContent::Layout => self.take_layout(place, bytes, behind_record),
            PieceContent::RejectContinued => self.reject(place, None, bytes),
            PieceContent::Reject(reject) => self.reject(place, Some(reject), bytes),
            PieceContent::Record(record) => {
                self.behind_record = true;
                if !self.reading.takes(record.occurred_at) {
                    self.batch.out_of_range += 1;
                    return;
                }
                match ImportRecord::new(&record, reader, place, &mut self.content_ids) {
                    Ok(taken) => {
                        count_flags(&mut self.batch.flags, &taken);
                        self.bytes += taken.body.len();
                        self.batch.records.push(taken);
                    }
                    Err(reject) => self.reject(place, Some(reject), bytes),
                }
            }
        }
    }

    fn take_layout(&mut self, place: Place, bytes: &[u8], behind_record: bool) {
        if behind_record && self.separator.is_none() {
            self.separator = Some(bytes.to_owned());
        }
        if self.separator.as_deref() != Some(bytes) {
            self.bytes += bytes.len();
            self.batch.texts.push(SourceText { offset: place.offset, bytes: bytes.to_owned() });
        }
    }

    fn reject(&mut self, place: Place, reject: Option<Reject>, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.batch.rejects.push(Rejected { place, reject, bytes: bytes.to_owned() });
    }
}

fn count_flags(flags: &mut BTreeMap<&'static str, u64>, record: &ImportRecord) {
    for name in record.flags.names() {
        *flags.entry(name).or_default() += 1;
    }
}
