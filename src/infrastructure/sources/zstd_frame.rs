//! One frame of a zstd file (RFC 8878), decoded piece by piece up to its checksum, if it has one.

use std::io;

use zstd::stream::raw::{Decoder, Operation};

use super::decoded_step::{Damage, MemberEnd, NotDecoded, Step};

/// A frame begins with these bytes.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// In the byte after them.
const HAS_CHECKSUM: u8 = 1 << 2;
const SINGLE_SEGMENT: u8 = 1 << 5;
/// The largest window that is held in memory (128 MiB): what zstd itself takes without being asked for more.
pub(super) const MOST_WINDOW: u64 = 1 << 27;
/// The largest window that zstd makes.
const LONGEST_WINDOW: u64 = 1 << 31;

pub(super) struct ZstdFrame {
    decoder: Decoder<'static>,
    part: Part,
}

/// What comes next.
enum Part {
    /// The first bytes, as far as they were read.
    Beginning(Vec<u8>),
    /// `awaited` bytes are a block, or the checksum: given alone, what a block decodes to is not lost where
    /// the checksum does not match.
    Frame { has_checksum: bool, awaited: usize },
    /// So many bytes of a frame that holds no content.
    Skippable(u32),
}

impl ZstdFrame {
    pub fn new() -> io::Result<Self> {
        Ok(Self { decoder: Decoder::new()?, part: Part::Beginning(Vec::new()) })
    }

    /// Begins another frame.
    pub fn restart(&mut self) -> io::Result<()> {
        self.part = Part::Beginning(Vec::new());
        self.decoder.reinit()
    }

    /// Decodes some of `input` into `output`.
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Damage> {
        match &mut self.part {
            Part::Beginning(bytes) => {
                let Some(byte) = input.first() else { return Ok(Step::default()) };
                bytes.push(*byte);
                let bytes = std::mem::take(bytes);
                self.part = self.begun(bytes)?;
                let end = matches!(self.part, Part::Skippable(0)).then_some(MemberEnd::Checked);
                Ok(Step { read: 1, written: 0, end })
            }
            Part::Frame { has_checksum, awaited } => {
                let end = if *has_checksum { MemberEnd::Checked } else { MemberEnd::NoChecksum };
                let input = &input[..input.len().min(*awaited)];
                let status = self.decoder.run_on_buffers(input, output).map_err(damaged)?;
                *awaited = status.remaining;
                let end = (status.remaining == 0).then_some(end);
                Ok(Step { read: status.bytes_read, written: status.bytes_written, end })
            }
            Part::Skippable(left) => {
                let read = input.len().min(*left as usize);
                *left -= read as u32;
                Ok(Step { read, written: 0, end: (*left == 0).then_some(MemberEnd::Checked) })
            }
        }
    }

    fn begun(&mut self, bytes: Vec<u8>) -> Result<Part, Damage> {
        match bytes[..] {
            [0x28, 0xB5, 0x2F, 0xFD, descriptor, ref rest @ ..] => {
                let Some(window) = window(descriptor, rest) else { return Ok(Part::Beginning(bytes)) };
                if is_too_large(window) {
                    let detail = format!(
                        "it says that it needs a window of {window} bytes, and {MOST_WINDOW} are read: if it is \
                         sound, `zstd -d --long=31` unpacks it"
                    );
                    return Err(Damage { detail, not_decoded: Some(NotDecoded::Window(window)) });
                }
                let awaited = self.decoder.run_on_buffers(&bytes, &mut []).map_err(damaged)?.remaining;
                Ok(Part::Frame { has_checksum: descriptor & HAS_CHECKSUM != 0, awaited })
            }
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d] => {
                Ok(Part::Skippable(u32::from_le_bytes([a, b, c, d])))
            }
            _ if is_part_of_a_beginning(&bytes) => Ok(Part::Beginning(bytes)),
            _ => Err(Damage::new(format!(
                "a zstd frame was expected to begin there, with the bytes 28 b5 2f fd: found {:02x?}",
                bytes
            ))),
        }
    }
}

/// The window of the frame that begins so, where that is larger than is held.
pub(super) fn too_large_window(beginning: &[u8]) -> Option<u64> {
    match beginning {
        [0x28, 0xB5, 0x2F, 0xFD, descriptor, rest @ ..] => {
            window(*descriptor, rest).filter(|window| is_too_large(*window))
        }
        _ => None,
    }
}

/// Whether that is a window of zstd, and larger than is held.
fn is_too_large(window: u64) -> bool {
    (MOST_WINDOW + 1..=LONGEST_WINDOW).contains(&window)
}

/// How many of the last bytes have to be at hand to decode a frame, by the byte after its magic number and what follows
/// that; `None` where more of it is needed.
fn window(descriptor: u8, rest: &[u8]) -> Option<u64> {
    if descriptor & SINGLE_SEGMENT == 0 {
        let (exponent, mantissa) = (rest.first()? >> 3, u64::from(rest.first()? & 7));
        let base = 1_u64 << (10 + u32::from(exponent));
        return Some(base + base / 8 * mantissa);
    }
    // All of its content, whose length it says.
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(rest.get(dictionary..dictionary + length)?);
    Some(u64::from_le_bytes(bytes) + if length == 2 { 256 } else { 0 })
}

fn damaged(error: io::Error) -> Damage {
    Damage::new(error.to_string())
}

/// Whether these bytes are the first ones of a frame, of content or skippable, or its magic number and more.
pub(super) fn is_part_of_a_beginning(bytes: &[u8]) -> bool {
    let skippable = |first: u8| [first, 0x2A, 0x4D, 0x18];
    let magic = match bytes.first() {
        Some(first @ 0x50..=0x5F) => skippable(*first),
        _ => MAGIC,
    };
    bytes.iter().zip(magic).all(|(byte, expected)| *byte == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_a_frame_is_that_of_its_header() {
        assert_eq!(window(0, &[]), None);
        assert_eq!(window(0, &[0]), Some(1 << 10));
        assert_eq!(window(HAS_CHECKSUM, &[(21 << 3) | 1]), Some((1 << 31) + (1 << 28)));
        assert_eq!(window(SINGLE_SEGMENT, &[7]), Some(7));
        assert_eq!(window(SINGLE_SEGMENT | 1 << 6, &[1]), None);
        assert_eq!(window(SINGLE_SEGMENT | 1 << 6, &[1, 1]), Some(257 + 256));
        assert_eq!(window(SINGLE_SEGMENT | 3 << 6 | 2, &[9, 9, 0, 0, 0, 0, 1, 0, 0, 0]), Some(1 << 32));
    }
}
