//! A page that goes on where an earlier one ended is the page that a pass from the start would give.

use super::*;

/// Lines whose meaning depends on those before them: records without id, of which some are alike, repeated ids, blank
/// lines, and an hour that comes twice.
fn dependent_lines() -> String {
    let mut lines = String::new();
    for number in 0..60 {
        let minute = number % 30;
        lines.push_str(&match number % 6 {
            0 => r#"{"type": "A", "timestamp": "2025-10-26T01:00:00"}"#.to_owned(),
            1 => format!(r#"{{"type": "A", "timestamp": "2025-10-26T02:{minute:02}:00"}}"#),
            2 => line(&format!("e{}", number / 12), "2025-10-26T01:00:00Z"),
            3 => line(&format!("n{number}"), &format!("2025-10-26T02:{minute:02}:30")),
            4 => " \r".to_owned(),
            _ => line(&format!("u{number}"), "2025-10-26T02:30:00+01:00"),
        });
        lines.push('\n');
    }
    lines
}

const FILE: &str = "events-2025-10-26.jsonl";

fn berlin(folder: &TempDir) -> JsonlEventRepository {
    JsonlEventRepository::open(folder.path(), zone("Europe/Berlin")).unwrap()
}

#[test]
fn pages_that_go_on_are_those_of_a_pass_from_the_start() {
    let folder = folder();
    write(&folder, FILE, dependent_lines());
    let day = stream("2025-10-26");
    let whole = berlin(&folder).read_stream(&day, None, usize::MAX).unwrap();
    assert!(whole.len() > 40);
    for size in [1, 2, 3, 7] {
        let store = berlin(&folder);
        let mut at = 0;
        while at < whole.len() {
            let after = at.checked_sub(1).map(|last| whole[last].position);
            let page = store.read_stream(&day, after, size).unwrap();
            assert_eq!(page, whole[at..whole.len().min(at + size)], "pages of {size}, from {at}");
            at += page.len();
        }
        // The same with the last event of each page read again.
        let mut at = 0;
        while size > 1 && at + 1 < whole.len() {
            let after = Position::new(whole[at].position.get() - 1);
            let page = store.read_stream(&day, Some(after), size).unwrap();
            assert_eq!(page, whole[at..whole.len().min(at + size)], "pages of {size}, again from {at}");
            at += page.len() - 1;
        }
    }
}

#[test]
fn a_page_after_another_does_not_read_the_file_from_its_start() {
    let folder = folder();
    let two = format!("{}\n{}\n", line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    write(&folder, DAY, &two);
    let (store, day) = (open(&folder), stream("2025-10-25"));
    let head = store.read_stream(&day, None, 9).unwrap()[1].position;
    // A damaged line before the page shows whether it is read.
    write(&folder, DAY, format!("{}{}\n", two.replacen('{', "?", 1), line("e3", "2025-10-25T09:00:00Z")));
    for _ in 0..2 {
        let before = Position::new(head.get() - 1);
        assert_eq!(ids(&store.read_stream(&day, Some(before), 1).unwrap()), ["e2"]);
    }
    assert_eq!(ids(&store.read_stream(&day, Some(head), 9).unwrap()), ["e3"]);
    assert!(store.read_stream(&day, Some(head), 9).is_err(), "that page has ended further on");
}

#[test]
fn a_page_further_on_is_read_from_where_the_nearest_earlier_one_ended() {
    let folder = folder();
    let lines: Vec<String> =
        (0..6).map(|number| line(&format!("e{number}"), "2025-10-25T10:00:00Z") + "\n").collect();
    write(&folder, DAY, lines.concat());
    let (store, day) = (open(&folder), stream("2025-10-25"));
    let positions: Vec<Position> =
        store.read_stream(&day, None, 9).unwrap().iter().map(|event| event.position).collect();
    store.read_stream(&day, None, 2).unwrap();
    store.read_stream(&day, Some(positions[1]), 1).unwrap();
    // A damaged line before the third event shows whether it is read.
    write(&folder, DAY, lines.concat().replacen('{', "?", 1));
    assert_eq!(ids(&store.read_stream(&day, Some(positions[3]), 1).unwrap()), ["e4"]);
    assert!(store.read_stream(&day, Some(positions[0]), 1).is_err(), "no page has ended before it");
    let folder = self::folder();
    write(&folder, FILE, dependent_lines());
    let (store, day) = (berlin(&folder), stream("2025-10-26"));
    let whole = berlin(&folder).read_stream(&day, None, usize::MAX).unwrap();
    for at in (0..whole.len()).step_by(5) {
        let page = store.read_stream(&day, Some(whole[at].position), 2).unwrap();
        assert_eq!(page, whole[(at + 1).min(whole.len())..(at + 3).min(whole.len())], "after {at}");
    }
}

#[test]
fn a_page_that_ended_before_a_line_that_was_being_written_is_gone_on_from() {
    let folder = folder();
    let (one, two) = (line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    let three = line("e3", "2025-10-25T09:00:00Z");
    for written in 1..three.len() {
        write(&folder, DAY, format!("{one}\n{two}\n{}", &three[..written]));
        let (store, day) = (open(&folder), stream("2025-10-25"));
        let page = store.read_stream(&day, None, 9).unwrap();
        assert_eq!(ids(&page), ["e1", "e2"], "{written} bytes");
        // A damaged line before the next page shows whether it is read.
        write(&folder, DAY, format!("{}\n{two}\n{three}\n", one.replacen('{', "?", 1)));
        assert_eq!(
            ids(&store.read_stream(&day, Some(page[1].position), 9).unwrap()),
            ["e3"],
            "{written} bytes"
        );
    }
}

#[test]
fn a_page_is_read_from_the_start_where_the_file_is_another() {
    let day = stream("2025-10-25");
    let old = format!("{}\n{}\n", line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    let first = line("e1", "2025-10-25T10:00:00Z");
    for (new, expected) in [
        // The last line was taken back, and another written in its place.
        (format!("{first}\n{}\n", line("e9", "2025-10-25T11:00:00Z")), vec!["e9"]),
        // Others of another length, and beyond it.
        (format!("{first}\n{}\n{}\n", line("f", "2025-10-25"), line("g", "2025-10-25")), vec!["f", "g"]),
        (format!("{first}\n"), vec![]),
    ] {
        let folder = folder();
        write(&folder, DAY, &old);
        let store = open(&folder);
        let last = store.read_stream(&day, None, 9).unwrap()[1].position;
        write(&folder, DAY, &new);
        let before = Position::new(last.get() - 1);
        assert_eq!(ids(&store.read_stream(&day, Some(before), 9).unwrap()), expected, "{new}");
    }
}

#[test]
fn a_last_line_that_is_not_ended_is_read_again_when_it_is() {
    let folder = folder();
    let (one, two) = (line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    write(&folder, DAY, format!("{one}\n{two}"));
    let (store, day) = (open(&folder), stream("2025-10-25"));
    let last = store.read_stream(&day, None, 9).unwrap()[1].position;
    assert_eq!(store.read_stream(&day, Some(last), 9).unwrap(), []);
    store.save_event(&event("e3", "2025-10-25T12:00:00Z")).unwrap();
    assert_eq!(ids(&store.read_stream(&day, Some(last), 9).unwrap()), ["e3"]);
}

#[test]
fn the_head_of_a_settled_file_is_remembered_until_the_file_changes() {
    let folder = folder();
    let path = folder.path().join(DAY);
    let settle = || {
        let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3_600);
        fs::File::options().append(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
        hour_ago
    };
    let head = |store: &JsonlEventRepository| Day::of_position(store.streams().unwrap()[0].head).unwrap().1;
    let (one, two) = (line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T11:00:00Z"));
    write(&folder, DAY, format!("{one}\n{two}\n"));
    let settled = settle();
    let store = open(&folder);
    let second = one.len() as u64 + 1;
    assert_eq!(head(&store), second);
    // A change that leaves no sign shows that the file is not read.
    write(&folder, DAY, " ".repeat(one.len() + two.len() + 2));
    fs::File::options().append(true).open(&path).unwrap().set_modified(settled).unwrap();
    assert_eq!(head(&store), second);
    // Any sign is enough.
    write(&folder, DAY, format!("{one}\n{two}\n"));
    store.save_event(&event("e3", "2025-10-25T12:00:00Z")).unwrap();
    assert_eq!(head(&store), second + two.len() as u64 + 1);
    settle();
    assert_eq!(head(&store), second + two.len() as u64 + 1);
    fs::remove_file(&path).unwrap();
    assert_eq!(store.streams().unwrap(), []);
}
