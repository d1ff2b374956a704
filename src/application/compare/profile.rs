//! Profiles: which fields the two sides are expected to differ in, and which differences are ignored.

use std::collections::BTreeSet;

use serde::Serialize;

/// What the two sides carry differently by design.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Its name, which reports show.
    pub name: String,
    /// Top-level fields that one side alone is expected to carry.
    pub one_sided: Vec<OneSided>,
    /// Rules that disregard a field. What agrees only because of one is counted as ignored, never as matched.
    pub ignore: Vec<IgnoreRule>,
    /// The types of the events that are compared; where there is none, those of all types are.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub event_types: BTreeSet<String>,
    /// Fields that hold times, which are compared as instants: paths, written as [`FieldPath`](crate::import::FieldPath)
    /// is. A list on the way, or at the end, stands for all of its elements.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub times: BTreeSet<String>,
}

impl Profile {
    /// Whether events of that type are compared.
    pub(crate) fn compares(&self, event_type: &str) -> bool {
        self.event_types.is_empty() || self.event_types.contains(event_type)
    }

    /// A profile of that name, with its times, which expects and ignores nothing, and compares events of all types.
    pub(crate) fn without_rules(&self) -> Self {
        let (name, times) = (self.name.clone(), self.times.clone());
        Self { name, one_sided: Vec::new(), ignore: Vec::new(), event_types: BTreeSet::new(), times }
    }

    /// Whether it says of one-sided fields what the built-in one does.
    pub(crate) fn expects_as_built_in(&self) -> bool {
        let built_in = Self::default();
        (&self.name, &self.one_sided) == (&built_in.name, &built_in.one_sided)
    }
}

/// A field that the new system adds: where a control record lacks it, the candidate may carry it. So may the control
/// where the record of the candidate is the one of the legacy shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneSided {
    /// The top-level name.
    pub field: String,
    /// The value, as JSON, that the candidate must then have; any, where none is declared.
    pub default: Option<String>,
}

/// A field that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoreRule {
    /// The top-level name.
    pub field: String,
    /// Why, as it was declared.
    pub reason: String,
}

impl Default for Profile {
    /// Mission Control's: the new system adds `metadata`, `priority` and `status`, and `completed_date` is a time.
    fn default() -> Self {
        let one_sided = ["metadata", "priority", "status"]
            .map(|field| OneSided { field: field.to_owned(), default: None })
            .to_vec();
        Self {
            name: "mission-control".to_owned(),
            one_sided,
            ignore: Vec::new(),
            event_types: BTreeSet::new(),
            times: BTreeSet::from(["completed_date".to_owned()]),
        }
    }
}
