//! Packed events in partitions by a hash: what does not fit into memory goes to the temporary file.

use std::sync::{Mutex, PoisonError};

use super::feed::{CompareError, Scratch};

/// How many partitions there are: so many that one of ten million events stays near the processor.
pub(super) const PARTITIONS: usize = 1 << BITS;
const BITS: u32 = 10;

/// The temporary file, shared by everything that spills.
pub(super) type SharedScratch = Mutex<Box<dyn Scratch>>;

/// Packed events, each in the partition that its hash names.
pub(super) struct Partitions {
    partitions: Vec<Partition>,
    /// Bytes in memory.
    held: usize,
    /// How many may be.
    budget: usize,
}

#[derive(Default)]
struct Partition {
    held: Vec<u8>,
    /// Offset and length of what went to the temporary file.
    spilled: Vec<(u64, usize)>,
}

impl Partitions {
    pub fn new(budget: usize) -> Self {
        let partitions = std::iter::repeat_with(Partition::default).take(PARTITIONS).collect();
        Self { partitions, held: 0, budget }
    }

    /// The partition of a hash; `depth` counts how often its partition was divided before.
    pub fn of(hash: u64, depth: u32) -> usize {
        (hash.rotate_left(BITS * (depth + 1)) as usize) & (PARTITIONS - 1)
    }

    /// Lets `pack` append to a partition.
    pub fn push(
        &mut self,
        partition: usize,
        scratch: &SharedScratch,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), CompareError> {
        let held = &mut self.partitions[partition].held;
        let before = held.len();
        pack(held);
        self.held += held.len() - before;
        if self.held > self.budget {
            self.spill(scratch)?;
        }
        Ok(())
    }

    fn spill(&mut self, scratch: &SharedScratch) -> Result<(), CompareError> {
        let mut scratch = scratch.lock().unwrap_or_else(PoisonError::into_inner);
        for partition in self.partitions.iter_mut().filter(|partition| !partition.held.is_empty()) {
            let offset = scratch.append(&partition.held)?;
            partition.spilled.push((offset, partition.held.len()));
            partition.held.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// How many bytes a partition has.
    pub fn size(&self, partition: usize) -> usize {
        let Partition { held, spilled } = &self.partitions[partition];
        held.len() + spilled.iter().map(|(_, length)| length).sum::<usize>()
    }

    /// How many bytes all of them have.
    pub fn total(&self) -> usize {
        (0..PARTITIONS).map(|partition| self.size(partition)).sum()
    }

    /// Appends the events of a partition to `into`.
    pub fn load(
        &self,
        partition: usize,
        scratch: &SharedScratch,
        into: &mut Vec<u8>,
    ) -> Result<(), CompareError> {
        let Partition { held, spilled } = &self.partitions[partition];
        if !spilled.is_empty() {
            let mut scratch = scratch.lock().unwrap_or_else(PoisonError::into_inner);
            for &(offset, length) in spilled {
                let start = into.len();
                into.resize(start + length, 0);
                scratch.read_at(offset, &mut into[start..])?;
            }
        }
        into.extend_from_slice(held);
        Ok(())
    }

    /// Gives the events of a partition block by block: never more than one block in memory.
    pub fn blocks(
        &self,
        partition: usize,
        scratch: &SharedScratch,
        take: &mut dyn FnMut(&[u8]) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let Partition { held, spilled } = &self.partitions[partition];
        let mut block = Vec::new();
        for &(offset, length) in spilled {
            block.resize(length, 0);
            scratch.lock().unwrap_or_else(PoisonError::into_inner).read_at(offset, &mut block)?;
            take(&block)?;
        }
        take(held)
    }
}
