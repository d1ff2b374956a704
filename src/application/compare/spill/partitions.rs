//! Packed events in partitions by a hash: what does not fit into memory goes to the temporary file.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::application::compare::feed::{CompareError, Scratch};

use super::threads::locked;

/// How many partitions there are: so many that one of ten million events stays near the processor.
const PARTITIONS: usize = 1 << BITS;
const BITS: u32 = 10;

/// With no more bytes of events than that, one thread is done before another one has begun.
const ONE_THREAD: usize = 1 << 16;

/// The temporary file, shared by everything that spills.
pub(crate) type SharedScratch = Mutex<Box<dyn Scratch>>;

/// Shares partitions out among as many threads as there are workers, or does all in this thread where the work is little.
///
/// The counter is `Relaxed`: it only hands out partitions, each to one thread; what the threads have done is
/// seen by others once they are joined.
pub(crate) fn share<W: Send>(
    workers: &mut [W],
    partitions: &PartitionSet,
    work: &(dyn Fn(&mut W, usize) -> Result<(), CompareError> + Sync),
) -> Result<(), CompareError> {
    if partitions.bytes <= ONE_THREAD {
        let Some(worker) = workers.first_mut() else { return Ok(()) };
        return partitions.numbers.iter().try_for_each(|&partition| work(worker, partition));
    }
    let next = &AtomicUsize::new(0);
    thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter_mut()
            .map(|worker| {
                let run = move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(&partition) = partitions.numbers.get(place) else { return Ok(()) };
                        work(worker, partition)?;
                    }
                };
                thread::Builder::new().spawn_scoped(scope, run).map_err(CompareError::Thread)
            })
            .collect::<Result<_, _>>()?;
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Packed events, each in the partition that its hash names. A partition costs nothing before it has an event: of
/// few events, such as those of a self-test, most partitions have none.
pub(crate) struct Partitions {
    /// Where each partition stands in `used`, from one on; 0 where it has no event.
    places: Box<[u16; PARTITIONS]>,
    /// The partitions that have events, in the order of their first ones.
    used: Vec<Partition>,
    /// Bytes of all events.
    total: usize,
    /// Bytes in memory.
    held: usize,
    /// How many may be.
    budget: usize,
}

struct Partition {
    number: usize,
    held: Vec<u8>,
    /// Offset and length of what went to the temporary file.
    spilled: Vec<(u64, usize)>,
}

/// Partitions that have events.
pub(crate) struct PartitionSet {
    /// Ascending.
    numbers: Vec<usize>,
    /// How many bytes their events have.
    bytes: usize,
}

impl PartitionSet {
    /// The partitions in which any of these has events.
    pub fn of<'p>(all: impl IntoIterator<Item = &'p Partitions>) -> Self {
        let (mut numbers, mut bytes) = (Vec::new(), 0);
        for one in all {
            numbers.extend(one.used.iter().map(|partition| partition.number));
            bytes += one.total;
        }
        numbers.sort_unstable();
        numbers.dedup();
        Self { numbers, bytes }
    }

    /// Their numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.numbers.iter().copied()
    }
}

impl Partitions {
    pub fn new(budget: usize) -> Self {
        Self { places: Box::new([0; PARTITIONS]), used: Vec::new(), total: 0, held: 0, budget }
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
        let place = &mut self.places[partition];
        if *place == 0 {
            self.used.push(Partition { number: partition, held: Vec::new(), spilled: Vec::new() });
            // There are no more than partitions.
            *place = self.used.len() as u16;
        }
        let held = &mut self.used[usize::from(*place) - 1].held;
        let before = held.len();
        pack(held);
        let added = held.len() - before;
        self.total += added;
        self.held += added;
        if self.held > self.budget {
            self.spill(scratch)?;
        }
        Ok(())
    }

    fn used(&self, partition: usize) -> Option<&Partition> {
        let place = usize::from(self.places[partition]).checked_sub(1)?;
        self.used.get(place)
    }

    fn spill(&mut self, scratch: &SharedScratch) -> Result<(), CompareError> {
        let mut scratch = locked(scratch);
        let share = self.budget / PARTITIONS;
        for partition in self.used.iter_mut().filter(|partition| !partition.held.is_empty()) {
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
        let Some(Partition { held, spilled, .. }) = self.used(partition) else { return 0 };
        held.len() + spilled.iter().map(|(_, length)| length).sum::<usize>()
    }

    /// How many bytes all of them have.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Appends the events of a partition to `into`.
    pub fn load(
        &self,
        partition: usize,
        scratch: &SharedScratch,
        into: &mut Vec<u8>,
    ) -> Result<(), CompareError> {
        let Some(Partition { held, spilled, .. }) = self.used(partition) else { return Ok(()) };
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
        let Some(Partition { held, spilled, .. }) = self.used(partition) else { return Ok(()) };
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

    /// With so many bytes in each of these partitions.
    fn with(partitions: impl IntoIterator<Item = usize>, bytes: usize) -> Partitions {
        let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
        let mut with = Partitions::new(1 << 30);
        for partition in partitions {
            with.push(partition, &scratch, |out| out.resize(out.len() + bytes, 1)).unwrap();
        }
        with
    }

    /// What each of three workers gets.
    fn shared(partitions: &PartitionSet) -> Vec<Vec<usize>> {
        let mut workers = vec![Vec::new(); 3];
        share(&mut workers, partitions, &|worker, partition| {
            worker.push(partition);
            Ok(())
        })
        .unwrap();
        workers
    }

    #[test]
    fn a_partition_with_events_in_any_of_several_is_visited_once_and_an_empty_one_never() {
        let (one, other) = (with([900, 5, 5], 3), with([7, 5], 10));
        let of_both = PartitionSet::of([&one, &other]);
        assert_eq!(of_both.iter().collect::<Vec<_>>(), [5, 7, 900]);
        assert_eq!((one.size(5), one.size(7), one.total(), other.total()), (6, 0, 9, 20));
        assert_eq!(shared(&PartitionSet::of([&Partitions::new(0)])), [[0_usize; 0]; 3]);
    }

    #[test]
    fn few_bytes_are_the_work_of_one_thread_and_many_are_shared_out() {
        let few = with(0..PARTITIONS, ONE_THREAD / PARTITIONS);
        assert_eq!(shared(&PartitionSet::of([&few])), [(0..PARTITIONS).collect(), vec![], vec![]]);
        let many = with(0..PARTITIONS, ONE_THREAD / PARTITIONS + 1);
        let mut all = shared(&PartitionSet::of([&many])).concat();
        all.sort_unstable();
        assert_eq!(all, (0..PARTITIONS).collect::<Vec<_>>());
    }

    #[test]
    fn large_events_keep_no_memory_once_they_are_spilled() {
        let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
        let budget = 1 << 20;
        let mut partitions = Partitions::new(budget);
        for partition in 0..100 {
            partitions.push(partition, &scratch, |out| out.resize(budget / 2, 1)).unwrap();
        }
        let kept: usize = partitions.used.iter().map(|partition| partition.held.capacity()).sum();
        assert!(kept <= 3 * budget, "{kept} bytes are kept");
        let mut loaded = Vec::new();
        partitions.load(7, &scratch, &mut loaded).unwrap();
        assert_eq!(loaded, vec![1; budget / 2]);
    }
}
