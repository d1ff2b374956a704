//! Packed events in partitions by a hash: what does not fit into memory goes to the temporary file.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::application::compare::feed::{CompareError, Scratch};

use super::threads::locked;

/// How many partitions there are: so many that one of ten million events stays near the processor.
pub(crate) const PARTITIONS: usize = 1 << BITS;
const BITS: u32 = 10;

/// The temporary file, shared by everything that spills.
pub(crate) type SharedScratch = Mutex<Box<dyn Scratch>>;

/// Shares the partitions out among as many threads as there are workers.
///
/// The counter is `Relaxed`: it only hands out numbers, each to one thread; what the threads have done is
/// seen by others once they are joined.
pub(crate) fn share<W: Send>(
    workers: &mut [W],
    work: &(dyn Fn(&mut W, usize) -> Result<(), CompareError> + Sync),
) -> Result<(), CompareError> {
    let next = &AtomicUsize::new(0);
    thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter_mut()
            .map(|worker| {
                scope.spawn(move || {
                    loop {
                        let partition = next.fetch_add(1, Ordering::Relaxed);
                        if partition >= PARTITIONS {
                            return Ok(());
                        }
                        work(worker, partition)?;
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Packed events, each in the partition that its hash names.
pub(crate) struct Partitions {
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
        let mut scratch = locked(scratch);
        let share = self.budget / PARTITIONS;
        for partition in self.partitions.iter_mut().filter(|partition| !partition.held.is_empty()) {
            let offset = scratch.append(&partition.held)?;
            partition.spilled.push((offset, partition.held.len()));
            // What one large event has grown is not kept: there are many partitions.
            if partition.held.capacity() > 2 * share {
                partition.held = Vec::new();
            }
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
            let mut scratch = locked(scratch);
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
            locked(scratch).read_at(offset, &mut block)?;
            take(&block)?;
        }
        take(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::memory_side::MemoryScratch;

    #[test]
    fn large_events_keep_no_memory_once_they_are_spilled() {
        let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
        let budget = 1 << 20;
        let mut partitions = Partitions::new(budget);
        for partition in 0..100 {
            partitions.push(partition, &scratch, |out| out.resize(budget / 2, 1)).unwrap();
        }
        let kept: usize = partitions.partitions.iter().map(|partition| partition.held.capacity()).sum();
        assert!(kept <= 3 * budget, "{kept} bytes are kept");
        let mut loaded = Vec::new();
        partitions.load(7, &scratch, &mut loaded).unwrap();
        assert_eq!(loaded, vec![1; budget / 2]);
    }
}
