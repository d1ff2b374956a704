//! What definitions need of the system to be watched.

use std::path::{Path, PathBuf};

use super::files::network::network_file_system;
use crate::legacy::definition::{Definition, Source};

/// What a definition of files needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderNeeds {
    /// The definition.
    pub definition_id: String,
    /// What it is about, as it spells it.
    pub path: PathBuf,
    /// Whether that is there, or could be looked at.
    pub exists: bool,
    /// The kind of network file system that it is on.
    pub network: Option<&'static str>,
    /// Whether the folder is listed from time to time by what is configured: then the system is asked for nothing.
    pub polls: bool,
}

impl FolderNeeds {
    /// Whether the system is asked to tell of changes.
    pub fn is_native(&self) -> bool {
        !self.polls && self.network.is_none()
    }
}

/// What each enabled definition of files needs; `polls` is for those that do not say.
pub fn folder_needs(definitions: &[Definition], polls: bool) -> Vec<FolderNeeds> {
    let enabled = definitions.iter().filter(|definition| definition.is_enabled);
    let needs = |definition: &Definition| match &definition.source {
        Source::Times(_) => None,
        Source::Files(source) => Some(FolderNeeds {
            definition_id: definition.id.clone(),
            path: source.path.clone(),
            exists: source.path.exists(),
            network: network_file_system(nearest_existing(&source.path)),
            polls: polls || source.poll_seconds.is_some(),
        }),
    };
    enabled.filter_map(needs).collect()
}

fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."))
}
