//! Lines that were not written whole when the power failed.

use super::*;
use crate::infrastructure::jsonl::archiving::JsonlArchiver;

const SECTOR: usize = 512;

fn numbered(number: usize) -> DomainEvent {
    let filler = "x".repeat([20, 700, 90, 0, 1_300][number % 5]);
    let text = format!(
        r#"{{"event_id": "e{number}", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "title": "{filler}"}}"#
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}

fn lines(numbers: std::ops::Range<usize>) -> Vec<u8> {
    numbers.flat_map(|number| [numbered(number).body().as_bytes(), b"\n"].concat()).collect()
}

/// Three events, and the twelve of an append that a power cut has left so much of, with zeros in some sectors.
fn after_a_power_cut(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let synced = lines(0..3).len();
    let mut content = lines(0..15);
    if random.bool() {
        content.truncate(random.usize(synced..=content.len()));
    }
    for sector in synced / SECTOR..content.len().div_ceil(SECTOR) {
        if random.u8(..3) == 0 {
            let end = content.len().min((sector + 1) * SECTOR);
            content[synced.max(sector * SECTOR)..end].fill(0);
        }
    }
    content
}

/// The lines with zeros, with their offsets.
fn torn(content: &[u8]) -> Vec<(usize, &[u8])> {
    let mut offset = 0;
    let lines = content.split(|&byte| byte == b'\n').map(|line| {
        offset += line.len() + 1;
        (offset - line.len() - 1, line)
    });
    lines.filter(|(_, line)| line.contains(&0)).collect()
}

/// The numbers of the events whose lines are there.
fn whole(content: &[u8]) -> Vec<String> {
    let is_there = |number: &usize| {
        content.split(|&byte| byte == b'\n').any(|line| line == numbered(*number).body().as_bytes())
    };
    (0..15).filter(is_there).map(|number| format!("e{number}")).collect()
}

#[test]
fn whatever_sectors_were_not_written_the_day_is_read_and_the_next_append_sets_their_lines_aside() {
    let mut in_between = 0;
    for seed in 0..60 {
        let content = after_a_power_cut(seed);
        in_between += usize::from(torn(&content).first().is_some_and(|(offset, line)| {
            content[offset + line.len()..].iter().filter(|&&byte| byte == b'\n').count() > 2
        }));
        let folder = folder();
        write(&folder, DAY, &content);
        let store = open(&folder);
        let before = all(&store);
        assert_eq!(ids(&before), whole(&content), "seed {seed}");
        assert_eq!(store.find_by_id(&id("other")).unwrap(), None, "seed {seed}");

        let next = event("next", "2025-10-25T12:00:00Z");
        let position = store.save_event(&next).unwrap();
        for store in [store, open(&folder)] {
            let after = all(&store);
            assert_eq!(after[..before.len()], before, "seed {seed}: nothing has moved");
            assert_eq!(ids(&after[before.len()..]), ["next"], "seed {seed}");
            assert_eq!(after.last().unwrap().position, position, "seed {seed}");
        }
        assert!(!read(&folder, DAY).contains('\0'), "seed {seed}");
        for (offset, line) in torn(&content) {
            let copy = fs::read(folder.path().join(format!("{DAY}.torn-{offset}"))).unwrap();
            assert_eq!(copy, line, "seed {seed}, at {offset}");
        }
    }
    assert!(in_between > 10, "{in_between}");
}

#[test]
fn a_line_that_was_not_written_whole_is_told_by_readers_once_and_by_the_append_that_sets_it_aside() {
    let folder = folder();
    let mut content = lines(0..4);
    content[SECTOR..2 * SECTOR].fill(0);
    write(&folder, DAY, &content);
    let store = open(&folder);
    let (_, told) = warnings(|| (all(&store), all(&store)));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("line 2 at byte 118: zeros stand where sectors"), "{told:?}");
    let (_, told) = warnings(|| store.save_event(&event("next", "2025-10-26T10:00:00Z")).unwrap());
    assert_eq!(told, [] as [&str; 0], "of another day");
    let (_, told) = warnings(|| store.save_event(&event("later", "2025-10-25T10:00:00Z")).unwrap());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&format!("{DAY}.torn-118, and blanks in their place")), "{told:?}");
    let (_, told) = warnings(|| store.save_event(&event("last", "2025-10-25T10:00:00Z")).unwrap());
    assert_eq!(told, [] as [&str; 0]);
}

#[test]
fn zeros_of_no_sector_and_those_that_the_last_write_cannot_have_left_are_damage() {
    let mut short = lines(0..4);
    short[SECTOR..2 * SECTOR - 1].fill(0);
    let mut old = lines(0..4);
    old[SECTOR..2 * SECTOR].fill(0);
    let more = lines(4..5).repeat((1 << 20) / lines(4..5).len() + 1);
    old.extend_from_slice(&more);
    for content in [short, old] {
        let folder = folder();
        write(&folder, DAY, &content);
        let store = open(&folder);
        let read_all = || store.get_recent_events(10);
        assert!(matches!(read_all(), Err(RepositoryError::Corrupt { .. })));
        store.save_event(&event("next", "2025-10-25T12:00:00Z")).unwrap();
        assert!(matches!(read_all(), Err(RepositoryError::Corrupt { .. })), "no line was set aside");
        assert_eq!(fs::read(folder.path().join(DAY)).unwrap()[..content.len()], content);
    }
}

#[test]
fn an_archive_has_blanks_for_a_line_that_was_not_written_whole() {
    for seed in 0..12 {
        let content = after_a_power_cut(seed);
        let folder = folder();
        write(&folder, DAY, &content);
        let before = all(&open(&folder));
        let mut archiver = JsonlArchiver::new(folder.path(), Zone::utc());
        let due = archiver.due("2026-01-01".parse().unwrap()).unwrap();
        let archived = archiver.archive(&due[0], &mut |_| {}).unwrap();
        let (after, told) = warnings(|| all(&open(&folder)));
        assert_eq!((after, told.len()), (before, 0), "seed {seed}: {told:?}");
        let expected: Vec<_> =
            torn(&content).iter().map(|(offset, _)| format!("{DAY}.torn-{offset}")).collect();
        let mut named: Vec<String> = archived
            .torn
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        // One that was cut within a record without zeros is torn, too.
        named.retain(|name| expected.contains(name));
        assert_eq!(named, expected, "seed {seed}");
    }
}
