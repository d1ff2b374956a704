//! A part of a content that is searched, as text.

use std::io::{self, ErrorKind, Read};

/// How many bytes are read at once.
pub(super) const CHUNK: usize = 1 << 18;
/// Before so many bytes were read (1 MiB), a content is not taken for binary data.
const LEAST_BINARY: u64 = 1 << 20;
/// Binary data is what has more than one control character in so many bytes.
const MOST_BETWEEN_CONTROLS: u64 = 64;

/// A part of the content, as text in UTF-8: zero bytes are left out, and what is no UTF-8 is replaced.
pub(super) struct SearchWindow<'c> {
    content: &'c mut dyn Read,
    chunk: Vec<u8>,
    pub text: Vec<u8>,
    /// The beginning of a character that the last chunk has cut.
    cut: Vec<u8>,
    /// How many bytes were read.
    pub read: u64,
    /// How many bytes were scanned as a part of what is no event.
    pub wasted: u64,
    pub has_objects: bool,
    /// The content was read to its end.
    pub has_ended: bool,
    has_zeros: bool,
    /// How many control characters that texts do not have.
    controls: u64,
}

impl<'c> SearchWindow<'c> {
    pub fn new(content: &'c mut dyn Read) -> Self {
        Self {
            content,
            chunk: vec![0; CHUNK],
            text: Vec::new(),
            cut: Vec::new(),
            read: 0,
            wasted: 0,
            has_objects: false,
            has_ended: false,
            has_zeros: false,
            controls: 0,
        }
    }

    /// Drops the text before `start` and reads on: as much again as is left, or a chunk. False at the end of
    /// the content.
    pub fn grow(&mut self, start: usize) -> io::Result<bool> {
        self.text.drain(..start);
        let before = self.text.len();
        let wanted = before.max(1);
        while self.text.len() - before < wanted {
            match self.content.read(&mut self.chunk) {
                Ok(0) => {
                    self.has_ended = true;
                    return Ok(self.text.len() > before);
                }
                Ok(count) => {
                    self.read += count as u64;
                    self.add(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn add(&mut self, count: usize) {
        let mut bytes = std::mem::take(&mut self.cut);
        bytes.extend_from_slice(&self.chunk[..count]);
        self.controls += bytes.iter().filter(|byte| is_control(**byte)).count() as u64;
        if memchr::memchr(0, &bytes).is_some() {
            self.has_zeros = true;
            bytes.retain(|byte| *byte != 0);
        }
        let mut rest = bytes.as_slice();
        while let Err(error) = std::str::from_utf8(rest) {
            let (valid, others) = rest.split_at(error.valid_up_to());
            self.text.extend_from_slice(valid);
            let Some(wrong) = error.error_len() else {
                self.cut = others.to_vec();
                return;
            };
            self.text.push(b'?');
            rest = &others[wrong..];
        }
        self.text.extend_from_slice(rest);
    }

    /// Zero bytes may be those of UTF-16, of which the characters beyond ASCII were not read as what they are:
    /// an object among them may have been overlooked.
    pub fn is_text(&self) -> bool {
        !(self.controls > 0 || self.has_zeros && self.has_objects)
    }
}

impl SearchWindow<'_> {
    /// Whether what was read so far is no text with a few other bytes in it, but data of another kind.
    pub fn is_binary(&self) -> bool {
        self.read >= LEAST_BINARY && self.controls > self.read / MOST_BETWEEN_CONTROLS
    }
}

/// Control characters that texts do not have. Zero bytes stand in texts as well, after a power cut.
pub(super) fn is_control(byte: u8) -> bool {
    matches!(byte, 0x01..=0x07 | 0x0E..=0x1A | 0x1C | 0x1D | 0x1F | 0x7F)
}
