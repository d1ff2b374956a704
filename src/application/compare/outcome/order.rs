//! Whether both sides tell the story of an aggregate in the same order. Information, never the verdict.

use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::shortcuts::joined_pairs::JoinedPairs;
use crate::application::compare::spill::partitions::{PartitionSet, Partitions, share};

use super::order_count::OrderCount;
use super::placed_pair::PlacedPair;
use super::spilled_order::SpilledOrder;

/// How many events must be moved, aggregate by aggregate, of the pairs that were kept, by as many
/// threads as have kept them. The pairs of a partition that are too many for memory are sorted on disk.
pub(crate) fn reordered(
    orders: &[Partitions],
    joined: Option<&JoinedPairs>,
    context: &Context<'_>,
) -> Result<OrderCount, CompareError> {
    let Context { scratch, budget, .. } = context;
    let mut counts = vec![OrderCount::default(); orders.len()];
    let partitions = PartitionSet::of(orders.iter().chain(joined.map(JoinedPairs::pairs)));
    share(&mut counts, &partitions, &|total, partition| {
        let each = |take: &mut dyn FnMut(PlacedPair) -> Result<(), CompareError>| {
            for order in orders {
                order.blocks(partition, scratch, &mut |block| {
                    block.as_chunks().0.iter().map(PlacedPair::unpacked).try_for_each(&mut *take)
                })?;
            }
            joined.map_or(Ok(()), |joined| joined.placed(partition, scratch, take))
        };
        let of_orders = orders.iter().map(|order| order.size(partition)).sum::<usize>() / PlacedPair::PACKED;
        let pairs = of_orders + joined.map_or(0, |joined| joined.count(partition));
        if pairs * size_of::<PlacedPair>() > budget.partition_load() {
            let mut order = SpilledOrder::new(scratch, budget.group().sort);
            each(&mut |pair| order.push(&pair))?;
            total.add(order.count()?);
            return Ok(());
        }
        let mut pairs: Vec<PlacedPair> = Vec::with_capacity(pairs);
        each(&mut |pair| {
            pairs.push(pair);
            Ok(())
        })?;
        pairs.sort_unstable_by_key(|pair| (pair.aggregate, pair.control));
        for of_aggregate in pairs.chunk_by_mut(|one, other| one.aggregate == other.aggregate) {
            total.add(reordered_of(of_aggregate));
        }
        Ok(())
    })?;
    let mut total = OrderCount::default();
    counts.into_iter().for_each(|count| total.add(count));
    Ok(total)
}

/// How many events of ONE aggregate must be moved to give the candidate the order of the control: all
/// but a longest increasing subsequence. O(n log n).
fn reordered_of(pairs: &mut [PlacedPair]) -> OrderCount {
    pairs.sort_unstable_by_key(|pair| (pair.control, pair.candidate));
    let strict = moved(pairs);
    if strict == 0 {
        return OrderCount::default();
    }
    for same_time in pairs.chunk_by_mut(|one, other| one.at == other.at) {
        same_time.sort_unstable_by_key(|pair| pair.candidate);
    }
    let moved = moved(pairs);
    OrderCount { moved, moved_at_equal_times: strict.saturating_sub(moved) }
}

fn moved(pairs: &[PlacedPair]) -> u64 {
    if pairs.is_sorted_by_key(|pair| pair.candidate) {
        return 0;
    }
    // The smallest last place of an increasing subsequence of each length.
    let mut ends: Vec<u64> = Vec::new();
    for pair in pairs {
        let length = ends.partition_point(|end| *end < pair.candidate);
        match ends.get_mut(length) {
            Some(end) => *end = pair.candidate,
            None => ends.push(pair.candidate),
        }
    }
    (pairs.len() - ends.len()) as u64
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::application::compare::memory_side::MemoryScratch;
    use crate::application::compare::spill::partitions::SharedScratch;
    use crate::application::compare::spill::sorter::SortShare;
    use proptest::prelude::*;

    fn pairs(candidate: &[u64], times: &[i64]) -> Vec<PlacedPair> {
        let places = candidate.iter().zip(times).enumerate();
        places
            .map(|(control, (&candidate, &at))| PlacedPair {
                aggregate: 0,
                control: control as u64,
                candidate,
                at,
            })
            .collect()
    }

    #[test]
    fn one_event_that_was_moved_counts_as_one_however_many_it_passed() {
        let times = [1, 2, 3, 4, 5];
        assert_eq!(reordered_of(&mut pairs(&[0, 1, 2, 3, 4], &times)), OrderCount::default());
        assert_eq!(reordered_of(&mut pairs(&[4, 0, 1, 2, 3], &times)).moved, 1);
        assert_eq!(reordered_of(&mut pairs(&[4, 3, 2, 1, 0], &times)).moved, 4);
    }

    #[test]
    fn the_order_of_events_of_one_time_is_counted_apart() {
        let count = reordered_of(&mut pairs(&[1, 0, 2], &[7, 7, 8]));
        assert_eq!(count, OrderCount { moved: 0, moved_at_equal_times: 1 });
    }

    proptest! {
        #[test]
        fn the_rest_is_a_longest_increasing_subsequence(
            order in Just((0..12_u64).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let times: Vec<i64> = (0..12).collect();
            let mut longest = vec![1_u64; order.len()];
            for last in 0..order.len() {
                for before in 0..last {
                    if order[before] < order[last] {
                        longest[last] = longest[last].max(longest[before] + 1);
                    }
                }
            }
            let expected = order.len() as u64 - longest.iter().max().unwrap();
            prop_assert_eq!(reordered_of(&mut pairs(&order, &times)), OrderCount { moved: expected, moved_at_equal_times: 0 });
        }

        #[test]
        fn what_is_sorted_on_disk_counts_as_what_is_in_memory(
            aggregates in proptest::collection::vec(
                (0..60_usize).prop_flat_map(|events| (
                    Just((0..events as u64).map(|place| place * 3).collect::<Vec<_>>()).prop_shuffle(),
                    proptest::collection::vec(0..6_i64, events),
                )),
                0..4,
            ),
        ) {
            let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
            let mut spilled = SpilledOrder::new(&scratch, SortShare { adding: 500, merging: 500 });
            let mut expected = OrderCount::default();
            for (number, (order, times)) in (0..).zip(&aggregates) {
                let mut pairs = pairs(order, times);
                for pair in &mut pairs {
                    pair.aggregate = number;
                    spilled.push(pair).unwrap();
                }
                expected.add(reordered_of(&mut pairs));
            }
            prop_assert_eq!(spilled.count().unwrap(), expected);
        }
    }
}
