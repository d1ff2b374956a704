//! What every part of one comparison needs.

use std::sync::Mutex;
use std::thread;

use crate::wire::json::canonical_form;

use super::feed::{CompareError, Scratch};
use super::import_coverage::ImportCoverage;
use super::input::Beginning;
use super::pair_log::PairLog;
use super::reading::content::Fields;
use super::reading::type_numbers::TypeNumbers;
use super::settings::Settings;
use super::spill::memory_budget::MemoryBudget;
use super::spill::partitions::SharedScratch;

/// What every part of one comparison needs.
pub(crate) struct Context<'c> {
    pub settings: &'c Settings,
    pub fields: Fields,
    pub types: TypeNumbers,
    pub scratch: SharedScratch,
    pub budget: MemoryBudget,
    /// How many records of each side are kept for the self-test.
    pub sample: usize,
    /// How many bits of a grouping hash are used: fewer ones only make groups larger to sort.
    pub hash_bits: u32,
    pub beginning: Beginning,
    /// How much of the control was imported, where the candidate is what was imported from it.
    pub coverage: Option<&'c ImportCoverage>,
    /// Where every pair is noted, if that was asked for.
    pub pair_log: Option<PairLog>,
}

impl<'c> Context<'c> {
    /// # Errors
    /// A default of the profile that is no JSON value.
    pub fn new(settings: &'c Settings, scratch: Box<dyn Scratch>) -> Result<Self, CompareError> {
        for expected in &settings.profile.one_sided {
            if let Some(default) = &expected.default {
                canonical_form(default.as_bytes())
                    .map_err(|source| CompareError::Default { field: expected.field.clone(), source })?;
            }
        }
        let fields = Fields::new(&settings.profile, &settings.zone)
            .map_err(|source| CompareError::Default { field: settings.profile.name.clone(), source })?;
        const MOST_WORKERS: usize = 4;
        let workers = thread::available_parallelism().map_or(1, |threads| threads.get().min(MOST_WORKERS));
        Ok(Self {
            settings,
            fields,
            types: TypeNumbers::default(),
            scratch: Mutex::new(scratch),
            budget: MemoryBudget::new(settings.memory, workers),
            sample: 0,
            hash_bits: u64::BITS,
            beginning: Beginning::Declared,
            coverage: None,
            pair_log: None,
        })
    }

    /// How many differences are kept: those that are listed, and those that a report shows.
    pub fn kept_differences(&self) -> usize {
        let Settings { limit, is_reported, .. } = *self.settings;
        if is_reported { limit.max(self.budget.reported_differences()) } else { limit }
    }

    /// As much of a grouping hash as is used.
    pub fn hash_mask(&self) -> u64 {
        u64::MAX.checked_shl(u64::BITS - self.hash_bits).unwrap_or(u64::MAX)
    }
}
