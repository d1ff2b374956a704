//! Each day is a stream: which file it reads, and how far it reaches.

use super::queries::ten_days;
use super::*;

/// The streams with the offsets of their heads.
fn heads(store: &JsonlEventRepository) -> Vec<(String, u64)> {
    let streams = store.streams().unwrap();
    let offset = |stream: &Stream| Day::of_position(stream.head).unwrap().1;
    streams.iter().map(|stream| (stream.id.to_string(), offset(stream))).collect()
}

#[test]
fn pages_of_a_day_follow_each_other_and_read_no_other_file() {
    let folder = ten_days(&[12, 14]);
    let store = open(&folder);
    let day = stream("2025-10-13");
    let whole = store.read_stream(&day, None, usize::MAX).unwrap();
    assert_eq!(ids(&whole), ["13b", "13a"]);
    assert_eq!(store.read_stream(&day, None, 1).unwrap(), whole[..1]);
    assert_eq!(store.read_stream(&day, Some(whole[0].position), 1).unwrap(), whole[1..]);
    assert_eq!(store.read_stream(&day, Some(whole[1].position), 1).unwrap(), []);
    let damaged = store.read_stream(&stream("2025-10-12"), None, usize::MAX);
    assert!(matches!(damaged, Err(RepositoryError::Corrupt { .. })));
}

#[test]
fn a_page_after_a_place_that_is_no_event_is_what_follows_it() {
    let folder = ten_days(&[]);
    let store = open(&folder);
    let day = stream("2025-10-13");
    let whole = store.read_stream(&day, None, usize::MAX).unwrap();
    let after = |position| ids(&store.read_stream(&day, Some(Position::new(position)), 9).unwrap()).len();
    assert_eq!(after(whole[0].position.get() + 5), 1);
    assert_eq!(after(i64::MIN), 2);
    assert_eq!(after(i64::MAX), 0);
}

#[test]
fn the_next_position_is_known_of_lines_as_this_program_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    let next = line("e3", "2025-10-26T10:00:00Z");
    fs::write(folder.path().join("events-2025-10-26.jsonl"), format!("{next}\n")).unwrap();
    for (content, is_known) in [
        (format!("{one}\n{two}\n"), true),
        (format!("{one}\n{two}"), true),
        (format!("{one}\r\n{two}\n"), false),
        (format!("{one} \n{two}\n"), false),
        (format!(" {one}\n{two}\n"), false),
        (format!("\u{feff}{one}\n{two}\n"), false),
        (format!("{one}\n\n{two}\n"), false),
        (format!("{one}\n {two}\n"), true),
    ] {
        fs::write(folder.path().join("events-2025-10-25.jsonl"), &content).unwrap();
        let store = open(&folder);
        let events = store.read_stream(&stream("2025-10-25"), None, 10).unwrap();
        let [one, two] = &events[..] else { panic!("{content:?}: {events:?}") };
        assert_eq!(store.is_next(two.position, one), is_known, "{content:?}");
        assert!(!store.is_next(one.position, two) && !store.is_next(one.position, one));
        let of_next_day = store.read_stream(&stream("2025-10-26"), None, 1).unwrap();
        assert!(!store.is_next(of_next_day[0].position, two));
    }
}

#[test]
fn the_head_of_a_day_is_its_last_line_that_is_no_blank() {
    let (one, two) = (line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    let second = one.len() as u64 + 1;
    let long = line("e2", "2025-10-25T11:00:00Z").replace("T1", &"long ".repeat(4_000));
    for (content, head) in [
        (String::new(), None),
        ("\n \r\n\t".to_owned(), None),
        ("\u{feff}\n".to_owned(), None),
        ("{\"event_id\": \"to".to_owned(), None),
        (format!("{one}\n"), Some(0)),
        (format!("\u{feff}{one}\n"), Some(0)),
        (one.clone(), Some(0)),
        (format!("{one}\n{two}\n"), Some(second)),
        (format!("{one}\n{two}"), Some(second)),
        (format!("{one}\n{long}\n"), Some(second)),
        (format!("{one}\n{two}\r\n\n  \n\n"), Some(second)),
        (format!("{one}\n{two}\n{}", &long[..9_000]), Some(second)),
        (format!("{one}\n{two}\n{}", " ".repeat(9_000)), Some(second)),
        // What reads the line says that it is damaged.
        (format!("{one}\noops\n"), Some(second)),
    ] {
        let folder = folder();
        write(&folder, DAY, &content);
        let expected: Vec<_> = head.map(|head| ("2025-10-25".to_owned(), head)).into_iter().collect();
        assert_eq!(heads(&open(&folder)), expected, "{content:.60?}");
    }
}

#[test]
fn what_is_appended_after_a_torn_tail_is_after_the_head() {
    let folder = folder();
    write(&folder, DAY, format!("{}\n{{\"event_id\": \"to", line("e1", "2025-10-25T10:00:00Z")));
    let store = open(&folder);
    let head = store.streams().unwrap()[0].head;
    let next = store.save_event(&event("e2", "2025-10-25T09:00:00Z")).unwrap();
    assert!(head < next, "{next} after {head}");
    assert_eq!(ids(&store.read_stream(&stream("2025-10-25"), Some(head), 9).unwrap()), ["e2"]);
}

#[test]
fn the_streams_are_the_days_in_order_and_compressed_ones_are_none() {
    let folder = ten_days(&[]);
    for name in ["events-2025-10-09.jsonl.gz", "events-2025-10-30.jsonl.zst", "events-2025-10-31.jsonl"] {
        write(&folder, name, "");
    }
    let store = open(&folder);
    let names: Vec<String> = store.streams().unwrap().iter().map(|stream| stream.id.to_string()).collect();
    assert_eq!(names, (10..20).map(|day| format!("2025-10-{day}")).collect::<Vec<_>>());
}
