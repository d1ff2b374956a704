//! Profiles: which fields the two sides are expected to differ in, and which differences are ignored.

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
}

/// A field that the new system adds: where a control record lacks it, the candidate may carry it.
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
    /// Why, in the words of its author.
    pub reason: String,
}

impl Default for Profile {
    /// Mission Control's: the new system adds `metadata`, `priority` and `status`.
    fn default() -> Self {
        let one_sided = ["metadata", "priority", "status"]
            .map(|field| OneSided { field: field.to_owned(), default: None })
            .to_vec();
        Self { name: "mission-control".to_owned(), one_sided, ignore: Vec::new() }
    }
}
