//! Records one after the other in the temporary file: written once, and read from the beginning as often as
//! is asked for.

use std::collections::VecDeque;

use crate::application::compare::feed::CompareError;

use super::partitions::SharedScratch;
use super::threads::locked;

/// The length of a record, which comes before it.
const LENGTH: usize = size_of::<u32>();

/// Records in the temporary file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    /// Offsets and lengths.
    blocks: VecDeque<(u64, usize)>,
    /// How many records there are.
    pub records: u64,
    /// The length of the longest one, in bytes.
    pub longest: usize,
}

/// Writes a run.
pub(crate) struct RunWriter<'s> {
    scratch: &'s SharedScratch,
    /// How many bytes may be held.
    room: usize,
    held: Vec<u8>,
    run: Run,
}

impl<'s> RunWriter<'s> {
    pub fn new(scratch: &'s SharedScratch, room: usize) -> Self {
        Self { scratch, room, held: Vec::new(), run: Run::default() }
    }

    pub fn push(&mut self, record: &[u8]) -> Result<(), CompareError> {
        if self.held.len() + LENGTH + record.len() > self.room {
            self.write_held()?;
        }
        self.held.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.held.extend_from_slice(record);
        self.run.records += 1;
        self.run.longest = self.run.longest.max(record.len());
        Ok(())
    }

    /// Whether nothing was written to the temporary file yet.
    pub fn is_held(&self) -> bool {
        self.run.blocks.is_empty()
    }

    /// The records that were not written yet.
    pub fn held(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.held[..];
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<LENGTH>()?;
            let (record, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = after;
            Some(record)
        })
    }

    pub fn finish(mut self) -> Result<Run, CompareError> {
        self.write_held()?;
        Ok(self.run)
    }

    fn write_held(&mut self) -> Result<(), CompareError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let offset = locked(self.scratch).append(&self.held)?;
        match self.run.blocks.back_mut() {
            Some((start, length)) if *start + *length as u64 == offset => *length += self.held.len(),
            _ => self.run.blocks.push_back((offset, self.held.len())),
        }
        self.held.clear();
        // What one long record has grown is not kept.
        self.held.shrink_to(self.room);
        Ok(())
    }
}

/// Reads a run, record by record.
pub(crate) struct RunReader<'s> {
    scratch: &'s SharedScratch,
    /// How many bytes are read at once, but for a longer record.
    room: usize,
    /// What was not read yet.
    rest: Run,
    held: Vec<u8>,
    /// Where the current record begins in what is held, and where it ends; `None` after the last one.
    current: Option<usize>,
    next: usize,
}

impl<'s> RunReader<'s> {
    /// A reader at the first record.
    pub fn new(run: Run, scratch: &'s SharedScratch, room: usize) -> Result<Self, CompareError> {
        let mut reader = Self { scratch, room, rest: run, held: Vec::new(), current: None, next: 0 };
        reader.advance()?;
        Ok(reader)
    }

    /// The record that the reader is at; `None` after the last one.
    pub fn current(&self) -> Option<&[u8]> {
        self.current.map(|start| &self.held[start..self.next])
    }

    /// Goes on to the next record.
    pub fn advance(&mut self) -> Result<(), CompareError> {
        self.current = None;
        if !self.holds(LENGTH)? {
            return Ok(());
        }
        let Some(length) = self.held[self.next..].first_chunk::<LENGTH>() else { return Ok(()) };
        let length = u32::from_le_bytes(*length) as usize;
        self.holds(LENGTH + length)?;
        self.current = Some(self.next + LENGTH);
        self.next += LENGTH + length;
        Ok(())
    }

    /// Whether so many bytes are there from the next record on: they are held then.
    fn holds(&mut self, bytes: usize) -> Result<bool, CompareError> {
        while self.held.len() - self.next < bytes {
            let Some((offset, length)) = self.rest.blocks.front_mut() else { return Ok(false) };
            self.held.drain(..self.next);
            self.next = 0;
            let start = self.held.len();
            let wanted = self.room.saturating_sub(start).max(bytes - start).min(*length);
            self.held.resize(start + wanted, 0);
            locked(self.scratch).read_at(*offset, &mut self.held[start..])?;
            *offset += wanted as u64;
            *length -= wanted;
            if *length == 0 {
                self.rest.blocks.pop_front();
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::application::compare::memory_side::MemoryScratch;

    proptest! {
        #[test]
        fn records_are_read_as_they_were_written_whatever_memory_both_have(
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..40),
            [to_write, to_read] in [0_usize..200, 0..200],
        ) {
            let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
            let mut writer = RunWriter::new(&scratch, to_write);
            for record in &records {
                writer.push(record).unwrap();
                if record.len() % 3 == 0 {
                    locked(&scratch).append(b"of another thread").unwrap();
                }
            }
            let run = writer.finish().unwrap();
            prop_assert_eq!(run.records, records.len() as u64);
            prop_assert_eq!(run.longest, records.iter().map(Vec::len).max().unwrap_or(0));
            let mut reader = RunReader::new(run, &scratch, to_read).unwrap();
            let mut read = Vec::new();
            while let Some(record) = reader.current() {
                read.push(record.to_vec());
                reader.advance().unwrap();
            }
            prop_assert_eq!(read, records);
        }
    }
}
