//! The array as a whole: how far it is sound, and what comes then.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::layout::{Appended, ArrayEnd, Layout};
use crate::wire::json::{ScanError, Tokens, is_blank};

/// How much is read at once, in bytes; more for an element that is longer.
const CHUNK: usize = 256 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// An array, with blanks around it at most.
    Whole(ArrayEnd),
    /// Something else begins at `offset`, with the byte `found`.
    NoArray { offset: u64, found: u8 },
    /// Something that is no whole array.
    Cut(Cut),
}

/// A file that holds no whole array, and how much of it is sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The array, as it is once it is closed.
    pub array: ArrayEnd,
    /// How many bytes of the file are sound.
    pub sound: u64,
    /// What makes a whole array of them.
    pub closing: String,
}

impl Cut {
    /// There is no array yet: it is to begin at `offset`.
    pub fn before(offset: u64) -> Self {
        Self { array: ArrayEnd::empty(offset + 1), sound: offset, closing: "[]".to_owned() }
    }

    fn without_closing(array: ArrayEnd) -> Self {
        Self { sound: array.end, closing: array.closing(), array }
    }
}

/// Reads a file from its beginning to its end.
pub(super) fn scan(file: &File) -> io::Result<Scanned> {
    let mut reader = file;
    reader.seek(SeekFrom::Start(0))?;
    let mut text = Window { file, bytes: Vec::new(), start: 0, at: 0 };
    text.skip_mark()?;
    let start = text.offset();
    text.skip_blanks()?;
    match text.peek()? {
        None => return Ok(Scanned::Cut(Cut::before(start))),
        Some(b'[') => text.at += 1,
        Some(found) => return Ok(Scanned::NoArray { offset: text.offset(), found }),
    }
    let mut array = ArrayEnd::empty(text.offset());
    loop {
        let blanks = text.skip_blanks()?;
        match text.peek()? {
            Some(b']') => break,
            Some(b',') if !array.is_empty => {
                text.at += 1;
                let blanks = text.skip_blanks()?;
                if !text.skip_element(&blanks, &mut array)? {
                    return Ok(Scanned::Cut(Cut::without_closing(array)));
                }
            }
            Some(_) if array.is_empty && text.skip_element(&blanks, &mut array)? => {}
            _ => return Ok(Scanned::Cut(Cut::without_closing(array))),
        }
    }
    text.at += 1;
    let sound = text.offset();
    text.skip_blanks()?;
    Ok(match text.peek()? {
        None => Scanned::Whole(array),
        Some(_) => Scanned::Cut(Cut { array, sound, closing: String::new() }),
    })
}

/// An element, and where it stands.
pub(super) type PlacedText = (Appended, Vec<u8>);

/// The first `limit` elements of an array after `end`, with their texts: `end` is where an element ended once, or where the
/// array began. `None` where it does not go on from there with whole elements.
pub(super) fn elements_after(
    file: &File,
    array: &ArrayEnd,
    end: u64,
    limit: usize,
) -> io::Result<Option<Vec<PlacedText>>> {
    let Some(start) = end.checked_sub(1).filter(|_| end <= array.end) else { return Ok(None) };
    let mut reader = file;
    reader.seek(SeekFrom::Start(start))?;
    let mut text = Window { file, bytes: Vec::new(), start, at: 0 };
    let mut is_first = text.peek()? == Some(b'[');
    text.at += 1;
    let mut elements = Vec::new();
    while elements.len() < limit && text.offset() < array.end {
        text.skip_blanks()?;
        if !std::mem::take(&mut is_first) {
            if text.peek()? != Some(b',') {
                return Ok(None);
            }
            text.at += 1;
            text.skip_blanks()?;
        }
        let Some(length) = text.element()? else { return Ok(None) };
        let place = Appended { offset: text.offset(), length: length as u64 };
        if place.offset + place.length > array.end {
            return Ok(None);
        }
        elements.push((place, text.bytes[text.at..text.at + length].to_vec()));
        text.at += length;
    }
    Ok(Some(elements))
}

/// A part of a file, which moves on.
struct Window<'f> {
    file: &'f File,
    bytes: Vec<u8>,
    /// The offset of the first one.
    start: u64,
    /// The index of the next one.
    at: usize,
}

impl Window<'_> {
    fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Reads on; false at the end of the file. What was passed is forgotten.
    fn grow(&mut self) -> io::Result<bool> {
        self.bytes.drain(..self.at);
        self.start += self.at as u64;
        self.at = 0;
        // An element that is longer is read again from its beginning: ever more is read at once.
        let more = CHUNK.max(self.bytes.len()) as u64;
        Ok(self.file.take(more).read_to_end(&mut self.bytes)? > 0)
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.bytes.len() && !self.grow()? {
            return Ok(None);
        }
        Ok(self.bytes.get(self.at).copied())
    }

    fn skip_mark(&mut self) -> io::Result<()> {
        self.peek()?;
        if self.bytes.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        Ok(())
    }

    /// The last blanks before the next byte that is none: as many as a separator may have.
    fn skip_blanks(&mut self) -> io::Result<String> {
        let mut blanks = String::new();
        while let Some(blank) = self.peek()?.filter(|byte| is_blank(*byte)) {
            if blanks.len() < super::layout::LONGEST_SEPARATOR {
                blanks.push(char::from(blank));
            }
            self.at += 1;
        }
        Ok(blanks)
    }

    /// Passes an element, and says so in `array`; false where no whole one stands there.
    fn skip_element(&mut self, blanks: &str, array: &mut ArrayEnd) -> io::Result<bool> {
        let Some(length) = self.element()? else { return Ok(false) };
        let element = &self.bytes[self.at..self.at + length];
        let layout = Layout::of_element(blanks, is_expanded(element));
        self.at += length;
        *array = ArrayEnd { end: self.offset(), is_empty: false, layout };
        Ok(true)
    }

    /// How long the element is that stands here; `None` where no whole one does. It is in `bytes` then.
    fn element(&mut self) -> io::Result<Option<usize>> {
        loop {
            match value_length(&self.bytes[self.at..]) {
                // A number that goes on with the next bytes would be another one.
                Ok(length) if self.at + length < self.bytes.len() || !self.grow()? => {
                    return Ok(Some(length));
                }
                Ok(_) => {}
                Err(ScanError::Incomplete { .. }) if self.grow()? => {}
                Err(_) => return Ok(None),
            }
        }
    }
}

fn value_length(text: &[u8]) -> Result<usize, ScanError> {
    let mut tokens = Tokens::new(text, 0);
    while tokens.next_token()?.is_some() {}
    Ok(tokens.offset())
}

/// Whether an element is spread over lines; `None` where it is too short to tell.
fn is_expanded(element: &[u8]) -> Option<bool> {
    let inside = element.strip_prefix(b"{").or_else(|| element.strip_prefix(b"["))?;
    let blanks = inside.iter().take_while(|byte| is_blank(**byte)).count();
    (inside.len() > blanks + 1).then(|| inside[..blanks].contains(&b'\n'))
}
