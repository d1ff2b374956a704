//! What tells files apart, whatever path leads to them.

use std::fs::Metadata;

/// Device and inode: the same for all names of one file. `None` where the system does not say.
#[cfg(unix)]
pub fn file_identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Device and inode: the same for all names of one file. `None` where the system does not say.
#[cfg(not(unix))]
pub fn file_identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}
