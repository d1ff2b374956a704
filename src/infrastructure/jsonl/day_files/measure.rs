//! How an archived file is compressed, and how long its content is. The positions of a day are counted on it, so that
//! it is looked up often, and found out once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::super::error::{Damage, JsonlError};
use super::super::layout::is_named_as_compressed;
use super::file_cursor::FileCursor;
use super::file_state::FileState;
use super::frame_reader::FrameReader;
use super::seek_table::SeekTable;

/// How much is decoded at a time where nothing is kept of it.
const BUFFER: usize = 64 * 1024;

/// How the content of a file lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Storage {
    /// Its bytes are the content.
    Plain,
    /// Zstd frames that are found by a table.
    Frames(Arc<SeekTable>),
    /// Zstd, to be decoded from its beginning on.
    Zstd,
    /// Gzip, to be decoded from its beginning on.
    Gzip,
}

impl Storage {
    /// Seen in the first bytes, whatever the name is.
    fn of(file: &Arc<File>, length: u64) -> io::Result<Self> {
        let mut magic = Vec::new();
        FileCursor::new(file, 0).take(4).read_to_end(&mut magic)?;
        Ok(match magic[..] {
            [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => {
                match SeekTable::read(file, length)? {
                    Some(table) => Self::Frames(Arc::new(table)),
                    None => Self::Zstd,
                }
            }
            [0x1F, 0x8B, ..] => Self::Gzip,
            _ => Self::Plain,
        })
    }

    pub fn is_compressed(&self) -> bool {
        *self != Self::Plain
    }

    /// The content from its beginning on; of frames with a table, see [`FrameReader`].
    pub fn decoder(&self, file: &Arc<File>) -> io::Result<Box<dyn Read + Send>> {
        let file = FileCursor::new(file, 0);
        Ok(match self {
            Self::Plain => Box::new(file),
            Self::Frames(_) | Self::Zstd => Box::new(Decoder::new(file)?),
            Self::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        })
    }
}

/// What is known of the content of an archived file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Measure {
    pub storage: Storage,
    /// In bytes, decompressed.
    pub length: u64,
    /// Whether its last line is; so is nothing at all.
    pub is_ended: bool,
}

impl Measure {
    /// Where the content of the day goes on after it. A last line that is not ended is taken as one that is.
    pub fn end(&self) -> u64 {
        self.length + u64::from(!self.is_ended)
    }

    fn of(path: &Path, file: &Arc<File>, state: &FileState) -> io::Result<Self> {
        let storage = Storage::of(file, state.length)?;
        if storage == Storage::Plain && is_named_as_compressed(path) && !begins_as_text(file)? {
            let detail = format!("it is named as a compressed file, and its {} bytes are none", state.length);
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        let (length, last) = match &storage {
            Storage::Plain => (state.length, last_byte(file, state.length)?),
            Storage::Frames(table) => {
                let length = table.content_length();
                let mut frames = FrameReader::new(file, table)?;
                frames.seek_to(length.saturating_sub(1));
                let mut last = [0];
                (length, (frames.read(&mut last)? > 0).then_some(last[0]))
            }
            Storage::Zstd | Storage::Gzip => decode(&mut *storage.decoder(file)?)?,
        };
        Ok(Self { storage, length, is_ended: last.is_none_or(|byte| byte == b'\n') })
    }
}

/// Whether a file begins as one of records does. One that is compressed, and was emptied or cut off within its first bytes, does not.
fn begins_as_text(file: &Arc<File>) -> io::Result<bool> {
    let mut first = Vec::new();
    FileCursor::new(file, 0).take(1).read_to_end(&mut first)?;
    Ok(matches!(first[..], [b'{' | 0xEF] | [b' ' | b'\t' | b'\r' | b'\n']))
}

fn last_byte(file: &Arc<File>, length: u64) -> io::Result<Option<u8>> {
    let Some(last) = length.checked_sub(1) else { return Ok(None) };
    let mut byte = [0];
    FileCursor::new(file, last).read_exact(&mut byte)?;
    Ok(Some(byte[0]))
}

/// Decodes to the end; answers the length and the last byte.
fn decode(content: &mut dyn Read) -> io::Result<(u64, Option<u8>)> {
    let (mut buffer, mut length, mut last) = (vec![0; BUFFER], 0, None);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok((length, last)),
            count => {
                length += count as u64;
                last = buffer[..count].last().copied();
            }
        }
    }
}

/// The archived files that were measured, by their paths, with what they were then.
#[derive(Default)]
pub(in super::super) struct Measures {
    /// Held for one look-up.
    known: Mutex<HashMap<PathBuf, Known>>,
}

type Known = (FileState, Result<Arc<Measure>, Damage>);

impl Measures {
    /// What is known already of the file in that state.
    pub fn known(&self, path: &Path, state: &FileState) -> Option<Arc<Measure>> {
        let known = self.lock();
        known.get(path).filter(|(known, _)| known == state).and_then(|(_, measure)| measure.clone().ok())
    }

    /// What is known of an open file, which is found out now where it was not before.
    pub fn of(&self, path: &Path, file: &Arc<File>, state: &FileState) -> Result<Arc<Measure>, JsonlError> {
        if let Some((_, measure)) = self.lock().get(path).filter(|(known, _)| known == state) {
            return measure.clone().map_err(JsonlError::Damaged);
        }
        let measure = match Measure::of(path, file, state) {
            Ok(measure) => Ok(Arc::new(measure)),
            Err(error) if is_of_the_content(&error) => Err(Damage::of_an_archive(path, &error)),
            Err(error) => return Err(JsonlError::io("read", path)(error)),
        };
        self.lock().insert(path.to_owned(), (state.clone(), measure.clone()));
        measure.map_err(JsonlError::Damaged)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the decoder says it, and not the system.
pub(in super::super) fn is_of_the_content(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}
