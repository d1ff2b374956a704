//! A file that holds no whole array: what was torn is set aside, and the array is closed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::EventsJsonError;
use super::in_place::InPlaceFile;
use super::layout::ArrayEnd;
use super::scan::Cut;
use crate::durable::append::AppendFile;
use crate::durable::directory::sync_folder;
use crate::durable::torn_copy::create_torn_copy;
use crate::wire::json::is_blank;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// A write that was cut off is no longer, in bytes. What is longer is set aside only where it is zeros.
const LONGEST_TORN: u64 = 64 << 20;
/// An object is searched for in as many bytes.
const LONGEST_EVENT: usize = 1 << 20;

/// Whether what follows what is sound can be one write of one record that was cut off: no whole event stands in it. Where
/// the former closing is still there, as a whole or its beginning, one may: the record that was written over it.
pub(super) fn ensure_torn(file: &File, path: &Path, cut: &Cut) -> Result<(), EventsJsonError> {
    let damaged = |after| EventsJsonError::Damaged { path: path.to_owned(), offset: cut.sound, after };
    let rest = rest_of(file, cut.sound).map_err(EventsJsonError::io("read", path))?;
    let Some(rest) = rest else { return Err(damaged("more stands after it than one write has")) };
    let most = usize::from(cut.closing.is_empty() || begins_with_both(&rest, &cut.array));
    if whole_events(&rest, most + 1) > most { Err(damaged("whole events stand after it")) } else { Ok(()) }
}

/// Whether a text begins with the first bytes of what closes an array, and goes on with the last bytes of what separates
/// its elements, as where a block ends between them, and one of the two was not written.
fn begins_with_both(text: &[u8], array: &ArrayEnd) -> bool {
    let (closing, separator) = (array.closing(), array.separator());
    (1..closing.len().min(separator.len())).any(|boundary| {
        text.strip_prefix(&closing.as_bytes()[..boundary])
            .is_some_and(|text| text.starts_with(&separator.as_bytes()[boundary..]))
    })
}

/// Whether a file holds zeros alone, as one whose bytes were lost, but not its length.
pub(super) fn is_zero(file: &File) -> io::Result<bool> {
    Ok(rest_of(file, 0)?.is_some_and(|rest| rest.is_empty()))
}

/// The bytes from an offset on, zeros at their end apart; `None` where they are too many.
fn rest_of(file: &File, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut reader = file;
    reader.seek(SeekFrom::Start(offset))?;
    let (mut rest, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
    let mut zeros = 0;
    loop {
        let read = reader.read(&mut chunk)?;
        if read == 0 {
            return Ok(Some(rest));
        }
        let Some(last) = chunk[..read].iter().rposition(|byte| *byte != 0) else {
            zeros += read as u64;
            continue;
        };
        if rest.len() as u64 + zeros + read as u64 > LONGEST_TORN {
            return Ok(None);
        }
        rest.resize(rest.len() + zeros as usize, 0);
        rest.extend_from_slice(&chunk[..=last]);
        zeros = (read - 1 - last) as u64;
    }
}

/// How many whole events stand in a text, counted up to `most`.
fn whole_events(text: &[u8], most: usize) -> usize {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let (mut at, mut events) = (0, 0);
    while let Some(brace) = memchr::memchr(b'{', &text[at..])
        && events < most
    {
        at += brace;
        let candidate = &text[at..text.len().min(at + LONGEST_EVENT)];
        match reader.extent(candidate, 0) {
            Ok(object) => {
                events += usize::from(reader.is_event(candidate, object));
                at += object.span.end;
            }
            Err(_) => at += 1,
        }
    }
    events
}

/// Sets aside what follows what is sound, byte for byte, and closes the array.
pub(super) fn mend(file: &mut File, path: &Path, cut: &Cut) -> Result<(), EventsJsonError> {
    let torn = torn_length(file, cut.sound).map_err(EventsJsonError::io("read", path))?;
    if torn > 0 {
        set_aside(file, path, cut.sound, torn)?;
    } else {
        tracing::warn!("{}: the array was not closed at byte {}, and is now", path.display(), cut.sound);
    }
    file.write_at(cut.closing.as_bytes(), cut.sound)
        .and_then(|()| file.truncate(cut.sound + cut.closing.len() as u64))
        .and_then(|()| file.sync())
        .map_err(EventsJsonError::io("close the array in", path))
}

/// How many bytes follow from an offset on; 0 where they are blanks.
fn torn_length(file: &File, offset: u64) -> io::Result<u64> {
    let mut reader = file;
    reader.seek(SeekFrom::Start(offset))?;
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = reader.read(&mut chunk)?;
        if read == 0 {
            return Ok(0);
        }
        if !chunk[..read].iter().all(|byte| is_blank(*byte)) {
            return Ok(file.metadata()?.len().saturating_sub(offset));
        }
    }
}

fn set_aside(file: &File, path: &Path, offset: u64, length: u64) -> Result<(), EventsJsonError> {
    let (mut copy, copy_path) = create_torn_copy(path, offset)
        .map_err(|(path, source)| EventsJsonError::Io { operation: "create", path, source })?;
    let mut reader = file;
    reader.seek(SeekFrom::Start(offset)).map_err(EventsJsonError::io("seek in", path))?;
    io::copy(&mut reader.take(length), &mut copy)
        .and_then(|_| copy.sync())
        .map_err(EventsJsonError::io("write what was torn to", &copy_path))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    sync_folder(folder).map_err(EventsJsonError::io("fsync the folder", folder))?;
    tracing::warn!(
        "{} was torn at byte {offset}: the {length} bytes from there on are now in {}, and the array is closed",
        path.display(),
        copy_path.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"type": "created", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;

    #[test]
    fn events_in_what_follows_are_counted_as_far_as_they_matter() {
        for (text, most, events) in [
            (EVENT.to_owned(), 2, 1),
            (format!("\0\0{EVENT}, {EVENT}]"), 2, 2),
            (format!("{EVENT}{EVENT}{EVENT}"), 2, 2),
            (format!("{{\"a\": [{EVENT}"), 2, 1),
            (EVENT[..70].to_owned(), 2, 0),
            (r#"{"field": "title"}, {"field": "status"}]"#.to_owned(), 2, 0),
            (String::new(), 1, 0),
        ] {
            assert_eq!(whole_events(text.as_bytes(), most), events, "{text}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_no_length() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_at(b"ab\0\0c", 0).unwrap();
        file.truncate(1 << 20).unwrap();
        assert_eq!(rest_of(&file, 1).unwrap().unwrap(), b"b\0\0c");
        assert_eq!(rest_of(&file, 5).unwrap().unwrap(), b"");
        file.write_at(b"d", LONGEST_TORN + 1).unwrap();
        assert_eq!(rest_of(&file, 1).unwrap(), None);
        assert!(!is_zero(&file).unwrap());
    }
}
