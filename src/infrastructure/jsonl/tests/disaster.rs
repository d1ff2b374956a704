//! Disks that fail.

use std::fs::File;
use std::io;

use super::*;
use crate::durable::append::{AppendFile, append_durably};

/// A file on a disk that takes `room` more bytes, and then as many calls of fsync.
struct FailingDisk {
    file: File,
    room: usize,
    syncs: usize,
    can_truncate: bool,
}

impl AppendFile for FailingDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fitting = bytes.len().min(self.room);
        self.file.write_all(&bytes[..fitting])?;
        if fitting < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if self.can_truncate { self.file.set_len(length) } else { Err(io::Error::other("no truncation")) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.syncs == 0 {
            // The next one, after the truncation, succeeds: a disk that had one bad moment.
            self.syncs = usize::MAX;
            return Err(io::Error::other("no fsync"));
        }
        self.syncs -= 1;
        Ok(())
    }
}

fn failing(folder: &TempDir, room: usize, syncs: usize, can_truncate: bool) -> FailingDisk {
    write(folder, DAY, "before\n");
    let file = fs::OpenOptions::new().append(true).open(folder.path().join(DAY)).unwrap();
    FailingDisk { file, room, syncs, can_truncate }
}

fn append(disk: &mut FailingDisk, sync_name: io::Result<()>) -> Result<(), JsonlError> {
    append_durably(disk, 7, b"new line\n", || sync_name)
        .map_err(|error| JsonlError::not_appended(error, Path::new("folder/day"), 7))
}

#[test]
fn a_write_that_fails_at_any_byte_is_taken_back() {
    for room in 0..9 {
        let folder = folder();
        let error = append(&mut failing(&folder, room, 9, true), Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "could not write to folder/day");
        assert_eq!(read(&folder, DAY), "before\n", "failed after {room} bytes");
    }
    let folder = folder();
    append(&mut failing(&folder, 9, 9, true), Ok(())).unwrap();
    assert_eq!(read(&folder, DAY), "before\nnew line\n");
}

#[test]
fn an_fsync_that_fails_takes_the_write_back() {
    let folder = folder();
    let error = append(&mut failing(&folder, 9, 0, true), Ok(())).unwrap_err();
    assert_eq!(chain(&error), "could not fsync folder/day: no fsync");
    assert_eq!(read(&folder, DAY), "before\n");
    let no_name = Err(io::Error::other("no name"));
    let error = append(&mut failing(&folder, 9, 9, true), no_name).unwrap_err();
    assert_eq!(chain(&error), "could not fsync the folder folder: no name");
    assert_eq!(read(&folder, DAY), "before\n");
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let folder = folder();
    let error = append(&mut failing(&folder, 4, 9, false), Ok(())).unwrap_err();
    assert_eq!(
        chain(&error),
        "what was written to folder/day from byte 7 on could not be taken back (no truncation): \
         a part of it may be stored: could not write to folder/day: no storage space"
    );
}

#[test]
fn a_batch_that_fails_says_how_many_of_its_events_are_stored() {
    let folder = folder();
    fs::create_dir(folder.path().join("events-2025-10-26.jsonl")).unwrap();
    let store = open(&folder);
    store.save_event(&event("old", "2025-10-25T09:00:00Z")).unwrap();
    let batch = [
        event("e1", "2025-10-25T10:00:00Z"),
        event("e2", "2025-10-24T10:00:00Z"),
        event("old", "2025-10-25T09:00:00Z"),
        event("lost", "2025-10-26T10:00:00Z"),
        event("later", "2025-10-25T11:00:00Z"),
    ];
    let error = store.save_events(&batch).unwrap_err();
    assert_eq!(error.saved, 3);
    let text = chain(&error);
    assert!(text.contains("could not append to the JSONL store: could not open for appending "), "{text}");
    for store in [store, open(&folder)] {
        assert_eq!(ids(&all(&store)), ["e2", "old", "e1"]);
        assert_eq!(store.find_by_id(&id("lost")).unwrap(), None);
        assert!(store.find_by_id(&id("e1")).unwrap().is_some());
    }
}

#[test]
fn a_batch_can_be_saved_again_when_the_disk_is_well() {
    let folder = folder();
    let blocked = folder.path().join("events-2025-10-26.jsonl");
    fs::create_dir(&blocked).unwrap();
    let store = open(&folder);
    let batch = [event("e1", "2025-10-25T10:00:00Z"), event("e2", "2025-10-26T10:00:00Z")];
    assert_eq!(store.save_events(&batch).unwrap_err().saved, 1);
    fs::remove_dir(blocked).unwrap();
    store.save_events(&batch).unwrap();
    assert_eq!(ids(&all(&store)), ["e1", "e2"]);
}

#[cfg(unix)]
#[test]
fn a_day_file_that_is_a_device_is_refused_and_not_read() {
    let folder = folder();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join(DAY)).unwrap();
    let store = open(&folder);
    let error = store.get_recent_events(1).unwrap_err();
    assert!(chain(&error).contains("expected a regular file at "), "{}", chain(&error));
    assert!(store.save_event(&event("e1", "2025-10-25T10:00:00Z")).is_err());
}
