//! Whether two files, however they are compressed, have one content.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file_state::FileState;
use super::measure::{Measure, is_of_the_content};
use crate::infrastructure::jsonl::error::JsonlError;

/// How much is compared at a time.
const BUFFER: usize = 128 * 1024;

/// An archived file that is compared.
#[derive(Clone, Copy)]
pub(in super::super) struct Compared<'f> {
    pub path: &'f Path,
    pub file: &'f Arc<File>,
    pub state: &'f FileState,
    pub measure: &'f Measure,
}

/// Archived files that were compared, by their paths, with what they were then.
#[derive(Default)]
pub(in super::super) struct Copies {
    /// Held for one look-up.
    known: Mutex<HashMap<[PathBuf; 2], Known>>,
}

type Known = ([FileState; 2], bool);

impl Copies {
    /// Whether the content of both is the same, and not nothing. It is found out once, while the files are as they are.
    pub fn are_copies(&self, one: Compared<'_>, other: Compared<'_>) -> Result<bool, JsonlError> {
        if one.measure.length != other.measure.length || one.measure.length == 0 {
            return Ok(false);
        }
        let paths = [one.path.to_owned(), other.path.to_owned()];
        let states = [one.state.clone(), other.state.clone()];
        if let Some((_, are_copies)) = self.known().get(&paths).filter(|(then, _)| *then == states) {
            return Ok(*are_copies);
        }
        let content = |of: Compared<'_>| of.measure.storage.decoder(of.file);
        let compared = content(one).and_then(|mut one| are_same(&mut one, &mut content(other)?, &mut |_| {}));
        let are_copies = match compared {
            // What cannot be decompressed is told where it is read.
            Err(error) if is_of_the_content(&error) => false,
            compared => compared.map_err(JsonlError::io("read", other.path))?,
        };
        self.known().insert(paths, (states, are_copies));
        Ok(are_copies)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[PathBuf; 2], Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two contents are the same, byte for byte; `tell` is told how far they are.
pub(in super::super) fn are_same(
    one: &mut dyn Read,
    other: &mut dyn Read,
    tell: &mut dyn FnMut(u64),
) -> io::Result<bool> {
    let (mut buffer, mut expected) = (vec![0; BUFFER], Vec::new());
    let mut compared = 0;
    loop {
        let count = match one.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        expected.clear();
        // At its end the other one must have ended, too.
        other.take(count.max(1) as u64).read_to_end(&mut expected)?;
        if expected != buffer[..count] {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
        compared += count as u64;
        tell(compared);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_that_differ_in_a_byte_or_in_length_are_not_the_same() {
        let one = vec![7; 300_000];
        let same = |other: &[u8]| are_same(&mut &one[..], &mut &other[..], &mut |_| {}).unwrap();
        assert!(same(&one));
        for at in [0, 131_072, 299_999] {
            let mut other = one.clone();
            other[at] = 8;
            assert!(!same(&other), "{at}");
        }
        assert!(!same(&one[1..]) && !same(&[&one[..], &[7]].concat()) && !same(b""));
    }
}
