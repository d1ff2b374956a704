//! The room that is left on a disk.

use std::path::Path;

/// How many bytes this user may still write into files of `directory`; `None` where the system does not say.
pub fn available_bytes(directory: &Path) -> Option<u64> {
    fs4::available_space(directory).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_directory_is_told_and_that_of_none_is_unknown() {
        let directory = tempfile::tempdir().unwrap();
        assert!(available_bytes(directory.path()).is_some());
        assert_eq!(available_bytes(&directory.path().join("none")), None);
    }
}
