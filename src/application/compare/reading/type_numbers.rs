//! The numbers by which packed events name their types, the same for both sides.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::application::compare::spill::threads::locked;

/// A number for each event type, in the order in which types were first read.
///
/// The lock is held for one look-up, and no other lock is taken meanwhile.
#[derive(Default)]
pub(crate) struct TypeNumbers(Mutex<HashMap<String, u32>>);

impl TypeNumbers {
    pub fn number(&self, name: &str) -> u32 {
        let mut known = locked(&self.0);
        let next = known.len() as u32;
        *known.entry(name.to_owned()).or_insert(next)
    }

    /// The names, sorted, and the place of each number among them: its rank.
    pub fn ranked(&self) -> (Vec<String>, Vec<u32>) {
        let known = locked(&self.0);
        let mut names: Vec<(String, u32)> =
            known.iter().map(|(name, number)| (name.clone(), *number)).collect();
        names.sort();
        let mut ranks = vec![0; names.len()];
        for (rank, (_, number)) in names.iter().enumerate() {
            ranks[*number as usize] = rank as u32;
        }
        (names.into_iter().map(|(name, _)| name).collect(), ranks)
    }
}
