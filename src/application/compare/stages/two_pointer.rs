//! Two-pointer pairing: the most pairs that two sorted lists of times can have within a window.

/// What becomes of the events of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paired {
    Both { control: usize, candidate: usize },
    Control(usize),
    Candidate(usize),
}

/// Pairs times, both lists ascending and in one unit; a pair is at most `window` apart.
///
/// No other pairing has more pairs: of the two earliest times that are left, the earlier one either
/// can be paired with the other, and then may be, because every later partner of it would suit
/// a later event at least as well; or it can be paired with none.
pub(crate) fn pair_sorted(control: &[i128], candidate: &[i128], window: i128, emit: &mut dyn FnMut(Paired)) {
    let (mut one, mut other) = (0, 0);
    while one < control.len() && other < candidate.len() {
        let apart = candidate[other] - control[one];
        if apart.abs() <= window {
            emit(Paired::Both { control: one, candidate: other });
            one += 1;
            other += 1;
        } else if apart > 0 {
            emit(Paired::Control(one));
            one += 1;
        } else {
            emit(Paired::Candidate(other));
            other += 1;
        }
    }
    (one..control.len()).for_each(|left| emit(Paired::Control(left)));
    (other..candidate.len()).for_each(|left| emit(Paired::Candidate(left)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The most pairs there can be, by trying everything.
    fn most_pairs(control: &[i128], candidate: &[i128], window: i128, used: u32) -> usize {
        let Some((first, rest)) = control.split_first() else { return 0 };
        let with = (0..candidate.len())
            .filter(|at| used & 1 << at == 0 && (candidate[*at] - first).abs() <= window)
            .map(|at| 1 + most_pairs(rest, candidate, window, used | 1 << at))
            .max();
        with.unwrap_or(0).max(most_pairs(rest, candidate, window, used))
    }

    proptest! {
        #[test]
        fn no_other_pairing_has_more_pairs(
            mut control in proptest::collection::vec(0_i128..20, 0..7),
            mut candidate in proptest::collection::vec(0_i128..20, 0..7),
            window in 0_i128..6,
        ) {
            control.sort_unstable();
            candidate.sort_unstable();
            let (mut pairs, mut ones, mut others) = (0, vec![0; control.len()], vec![0; candidate.len()]);
            pair_sorted(&control, &candidate, window, &mut |paired| match paired {
                Paired::Both { control: one, candidate: other } => {
                    assert!((control[one] - candidate[other]).abs() <= window);
                    pairs += 1;
                    ones[one] += 1;
                    others[other] += 1;
                }
                Paired::Control(one) => ones[one] += 1,
                Paired::Candidate(other) => others[other] += 1,
            });
            prop_assert_eq!(pairs, most_pairs(&control, &candidate, window, 0));
            prop_assert!(ones.iter().chain(&others).all(|count| *count == 1), "each is given once");
        }
    }
}
