//! A window that moves over a log: as much of it in memory as one record needs, and no more.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::application::log_source::{Place, Reject, ResumePoint, SourceDigest, SourceError};
use crate::wire::json::is_blank;

use super::byte_source::{ByteSource, read_error};
use super::limits::LONGEST_PIECE;

/// The byte order mark of UTF-8.
pub(super) const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";
const FIRST_CAPACITY: usize = 1 << 18;
const BEGINNING: Place = Place { line: 1, offset: 0 };

/// The bytes of a log from the current place on, as far as they have been read.
pub(super) struct ByteWindow {
    path: PathBuf,
    content: Box<dyn ByteSource>,
    buffer: Vec<u8>,
    /// The window is `buffer[start..filled]`.
    start: usize,
    filled: usize,
    ended: bool,
    place: Place,
    /// The piece that was given out last.
    given: Given,
    /// The last place after which reading can be resumed.
    mark: Mark,
    /// The hash of the content as far as `buffer[..hashed]`; it is brought up to date when bytes are about to leave the buffer.
    hash: Sha256,
    hashed: usize,
}

#[derive(Default)]
struct Given {
    length: usize,
    resumable: bool,
    /// How many newlines are in it, where that is known.
    newlines: Option<u64>,
}

struct Mark {
    place: Place,
    /// The hash up to there, once the window's own has gone further.
    hash: Option<Sha256>,
}

impl ByteWindow {
    pub fn new(path: &Path, content: Box<dyn ByteSource>) -> Self {
        // One byte more shows the end.
        let most = content.most_bytes().and_then(|most| usize::try_from(most).ok());
        let capacity = most.map_or(FIRST_CAPACITY, |most| FIRST_CAPACITY.min(most.saturating_add(1)));
        Self {
            path: path.to_owned(),
            content,
            buffer: vec![0; capacity],
            start: 0,
            filled: 0,
            ended: false,
            place: BEGINNING,
            given: Given::default(),
            mark: Mark { place: BEGINNING, hash: None },
            hash: Sha256::new(),
            hashed: 0,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn compression(&self) -> Option<&'static str> {
        self.content.compression().map(|compression| compression.name())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// Where the window begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Where the byte at `index` of the window stands.
    fn place_at(&self, index: usize) -> Place {
        let before = &self.bytes()[..index.min(self.bytes().len())];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        Place { line: self.place.line + lines, offset: self.place.offset + before.len() as u64 }
    }

    /// Gives out the first `length` bytes of the window. `resumable`: whatever follows them, now or
    /// when the log has grown, they are what they are, and reading can be resumed after them.
    pub fn give(&mut self, length: usize, resumable: bool) {
        self.given = Given { length, resumable, newlines: None };
    }

    /// As [`give`](Self::give), of bytes that are known to have no newline.
    pub fn give_of_line(&mut self, length: usize, resumable: bool) {
        self.given = Given { length, resumable, newlines: Some(0) };
    }

    /// As [`give`](Self::give), of a whole line with its newline, after which reading can be resumed.
    pub fn give_line(&mut self, length: usize) {
        self.given = Given { length, resumable: true, newlines: Some(1) };
    }

    /// Moves the window over what was given out.
    pub fn pass(&mut self) {
        let Given { length, resumable, newlines } = std::mem::take(&mut self.given);
        self.place = match newlines {
            Some(newlines) => {
                Place { line: self.place.line + newlines, offset: self.place.offset + length as u64 }
            }
            None => self.place_at(length),
        };
        self.start = (self.start + length).min(self.filled);
        if resumable {
            self.mark = Mark { place: self.place, hash: None };
        }
    }

    /// The byte at `index`, read if it has to be; `None` after the end of the log.
    pub fn peek(&mut self, index: usize) -> Result<Option<u8>, SourceError> {
        while self.bytes().len() <= index {
            if !self.grow()? {
                return Ok(None);
            }
        }
        Ok(Some(self.bytes()[index]))
    }

    /// The index of the first byte from `index` on that is not blank; after the end, the length.
    pub fn next_solid(&mut self, mut index: usize) -> Result<usize, SourceError> {
        while self.peek(index)?.is_some_and(is_blank) {
            index += 1;
        }
        Ok(index)
    }

    /// The offset in the content of the byte at `index`.
    pub fn offset_at(&self, index: usize) -> u64 {
        self.place.offset + index as u64
    }

    /// Reads on until the buffer is full: a larger one, where it is full already. False at the end
    /// of the log.
    pub fn grow(&mut self) -> Result<bool, SourceError> {
        if self.ended {
            return Ok(false);
        }
        self.hash_passed();
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        self.hashed = 0;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let before = self.filled;
        while self.filled < self.buffer.len() && !self.ended {
            match self.content.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&self.path, error)),
            }
        }
        Ok(self.filled > before)
    }

    /// How many bytes the window begins with that `is_layout` takes, up to the longest piece. A byte
    /// order mark at the beginning of the log is layout.
    pub fn layout(&mut self, mut is_layout: impl FnMut(u8) -> bool) -> Result<usize, SourceError> {
        self.peek(UTF_8_BOM.len())?;
        let is_marked = self.place.offset == 0 && self.bytes().starts_with(UTF_8_BOM);
        let mut length = if is_marked { UTF_8_BOM.len() } else { 0 };
        loop {
            let rest = self.bytes()[length..].iter().take(LONGEST_PIECE - length);
            length += rest.take_while(|byte| is_layout(**byte)).count();
            if length < self.bytes().len() || !self.grow()? {
                return Ok(length);
            }
        }
    }

    /// Moves from the beginning of the log to the point, if the same bytes stand before it: then the
    /// last of them that is not blank, where one is. Otherwise the window is at the beginning again.
    pub fn skip_to(&mut self, point: &ResumePoint) -> Result<Option<Option<u8>>, SourceError> {
        let mut last_solid = None;
        loop {
            let left = point.offset - self.place.offset;
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.bytes().len());
            let skipped = &self.bytes()[..count];
            last_solid = skipped.iter().rfind(|byte| !is_blank(**byte)).copied().or(last_solid);
            self.start += count;
            self.place.offset += count as u64;
            if self.place.offset == point.offset {
                break;
            }
            if !self.grow()? {
                return self.restart().map(|()| None);
            }
        }
        if hexadecimal(self.hash_at(self.start)) != point.sha256 {
            return self.restart().map(|()| None);
        }
        self.place.line = point.line;
        self.mark = Mark { place: self.place, hash: None };
        Ok(Some(last_solid))
    }

    fn restart(&mut self) -> Result<(), SourceError> {
        self.content.rewind().map_err(|error| read_error(&self.path, error))?;
        (self.start, self.filled, self.hashed, self.ended) = (0, 0, 0, false);
        self.place = BEGINNING;
        self.mark = Mark { place: BEGINNING, hash: None };
        self.hash = Sha256::new();
        Ok(())
    }

    /// What the reader of a log does when it has given out everything: tells the damage after which
    /// nothing could be read, then makes sure that the log is still the one that was opened.
    pub fn end(&mut self, may_grow: bool) -> Result<Option<Reject>, SourceError> {
        if let Some(damage) = self.content.take_damage() {
            return Ok(Some(damage));
        }
        self.content.check_unchanged(self.place.offset, may_grow).map(|()| None)
    }

    /// Why the content ended early, told once.
    pub fn take_damage(&mut self) -> Option<Reject> {
        self.content.take_damage()
    }

    /// The mark, as something that can be written down. What was given out is passed, so that no byte
    /// is hashed twice.
    pub fn resume_point(&mut self) -> ResumePoint {
        self.pass();
        self.hash_passed();
        let hash = self.mark.hash.as_ref().unwrap_or(&self.hash).clone();
        ResumePoint { offset: self.mark.place.offset, line: self.mark.place.line, sha256: hexadecimal(hash) }
    }

    pub fn digest(&self) -> SourceDigest {
        let content_bytes = self.place.offset + self.given.length as u64;
        let content_sha256 = hexadecimal(self.hash_at(self.start + self.given.length));
        let (bytes, sha256) = match self.content.stored() {
            Some((bytes, hash)) => (bytes, hexadecimal(hash)),
            None => (content_bytes, content_sha256.clone()),
        };
        SourceDigest { bytes, sha256, content_bytes, content_sha256 }
    }

    /// Hashes what the window has passed and the buffer still holds.
    fn hash_passed(&mut self) {
        if self.mark.hash.is_none() && self.mark.place.offset < self.place.offset {
            let index = self.mark_index();
            self.hash.update(&self.buffer[self.hashed..index]);
            self.hashed = index;
            self.mark.hash = Some(self.hash.clone());
        }
        self.hash.update(&self.buffer[self.hashed..self.start]);
        self.hashed = self.start;
    }

    /// The hash of the content as far as `buffer[..index]`, which is not before `hashed`.
    fn hash_at(&self, index: usize) -> Sha256 {
        self.hash.clone().chain_update(&self.buffer[self.hashed..index])
    }

    /// Where the mark is in the buffer, while no hash is kept for it.
    fn mark_index(&self) -> usize {
        self.start - (self.place.offset - self.mark.place.offset) as usize
    }
}

fn hexadecimal(hash: Sha256) -> String {
    HEXLOWER.encode(&hash.finalize())
}
