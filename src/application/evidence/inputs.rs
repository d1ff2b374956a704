//! Whether what was compared still is what was recorded of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::chain::ChainedRecord;
use super::log::EvidenceError;
use super::record::{FileEvidence, StoreEvidence};
use super::recorded::Evidence;
use crate::domain::counted::counted;
use crate::domain::error_chain::error_chain;

/// The port to what was compared. A path that leads nowhere any more is `None`.
pub trait EvidenceInputs {
    /// The size of a file, and the hashes of its beginnings of these lengths.
    fn file(&self, path: &str, lengths: &BTreeSet<u64>) -> Result<Option<FileContent>, EvidenceError>;

    /// How many events a store holds up to each of these positions.
    fn store(&self, path: &str, positions: &BTreeSet<i64>) -> Result<Option<StoreContent>, EvidenceError>;
}

/// A file as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its beginning of that length, as far as it is that long.
    pub sha256: BTreeMap<u64, String>,
}

/// A store as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreContent {
    /// The position of its last event; 0 in an empty store.
    pub last_position: i64,
    /// How many events there are up to that position.
    pub events: BTreeMap<i64, u64>,
}

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// A log.
    File,
    /// A SQLite store.
    Store,
}

/// What became of an input since it was compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum InputState {
    /// It is the same.
    Unchanged,
    /// It begins with what was compared, and goes on.
    Grown,
    /// It is not there any more.
    Gone,
    /// What was compared is not what is there.
    Changed {
        /// What was recorded and what is there.
        detail: String,
    },
    /// It is there, and cannot be read.
    Unreadable {
        /// Why, with all causes.
        detail: String,
    },
}

/// An input, what became of it, and for which records that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedInput {
    /// Where it is.
    pub path: String,
    /// What it is.
    pub kind: InputKind,
    /// What became of it.
    #[serde(flatten)]
    pub state: InputState,
    /// The numbers of the records that were made of it in this state, ascending.
    pub records: Vec<u64>,
}

/// Looks at every input of the records, reading each file once. In the order of their paths.
pub fn check_inputs(records: &[ChainedRecord], inputs: &dyn EvidenceInputs) -> Vec<CheckedInput> {
    let mut files: BTreeMap<&str, Vec<(u64, &FileEvidence)>> = BTreeMap::new();
    let mut stores: BTreeMap<&str, Vec<(u64, &StoreEvidence)>> = BTreeMap::new();
    for ChainedRecord { record, .. } in records {
        let Evidence::Comparison(comparison) = &record.evidence else { continue };
        for side in [&comparison.control, &comparison.candidate] {
            for file in &side.files {
                files.entry(&file.path).or_default().push((record.sequence, file));
            }
            if let Some(store) = &side.store {
                stores.entry(&store.path).or_default().push((record.sequence, store));
            }
        }
    }
    let mut checked = Vec::new();
    for (path, recorded) in files {
        let lengths = recorded
            .iter()
            .flat_map(|(_, file)| [Some(file.bytes), file.prefix.as_ref().map(|prefix| prefix.bytes)])
            .flatten()
            .collect();
        let now = inputs.file(path, &lengths);
        collect(&mut checked, path, InputKind::File, &recorded, |file| match &now {
            Ok(Some(now)) => state_of_file(file, now),
            Ok(None) => InputState::Gone,
            Err(error) => unreadable(error),
        });
    }
    for (path, recorded) in stores {
        let positions = recorded.iter().map(|(_, store)| store.last_position).collect();
        let now = inputs.store(path, &positions);
        collect(&mut checked, path, InputKind::Store, &recorded, |store| match &now {
            Ok(Some(now)) => state_of_store(store, now),
            Ok(None) => InputState::Gone,
            Err(error) => unreadable(error),
        });
    }
    checked.sort_by(|one, other| {
        (&one.path, one.kind, &one.records).cmp(&(&other.path, other.kind, &other.records))
    });
    checked
}

/// Adds an input once for each state that it is in.
fn collect<T>(
    checked: &mut Vec<CheckedInput>,
    path: &str,
    kind: InputKind,
    recorded: &[(u64, T)],
    state_of: impl Fn(&T) -> InputState,
) {
    let mut states: BTreeMap<InputState, Vec<u64>> = BTreeMap::new();
    for (sequence, evidence) in recorded {
        let records = states.entry(state_of(evidence)).or_default();
        // A log can be compared with itself.
        if records.last() != Some(sequence) {
            records.push(*sequence);
        }
    }
    let path = path.to_owned();
    checked.extend(states.into_iter().map(|(state, records)| CheckedInput {
        path: path.clone(),
        kind,
        state,
        records,
    }));
}

fn state_of_file(recorded: &FileEvidence, now: &FileContent) -> InputState {
    let begins_with = |bytes: u64, sha256: &str| now.sha256.get(&bytes).is_some_and(|hash| hash == sha256);
    if now.bytes == recorded.bytes && begins_with(recorded.bytes, &recorded.sha256) {
        return InputState::Unchanged;
    }
    let is_kept = recorded.prefix.as_ref().is_some_and(|prefix| {
        // Of a log with events, something has to be left that is compared.
        (prefix.bytes > 0 || recorded.events == 0) && begins_with(prefix.bytes, &prefix.sha256)
    });
    if now.bytes > recorded.bytes && is_kept {
        return InputState::Grown;
    }
    let detail = match now.bytes.cmp(&recorded.bytes) {
        std::cmp::Ordering::Equal => format!("other content in its {} bytes", now.bytes),
        std::cmp::Ordering::Less => format!("it has {} bytes, and had {}", now.bytes, recorded.bytes),
        std::cmp::Ordering::Greater => {
            format!(
                "it has grown from {} to {} bytes, and begins with other content",
                recorded.bytes, now.bytes
            )
        }
    };
    InputState::Changed { detail }
}

fn state_of_store(recorded: &StoreEvidence, now: &StoreContent) -> InputState {
    let StoreEvidence { events, last_position, .. } = recorded;
    match now.events.get(last_position) {
        Some(found) if found == events && now.last_position == *last_position => InputState::Unchanged,
        Some(found) if found == events && now.last_position > *last_position => InputState::Grown,
        found => {
            let found = found.copied().unwrap_or_default();
            let detail = format!(
                "it has {} up to position {last_position}, and had {events}",
                counted(found, "event", "events")
            );
            InputState::Changed { detail }
        }
    }
}

fn unreadable(error: &EvidenceError) -> InputState {
    InputState::Unreadable { detail: error_chain(error) }
}
