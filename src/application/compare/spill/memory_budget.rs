//! Where the memory of a comparison goes: every share of `--memory` is handed out here.
//!
//! A comparison holds bytes of events in several places at a time; each is given a share, and goes to the
//! temporary file, or reads again, beyond it, however many events have one type, aggregate, content or time.
//! Outside the cap is what does not grow with the logs: the samples of anchors (65,536 contents a side), the
//! listed differences (`--limit`; of a report's the memory says how many), a few records at once (64 MiB each at most), and the counts by day, type and
//! cause; and one bit for each pair of the largest aggregate, where its pairs are too many for memory.

use super::sorter::SortShare;

/// What one thread may hold of a group that is too large for memory, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupShare {
    /// While one side is sorted. Two sorts are merged while a third one adds its records.
    pub sort: SortShare,
    /// Of the events of one side, a group with no more than that is grouped in memory.
    pub held: usize,
    /// While a run is written, or read.
    pub run: usize,
}

/// The shares of one comparison, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemoryBudget {
    total: usize,
    workers: usize,
}

impl MemoryBudget {
    /// Shares `total` bytes among everything that holds events, with so many threads at work.
    pub fn new(total: usize, workers: usize) -> Self {
        Self { total, workers: workers.max(1) }
    }

    /// How many threads match events at once.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Events of one side that were read and wait for the stages.
    pub fn side_events(&self) -> usize {
        self.total / 8
    }

    /// Events of both sides that wait for their partners while both are read.
    pub fn join_waiting(&self) -> usize {
        self.total / 2
    }

    /// From so many bytes of waiting events on, pairs are looked for: with fewer, that costs more than it gains.
    pub fn join_worthwhile(&self) -> usize {
        const WORTHWHILE: usize = 32 << 20;
        WORTHWHILE.min(self.join_waiting())
    }

    /// Events of one side that no longer wait for their partners, while both are read.
    pub fn join_spilled_events(&self) -> usize {
        self.total / 16
    }

    /// The hashes of the ids of these.
    pub fn join_spilled_ids(&self) -> usize {
        self.total / 128
    }

    /// Pairs that were joined.
    pub fn joined_pairs(&self) -> usize {
        self.total / 128 * 7
    }

    /// The hashes of the ids of these.
    pub fn joined_ids(&self) -> usize {
        self.total / 128
    }

    /// Joined pairs that turned out to be none, or not surely one, of all threads.
    pub fn rejected_pairs(&self) -> usize {
        self.total / 16
    }

    /// Events of one side that one stage leaves to the next.
    pub fn stage_leftovers(&self) -> usize {
        self.total / 16
    }

    /// Events of one partition that one thread groups; a larger partition is divided first. What refers to
    /// them while they are grouped takes about as much again: some 150 bytes an event, where an event of
    /// Mission Control takes about 200.
    pub fn partition_load(&self) -> usize {
        self.total / 8 / self.workers
    }

    /// Events of one partition that one thread sorts by key on disk, because a division leaves it too large.
    /// All of it together takes no more than what a partition in memory does.
    pub fn group(&self) -> GroupShare {
        let load = self.partition_load();
        GroupShare { sort: SortShare { adding: load, merging: load / 8 }, held: load / 4, run: load / 32 }
    }

    /// Events of one side of a partition that one thread divides. A part that has to be divided again gets
    /// half of it: all depths together get less than twice the first one.
    pub fn partition_division(&self, depth: u32) -> usize {
        (self.total / 32 / self.workers).checked_shr(depth).unwrap_or(0)
    }

    /// Pairs that one thread keeps for the analysis of order.
    pub fn order(&self) -> usize {
        self.total / 32 / self.workers
    }

    /// Events from about the beginning that one thread keeps until all pairs are known.
    pub fn about_beginning(&self) -> usize {
        self.total / 64 / self.workers
    }

    /// How many differences a report shows at most. Each takes up to some 24 KiB, with the beginnings of its texts, and
    /// about 1 KiB where an event is one of Mission Control; they are held when events are matched.
    pub fn reported_differences(&self) -> usize {
        const MOST: usize = 10_000;
        MOST.min(self.total / (24 << 10))
    }

    /// Pairs that are noted for an import.
    pub fn pair_log(&self) -> usize {
        self.total / 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIDES: usize = 2;

    /// What is held at the same time, in the phases of a comparison.
    fn phases(budget: &MemoryBudget) -> [(&'static str, usize); 5] {
        let workers = budget.workers();
        let joined = budget.joined_pairs() + budget.joined_ids();
        let division: usize = (0..64).map(|depth| SIDES * budget.partition_division(depth)).sum();
        // The events of a partition, and what refers to them; or what sorts them on disk.
        let group = budget.group();
        let sorts_of_groups = SIDES * group.sort.merging;
        let in_memory = 2 * SIDES * group.held;
        // A sort, the run that it writes and the sort of the other side, a reader, and of each side what is
        // left and what is paired.
        let on_disk = group.sort.adding + 2 * group.sort.merging + group.run + 2 * SIDES * group.run;
        let sorted = sorts_of_groups + in_memory.max(on_disk);
        let grouped = sorted.max(2 * budget.partition_load());
        let matching = SIDES * budget.stage_leftovers()
            + workers * (grouped + division + budget.order() + budget.about_beginning())
            + budget.pair_log();
        // The pairs of a partition, and what was kept; or one sort after the other, the next one beside the last.
        let sorts_of_pairs = group.sort.adding + 2 * group.sort.merging;
        let ordering = workers * (budget.order() + budget.partition_load().max(sorts_of_pairs));
        let spilled = SIDES * (budget.join_spilled_events() + budget.join_spilled_ids());
        [
            ("both sides are read apart", SIDES * budget.side_events()),
            ("both sides are joined while they are read", budget.join_waiting() + spilled + joined),
            ("what was read apart is matched", SIDES * budget.side_events() + matching),
            ("what was not joined is matched", spilled + joined + budget.rejected_pairs() + matching),
            ("order is analysed", joined + budget.rejected_pairs() + budget.pair_log() + ordering),
        ]
    }

    proptest! {
        #[test]
        fn the_shares_of_every_phase_add_up_to_no_more_than_the_cap(
            total in prop_oneof![0_usize..10_000, 0_usize..(1 << 40)],
            workers in 0_usize..65,
        ) {
            for (phase, sum) in phases(&MemoryBudget::new(total, workers)) {
                prop_assert!(sum <= total, "{}: {} of {} bytes", phase, sum, total);
            }
        }
    }

    #[test]
    fn most_of_the_cap_is_used_where_events_are_matched() {
        let total = 1 << 30;
        for (phase, sum) in &phases(&MemoryBudget::new(total, 2))[1..4] {
            assert!(*sum >= total / 2, "{phase}: {sum} of {total} bytes");
        }
    }
}
