//! The active store, read once for all checks that need its events.

use std::collections::BTreeMap;

use crate::application::doctor::{Check, Finding, StoreSurvey, survey};
use crate::cli::store::{self, OpenStore, StoreError};
use crate::domain::error_chain::error_chain;
use crate::infrastructure::config::Config;

/// The active store, and what it holds.
pub struct SurveyedStore {
    /// Where it is.
    pub path: String,
    /// Nothing where there is no store; or why it cannot be read.
    found: Result<StoreSurvey, String>,
}

impl SurveyedStore {
    /// Reads it.
    pub fn of(config: &Config) -> Self {
        let path = store::configured_path(config.storage_backend.value, config).display().to_string();
        Self { path, found: read(config) }
    }

    /// What a check finds in it, or that it cannot be looked at.
    pub fn check(&self, check: Check, find: impl FnOnce(&StoreSurvey) -> Vec<Finding>) -> Vec<Finding> {
        match &self.found {
            Ok(survey) => find(survey),
            Err(reason) => vec![Finding::unread(check, &self.path, reason)],
        }
    }

    /// How many events of each type it holds, as far as it can be read.
    pub fn types(&self) -> Option<&BTreeMap<String, u64>> {
        self.found.as_ref().ok().map(|survey| &survey.types)
    }
}

fn read(config: &Config) -> Result<StoreSurvey, String> {
    store::tell_where_moved(config.storage_backend.value, config);
    let store: OpenStore = match store::open_active(config) {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) => return Ok(StoreSurvey::default()),
        Err(error) => return Err(error_chain(&error)),
    };
    survey(store.repository()).map_err(|error| error_chain(&error))
}
