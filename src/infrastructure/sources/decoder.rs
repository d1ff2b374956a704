//! What decodes one member of a compressed file: a gzip member or a zstd frame.

use std::io;

use super::compression::Compression;
use super::decoded_step::{Damage, Step};
use super::gzip_member::{self, GzipMember};
use super::zstd_frame::{self, ZstdFrame};

/// Decodes members, one after the other.
pub(super) enum Decoder {
    Gzip(Box<GzipMember>),
    Zstd(ZstdFrame),
}

impl Decoder {
    pub fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => Self::Gzip(Box::new(GzipMember::new())),
            Compression::Zstd => Self::Zstd(ZstdFrame::new()?),
        })
    }

    /// Begins another member.
    pub fn restart(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(member) => {
                member.restart();
                Ok(())
            }
            Self::Zstd(frame) => frame.restart(),
        }
    }

    /// Decodes some of `input` into `output`. Nothing is read and nothing written where more of one of
    /// them is needed.
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Damage> {
        match self {
            Self::Gzip(member) => member.step(input, output),
            Self::Zstd(frame) => frame.step(input, output),
        }
    }

    /// Whether the file was cut that has ended within the member, after `read` bytes of it and with the
    /// bytes `last`; or is damaged so that its end was not found.
    pub fn is_cut(&self, read: u64, last: &[u8]) -> bool {
        match self {
            Self::Gzip(member) => member.is_cut(read, last),
            // The length of each block stands before it.
            Self::Zstd(_) => true,
        }
    }
}

/// The bytes that a member with content begins with.
pub(super) fn magic(compression: Compression) -> &'static [u8] {
    match compression {
        Compression::Gzip => &gzip_member::MAGIC,
        Compression::Zstd => &zstd_frame::MAGIC,
    }
}
