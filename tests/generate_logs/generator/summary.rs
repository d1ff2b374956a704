//! What was written, for a test to hold an import against.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::shapes::Form;
use super::traps::Outcome;

#[derive(Clone, Debug)]
pub struct Summary {
    pub form: Form,
    pub seed: u64,
    /// Records in the log; always the sum of the next three.
    pub records: u64,
    pub imported: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub traps: BTreeMap<&'static str, Planted>,
}

#[derive(Clone, Copy, Debug)]
pub struct Planted {
    pub times: u64,
    /// What must become of each record that carries the trap.
    pub outcome: Outcome,
}

impl Summary {
    pub fn new(form: Form, seed: u64) -> Self {
        Self { form, seed, records: 0, imported: 0, duplicates: 0, rejected: 0, traps: BTreeMap::new() }
    }

    pub fn count_plain(&mut self) {
        self.count_record(Outcome::Imported);
    }

    /// Counts a record that carries a trap.
    pub fn count(&mut self, name: &'static str, outcome: Outcome) {
        self.count_record(outcome);
        self.add(name, 1, outcome);
    }

    /// Marks stand before records that are counted already.
    pub fn byte_order_marks(&mut self, marks: u64) {
        if marks > 0 {
            self.add("byte_order_mark", marks, Outcome::Imported);
        }
    }

    fn add(&mut self, name: &'static str, times: u64, outcome: Outcome) {
        self.traps.entry(name).or_insert(Planted { times: 0, outcome }).times += times;
    }

    fn count_record(&mut self, outcome: Outcome) {
        self.records += 1;
        *match outcome {
            Outcome::Imported => &mut self.imported,
            Outcome::Duplicate => &mut self.duplicates,
            Outcome::Rejected => &mut self.rejected,
        } += 1;
    }

    pub fn to_json(&self) -> Value {
        let traps: Map<String, Value> = self
            .traps
            .iter()
            .map(|(name, planted)| {
                let outcome = planted.outcome.name();
                ((*name).to_owned(), json!({"planted": planted.times, "outcome": outcome}))
            })
            .collect();
        json!({
            "form": match self.form { Form::Legacy => "legacy", Form::Daily => "daily" },
            "seed": self.seed,
            "records": self.records,
            "imported": self.imported,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "traps": traps,
        })
    }
}
