//! Days whose files were moved to the archive, as they are or compressed, by whatever program.

use flate2::write::GzEncoder;

use super::*;
use crate::domain::repository::EventOrigin;

const TIME: &str = "2025-10-25T10:00:00Z";

/// Archives the file of that name in a folder.
type Way = fn(&Path, &str);

/// Ways to archive the file of a day by hand, with the store open or not.
const BY_HAND: [(&str, Way); 3] = [
    ("moved", |folder, name| {
        fs::create_dir_all(folder.join("archive")).unwrap();
        fs::rename(folder.join(name), folder.join("archive").join(name)).unwrap();
    }),
    ("zstd", |folder, name| {
        let mut zstd = zstd::Encoder::new(Vec::new(), 3).unwrap();
        zstd.include_checksum(true).unwrap();
        zstd.write_all(&fs::read(folder.join(name)).unwrap()).unwrap();
        put(folder, &format!("archive/{name}.zst"), &zstd.finish().unwrap());
        fs::remove_file(folder.join(name)).unwrap();
    }),
    ("gzip", |folder, name| {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&fs::read(folder.join(name)).unwrap()).unwrap();
        put(folder, &format!("archive/{name}.gz"), &gzip.finish().unwrap());
        fs::remove_file(folder.join(name)).unwrap();
    }),
];

pub(super) fn put(folder: &Path, name: &str, content: &[u8]) {
    fs::create_dir_all(folder.join("archive")).unwrap();
    fs::write(folder.join(name), content).unwrap();
}

/// Archives all days before 2026.
pub(super) fn archive_all(folder: &Path) {
    let mut archiver = JsonlArchiver::new(folder, Zone::utc());
    for due in archiver.due("2026-01-01".parse().unwrap()).unwrap() {
        archiver.archive(&due, &mut |_| {}).unwrap();
    }
}

fn all_ways() -> Vec<(&'static str, Way)> {
    let mut ways = BY_HAND.to_vec();
    ways.push(("archive", |folder, _| archive_all(folder)));
    ways
}

fn some_events() -> Vec<DomainEvent> {
    (0..30).map(|number| event(&format!("e{number:02}"), &format!("2025-10-25T10:{number:02}:00Z"))).collect()
}

#[test]
fn an_archived_day_is_read_by_every_query_with_its_old_positions() {
    for (way, archive) in all_ways() {
        let folder = folder();
        let store = open(&folder);
        store.save_events(&some_events()).unwrap();
        store.save_event(&event("next", "2025-10-26T10:00:00Z")).unwrap();
        let (before, summary) = (all(&store), store.summary().unwrap());
        archive(folder.path(), DAY);
        assert!(!folder.path().join(DAY).exists(), "{way}");
        for store in [store, open(&folder)] {
            assert_eq!(all(&store), before, "{way}");
            assert_eq!(store.summary().unwrap(), summary, "{way}");
            assert_eq!(store.streams().unwrap()[0].head, before[29].position, "{way}");
            assert_eq!(store.get_recent_events(100).unwrap().len(), 31, "{way}");
            assert_eq!(store.find_by_type("TaskCreated", 100).unwrap().len(), 31, "{way}");
            let time = before[7].event.timestamp();
            assert_eq!(store.find_by_date_range(time, time, 9).unwrap(), before[7..8], "{way}");
            for stored in &before {
                assert_eq!(
                    store.find_by_id(stored.event.event_id()).unwrap().as_ref(),
                    Some(stored),
                    "{way}"
                );
                assert!(store.stream_of(stored.position).unwrap().is_some(), "{way}");
            }
            assert!(store.size_in_bytes().unwrap() > 0, "{way}");
        }
    }
}

#[test]
fn a_late_event_of_an_archived_day_goes_on_at_the_end_of_its_stream() {
    for (way, archive) in all_ways() {
        for is_open in [true, false] {
            let folder = folder();
            let mut store = open(&folder);
            let last = store.save_events(&some_events()).unwrap()[29];
            let length = read(&folder, DAY).len() as i64;
            archive(folder.path(), DAY);
            if !is_open {
                store = open(&folder);
            }
            let late = event("late", TIME);
            let position = store.save_event(&late).unwrap();
            assert_eq!(position.get(), (20_386 << 38) + length, "{way}, open: {is_open}");
            assert_eq!(read(&folder, DAY), format!("{}\n", late.body()));
            let stored = StoredEvent { position, origin: EventOrigin::Saved, event: late.clone() };
            for store in [store, open(&folder)] {
                let day = stream("2025-10-25");
                assert_eq!(
                    store.read_stream(&day, Some(last), 9).unwrap(),
                    std::slice::from_ref(&stored),
                    "{way}"
                );
                assert_eq!(store.streams().unwrap(), [Stream { id: day, head: position }], "{way}");
                assert_eq!(store.find_by_id(&id("late")).unwrap().as_ref(), Some(&stored), "{way}");
                assert_eq!(
                    store.save_events(&[late.clone(), some_events()[3].clone()]).unwrap()[0],
                    position
                );
                assert_eq!(all(&store).len(), 31, "{way}");
            }
        }
    }
}

#[test]
fn what_is_known_of_a_day_is_not_read_again_when_it_was_archived() {
    for (way, archive) in all_ways() {
        let folder = folder();
        let store = open(&folder);
        store.save_events(&some_events()).unwrap();
        // After the days that are archived.
        let other = "events-2026-10-01.jsonl";
        write(&folder, other, line("other", "2026-10-01T10:00:00Z") + "\n");
        store.save_event(&event("a", "2025-10-02T10:00:00Z")).unwrap();
        archive(folder.path(), DAY);
        // A line that was damaged without a sign would be told by a pass over all files.
        write(&folder, other, read(&folder, other).replacen('{', "?", 1));
        let (_, told) = warnings(|| store.save_event(&event("b", "2025-10-25T10:00:00Z")).unwrap());
        assert_eq!(told, [] as [String; 0], "{way}");
        assert_eq!(store.save_events(&some_events()).unwrap().len(), 30, "{way}");
    }
}

#[test]
fn a_last_line_that_is_not_ended_is_an_event_of_the_archive_and_what_comes_next_is_after_it() {
    for (way, archive) in &all_ways()[..3] {
        for (tail, is_event) in [(line("e2", TIME), true), ("{\"torn".to_owned(), false)] {
            let folder = folder();
            write(&folder, DAY, format!("{}\n{tail}", line("e1", TIME)));
            let length = read(&folder, DAY).len() as i64;
            archive(folder.path(), DAY);
            let store = open(&folder);
            let expected: &[&str] = if is_event { &["e1", "e2"] } else { &["e1"] };
            assert_eq!(ids(&all(&store)), expected, "{way}");
            let position = store.save_event(&event("e3", TIME)).unwrap();
            assert_eq!(position.get(), (20_386 << 38) + length + 1, "{way}");
            let read_on = all(&store);
            assert_eq!(ids(&read_on), [expected, &["e3"]].concat(), "{way}");
            archive_all(folder.path());
            for store in [store, open(&folder)] {
                assert_eq!(all(&store), read_on, "{way}, archived");
                assert_eq!(store.save_event(&event("e3", TIME)).unwrap(), position, "{way}, archived");
            }
        }
    }
}

#[test]
fn pages_of_a_day_that_was_compressed_elsewhere_do_not_decode_it_from_its_start() {
    for (way, archive) in &BY_HAND[1..] {
        let folder = folder();
        let store = open(&folder);
        store.save_events(&some_events()).unwrap();
        archive(folder.path(), DAY);
        let (day, mut read) = (stream("2025-10-25"), Vec::new());
        let name = fs::read_dir(folder.path().join("archive")).unwrap().next().unwrap().unwrap().path();
        let modified = fs::metadata(&name).unwrap().modified().unwrap();
        for page in 0..10 {
            let after = read.last().map(|stored: &StoredEvent| stored.position);
            read.extend(store.read_stream(&day, after, 3).unwrap());
            if page == 0 {
                // A change that leaves no sign shows what is decoded again.
                let length = fs::metadata(&name).unwrap().len() as usize;
                fs::write(&name, vec![0; length]).unwrap();
                fs::File::options().append(true).open(&name).unwrap().set_modified(modified).unwrap();
            }
        }
        assert_eq!(ids(&read).len(), 30, "{way}");
    }
}

#[test]
fn a_damaged_archive_is_told_and_keeps_no_other_day_from_being_appended_to() {
    for (way, archive) in &all_ways()[1..] {
        let folder = folder();
        open(&folder).save_events(&some_events()).unwrap();
        archive(folder.path(), DAY);
        let path = fs::read_dir(folder.path().join("archive")).unwrap().next().unwrap().unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 0xFF;
        fs::write(&path, bytes).unwrap();
        let store = open(&folder);
        let (saved, told) = warnings(|| store.save_event(&event("other", "2025-10-26T10:00:00Z")));
        saved.unwrap();
        assert!(told.iter().any(|line| line.contains("cannot be decompressed")), "{way}: {told:?}");
        assert_eq!(ids(&store.read_stream(&stream("2025-10-26"), None, 9).unwrap()), ["other"], "{way}");
        assert!(matches!(store.get_recent_events(100), Err(RepositoryError::Corrupt { .. })), "{way}");
        assert!(matches!(store.find_by_id(&id("e05")), Err(RepositoryError::Corrupt { .. })), "{way}");
        assert!(matches!(store.find_by_id(&id("none")), Err(RepositoryError::Corrupt { .. })), "{way}");
    }
}

#[cfg(unix)]
#[test]
fn an_archive_that_is_not_mounted_is_not_taken_for_none() {
    let folder = folder();
    open(&folder).save_event(&event("e1", TIME)).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("archive")).unwrap();
    assert!(JsonlEventRepository::open(folder.path(), Zone::utc()).is_err());
}

#[test]
fn other_names_in_the_archive_are_no_days() {
    let folder = folder();
    open(&folder).save_event(&event("e1", TIME)).unwrap();
    for name in ["notes.jsonl", "events-2025-10-01.jsonl.torn-17", ".archiving-events-2025-10-02.jsonl.zst"] {
        put(folder.path(), &format!("archive/{name}"), line(name, TIME).as_bytes());
    }
    fs::create_dir(folder.path().join("archive/events-2025-10-03.jsonl")).unwrap();
    assert_eq!(ids(&all(&open(&folder))), ["e1"]);
}

#[test]
fn a_day_that_moves_while_it_is_opened_is_whole_and_read_once() {
    // Long beside the opening of a day: what moves away, back and away again within one is seen nowhere.
    const PAUSE: Duration = Duration::from_millis(2);
    let folder = folder();
    let store = open(&folder);
    store.save_events(&some_events()).unwrap();
    fs::create_dir(folder.path().join("archive")).unwrap();
    let names = [folder.path().join(DAY), folder.path().join("archive").join(DAY)];
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let read: Vec<_> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                fs::rename(&names[0], &names[1]).unwrap();
                std::thread::sleep(PAUSE);
                fs::rename(&names[1], &names[0]).unwrap();
                std::thread::sleep(PAUSE);
            }
        });
        let read =
            (0..2_000).map(|_| store.read_stream(&stream("2025-10-25"), None, 100).map(|read| read.len()));
        let read = read.collect();
        is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        read
    });
    assert!(read.into_iter().all(|read| read.unwrap() == 30));
}
