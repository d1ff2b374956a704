//! What archiving leaves, at each of its steps, and what it leaves alone.

use super::super::archiving::steps::Steps;
use super::archived::{archive_all, put};
use super::*;

const PLAIN: &str = "archive/events-2025-10-25.jsonl";
const ZSTD: &str = "archive/events-2025-10-25.jsonl.zst";

fn due(folder: &TempDir) -> Vec<String> {
    let archiver = JsonlArchiver::new(folder.path(), Zone::utc());
    let due = archiver.due("2025-10-27".parse().unwrap()).unwrap();
    due.into_iter().map(|due| due.day).collect()
}

fn archive(folder: &TempDir) -> Vec<Result<ArchivedDay, ArchiveError>> {
    let mut archiver = JsonlArchiver::new(folder.path(), Zone::utc());
    let due = archiver.due("2025-10-27".parse().unwrap()).unwrap();
    due.iter().map(|due| archiver.archive(due, &mut |_| {})).collect()
}

fn content(folder: &TempDir) -> String {
    String::from_utf8(zstd::decode_all(&fs::read(folder.path().join(ZSTD)).unwrap()[..]).unwrap()).unwrap()
}

#[test]
fn the_days_before_a_date_are_compressed_and_their_files_gone() {
    let folder = folder();
    let store = open(&folder);
    for day in 24..29 {
        store.save_event(&event(&format!("e{day}"), &format!("2025-10-{day}T10:00:00Z"))).unwrap();
    }
    let (before, text) = (all(&store), read(&folder, DAY));
    assert_eq!(due(&folder), ["2025-10-24", "2025-10-25", "2025-10-26"]);
    let done: Vec<ArchivedDay> = archive(&folder).into_iter().map(Result::unwrap).collect();
    assert_eq!(content(&folder), text);
    assert_eq!(done[1].path, folder.path().join(ZSTD));
    assert_eq!(
        (done[1].bytes_before, done[1].bytes_after),
        (text.len() as u64, fs::metadata(&done[1].path).unwrap().len())
    );
    assert!(!folder.path().join(DAY).exists() && folder.path().join("events-2025-10-27.jsonl").exists());
    assert_eq!(names(&folder.path().join("archive")).len(), 3);
    assert_eq!(all(&store), before);
    assert!(due(&folder).is_empty() && archive(&folder).is_empty(), "there is nothing more to do");
}

#[test]
fn a_day_is_the_same_after_every_step() {
    let day: Day = Day::of_file_name(DAY).unwrap();
    for gzip in [false, true] {
        let folder = folder();
        let (reader, writer) = (open(&folder), open(&folder));
        let mut expected: Vec<StoredEvent> = Vec::new();
        let mut save = |id: &str| {
            let late = event(id, "2025-10-25T10:00:00Z");
            writer.save_event(&late).unwrap();
            expected.push(writer.find_by_id(late.event_id()).unwrap().unwrap());
            expected.clone()
        };
        save("e1");
        archive_all(folder.path());
        if gzip {
            let plain = zstd::decode_all(&fs::read(folder.path().join(ZSTD)).unwrap()[..]).unwrap();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&plain).unwrap();
            put(folder.path(), "archive/events-2025-10-25.jsonl.gz", &encoder.finish().unwrap());
            fs::remove_file(folder.path().join(ZSTD)).unwrap();
        }
        let expected = save("e2");
        let check = |step: &str, expected: &[StoredEvent]| {
            for store in [&reader, &writer, &open(&folder)] {
                assert_eq!(all(store), expected, "{step}");
                let at = store.save_event(&expected[1].event).unwrap();
                assert_eq!(at, expected[1].position, "{step}");
                assert_eq!(store.find_by_id(&id("e1")).unwrap().as_ref(), Some(&expected[0]), "{step}");
            }
        };
        check("before", &expected);
        let whole = format!("{}\n{}\n", expected[0].event.body(), expected[1].event.body());
        put(
            folder.path(),
            "archive/.archiving-events-2025-10-25.jsonl.zst",
            &zstd::encode_all(whole.as_bytes(), 3).unwrap(),
        );
        check("written", &expected);
        let files = super::super::folder::EventFolder::new(folder.path().to_owned(), Zone::utc());
        let steps = Steps::of(&files, &files.file(day));
        steps.move_live().unwrap();
        check("moved", &expected);
        let expected = save("e3");
        check("moved, and a late event", &expected);
        steps.replace(&folder.path().join("archive/.archiving-events-2025-10-25.jsonl.zst")).unwrap();
        check("replaced", &expected);
        // The program was killed: the next run goes on from there.
        archive_all(folder.path());
        check("archived by the next run", &expected);
        assert_eq!(names(&folder.path().join("archive")), ["events-2025-10-25.jsonl.zst"], "gzip: {gzip}");
        assert_eq!(content(&folder).lines().count(), 3);
        assert!(!folder.path().join(DAY).exists());
    }
}

#[test]
fn a_day_that_was_moved_by_hand_is_compressed_with_what_came_late() {
    let folder = folder();
    let store = open(&folder);
    store.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    fs::create_dir(folder.path().join("archive")).unwrap();
    fs::rename(folder.path().join(DAY), folder.path().join(PLAIN)).unwrap();
    store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
    let before = all(&store);
    assert_eq!(due(&folder), ["2025-10-25"]);
    archive_all(folder.path());
    assert_eq!(names(&folder.path().join("archive")), ["events-2025-10-25.jsonl.zst"]);
    for store in [store, open(&folder)] {
        assert_eq!(all(&store), before);
    }
}

#[test]
fn a_torn_last_line_is_kept_aside_and_told_and_no_position_changes() {
    let folder = folder();
    write(&folder, DAY, format!("{}\n{{\"torn", line("e1", "2025-10-25T10:00:00Z")));
    let store = open(&folder);
    let before = all(&store);
    let (done, told) = warnings(|| archive(&folder).remove(0).unwrap());
    let copy = folder.path().join(format!("{DAY}.torn-107"));
    assert_eq!(done.torn, std::slice::from_ref(&copy));
    assert_eq!(fs::read_to_string(copy).unwrap(), "{\"torn");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("2025-10-25: the last line was torn"), "{told:?}");
    assert_eq!(content(&folder), format!("{}\n      \n", line("e1", "2025-10-25T10:00:00Z")));
    let (_, told) = warnings(|| assert_eq!(all(&store), before));
    assert_eq!(told, [] as [String; 0]);
    let late = store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
    assert_eq!(Day::of_position(late).unwrap().1, 107 + 7);
}

#[test]
fn an_empty_file_and_a_damaged_line_stay_what_they_are() {
    let folder = folder();
    write(&folder, "events-2025-10-24.jsonl", "");
    let damaged = format!("{}\noops\n", line("e1", "2025-10-25T10:00:00Z"));
    write(&folder, DAY, &damaged);
    assert_eq!(due(&folder), ["2025-10-25"]);
    archive(&folder).remove(0).unwrap();
    assert_eq!(content(&folder), damaged);
    assert!(matches!(open(&folder).get_recent_events(9), Err(RepositoryError::Corrupt { .. })));
}

#[test]
fn while_another_process_archives_or_appends_it_is_busy() {
    let folder = folder();
    open(&folder).save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    for lock in [super::super::lock::lock_archive, super::super::lock::lock_folder] {
        let mut archiver = JsonlArchiver::new(folder.path(), Zone::utc());
        archiver.patience = Duration::ZERO;
        let due = archiver.due("2025-10-27".parse().unwrap()).unwrap();
        let held = lock(folder.path(), Duration::ZERO).unwrap();
        let error = archiver.archive(&due[0], &mut |_| {}).unwrap_err();
        assert!(matches!(error, ArchiveError::Store(RepositoryError::Busy { .. })), "{error}");
        assert!(folder.path().join(DAY).exists());
        drop(held);
        drop(archiver);
    }
    assert_eq!(ids(&all(&open(&folder))), ["e1"]);
    assert!(names(&folder.path().join("archive")).is_empty(), "nothing is left");
}

#[test]
fn a_day_that_is_written_to_meanwhile_is_compressed_again_or_left() {
    let folder = folder();
    let store = open(&folder);
    store.save_event(&event("e0", "2025-10-25T10:00:00Z")).unwrap();
    let mut archiver = JsonlArchiver::new(folder.path(), Zone::utc());
    let due = archiver.due("2025-10-27".parse().unwrap()).unwrap();
    let (mut told, mut number) = (0, 0);
    // Each time that it is compressed and compared, an event comes.
    let error = archiver.archive(&due[0], &mut |done| {
        if done > told {
            number += 1;
            store.save_event(&event(&format!("e{number}"), "2025-10-25T10:00:00Z")).unwrap();
        }
        told = done;
    });
    assert!(matches!(error, Err(ArchiveError::Left { .. })), "{error:?}");
    assert_eq!(all(&store).len(), number + 1);
    let done = archiver.archive(&due[0], &mut |_| {}).unwrap();
    assert!(done.path.exists() && !folder.path().join(DAY).exists());
    assert_eq!(all(&store).len(), number + 1);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_left_alone() {
    let folder = folder();
    write(&folder, "elsewhere", format!("{}\n", line("e1", "2025-10-25T10:00:00Z")));
    std::os::unix::fs::symlink("elsewhere", folder.path().join(DAY)).unwrap();
    let error = archive(&folder).remove(0).unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Left { reason } if reason.contains("is a symbolic link")),
        "{error}"
    );
    assert_eq!(ids(&all(&open(&folder))), ["e1"]);
}

#[test]
fn a_day_whose_archive_is_damaged_is_left_as_it_is() {
    let folder = folder();
    put(folder.path(), ZSTD, b"\x28\xB5\x2F\xFDdamaged");
    write(&folder, DAY, format!("{}\n", line("e1", "2025-10-25T10:00:00Z")));
    let error = archive(&folder).remove(0).unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Left { reason } if reason.contains("cannot be decompressed")),
        "{error}"
    );
    assert!(folder.path().join(DAY).exists() && folder.path().join(ZSTD).exists());
}

#[test]
fn what_does_not_decompress_to_the_day_takes_no_place() {
    let folder = folder();
    let long = line("long", "2025-10-25T10:00:00Z").replace("T1", &"long ".repeat(100_000));
    write(&folder, DAY, format!("{long}\n{}\n", line("e1", "2025-10-25T10:00:00Z")));
    let before = read(&folder, DAY);
    let mut archiver = JsonlArchiver::new(folder.path(), Zone::utc());
    let due = archiver.due("2025-10-27".parse().unwrap()).unwrap();
    let written = folder.path().join("archive/.archiving-events-2025-10-25.jsonl.zst");
    // A disk that gives back something else than what was written.
    let mut is_sound = true;
    let error = archiver.archive(&due[0], &mut |done| {
        if done > before.len() as u64 && std::mem::replace(&mut is_sound, false) {
            let mut bytes = fs::read(&written).unwrap();
            let last = memchr::memmem::rfind(&bytes, &[0x28, 0xB5, 0x2F, 0xFD]).unwrap();
            bytes[last + 12] ^= 1;
            fs::write(&written, bytes).unwrap();
        }
    });
    assert!(matches!(error, Err(ArchiveError::NotVerified { .. })), "{error:?}");
    assert_eq!(read(&folder, DAY), before);
    assert!(names(&folder.path().join("archive")).is_empty());
}

#[test]
fn a_day_whose_archive_is_damaged_in_a_frame_is_left_as_it_is() {
    let folder = folder();
    let store = open(&folder);
    store.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
    archive_all(folder.path());
    let mut bytes = fs::read(folder.path().join(ZSTD)).unwrap();
    bytes[40] ^= 0xFF;
    put(folder.path(), ZSTD, &bytes);
    let late = open(&folder).save_event(&event("e3", "2025-10-25T10:00:00Z"));
    assert!(late.is_ok(), "{late:?}");
    let error = archive(&folder).remove(0).unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Left { reason } if reason.contains("cannot be decompressed")),
        "{error}"
    );
    assert!(folder.path().join(DAY).exists());
}

/// A compressed copy of a text, beside its original in the archive.
fn put_copy(folder: &TempDir, extension: &str, text: &[u8]) {
    let copy = match extension {
        "zst" => zstd::encode_all(text, 3).unwrap(),
        _ => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(text).unwrap();
            gzip.finish().unwrap()
        }
    };
    put(folder.path(), &format!("{PLAIN}.{extension}"), &copy);
}

#[test]
fn a_compressed_copy_beside_its_original_in_the_archive_is_read_once_and_archived_once() {
    for extension in ["zst", "gz"] {
        let folder = folder();
        // A line without id is an event for each time that it stands there.
        let text = r#"{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;
        put(folder.path(), PLAIN, format!("{text}\n").as_bytes());
        let store = open(&folder);
        store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
        let before = all(&store);
        assert_eq!(before.len(), 2);
        put_copy(&folder, extension, format!("{text}\n").as_bytes());
        let check = |step: &str| {
            for store in [&store, &open(&folder)] {
                assert_eq!(all(store), before, "{extension}: {step}");
                assert_eq!(store.streams().unwrap().len(), 1);
                let again = store.save_event(&before[1].event).unwrap();
                assert_eq!(again, before[1].position, "{extension}: {step}");
            }
        };
        check("beside it");
        assert_eq!(due(&folder), ["2025-10-25"]);
        archive_all(folder.path());
        check("archived");
        archive_all(folder.path());
        assert_eq!(names(&folder.path().join("archive")), ["events-2025-10-25.jsonl.zst"]);
        assert_eq!(content(&folder), format!("{text}\n{}\n", before[1].event.body()));
    }
}

#[test]
fn a_compressed_file_with_other_content_is_a_part_of_its_day() {
    let folder = folder();
    put(folder.path(), PLAIN, format!("{}\n", event("e2", "2025-10-25T10:00:00Z").body()).as_bytes());
    put_copy(&folder, "gz", format!("{}\n", event("e1", "2025-10-25T10:00:00Z").body()).as_bytes());
    assert_eq!(all(&open(&folder)).len(), 2);
}

#[test]
fn a_copy_of_any_archived_file_of_its_day_adds_nothing_to_how_far_the_day_reaches() {
    let folder = folder();
    let line = |id: &str| format!("{}\n", event(id, "2025-10-25T10:00:00Z").body());
    put(folder.path(), PLAIN, line("e1").as_bytes());
    put_copy(&folder, "gz", line("e1").as_bytes());
    put_copy(&folder, "zst", line("another-one").as_bytes());
    let store = open(&folder);
    let last = event("late", "2025-10-25T10:00:00Z");
    let position = store.save_event(&last).unwrap();
    assert_eq!(all(&store).len(), 3);
    let reach = |offset| store.stream_of(Position::new(position.get() + offset)).unwrap();
    assert_eq!(reach(0), Some(stream("2025-10-25")));
    assert_eq!(reach(last.body().len() as i64 + 1), None, "nothing stands after the last event");
}
