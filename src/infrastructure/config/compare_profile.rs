//! Profiles of comparisons, as TOML files:
//!
//! ```toml
//! name = "warehouse"
//! event_types = ["Sold"]   # events of these types are compared; without it, those of all types
//! times = ["due"]          # these fields hold times, which are compared as instants
//!
//! [[one_sided]]            # the control may lack it
//! field = "priority"
//! default = '"P2"'         # a JSON value; without it, any value is accepted
//!
//! [[ignore]]               # what agrees only without it is counted apart
//! field = "host"
//! reason = "the new system runs elsewhere"
//! ```

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::settings_file::text_of_given;
use crate::application::compare::profile::{IgnoreRule, OneSided, Profile};
use crate::wire::json::{ScanError, canonical_form};
use crate::wire::mapping::{FieldPath, FieldPathError};

/// Why a profile could not be used.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The file could not be read.
    #[error("could not read the profile {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no profile.
    #[error("the profile {} is not one", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What was expected, and where.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A default is no JSON.
    #[error("the profile {} declares a default for `{field}` that is not a JSON value (text needs quotes within the quotes: '\"P2\"')", path.display())]
    Default {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is wrong with it.
        #[source]
        source: ScanError,
    },
    /// A time is no path of a field.
    #[error("the profile {} declares that `{field}` is a time", path.display())]
    Time {
        /// The file.
        path: PathBuf,
        /// What was declared.
        field: String,
        /// What is wrong with it.
        #[source]
        source: FieldPathError,
    },
    /// A rule does not say why.
    #[error("the profile {} ignores `{field}` without a reason: say why", path.display())]
    NoReason {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    one_sided: Vec<OneSidedEntry>,
    #[serde(default)]
    ignore: Vec<IgnoreEntry>,
    #[serde(default)]
    event_types: BTreeSet<String>,
    #[serde(default)]
    times: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneSidedEntry {
    field: String,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IgnoreEntry {
    field: String,
    reason: String,
}

/// Reads a profile.
///
/// # Errors
/// See [`ProfileError`].
pub fn read(path: &Path) -> Result<Profile, ProfileError> {
    let at = || path.to_owned();
    let text = text_of_given(path).map_err(|source| ProfileError::Read { path: at(), source })?;
    let file: File = toml::from_str(&text)
        .map_err(|source| ProfileError::Syntax { path: at(), source: Box::new(source) })?;
    for entry in &file.one_sided {
        if let Some(default) = &entry.default {
            canonical_form(default.as_bytes()).map_err(|source| ProfileError::Default {
                path: at(),
                field: entry.field.clone(),
                source,
            })?;
        }
    }
    if let Some(entry) = file.ignore.iter().find(|entry| entry.reason.trim().is_empty()) {
        return Err(ProfileError::NoReason { path: at(), field: entry.field.clone() });
    }
    for field in &file.times {
        if let Err(source) = field.parse::<FieldPath>() {
            return Err(ProfileError::Time { path: at(), field: field.clone(), source });
        }
    }
    let one_sided =
        file.one_sided.into_iter().map(|OneSidedEntry { field, default }| OneSided { field, default });
    let ignore = file.ignore.into_iter().map(|IgnoreEntry { field, reason }| IgnoreRule { field, reason });
    Ok(Profile {
        name: file.name,
        one_sided: one_sided.collect(),
        ignore: ignore.collect(),
        event_types: file.event_types,
        times: file.times,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> Result<Profile, ProfileError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn a_profile_names_its_fields_defaults_and_reasons() {
        let text = "name = \"w\"\nevent_types = [\"B\", \"A\"]\ntimes = [\"due\", \"a.at\"]\n[[one_sided]]\nfield = \"p\"\ndefault = '\"P2\"'\n[[one_sided]]\nfield = \"q\"\n\
                    [[ignore]]\nfield = \"h\"\nreason = \"moved\"\n";
        let read = profile(text).unwrap();
        assert_eq!(read.one_sided[0], OneSided { field: "p".to_owned(), default: Some("\"P2\"".to_owned()) });
        assert_eq!(read.one_sided[1].default, None);
        assert_eq!(read.event_types, BTreeSet::from(["A".to_owned(), "B".to_owned()]));
        assert_eq!(read.times, BTreeSet::from(["a.at".to_owned(), "due".to_owned()]));
        assert_eq!(read.ignore, [IgnoreRule { field: "h".to_owned(), reason: "moved".to_owned() }]);
    }

    #[test]
    fn a_profile_that_says_too_little_or_too_much_is_refused() {
        assert!(matches!(profile("name = \"w\"\nignored = []"), Err(ProfileError::Syntax { .. })));
        assert!(matches!(profile("[[ignore]]\nfield = \"h\""), Err(ProfileError::Syntax { .. })));
        let without_reason = "name = \"w\"\n[[ignore]]\nfield = \"h\"\nreason = \" \"";
        assert!(matches!(profile(without_reason), Err(ProfileError::NoReason { .. })));
        let no_json = "name = \"w\"\n[[one_sided]]\nfield = \"p\"\ndefault = 'P2'";
        assert!(matches!(profile(no_json), Err(ProfileError::Default { .. })));
        assert!(matches!(profile("name = \"w\"\ntimes = [\"a..b\"]"), Err(ProfileError::Time { .. })));
        assert!(matches!(read(Path::new("/nowhere/profile.toml")), Err(ProfileError::Read { .. })));
    }
}
