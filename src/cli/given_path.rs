//! Paths as operators give them.

use std::path::Path;

use super::error::CliError;

/// Refuses a URI where a path is expected, unless a file has that name.
///
/// # Errors
/// It is one.
pub fn ensure_path(path: &Path) -> Result<(), CliError> {
    let is_uri = path.as_os_str().as_encoded_bytes().starts_with(b"file:");
    if !is_uri || path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let path = path.display();
    Err(CliError::usage(format!(
        "expected a path, found the URI {path}: name the file itself (./{path}, where it is to have that name)"
    )))
}
