//! Looks at a compressed file before it is read: which of its members are sound.
//!
//! The checksum of a member stands at its end, and what was decoded before can be anything where the data
//! is damaged. So the file is decoded once to its end, and what is given out afterwards is the content of
//! sound members; of a file that was cut, also what its last member decodes to, of which no event is made.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use crate::application::log_source::{DamagedData, Reject};
use crate::wire::json::is_blank;

use super::compression::Compression;
use super::decoded_step::{Damage, MemberEnd, NotDecoded};
use super::decoder::{Decoder, magic};
use super::stored_bytes::{Fingerprint, StoredBytes, StoredError, up_to};
use super::window::UTF_8_BOM;
use super::zstd_frame;

/// How much is decoded at once (128 KiB).
const DECODED: usize = 1 << 17;
/// How often the bytes of a file are decoded, in the mean, to find sound members after damaged ones. A
/// damaged member takes one time; false starts within it end soon, unless they were put there.
const MOST_SEARCHED: u64 = 4;
const NO_END: &str = "its end was not found";
const TOO_LARGE: &str = "it decodes to many times its size";
/// A file that decodes to more than so many times its size, as no log mostly does,
pub(super) const MOST_EXPANSION: u64 = 200;
/// and to more than this (1 GiB; in tests 1 MiB), is only decoded where that is wanted.
pub(super) const LEAST_EXPANDED: u64 = if cfg!(test) { 1 << 20 } else { 1 << 30 };

/// What is known of a compressed file.
#[derive(Debug)]
pub(super) struct Verification {
    compression: Compression,
    pub fingerprint: Arc<Fingerprint>,
    /// What the content comes from, in the order of the file.
    pub spans: Vec<Span>,
    /// What is missing within the content: at which offset of it, and why.
    pub gaps: Vec<(u64, Reject)>,
    /// Why the content ends before the file does.
    pub end: Option<Reject>,
    /// The first member is damaged, and left out.
    pub begins_damaged: bool,
    /// The first byte that is not blank of what the first member decodes to: also where it is left out,
    /// it tells how the log is written.
    pub first_byte: Option<u8>,
    /// Nothing is known of the member that begins there, and of what follows.
    pub not_decoded: Option<(u64, NotDecoded)>,
}

/// Members, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// Where they lie in the file.
    pub stored: Range<u64>,
    /// Where in the content stands what they decode to.
    pub content: Range<u64>,
    /// A newline is given out before them, which the file does not have: what stood there is missing, what
    /// stands before it and after it is not one line, and the content is not that of the repaired file.
    pub on_new_line: bool,
    pub assurance: Assurance,
}

/// What speaks for the content of a member; the less, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Assurance {
    /// Its checksum.
    Checksum,
    /// It has none, and was decoded to its end.
    DecodedToItsEnd,
    /// The file was cut before its end.
    Nothing,
}

impl Verification {
    /// Decodes a file from its first byte to its last; one that decodes to many times its size only where that is
    /// `any_size`.
    pub fn of(mut file: File, compression: Compression, any_size: bool) -> Result<Self, StoredError> {
        let fingerprint = Arc::new(Fingerprint::of(&mut file)?);
        let stored = StoredBytes::new(file, Arc::clone(&fingerprint));
        let decoder = Decoder::new(compression)?;
        let most = if any_size { u64::MAX } else { LEAST_EXPANDED.max(MOST_EXPANSION * stored.len()) };
        let decoded = vec![0; DECODED];
        let mut members = Members { compression, stored, decoder, decoded, searched: 0, most, left: most };
        let mut verification = Self {
            compression,
            fingerprint,
            spans: Vec::new(),
            gaps: Vec::new(),
            end: None,
            begins_damaged: false,
            first_byte: None,
            not_decoded: None,
        };
        let mut offset = 0;
        while offset < members.stored.len() {
            members.left = members.most.saturating_sub(verification.length());
            let found = members.decode(offset, None)?;
            match found.fate {
                Fate::Sound { end, assurance } => {
                    verification.add(offset..end, &found, assurance);
                    offset = members.after_padding(end)?;
                }
                Fate::Damaged(Damage { not_decoded: Some(why), .. }) if verification.ends_at(why) => {
                    verification.not_decoded = Some((offset, why));
                    return Ok(verification);
                }
                Fate::Cut | Fate::Damaged(_) => {
                    let (next, lines) = members.next_sound(offset + 1)?;
                    let stored = offset..next.unwrap_or(members.stored.len());
                    offset = stored.end;
                    // What was cut may have been appended to.
                    let found = if next.is_some() { members.decode(stored.start, next)? } else { found };
                    match found.fate {
                        Fate::Damaged(Damage { detail, .. }) => {
                            if stored.start == 0 {
                                verification.begins_damaged = true;
                                verification.first_byte = found.first_solid;
                            }
                            let lines = found.lines + lines;
                            verification.leave_out(stored, detail, lines, next.is_some());
                        }
                        _ => verification.cut(stored, &found),
                    }
                }
            }
        }
        Ok(verification)
    }

    /// What speaks for all these bytes of the content.
    pub fn assurance(&self, content: Range<u64>) -> Assurance {
        let first = self.spans.partition_point(|span| span.content.end <= content.start);
        let spans = self.spans[first..].iter().take_while(|span| span.content.start < content.end);
        spans.map(|span| span.assurance).max().unwrap_or(Assurance::Checksum)
    }

    /// Why a record that stands in these bytes of the content is no event: the checksum of some was cut off.
    pub fn doubt(&self, content: Range<u64>) -> Option<Reject> {
        let overlaps = |span: &&Span| span.content.start < content.end && span.content.end > content.start;
        let span = self.cut_spans().find(overlaps)?;
        let (compression, Range { start: from, end: to }) = (self.compression.name(), span.stored.clone());
        Some(Reject::Unverified { compression, from, to })
    }

    /// Where in the content stands the first byte whose checksum was cut off.
    pub fn first_cut(&self) -> Option<u64> {
        self.cut_spans().next().map(|span| span.content.start)
    }

    fn cut_spans(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(|span| span.assurance == Assurance::Nothing)
    }

    /// Whether nothing more is looked at where that is not decoded. Once a log was begun, a window that is too large is
    /// damage like any other: it may be the bytes that say so that are wrong.
    fn ends_at(&self, why: NotDecoded) -> bool {
        match why {
            NotDecoded::Window(_) => self.length() == 0,
            NotDecoded::Expansion(_) => true,
        }
    }

    /// How many bytes of content there are so far.
    fn length(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.content.end)
    }

    /// Adds a member that is given out.
    fn add(&mut self, stored: Range<u64>, member: &Member, assurance: Assurance) {
        let mut start = self.length();
        let lost = self.end.take();
        let on_new_line = lost.is_some();
        if let Some(lost) = lost {
            self.gaps.push((start, lost));
        } else if let Some(last) = self.spans.last_mut()
            && last.stored.end == stored.start
            && (last.assurance == assurance || member.decoded == 0)
        {
            last.stored.end = stored.end;
            last.content.end += member.decoded;
            return;
        }
        start += u64::from(on_new_line);
        self.spans.push(Span { stored, content: start..start + member.decoded, on_new_line, assurance });
    }

    /// Adds what a member decodes to whose end is missing.
    fn cut(&mut self, stored: Range<u64>, member: &Member) {
        let Range { start: from, end: to } = stored;
        if member.decoded > 0 {
            self.add(stored, member, Assurance::Nothing);
        }
        self.end(Reject::Cut { compression: self.compression.name(), from, to, decoded: member.decoded });
    }

    /// Adds a part of the file that nothing is given out of.
    fn leave_out(&mut self, stored: Range<u64>, detail: String, lines: u64, goes_on: bool) {
        let Range { start: from, end: to } = stored;
        let compression = self.compression.name();
        self.end(Reject::Compression(DamagedData { compression, from, to, lines, goes_on, detail }));
    }

    /// The content ends here, as far as it is known now.
    fn end(&mut self, why: Reject) {
        if let Some(earlier) = self.end.replace(why) {
            self.gaps.push((self.length(), earlier));
        }
    }
}

/// What a member came to.
#[derive(Default)]
struct Member {
    fate: Fate,
    /// How many bytes of the file were read.
    read: u64,
    /// How many bytes it decodes to, as far as it can be decoded.
    decoded: u64,
    /// How many newlines are among them.
    lines: u64,
    first_solid: Option<u8>,
}

#[derive(Default)]
enum Fate {
    Sound {
        end: u64,
        assurance: Assurance,
    },
    /// The file ends within it.
    #[default]
    Cut,
    Damaged(Damage),
}

/// The members of a file.
struct Members {
    compression: Compression,
    stored: StoredBytes,
    decoder: Decoder,
    /// Room for what is decoded.
    decoded: Vec<u8>,
    /// How many bytes were decoded in search of a sound member, in vain.
    searched: u64,
    /// How many bytes the file may decode to.
    most: u64,
    /// How many of them are left for a member.
    left: u64,
}

impl Members {
    /// Decodes the member at `offset`, as far as it goes; `end`, where it is known, is where the next one begins.
    fn decode(&mut self, offset: u64, end: Option<u64>) -> Result<Member, StoredError> {
        self.decoder.restart()?;
        let until = end.unwrap_or(self.stored.len());
        let mut member = Member::default();
        loop {
            let at = offset + member.read;
            let input = up_to(self.stored.at(at)?, until - at);
            let is_at_end = input.is_empty();
            let step = match self.decoder.step(input, &mut self.decoded) {
                Ok(step) => step,
                Err(damage) => {
                    member.fate = Fate::Damaged(damage);
                    return Ok(member);
                }
            };
            member.read += step.read as u64;
            member.take(&self.decoded[..step.written]);
            if member.decoded > self.left {
                let not_decoded = Some(NotDecoded::Expansion(self.most));
                member.fate = Fate::Damaged(Damage { detail: TOO_LARGE.to_owned(), not_decoded });
                return Ok(member);
            }
            if let Some(end) = step.end {
                member.fate = self.ended(offset + member.read, end)?;
                return Ok(member);
            }
            if step.read == 0 && step.written == 0 {
                if !is_at_end || !self.decoder.is_cut(member.read, &self.stored.before(until, 8)?) {
                    member.fate = Fate::Damaged(Damage::new(NO_END));
                }
                return Ok(member);
            }
        }
    }

    /// What a member is that was decoded to its end.
    fn ended(&mut self, end: u64, how: MemberEnd) -> Result<Fate, StoredError> {
        if how == MemberEnd::Checked {
            return Ok(Fate::Sound { end, assurance: Assurance::Checksum });
        }
        // The bit that says that there is no checksum may be the one that is damaged.
        let padded = self.after_padding(end)?;
        let next = self.stored.at(padded)?;
        let next = &next[..next.len().min(4)];
        if zstd_frame::is_part_of_a_beginning(next) || padded - end >= 4 {
            return Ok(Fate::Sound { end, assurance: Assurance::DecodedToItsEnd });
        }
        Ok(Fate::Damaged(Damage::new("it says that it has no checksum, and something else follows it")))
    }

    /// Where something else than zero bytes stands after a member: tapes, block devices and sparse copies pad files
    /// with them, and they are no damage.
    fn after_padding(&mut self, from: u64) -> Result<u64, StoredError> {
        let mut at = from;
        loop {
            let bytes = self.stored.at(at)?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let goes_on = zeros == bytes.len() && zeros > 0;
            at += zeros as u64;
            if !goes_on {
                break;
            }
        }
        if at > from {
            tracing::debug!("{} zero bytes from byte {from} on pad the file", at - from);
        }
        Ok(at)
    }

    /// Where the next member begins, from `from` on, that is sound or decodes to too much, and how many lines are
    /// decoded on the way. A magic number can stand anywhere: what begins with one is a member where it decodes to its
    /// end.
    fn next_sound(&mut self, from: u64) -> Result<(Option<u64>, u64), StoredError> {
        let magic = magic(self.compression);
        let mut lines = 0;
        let (mut bytes, mut begin) = (Vec::new(), from);
        loop {
            let more = self.stored.at(begin + bytes.len() as u64)?;
            if more.is_empty() {
                return Ok((None, lines));
            }
            bytes.extend_from_slice(more);
            for index in memmem::find_iter(&bytes, magic) {
                let candidate = begin + index as u64;
                let member = self.decode(candidate, None)?;
                let is_too_large = matches!(
                    member.fate,
                    Fate::Damaged(Damage { not_decoded: Some(NotDecoded::Expansion(_)), .. })
                );
                if is_too_large || matches!(member.fate, Fate::Sound { .. }) {
                    return Ok((Some(candidate), lines));
                }
                lines += member.lines;
                self.searched += member.read;
                if self.searched > MOST_SEARCHED * self.stored.len() {
                    return Ok((None, lines));
                }
            }
            // A magic number can lie across two chunks.
            let passed = bytes.len().saturating_sub(magic.len() - 1);
            bytes.drain(..passed);
            begin += passed as u64;
        }
    }
}

impl Member {
    /// Takes what was decoded next.
    fn take(&mut self, decoded: &[u8]) {
        self.decoded += decoded.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', decoded).count() as u64;
        let is_solid = |byte: &&u8| !is_blank(**byte) && !UTF_8_BOM.contains(byte);
        self.first_solid = self.first_solid.or_else(|| decoded.iter().find(is_solid).copied());
    }
}
