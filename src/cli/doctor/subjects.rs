//! How findings name what they are about.

use std::error::Error;
use std::path::Path;

use crate::application::doctor::{Check, Finding};
use crate::domain::error_chain::error_chain;

/// A path, as it was named.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The folder of a file; the working directory where its path has none.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// That something could not be looked at, with all causes.
pub fn unread(check: Check, subject: &str, error: &(dyn Error + 'static)) -> Finding {
    Finding::unread(check, subject, error_chain(error))
}
