//! What is in a file that is not read as a log.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::ops::ControlFlow;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use xxhash_rust::xxh3::xxh3_128;

use crate::infrastructure::side_files::OwnRecords;
use crate::infrastructure::sqlite::is_event_store;
use crate::wire::json::{ObjectScanner, ScanError};
use crate::wire::mapping::Mapping;

use super::compression::Compression;
use super::event_search::{SearchOptions, Searched, search_events};
use super::file_kind::{BEGINNING, FileKind, is_signature};
use super::limits::LONGEST_RECORD;
use super::unsupported_input::UnsupportedInput;
use super::zstd_frame::{MOST_WINDOW, too_large_window};

/// How many different events of a copy are held in memory to be looked for in its original.
const MOST_COPIES: usize = 1 << 20;

/// What is in a file.
pub(super) enum Content {
    /// An event.
    Event,
    /// No event.
    NoEvent {
        /// What it is instead.
        what: String,
    },
    /// A SQLite store of events.
    Store,
    /// Perhaps an event: it is binary data of no known kind.
    Binary,
    /// Perhaps an event.
    Unsearchable {
        /// Why that is not known.
        why: String,
    },
}

/// Searches a file for an event, as the mapping reads records; decompressed, where it is compressed. Records of
/// the two systems' `own` files are no events, and neither is one that is cut off where that `is_torn`.
///
/// # Errors
/// It cannot be read, or its compressed data is damaged, and no event was found before.
pub(super) fn look_into(
    path: &Path,
    mapping: &Mapping,
    own: Option<OwnRecords>,
    is_torn: bool,
) -> io::Result<Content> {
    if is_torn && holds_one_cut_record(path)? {
        return Ok(Content::NoEvent { what: "a record that was cut off is in it".to_owned() });
    }
    let (mut content, kind) = match open(path)? {
        Opened::Content(content, kind) => (content, kind),
        Opened::NoContent(found) => return Ok(found),
    };
    let options = SearchOptions { own, stops_at_binary: !matches!(kind, Some(FileKind::Other(_))) };
    let searched = search_events(&mut content, mapping, options, &mut |_| ControlFlow::Break(()))?;
    Ok(match (searched, kind) {
        (Searched::Stopped, _) => Content::Event,
        (Searched::Ended { has_damage: true, .. }, _) if !is_torn => {
            unsearchable("it may hold records that are damaged, or too long")
        }
        (Searched::Ended { is_text: true, .. }, _) => {
            Content::NoEvent { what: "no event is in it".to_owned() }
        }
        (Searched::Ended { .. }, Some(FileKind::Other(what))) => {
            Content::NoEvent { what: format!("it is {what}") }
        }
        (Searched::Ended { .. } | Searched::Binary, _) => Content::Binary,
        (Searched::GivenUp, _) => unsearchable("objects that are no events are nested too deeply in it"),
    })
}

/// Whether every event of a file is in another one, as often.
pub(super) fn holds_only_copies(copy: &Path, original: &Path, mapping: &Mapping) -> io::Result<bool> {
    let mut copies: HashMap<u128, u64> = HashMap::new();
    let searched = search_all(copy, mapping, &mut |event| {
        *copies.entry(xxh3_128(event)).or_default() += 1;
        if copies.len() > MOST_COPIES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if !matches!(searched, Some(Searched::Ended { has_damage: false, .. })) {
        return Ok(false);
    }
    search_all(original, mapping, &mut |event| {
        if let Entry::Occupied(mut left) = copies.entry(xxh3_128(event)) {
            *left.get_mut() -= 1;
            if *left.get() == 0 {
                left.remove();
            }
        }
        if copies.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(copies.is_empty())
}

/// Gives the text of every event to `take`; `None` where the file is nothing that can be searched.
fn search_all(
    path: &Path,
    mapping: &Mapping,
    take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<Option<Searched>> {
    match open(path)? {
        Opened::Content(mut content, _) => {
            let options = SearchOptions::default();
            search_events(&mut content, mapping, options, &mut |event| take(event.bytes())).map(Some)
        }
        Opened::NoContent(_) => Ok(None),
    }
}

/// Whether a file is a record without its end, and nothing else: what is nested in it is a part of it.
fn holds_one_cut_record(path: &Path) -> io::Result<bool> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST_RECORD as u64 + 1).read_to_end(&mut text)?;
    let is_one = text.first() == Some(&b'{') && !text.contains(&b'\n') && text.len() <= LONGEST_RECORD;
    Ok(is_one && matches!(ObjectScanner::new().extent(&text, 0), Err(ScanError::Incomplete { .. })))
}

/// Whether a file is a SQLite database.
pub(super) fn is_database(path: &Path) -> bool {
    let beginning = File::open(path).and_then(|mut file| beginning_of(&mut file));
    beginning.is_ok_and(|beginning| FileKind::of(&beginning) == Some(FileKind::Database))
}

enum Opened {
    /// What can be searched, and what it is, where that is known.
    Content(Box<dyn Read>, Option<FileKind>),
    /// What it is instead.
    NoContent(Content),
}

/// Opens a regular file; its content is decompressed.
fn open(path: &Path) -> io::Result<Opened> {
    let mut file = File::open(path)?;
    let beginning = beginning_of(&mut file)?;
    let kind = match is_signature(&beginning, file.metadata()?.len()) {
        true => Some(FileKind::Other("a signature")),
        false => FileKind::of(&beginning),
    };
    if is_event_store(&beginning) {
        return Ok(Opened::NoContent(Content::Store));
    }
    let window = too_large_window(&beginning);
    let stored = Cursor::new(beginning).chain(file);
    let Some(FileKind::Compressed(compression)) = kind else {
        return Ok(content(Box::new(stored), kind));
    };
    if let Some(window) = window {
        let unsupported = UnsupportedInput::ZstdWindow { at: 0, window, most: MOST_WINDOW };
        return Ok(Opened::NoContent(unsearchable(&unsupported.to_string())));
    }
    let mut decompressed: Box<dyn Read> = match compression {
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(stored))),
        Compression::Zstd => Box::new(zstd::Decoder::new(stored)?),
    };
    let damaged = |error| io::Error::other(format!("its {} data is damaged ({error})", compression.name()));
    let beginning = beginning_of(&mut decompressed).map_err(damaged)?;
    let kind = FileKind::of(&beginning);
    if matches!(kind, Some(FileKind::Compressed(_))) {
        return Ok(Opened::NoContent(unsearchable("it is compressed twice")));
    }
    if is_event_store(&beginning) {
        return Ok(Opened::NoContent(unsearchable("it is a SQLite store of events, compressed")));
    }
    Ok(content(Box::new(Cursor::new(beginning).chain(decompressed)), kind))
}

fn content(content: Box<dyn Read>, kind: Option<FileKind>) -> Opened {
    match kind {
        Some(FileKind::Database) => {
            Opened::NoContent(Content::NoEvent { what: "it is a SQLite database".to_owned() })
        }
        Some(FileKind::Container(container)) => {
            Opened::NoContent(unsearchable(&format!("it is {}", container.what)))
        }
        _ => Opened::Content(content, kind),
    }
}

fn beginning_of(content: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    content.take(BEGINNING).read_to_end(&mut beginning)?;
    Ok(beginning)
}

fn unsearchable(why: &str) -> Content {
    Content::Unsearchable { why: why.to_owned() }
}
