//! One member of a gzip file (RFC 1952), decoded piece by piece up to its checksum.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::decoded_step::{Damage, MemberEnd, Step};

/// The most that deflate makes of a byte.
const MOST_OF_A_BYTE: u64 = 1032;
/// Damage that keeps deflate from finding its end garbles the rest of a block or two: far less than this (16 MiB).
const MOST_GARBLED: u64 = 16 << 20;

const HEADER_CHECKSUM: u8 = 1 << 1;
const EXTRA_FIELD: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// How many bytes the checksum and the length take.
const TRAILER: usize = 8;

/// A member begins with these bytes.
pub(super) const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];

pub(super) struct GzipMember {
    part: Part,
    flags: u8,
    inflate: Decompress,
    /// Of the header, then of what is decoded.
    crc: Crc,
    decoded: u64,
}

/// What comes next.
enum Part {
    /// The bytes that each header has, from this one on.
    Fixed(usize),
    /// The length of the extra field, and then so many bytes of it.
    ExtraLength(Vec<u8>),
    Extra(u16),
    Name,
    Comment,
    HeaderChecksum(Vec<u8>),
    Body,
    Trailer(Vec<u8>),
}

impl GzipMember {
    pub fn new() -> Self {
        Self { part: Part::Fixed(0), flags: 0, inflate: Decompress::new(false), crc: Crc::new(), decoded: 0 }
    }

    /// Begins another member.
    pub fn restart(&mut self) {
        self.part = Part::Fixed(0);
        self.inflate.reset(false);
        self.crc.reset();
        self.decoded = 0;
    }

    /// Decodes some of `input` into `output`.
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Damage> {
        match &mut self.part {
            Part::Body => self.inflate(input, output),
            Part::Trailer(found) => {
                let read = input.len().min(TRAILER - found.len());
                found.extend_from_slice(&input[..read]);
                let is_whole = found.len() == TRAILER;
                if is_whole && let Some(difference) = self.difference() {
                    return Err(Damage::new(difference));
                }
                Ok(Step { read, written: 0, end: is_whole.then_some(MemberEnd::Checked) })
            }
            _ => match input.first() {
                Some(byte) => self.header(*byte).map(|()| Step { read: 1, written: 0, end: None }),
                None => Ok(Step::default()),
            },
        }
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Damage> {
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let inflated = self.inflate.decompress(input, output, FlushDecompress::None);
        let read = (self.inflate.total_in() - before_in) as usize;
        let written = (self.inflate.total_out() - before_out) as usize;
        self.crc.update(&output[..written]);
        self.decoded += written as u64;
        match inflated {
            Ok(Status::StreamEnd) => self.part = Part::Trailer(Vec::with_capacity(TRAILER)),
            Ok(_) => {}
            // What was decoded before counts; the next step finds the same.
            Err(_) if written > 0 => {}
            Err(error) => {
                let why = error.message().unwrap_or("invalid code");
                return Err(Damage::new(format!("its deflate code is broken: {why}")));
            }
        }
        Ok(Step { read, written, end: None })
    }

    fn header(&mut self, byte: u8) -> Result<(), Damage> {
        if let Part::HeaderChecksum(stored) = &mut self.part {
            stored.push(byte);
            if let [low, high] = stored[..] {
                if u16::from_le_bytes([low, high]) != self.crc.sum() as u16 {
                    return Err(Damage::new("the checksum of its header does not match"));
                }
                self.begin_body();
            }
            return Ok(());
        }
        self.crc.update(&[byte]);
        match &mut self.part {
            Part::Fixed(at) => {
                if let Some(expected) = MAGIC.get(*at)
                    && byte != *expected
                {
                    return Err(Damage::new(format!(
                        "a gzip member was expected to begin there, with the bytes 1f 8b 08: byte {} is {byte:02x}",
                        *at + 1
                    )));
                }
                if *at == MAGIC.len() {
                    self.flags = byte;
                    if byte & RESERVED != 0 {
                        return Err(Damage::new(format!("its flags {byte:#04x} are none of gzip")));
                    }
                }
                *at += 1;
                if *at == 10 {
                    self.begin_field(EXTRA_FIELD);
                }
            }
            Part::ExtraLength(length) => {
                length.push(byte);
                if let [low, high] = length[..] {
                    match u16::from_le_bytes([low, high]) {
                        0 => self.begin_field(NAME),
                        length => self.part = Part::Extra(length),
                    }
                }
            }
            Part::Extra(left) => {
                *left -= 1;
                if *left == 0 {
                    self.begin_field(NAME);
                }
            }
            Part::Name if byte == 0 => self.begin_field(COMMENT),
            Part::Comment if byte == 0 => self.begin_field(HEADER_CHECKSUM),
            _ => {}
        }
        Ok(())
    }

    /// Begins the first field of a header, from `field` on in their order, that its flags announce.
    fn begin_field(&mut self, field: u8) {
        let fields = [EXTRA_FIELD, NAME, COMMENT, HEADER_CHECKSUM];
        let next = fields.into_iter().skip_while(|other| *other != field).find(|next| self.flags & next != 0);
        match next {
            Some(EXTRA_FIELD) => self.part = Part::ExtraLength(Vec::new()),
            Some(NAME) => self.part = Part::Name,
            Some(COMMENT) => self.part = Part::Comment,
            Some(_) => self.part = Part::HeaderChecksum(Vec::new()),
            None => self.begin_body(),
        }
    }

    fn begin_body(&mut self) {
        self.crc.reset();
        self.part = Part::Body;
    }

    /// What stands at the end of a sound member that decodes to this.
    fn trailer(&self) -> [u8; TRAILER] {
        let mut trailer = [0; TRAILER];
        trailer[..4].copy_from_slice(&self.crc.sum().to_le_bytes());
        trailer[4..].copy_from_slice(&(self.decoded as u32).to_le_bytes());
        trailer
    }

    /// What a whole trailer says that the member does not decode to.
    fn difference(&self) -> Option<String> {
        let Part::Trailer(found) = &self.part else { return None };
        let (crc, length) = found.split_at_checked(4)?;
        let (crc, length) = (number(crc)?, number(length)?);
        let (own_crc, own_length) = (self.crc.sum(), self.decoded as u32);
        if crc != own_crc {
            return Some(format!("its checksum is {own_crc:08x}, and its trailer says {crc:08x}"));
        }
        (length != own_length)
            .then(|| format!("it decodes to {own_length} bytes, and its trailer says {length}"))
    }

    /// Whether the file was cut, where it ended within this member after `read` bytes; `last` are its last
    /// bytes. A damaged bit can hide the end of the data from deflate, which then takes the trailer for
    /// data too: so where the last bytes can be the trailer, the file was not cut.
    pub fn is_cut(&self, read: u64, last: &[u8]) -> bool {
        let found: &[u8] = match &self.part {
            Part::Body => &[],
            Part::Trailer(found) => found,
            _ => return true,
        };
        if found != &self.trailer()[..found.len()] {
            return false;
        }
        let whole_checksum = found.len() >= 4;
        whole_checksum || !self.may_end_with(read, last)
    }

    /// Whether `last` can be the trailer of a member that was damaged, and decoded to about as many bytes.
    fn may_end_with(&self, read: u64, last: &[u8]) -> bool {
        let Some(length) = last.len().checked_sub(4).and_then(|at| number(&last[at..])) else { return false };
        let decoded = self.decoded as u32;
        let apart = length.wrapping_sub(decoded).min(decoded.wrapping_sub(length));
        u64::from(apart) <= read.saturating_mul(MOST_OF_A_BYTE).min(MOST_GARBLED)
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_le_bytes)
}
