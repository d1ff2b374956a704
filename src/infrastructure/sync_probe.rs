//! How long the disk of a folder takes to make a few bytes durable, measured with a file that is there for the moment.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::durable::append::AppendFile;

/// About as many bytes as an event has.
const PIECE: [u8; 400] = [b' '; 400];

/// Appends so many times to a probe file in the folder, each time with a sync, and tells how long each took.
///
/// # Errors
/// The folder is not there, or cannot be written.
pub fn measure_syncs(folder: &Path, count: usize) -> io::Result<Vec<Duration>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // It goes with this value, and where the process is killed, it stays: its name says whose it is.
    let mut probe = tempfile::Builder::new().prefix(".mission-events-probe-").tempfile_in(folder)?;
    let file = probe.as_file_mut();
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        file.append(&PIECE)?;
        file.sync()?;
        times.push(began.elapsed());
    }
    probe.close()?;
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_syncs_are_measured_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(measure_syncs(folder.path(), 3).unwrap().len(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(measure_syncs(&folder.path().join("none"), 3).is_err());
    }
}
