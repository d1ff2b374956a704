//! Where a record stands in what a side was read from.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::application::log_source::Place;

/// Where a record stands in its file or store. Written as the keys `line`, `offset` and `position`, those
/// that do not apply being null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordLocation {
    /// In a file.
    File {
        /// The line of its first byte, from 1.
        line: u64,
        /// The offset of its first byte, from 0.
        offset: u64,
    },
    /// In a store.
    Store {
        /// Its position.
        position: u64,
    },
}

impl RecordLocation {
    /// The location that a feed gives as a place: in a store, the line and the offset are the position.
    pub(crate) fn new(place: Place, has_positions: bool) -> Self {
        let Place { line, offset } = place;
        if has_positions { Self::Store { position: offset } } else { Self::File { line, offset } }
    }
}

impl fmt::Display for RecordLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line, offset } => write!(f, "line {line}, byte {offset}"),
            Self::Store { position } => write!(f, "position {position}"),
        }
    }
}

impl Serialize for RecordLocation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (line, offset, position) = match *self {
            Self::File { line, offset } => (Some(line), Some(offset), None),
            Self::Store { position } => (None, None, Some(position)),
        };
        let mut keys = serializer.serialize_struct("RecordLocation", 3)?;
        keys.serialize_field("line", &line)?;
        keys.serialize_field("offset", &offset)?;
        keys.serialize_field("position", &position)?;
        keys.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_file_has_a_line_and_an_offset_and_one_of_a_store_a_position() {
        for (has_positions, written, said) in [
            (false, serde_json::json!({"line": 3, "offset": 70, "position": null}), "line 3, byte 70"),
            (true, serde_json::json!({"line": null, "offset": null, "position": 70}), "position 70"),
        ] {
            let location = RecordLocation::new(Place { line: 3, offset: 70 }, has_positions);
            assert_eq!(serde_json::to_value(location).unwrap(), written);
            assert_eq!(location.to_string(), said);
        }
    }
}
