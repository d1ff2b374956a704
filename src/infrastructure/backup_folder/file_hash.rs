//! The SHA-256 of files.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::durable::plain_file::file_if_present;

const BUFFER: usize = 1 << 20;

/// The length of a file and its SHA-256 in hexadecimal; `tell` is told of every piece that was read.
///
/// # Errors
/// It cannot be read, or is no file.
pub fn hash_file(path: &Path, tell: &mut dyn FnMut(u64)) -> io::Result<(u64, String)> {
    // To open a pipe would wait for its writer.
    file_if_present(path)?;
    copy_hashed(&mut File::open(path)?, &mut io::sink(), u64::MAX, tell)
}

/// Copies the first `most` bytes into another file, and answers how many these were, with their SHA-256.
///
/// # Errors
/// One of them cannot be read or written.
pub fn copy_hashed(
    from: &mut dyn Read,
    to: &mut dyn Write,
    most: u64,
    tell: &mut dyn FnMut(u64),
) -> io::Result<(u64, String)> {
    let (mut hash, mut buffer, mut length) = (Sha256::new(), vec![0; BUFFER], 0);
    while length < most {
        let wanted = usize::try_from(most - length).unwrap_or(BUFFER).min(BUFFER);
        match from.read(&mut buffer[..wanted]) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                to.write_all(&buffer[..count])?;
                length += count as u64;
                tell(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((length, HEXLOWER.encode(&hash.finalize())))
}
