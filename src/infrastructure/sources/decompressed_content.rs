//! Files that have the same content, each compressed or not.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::compression::Compression;

const CHUNK: usize = 1 << 18;

/// Whether both have the same content, and not nothing. What cannot be read or decompressed has not, which is told where it is read.
pub(super) fn have_same_content(one: &Path, other: &Path) -> bool {
    are_same(one, other).unwrap_or(false)
}

fn are_same(one: &Path, other: &Path) -> io::Result<bool> {
    let mut contents = [content(one)?, content(other)?];
    let mut is_empty = true;
    loop {
        let mut chunks = [Vec::new(), Vec::new()];
        for (content, chunk) in contents.iter_mut().zip(&mut chunks) {
            content.by_ref().take(CHUNK as u64).read_to_end(chunk)?;
        }
        if chunks[0] != chunks[1] {
            return Ok(false);
        }
        if chunks[0].is_empty() {
            return Ok(!is_empty);
        }
        is_empty = false;
    }
}

fn content(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut beginning = Vec::new();
    file.by_ref().take(4).read_to_end(&mut beginning)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(match Compression::recognise(&beginning) {
        None => Box::new(file),
        Some(Compression::Zstd) => Box::new(Decoder::new(file)?),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(BufReader::new(file))),
    })
}
