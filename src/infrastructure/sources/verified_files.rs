//! The compressed files that this process has verified. A log is opened several times, to look at it, to
//! preview an import and to load it, and decoding it to its end each time would be most of the work.
//!
//! That a file is as it was is no more than likely here: each byte of it is compared with the fingerprint
//! again when it is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::byte_source::{FileVersion, OpenedFile};
use super::compression::Compression;
use super::stored_bytes::StoredError;
use super::verification::Verification;

type Verified = BTreeMap<PathBuf, (FileVersion, Arc<Verification>)>;

static VERIFIED: Mutex<Verified> = Mutex::new(BTreeMap::new());

/// What is known of a file, which is verified now, unless it was and has not changed since. What decodes to many times
/// its size is decoded to its end where it may have `any_size`.
pub(super) fn verified(
    opened: &OpenedFile,
    file: File,
    compression: Compression,
    any_size: bool,
) -> Result<Arc<Verification>, StoredError> {
    if let Some((version, verification)) = files().get(opened.path())
        && opened.version() == version
    {
        return Ok(Arc::clone(verification));
    }
    let verification = Arc::new(Verification::of(file, compression, any_size)?);
    if verification.not_decoded.is_some() {
        return Ok(verification);
    }
    let known = (opened.version().clone(), Arc::clone(&verification));
    files().insert(opened.path().to_owned(), known);
    Ok(verification)
}

/// Has a file verified again when it is opened next.
pub(super) fn forget(path: &Path) {
    files().remove(path);
}

fn files() -> MutexGuard<'static, Verified> {
    VERIFIED.lock().unwrap_or_else(PoisonError::into_inner)
}
