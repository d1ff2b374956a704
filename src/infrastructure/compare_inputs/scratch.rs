//! The temporary file of a comparison.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::application::compare::feed::{CompareError, Scratch};

/// A file without a name, in the folder that `TMPDIR` names: nothing of it remains, however the process ends.
#[derive(Default)]
pub struct TempScratch {
    /// Made when the first bytes come.
    file: Option<File>,
    length: u64,
}

impl Scratch for TempScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<u64, CompareError> {
        let failed = |action| move |source| CompareError::Scratch { action, source };
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile().map_err(failed("create"))?);
        }
        let offset = self.length;
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(offset)).map_err(failed("write"))?;
            file.write_all(bytes).map_err(failed("write"))?;
            self.length += bytes.len() as u64;
        }
        Ok(offset)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), CompareError> {
        let failed = |source| CompareError::Scratch { action: "read", source };
        let Some(file) = &mut self.file else { return Err(failed(io::ErrorKind::UnexpectedEof.into())) };
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        file.read_exact(into).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let mut scratch = TempScratch::default();
        let mut bytes = [0; 3];
        assert!(scratch.read_at(0, &mut bytes).is_err());
        assert_eq!(scratch.append(b"abc").unwrap(), 0);
        assert_eq!(scratch.append(b"defg").unwrap(), 3);
        scratch.read_at(2, &mut bytes).unwrap();
        assert_eq!(&bytes, b"cde");
        assert_eq!(scratch.append(b"h").unwrap(), 7);
        assert!(scratch.read_at(6, &mut bytes).is_err());
    }
}
