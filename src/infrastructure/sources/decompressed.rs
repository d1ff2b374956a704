//! The content of a compressed file: what its sound members decode to.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use sha2::Sha256;

use crate::application::log_source::{Reject, SourceError};

use super::byte_source::{ByteSource, OpenedFile};
use super::compression::Compression;
use super::decoder::Decoder;
use super::stored_bytes::{StoredBytes, StoredError, up_to};
use super::verification::Verification;
use super::verified_files;

pub(super) struct Decompressed {
    opened: OpenedFile,
    compression: Compression,
    verification: Arc<Verification>,
    stored: StoredBytes,
    decoder: Decoder,
    /// Which span is read next, or is being read.
    span: usize,
    /// Where in the file reading goes on.
    at: u64,
    /// How many bytes of the content are left of the span; `None` before its first one.
    left: Option<u64>,
    /// The file is not the one any more that was verified: nothing more is read of it.
    has_changed: bool,
    end_was_told: bool,
}

impl Decompressed {
    pub fn new(
        opened: OpenedFile,
        file: File,
        compression: Compression,
        verification: Arc<Verification>,
    ) -> io::Result<Self> {
        Ok(Self {
            opened,
            compression,
            stored: StoredBytes::new(file, Arc::clone(&verification.fingerprint)),
            verification,
            decoder: Decoder::new(compression)?,
            span: 0,
            at: 0,
            left: None,
            has_changed: false,
            end_was_told: false,
        })
    }

    /// Decodes some of a span, which ends in the file at `end`; what was verified decodes again, unless it has
    /// changed.
    fn decode(&mut self, end: u64, left: u64, into: &mut [u8]) -> Result<usize, StoredError> {
        let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        loop {
            let input = up_to(self.stored.at(self.at)?, end - self.at);
            let is_at_end = input.is_empty();
            let step = self.decoder.step(input, &mut into[..most]).map_err(|_| StoredError::Changed)?;
            self.at += step.read as u64;
            if step.end.is_some() {
                self.decoder.restart()?;
            }
            if step.written > 0 {
                return Ok(step.written);
            }
            if is_at_end && step.end.is_none() {
                return Err(StoredError::Changed);
            }
        }
    }
}

impl Read for Decompressed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !into.is_empty()
            && !self.has_changed
            && let Some(span) = self.verification.spans.get(self.span)
        {
            let span_end = span.stored.end;
            let Some(left) = self.left else {
                self.left = Some(span.content.end - span.content.start);
                self.at = span.stored.start;
                self.decoder.restart()?;
                if span.on_new_line {
                    into[0] = b'\n';
                    return Ok(1);
                }
                continue;
            };
            if left == 0 {
                (self.span, self.left) = (self.span + 1, None);
                continue;
            }
            match self.decode(span_end, left, into) {
                Ok(count) => {
                    self.left = Some(left - count as u64);
                    return Ok(count);
                }
                Err(StoredError::Changed) => {
                    self.has_changed = true;
                    verified_files::forget(self.opened.path());
                }
                Err(StoredError::Io(error)) => return Err(error),
            }
        }
        Ok(0)
    }
}

impl ByteSource for Decompressed {
    fn rewind(&mut self) -> io::Result<()> {
        (self.span, self.left, self.end_was_told) = (0, None, false);
        Ok(())
    }

    fn compression(&self) -> Option<Compression> {
        Some(self.compression)
    }

    fn stored(&self) -> Option<(u64, Sha256)> {
        let fingerprint = &self.verification.fingerprint;
        Some((fingerprint.bytes, fingerprint.sha256.clone()))
    }

    fn take_damage(&mut self) -> Option<Reject> {
        if std::mem::replace(&mut self.end_was_told, true) || self.has_changed {
            return None;
        }
        self.verification.end.clone()
    }

    fn check_unchanged(&self, _: u64, _: bool) -> Result<(), SourceError> {
        if self.has_changed {
            return Err(self.opened.changed());
        }
        self.opened.check(false)
    }
}
