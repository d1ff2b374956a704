//! The bytes of a reject, read again as a part of a log.

use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::application::log_source::{LogSource, PieceContent, SourceError};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

use super::array::ArraySource;
use super::byte_source::ByteSource;
use super::window::ByteWindow;

/// Whether a log that holds these bytes, which were rejected as one piece, has a whole record in them: an earlier
/// version of this program rejected it together with what stands beside it.
pub fn holds_whole_record(bytes: &[u8], mapping: &Mapping) -> bool {
    // In an array, objects go on over line ends as far as they do anywhere.
    let content = InMemory(Cursor::new([b"[", bytes].concat()));
    let mut log = ArraySource::new(ByteWindow::new(Path::new(""), Box::new(content)));
    // Times do not matter here.
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
    while let Ok(Some(piece)) = log.next_piece(&mut reader) {
        if matches!(piece.content, PieceContent::Record(_)) {
            return true;
        }
    }
    false
}

struct InMemory(Cursor<Vec<u8>>);

impl Read for InMemory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl ByteSource for InMemory {
    fn rewind(&mut self) -> io::Result<()> {
        self.0.set_position(0);
        Ok(())
    }

    fn check_unchanged(&self, _: u64, _: bool) -> Result<(), SourceError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_records_are_found_beside_what_was_rejected_and_not_within_it() {
        let event = r#"{"type": "A", "timestamp": "2025-10-25"}"#;
        for (bytes, holds) in [
            (format!("{event}{event}"), true),
            (format!("\0\0\0{event}"), true),
            (format!("{{\"type\": \"To{event}"), true),
            (format!("[{event}"), true),
            (format!("INFO {event} x"), true),
            (format!("{{\"v\": {event}"), false),
            (format!("{{\"v\": [{event}, {{}}], \"w\": tru}}"), false),
            ("{\"type\": \"A\"}".to_owned(), false),
            ("\0\0\0".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(holds_whole_record(bytes.as_bytes(), &Mapping::BuiltIn), holds, "{bytes}");
        }
    }
}
