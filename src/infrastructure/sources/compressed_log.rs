//! A log that is compressed: what its content is read as, and which of it is in doubt.

use std::path::Path;
use std::sync::Arc;

use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Place, ResumePoint, SourceDigest, SourceError,
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
    end: u64,
    /// The line of the next gap, once its offset is not after that.
    line: u64,
    /// Where reading could be resumed before the last piece, while a gap or the first cut lies ahead.
    before: Option<ResumePoint>,
    /// Where reading is resumed once a piece was given out whose checksum was cut off: when the file is whole,
    /// what is a reject now is read again.
    before_cut: Option<ResumePoint>,
    /// What speaks for the last record.
    assurance: Assurance,
}

impl CompressedLog {
    pub fn new(content: Box<dyn LogSource>, verification: Arc<Verification>) -> Self {
        let (before, before_cut) = (None, None);
        let assurance = Assurance::Checksum;
        Self { content, verification, told: 0, end: 0, line: 1, before, before_cut, assurance }
    }
}

/// What stands for the next gap, where that does not lie after `end`.
fn next_gap(verification: &Verification, told: &mut usize, line: u64, end: u64) -> Option<LogPiece<'static>> {
    let (at, reject) = verification.gaps.get(*told)?;
    if *at > end {
        return None;
    }
    *told += 1;
    let place = Place { line, offset: *at };
    Some(LogPiece { place, bytes: &[], content: PieceContent::Reject(reject.clone()) })
}

impl LogSource for CompressedLog {
    fn path(&self) -> &Path {
        self.content.path()
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
            (self.end, self.line) = (point.offset, point.line);
            let is_after_cut = self.verification.first_cut().is_some_and(|cut| cut < point.offset);
            self.before_cut = is_after_cut.then(|| point.clone());
        }
        Ok(is_resumed)
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        let Self { content, verification, told, end: last_end, line, before, before_cut, assurance } = self;
        if let Some(gap) = next_gap(verification, told, *line, *last_end) {
            return Ok(Some(gap));
        }
        let cut = verification.first_cut().filter(|_| before_cut.is_none());
        let is_sound_ahead = cut.is_none() && verification.gaps.get(*told).is_none();
        *before = (!is_sound_ahead).then(|| content.resume_point());
        let Some(mut piece) = content.next_piece(reader)? else {
            // What follows a gap can be nothing, or line ends that are no pieces.
            return Ok(next_gap(verification, told, *line, u64::MAX));
        };
        let (start, end) = (piece.place.offset, piece.place.offset + piece.bytes.len() as u64);
        if cut.is_some_and(|cut| cut < end) {
            before_cut.clone_from(before);
        }
        if matches!(piece.content, PieceContent::Record(_)) {
            *assurance = verification.assurance(start..end);
        }
        if let Some((at, reject)) = verification.gaps.get(*told) {
            *last_end = end;
            let length = at.saturating_sub(start).min(end - start) as usize;
            *line = piece.place.line + memchr::memchr_iter(b'\n', &piece.bytes[..length]).count() as u64;
            // Its halves stand on both sides of what is missing.
            if matches!(piece.content, PieceContent::Record(_)) && (start + 1..end).contains(at) {
                piece.content = PieceContent::Reject(reject.clone());
                *told += 1;
            }
        }
        if matches!(piece.content, PieceContent::Record(_))
            && let Some(doubt) = verification.doubt(start..end)
        {
            piece.content = PieceContent::Reject(doubt);
        }
        Ok(Some(piece))
    }

    fn omit_line_ends(&mut self) {
        self.content.omit_line_ends();
    }

    fn resume_point(&mut self) -> ResumePoint {
        if let Some(before_cut) = &self.before_cut {
            return before_cut.clone();
        }
        let point = self.content.resume_point();
        let next_gap = self.verification.gaps.get(self.told);
        // A gap in the last piece is told after it: until then, reading is resumed before both.
        let is_passed = next_gap.is_some_and(|(at, _)| *at < point.offset);
        match &self.before {
            Some(before) if is_passed => before.clone(),
            _ => point,
        }
    }

    fn digest(&self) -> SourceDigest {
        self.content.digest()
    }

    fn flag(&self) -> Option<&'static str> {
        match self.assurance {
            Assurance::Checksum => None,
            Assurance::DecodedToItsEnd => Some("no_checksum"),
            // It is no record.
            Assurance::Nothing => None,
        }
    }
}
