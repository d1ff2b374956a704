//! A log that is compressed: what its content is read as, and which of it is in doubt.

use std::path::Path;
use std::sync::Arc;

use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Place, Reject, ResumePoint, SourceDigest, SourceError,
};
use crate::wire::record::RecordReader;

use super::verification::{Assurance, Verification};

pub(super) struct CompressedLog {
    /// Reads the content.
    content: Box<dyn LogSource>,
    verification: Arc<Verification>,
    /// How many gaps of the content were told.
    told: usize,
    /// The end of the last piece.
    end: Place,
    /// What speaks for the last record.
    assurance: Assurance,
}

impl CompressedLog {
    pub fn new(content: Box<dyn LogSource>, verification: Arc<Verification>) -> Self {
        let end = Place { line: 1, offset: 0 };
        Self { content, verification, told: 0, end, assurance: Assurance::Checksum }
    }
}

/// The next gap, where it lies before `offset`, or there.
fn next_gap(verification: &Verification, told: &mut usize, offset: u64) -> Option<Reject> {
    let (at, reject) = verification.gaps.get(*told)?;
    if *at > offset {
        return None;
    }
    *told += 1;
    Some(reject.clone())
}

/// What stands for bytes that the content does not have.
fn missing(place: Place, reject: Reject) -> LogPiece<'static> {
    LogPiece { place, bytes: &[], content: PieceContent::Reject(reject) }
}

impl LogSource for CompressedLog {
    fn path(&self) -> &Path {
        self.content.path()
    }

    fn location(&self) -> &Path {
        self.content.location()
    }

    fn format(&self) -> LogFormat {
        self.content.format()
    }

    fn compression(&self) -> Option<&'static str> {
        self.content.compression()
    }

    fn resume_at(&mut self, point: &ResumePoint) -> Result<bool, SourceError> {
        let is_resumed = self.content.resume_at(point)?;
        if is_resumed {
            self.told = self.verification.gaps.partition_point(|(at, _)| *at < point.offset);
            self.end = Place { line: point.line, offset: point.offset };
        }
        Ok(is_resumed)
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        if let Some(reject) = next_gap(&self.verification, &mut self.told, self.end.offset) {
            return Ok(Some(missing(self.end, reject)));
        }
        let Self { content, verification, told, end: last_end, assurance } = self;
        let Some(mut piece) = content.next_piece(reader)? else {
            // What follows a gap can be nothing, or line ends that are no pieces.
            return Ok(next_gap(verification, told, u64::MAX).map(|reject| missing(*last_end, reject)));
        };
        let (start, end) = (piece.place.offset, piece.place.offset + piece.bytes.len() as u64);
        if matches!(piece.content, PieceContent::Record(_)) {
            *assurance = verification.assurance(start..end);
        }
        if let Some((at, reject)) = verification.gaps.get(*told) {
            let lines = memchr::memchr_iter(b'\n', piece.bytes).count() as u64;
            *last_end = Place { line: piece.place.line + lines, offset: end };
            // Its halves stand on both sides of what is missing.
            if matches!(piece.content, PieceContent::Record(_)) && (start + 1..end).contains(at) {
                piece.content = PieceContent::Reject(reject.clone());
                *told += 1;
            }
        }
        Ok(Some(piece))
    }

    fn omit_line_ends(&mut self) {
        self.content.omit_line_ends();
    }

    fn resume_point(&mut self) -> ResumePoint {
        self.content.resume_point()
    }

    fn digest(&self) -> SourceDigest {
        self.content.digest()
    }

    fn flag(&self) -> Option<&'static str> {
        match self.assurance {
            Assurance::Checksum => None,
            Assurance::DecodedToItsEnd => Some("no_checksum"),
            Assurance::Nothing => Some("unverified"),
        }
    }
}
