//! Any bytes as a log: a JSON array, or JSONL.

use std::cell::OnceCell;
use std::path::Path;

use mission_events::internals::application::log_source::{LogFormat, LogPiece, PieceContent, SourceError};
use mission_events::internals::infrastructure::sources::open_log;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use mission_events::internals::wire::record::RecordReader;
use mission_events::internals::wire::zone::Zone;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{is_blank, place, trim};

const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// What is no JSON log is refused by what it begins with: SQLite, UTF-16.
const OTHER_FORMATS: [&[u8]; 3] = [b"SQLite format 3\0", b"\xFF\xFE", b"\xFE\xFF"];

/// What is unpacked first is another log than its bytes: gzip, zstd, and a frame that zstd skips. One byte of what tells them may be
/// another.
const COMPRESSED: [&[Option<u8>]; 3] = [
    &[Some(0x1F), Some(0x8B), Some(8)],
    &[Some(0x28), Some(0xB5), Some(0x2F), Some(0xFD)],
    &[None, Some(0x2A), Some(0x4D), Some(0x18)],
];

/// How many bytes of these are read.
const MOST_UNPACKED: usize = 1 << 20;

/// Panics where the log is read otherwise than it should be.
pub fn check(bytes: &[u8]) {
    let is_other = |(byte, told): &(&u8, &Option<u8>)| told.is_some_and(|told| told != **byte);
    let is_compressed = COMPRESSED.iter().any(|magic| {
        let is_long_enough = bytes.len() >= 2;
        is_long_enough && bytes.iter().zip(*magic).filter(is_other).count() <= 1
    });
    with_file(bytes, |path| {
        if is_compressed {
            return read_some(path);
        }
        let mut source = match open_log(path, &Mapping::BuiltIn) {
            Ok(source) => source,
            Err(error) => {
                let is_other = OTHER_FORMATS.iter().any(|magic| bytes.starts_with(magic));
                assert!(is_other || is_foreign(bytes, &error) || has_no_record(bytes), "{error}");
                return;
            }
        };
        let zone = Zone::utc();
        let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
        let mut pieces = Pieces::new(bytes);
        while let Some(piece) = source.next_piece(&mut reader).expect("the file can be read") {
            pieces.take(&piece);
        }
        assert!(source.next_piece(&mut reader).expect("the file can be read").is_none(), "an end is an end");
        assert_eq!(pieces.offset, bytes.len(), "bytes are missing");
        assert_eq!(source.digest().bytes, bytes.len() as u64);
        assert_eq!(source.digest().sha256, sha256(bytes));
        match source.format() {
            LogFormat::Jsonl => pieces.assert_are_lines(),
            LogFormat::JsonArray => pieces.assert_are_elements(),
        }
    });
}

/// Whether a file is refused as one of an archive, a dump, a picture and the like: no text has their beginnings, and what
/// comes after is not looked at.
fn is_foreign(bytes: &[u8], error: &SourceError) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && !is_blank(*byte);
    let told = format!("{error:?}");
    let is_named = ["source: Container {", "source: Other("].iter().any(|kind| told.contains(kind));
    is_named && (bytes.iter().take(512).any(is_control) || bytes.starts_with(b"-----BEGIN "))
}

/// What is unpacked is read without a panic, be it damaged, as far as is unpacked in a moment.
fn read_some(path: &Path) {
    let Ok(mut source) = open_log(path, &Mapping::BuiltIn) else { return };
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut read = 0;
    while read < MOST_UNPACKED
        && let Ok(Some(piece)) = source.next_piece(&mut reader)
    {
        read += piece.bytes.len() + 1;
    }
}

fn with_file(bytes: &[u8], read: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
    }
    FOLDER.with(|folder| {
        let path = folder.get_or_init(place::folder).path().join("log.json");
        place::write(&path, bytes);
        read(&path);
    });
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What has been read of a log so far, against what it holds.
struct Pieces<'b> {
    log: &'b [u8],
    offset: usize,
    count: usize,
    /// Records, and rejects with all of their bytes.
    items: Vec<Item<'b>>,
    after_reject: bool,
}

struct Item<'b> {
    bytes: &'b [u8],
    is_record: bool,
}

impl<'b> Pieces<'b> {
    fn new(log: &'b [u8]) -> Self {
        Self { log, offset: 0, count: 0, items: Vec::new(), after_reject: false }
    }

    fn take(&mut self, piece: &LogPiece<'_>) {
        let end = self.offset + piece.bytes.len();
        let bytes = self.log.get(self.offset..end).expect("no more bytes are given than the log has");
        assert_eq!(piece.bytes, bytes);
        assert_eq!(piece.place.offset, self.offset as u64);
        let newlines = self.log[..self.offset].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(piece.place.line, newlines as u64 + 1);

        // Between two bytes there is room for a separator that is missing, and no more.
        self.count += 1;
        assert!(self.count <= 2 * self.log.len() + 2, "it never ends");
        match &piece.content {
            PieceContent::Layout => {
                let layout = bytes.strip_prefix(UTF_8_BOM).filter(|_| self.offset == 0).unwrap_or(bytes);
                assert!(!bytes.is_empty());
                // What does not begin as an array is read as lines, where RFC 7464 separates records by 1E.
                assert!(layout.iter().all(|&byte| is_blank(byte) || b"[,]\x1E".contains(&byte)));
            }
            PieceContent::Record(record) => {
                assert_eq!(record.body.as_bytes(), bytes);
                self.assert_is_record(bytes);
                self.items.push(Item { bytes, is_record: true });
            }
            PieceContent::Reject(_) => self.items.push(Item { bytes, is_record: false }),
            PieceContent::RejectContinued => {
                assert!(self.after_reject && !bytes.is_empty());
                let item = self.items.last_mut().expect("a reject has a beginning");
                let start = self.offset - item.bytes.len();
                item.bytes = &self.log[start..end];
            }
        }
        self.after_reject = matches!(piece.content, PieceContent::Reject(_) | PieceContent::RejectContinued);
        self.offset = end;
    }

    /// A record of a log is one by itself too.
    fn assert_is_record(&self, bytes: &[u8]) {
        let zone = Zone::utc();
        let alone = RecordReader::new(&zone, DstPolicy::Reject).read_whole(bytes);
        assert_eq!(alone.map(|record| record.body.as_bytes()), Ok(bytes));
    }

    /// In JSONL a line that is one record is one item, whatever the other lines are, and what is no record
    /// goes on over no line's end. Text in UTF-16 that stands in a log has line ends of its own, with a zero byte.
    fn assert_are_lines(&self) {
        let log = self.log.strip_prefix(UTF_8_BOM).unwrap_or(self.log);
        let mut items = self.items.iter();
        for line in log.split(|&byte| byte == b'\n').map(trim).filter(|line| is_record(line)) {
            assert!(items.any(|item| item.bytes == line));
        }
        for item in &self.items {
            let mut ends = item.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            assert!(ends.all(|(at, _)| matches!(item.bytes.get(at + 1), Some(0) | None)));
            assert_eq!(item.is_record, is_record(item.bytes));
        }
    }

    /// In an array that serde_json takes whole, every element is one item, and is it a record; but for
    /// arrays within it: the records in them are items of their own.
    fn assert_are_elements(&self) {
        let log = self.log.strip_prefix(UTF_8_BOM).unwrap_or(self.log);
        let Ok(elements) = serde_json::from_slice::<Vec<&RawValue>>(log) else { return };
        if elements.iter().any(|element| element.get().starts_with('[')) {
            return;
        }
        assert_eq!(self.items.len(), elements.len());
        for (item, element) in self.items.iter().zip(elements) {
            assert_eq!(item.bytes, element.get().as_bytes());
            assert_eq!(item.is_record, is_record(item.bytes));
        }
    }
}

/// Whether no line is a record, and no element of an array an object: such a text is refused.
fn has_no_record(log: &[u8]) -> bool {
    let log = log.strip_prefix(UTF_8_BOM).unwrap_or(log);
    let is_object = |element: &&RawValue| element.get().starts_with('{');
    let elements = serde_json::from_slice::<Vec<&RawValue>>(log).unwrap_or_default();
    !log.split(|&byte| byte == b'\n').any(is_record) && !elements.iter().any(is_object)
}

fn is_record(bytes: &[u8]) -> bool {
    let zone = Zone::utc();
    RecordReader::new(&zone, DstPolicy::Resolve).read_whole(bytes).is_ok()
}
