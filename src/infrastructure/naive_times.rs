//! How many events of a log have a time without offset.

use std::path::Path;

use crate::application::log_source::{PieceContent, SourceError};
use crate::infrastructure::sources::open_log_of_any_size;
use crate::wire::local_time::{DstPolicy, TimeFlags};
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// Reads a log and counts them.
///
/// # Errors
/// The log cannot be read.
pub fn naive_times(path: &Path, mapping: &Mapping) -> Result<u64, SourceError> {
    let mut log = open_log_of_any_size(path, mapping)?;
    let utc = Zone::utc();
    let mut reader = RecordReader::with_mapping(&utc, DstPolicy::Resolve, mapping);
    let mut naive = 0;
    while let Some(piece) = log.next_piece(&mut reader)? {
        if let PieceContent::Record(record) = piece.content {
            naive += u64::from(record.flags.time.contains(TimeFlags::NAIVE));
        }
    }
    Ok(naive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_offset_are_counted_and_what_is_no_event_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        let event = |time: &str| format!(r#"{{"type": "A", "task_id": "T", "timestamp": "{time}"}}"#);
        let text = format!(
            "[{}, {}, {}, {{\"x\": ",
            event("2025-10-25T10:00:00"),
            event("2025-10-25"),
            event("2025-10-25T10:00:00Z")
        );
        std::fs::write(&path, text).unwrap();
        assert_eq!(naive_times(&path, &Mapping::BuiltIn).unwrap(), 2);
        assert!(naive_times(&folder.path().join("none"), &Mapping::BuiltIn).is_err());
    }

    #[test]
    fn they_are_counted_whatever_a_compressed_log_decodes_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json.zst");
        let text = format!("[{{\"type\": \"A\", \"timestamp\": \"2025-10-25\"}}{}]", " ".repeat(2 << 20));
        std::fs::write(&path, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        assert_eq!(naive_times(&path, &Mapping::BuiltIn).unwrap(), 1);
    }
}
