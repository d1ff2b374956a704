//! Compressed files: gzip of any number of members, zstd of any number of frames.
//!
//! Where the data is torn or damaged, the content ends with the last byte that can be unpacked, and
//! the damage is told: a compressed log never just ends.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::application::log_source::{Reject, SourceError};

use super::byte_source::{ByteSource, OpenedFile};
use super::compression::Compression;

/// A byte that no UTF-8 has. Decompressors look ahead: a read can fail because of what follows the byte
/// that it has written, and does not say that it has written one.
const UNWRITTEN: u8 = 0xFF;

pub(super) struct Decompressed {
    opened: OpenedFile,
    compression: Compression,
    decoder: Decoder,
    /// How many bytes of the content were read.
    length: u64,
    /// Damage is near: what one read unpacks in front of it is lost with it, so reads are small.
    is_careful: bool,
    damage: Option<Reject>,
    ended: bool,
}

impl Decompressed {
    pub fn new(opened: OpenedFile, file: File, compression: Compression) -> io::Result<Self> {
        Ok(Self {
            opened,
            compression,
            decoder: Decoder::new(compression, file)?,
            length: 0,
            is_careful: false,
            damage: None,
            ended: false,
        })
    }

    /// Unpacks the content again as far as it was read, to go on from there byte by byte.
    fn approach_damage(&mut self) -> io::Result<()> {
        let read = self.length;
        self.restart()?;
        self.length = read;
        self.is_careful = true;
        // Fails where the damage shows in the last of these bytes; the next read then says so.
        match io::copy(&mut (&mut self.decoder).take(read), &mut io::sink()) {
            Err(error) if self.decoder.file().failed => Err(error),
            _ => Ok(()),
        }
    }

    fn restart(&mut self) -> io::Result<()> {
        let mut file = self.decoder.file().file.try_clone()?;
        file.rewind()?;
        self.decoder = Decoder::new(self.compression, file)?;
        Ok(())
    }

    fn end_with(&mut self, error: &io::Error) -> io::Result<()> {
        self.ended = true;
        self.damage = Some(match error.kind() {
            ErrorKind::UnexpectedEof => Reject::TornTail { expected: self.compression.torn() },
            _ => Reject::Compression { compression: self.compression.name(), detail: error.to_string() },
        });
        // The rest belongs to the file's hash.
        io::copy(self.decoder.file(), &mut io::sink()).map(drop)
    }
}

impl Read for Decompressed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let most = if self.is_careful { into.len().min(1) } else { into.len() };
            if let Some(first) = into.first_mut() {
                *first = UNWRITTEN;
            }
            match self.decoder.read(&mut into[..most]) {
                Ok(count) => {
                    self.length += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted || self.decoder.file().failed => {
                    return Err(error);
                }
                Err(error) if self.is_careful => {
                    self.end_with(&error)?;
                    let count = usize::from(into.first().is_some_and(|byte| *byte != UNWRITTEN));
                    self.length += count as u64;
                    return Ok(count);
                }
                Err(_) => self.approach_damage()?,
            }
        }
        Ok(0)
    }
}

impl ByteSource for Decompressed {
    fn rewind(&mut self) -> io::Result<()> {
        self.restart()?;
        self.length = 0;
        self.is_careful = false;
        self.damage = None;
        self.ended = false;
        Ok(())
    }

    fn compression(&self) -> Option<Compression> {
        Some(self.compression)
    }

    fn stored(&self) -> Option<(u64, Sha256)> {
        let file = self.decoder.file_ref();
        Some((file.bytes, file.hash.clone()))
    }

    fn take_damage(&mut self) -> Option<Reject> {
        self.damage.take()
    }

    fn check_unchanged(&self, _: u64, _: bool) -> Result<(), SourceError> {
        self.opened.check(false)
    }
}

enum Decoder {
    Gzip(Box<MultiGzDecoder<BufReader<StoredFile>>>),
    Zstd(zstd::Decoder<'static, BufReader<StoredFile>>),
}

impl Decoder {
    fn new(compression: Compression, file: File) -> io::Result<Self> {
        let stored = BufReader::new(StoredFile { file, hash: Sha256::new(), bytes: 0, failed: false });
        Ok(match compression {
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(stored))),
            Compression::Zstd => Self::Zstd(zstd::Decoder::with_buffer(stored)?),
        })
    }

    fn file(&mut self) -> &mut StoredFile {
        match self {
            Self::Gzip(decoder) => decoder.get_mut().get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }

    fn file_ref(&self) -> &StoredFile {
        match self {
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
        }
    }
}

/// The file as it lies, hashed as it is read.
struct StoredFile {
    file: File,
    hash: Sha256,
    bytes: u64,
    /// The system could not read it: that is no damage of the data.
    failed: bool,
}

impl Read for StoredFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into);
        match &read {
            Ok(count) => {
                self.hash.update(&into[..*count]);
                self.bytes += *count as u64;
            }
            Err(error) => self.failed = error.kind() != ErrorKind::Interrupted,
        }
        read
    }
}
