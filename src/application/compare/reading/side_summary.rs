//! What is known of a side once it was read.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;

use crate::application::compare::clock::anchors::AnchorSample;
use crate::application::compare::reading::digest::MultisetDigest;
use crate::application::compare::report::{FileReport, RejectedPlace};
use crate::application::compare::spill::partitions::Partitions;

/// How many anchors of a side are kept.
const ANCHORS: usize = 1 << 16;
/// How many rejects of a side are listed; all are counted.
pub(crate) const LISTED_REJECTS: usize = 100;

/// A side that was read.
pub(crate) struct SideSummary {
    pub partitions: Partitions,
    pub anchors: AnchorSample,
    pub events: u64,
    /// Outside the range, and too far to be anyone's partner.
    pub out_of_range: u64,
    /// Outside the range, but taken along.
    pub near_boundary: u64,
    pub with_id: u64,
    /// Those whose time was written without an offset.
    pub naive: u64,
    pub days: BTreeMap<NaiveDate, DaySum>,
    pub digest: MultisetDigest,
    pub files: Vec<FileReport>,
    pub quarantined: u64,
    pub rejects: Vec<RejectedPlace>,
    /// The file that changed each time it was read.
    pub changing: Option<PathBuf>,
    /// A few of its records, to test the comparison on.
    pub sample: BTreeMap<u64, String>,
}

impl SideSummary {
    /// A side of which nothing was read yet, whose events may hold `budget` bytes of memory.
    pub fn nothing(budget: usize) -> Self {
        Self {
            partitions: Partitions::new(budget),
            anchors: AnchorSample::new(ANCHORS),
            events: 0,
            out_of_range: 0,
            near_boundary: 0,
            with_id: 0,
            naive: 0,
            days: BTreeMap::new(),
            digest: MultisetDigest::default(),
            files: Vec::new(),
            quarantined: 0,
            rejects: Vec::new(),
            changing: None,
            sample: BTreeMap::new(),
        }
    }

    /// Gives types the ranks of their names instead of their numbers.
    pub fn rank_types(&mut self, ranks: &[u32]) {
        for day in self.days.values_mut() {
            let types = std::mem::take(&mut day.types).into_iter();
            day.types = types.map(|(number, events)| (ranks[number as usize], events)).collect();
        }
    }

    /// The same without its entries.
    pub fn counted(&self) -> Self {
        Self {
            partitions: Partitions::new(0),
            anchors: self.anchors.clone(),
            days: self.days.clone(),
            files: self.files.clone(),
            rejects: self.rejects.clone(),
            changing: self.changing.clone(),
            sample: self.sample.clone(),
            ..*self
        }
    }

    /// Takes over what another part of the same side holds, the entries apart.
    pub fn add(&mut self, other: Self, sample: usize) {
        self.anchors.add(other.anchors);
        self.events += other.events;
        self.out_of_range += other.out_of_range;
        self.near_boundary += other.near_boundary;
        self.with_id += other.with_id;
        self.naive += other.naive;
        for (day, sum) in other.days {
            let into = self.days.entry(day).or_default();
            into.events += sum.events;
            into.digest.add_digest(sum.digest);
            for (event_type, events) in sum.types {
                *into.types.entry(event_type).or_default() += events;
            }
        }
        self.digest.add_digest(other.digest);
        self.files.extend(other.files);
        self.quarantined += other.quarantined;
        let room = LISTED_REJECTS.saturating_sub(self.rejects.len());
        self.rejects.extend(other.rejects.into_iter().take(room));
        self.changing = self.changing.take().or(other.changing);
        self.sample.extend(other.sample);
        while self.sample.len() > sample {
            self.sample.pop_last();
        }
    }
}

/// What a side holds of one day.
#[derive(Clone, Default)]
pub(crate) struct DaySum {
    pub events: u64,
    pub digest: MultisetDigest,
    /// How many events there are of each type.
    pub types: BTreeMap<u32, u64>,
}

/// The numbers of event types, the same for both sides.
#[derive(Default)]
pub(crate) struct Types(Mutex<HashMap<String, u32>>);

impl Types {
    pub fn number(&self, name: &str) -> u32 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = known.len() as u32;
        *known.entry(name.to_owned()).or_insert(next)
    }

    /// The names, sorted, and the place of each number among them.
    pub fn ranked(&self) -> (Vec<String>, Vec<u32>) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
