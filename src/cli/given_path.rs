//! Paths as operators give them.

use std::path::Path;

use super::error::CliError;
use super::exit_code::ExitCode;
use crate::infrastructure::config::PostgresUrl;

/// Refuses what names no store: a URL of PostgreSQL with a password, or in a program that was built without it, and other URIs.
///
/// # Errors
/// It is one.
pub fn ensure_store(path: &Path) -> Result<(), CliError> {
    let text = path.to_string_lossy();
    if !PostgresUrl::is_meant(&text) {
        return ensure_path(path);
    }
    let url = PostgresUrl::parse(&text).map_err(|error| CliError::new(ExitCode::Usage, error))?;
    if cfg!(feature = "postgres") {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "{url} is a store in PostgreSQL, and this program was built without that: build it with `cargo install --path . --features postgres`, or use another store"
    )))
}

/// Refuses a URI where a path is expected, unless a file has that name.
///
/// # Errors
/// It is one.
pub fn ensure_path(path: &Path) -> Result<(), CliError> {
    if PostgresUrl::is_meant(&path.to_string_lossy()) {
        return Err(CliError::usage("expected a path, found a URL of PostgreSQL: name a file or a folder"));
    }
    let is_uri = path.as_os_str().as_encoded_bytes().starts_with(b"file:");
    if !is_uri || path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let path = path.display();
    Err(CliError::usage(format!(
        "expected a path, found the URI {path}: name the file itself (./{path}, where it is to have that name)"
    )))
}
