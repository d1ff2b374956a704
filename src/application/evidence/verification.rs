//! What the chain of the evidence log and the inputs of its records come to together.

use super::chain::Chain;
use super::inputs::{CheckedInput, InputState};

/// Whether the recorded evidence still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The chain holds, and no input that is still there was changed.
    Confirmed,
    /// The chain does not hold, or holds no record, or an input was changed.
    Refuted,
    /// An input is there and cannot be read, and nothing else speaks against the evidence.
    Undetermined,
}

impl Verification {
    /// Judges a chain and the inputs of its records. A refutation is certain, whatever cannot be read beside it.
    pub fn of(chain: &Chain, inputs: &[CheckedInput]) -> Self {
        let is_any = |is_so: fn(&InputState) -> bool| inputs.iter().any(|input| is_so(&input.state));
        if !chain.holds()
            || chain.records.is_empty()
            || is_any(|state| matches!(state, InputState::Changed { .. }))
        {
            Self::Refuted
        } else if is_any(|state| matches!(state, InputState::Unreadable { .. })) {
            Self::Undetermined
        } else {
            Self::Confirmed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event, settings};
    use crate::application::evidence::{EvidenceRecord, InputKind, NO_PREVIOUS, of_comparison};

    /// The line of a first record, which follows the one of this hash.
    fn line(previous: &str) -> Vec<u8> {
        let side = || MemorySide::file("events.json", (0..4).map(event));
        let evidence = compare_in_memory(&settings(), &side(), &side(), |run, comparison| {
            of_comparison(comparison, run, "2025-10-26T01:02:03Z".parse().unwrap(), &|path| {
                path.display().to_string()
            })
            .unwrap()
        });
        let evidence = evidence.into();
        serde_json::to_vec(&EvidenceRecord { sequence: 1, previous: previous.to_owned(), evidence }).unwrap()
    }

    fn inputs(states: &[&InputState]) -> Vec<CheckedInput> {
        let input = |state: &&InputState| CheckedInput {
            path: "events.json".to_owned(),
            kind: InputKind::File,
            state: InputState::clone(state),
            records: vec![1],
        };
        states.iter().map(input).collect()
    }

    #[test]
    fn a_chain_that_holds_is_judged_by_its_inputs() {
        let chain = Chain::of(&[line(NO_PREVIOUS)]);
        let (unchanged, grown, gone) = (&InputState::Unchanged, &InputState::Grown, &InputState::Gone);
        let changed = &InputState::Changed { detail: "other content".to_owned() };
        let unreadable = &InputState::Unreadable { detail: "permission denied".to_owned() };
        for (states, expected) in [
            (&[][..], Verification::Confirmed),
            (&[unchanged, grown, gone], Verification::Confirmed),
            (&[unchanged, changed], Verification::Refuted),
            (&[unreadable, unchanged], Verification::Undetermined),
            (&[unreadable, changed], Verification::Refuted),
        ] {
            assert_eq!(Verification::of(&chain, &inputs(states)), expected, "{states:?}");
        }
    }

    #[test]
    fn a_chain_that_does_not_hold_or_holds_no_record_is_refuted_whatever_its_inputs_are() {
        let unreadable = InputState::Unreadable { detail: "permission denied".to_owned() };
        let torn = line(NO_PREVIOUS)[..40].to_vec();
        for lines in [vec![line("another hash")], vec![torn], vec![]] {
            for inputs in [inputs(&[]), inputs(&[&unreadable])] {
                assert_eq!(Verification::of(&Chain::of(&lines), &inputs), Verification::Refuted);
            }
        }
    }
}
