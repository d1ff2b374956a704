use super::*;
use crate::application::figures::figures_by_day;

fn line(second: u32, failures: u64) -> FiguresLine {
    let text = format!(
        r#"{{"day": "2025-10-25", "from": "2025-10-25T10:00:{second:02}+00:00", "to": "2025-10-25T10:01:00+00:00", "pid": 1,
            "mode": "new_events", "dispatches": 0, "over_10ms": 0, "p50_us": null, "p99_us": null, "max_us": null,
            "mean_us": null, "histogram": null, "primary_failures": {failures}, "secondary_failures": 0}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn lines(log: &JsonlDispatchFigures) -> Vec<FiguresLine> {
    log.read().unwrap().unwrap().lines.into_iter().map(|(line, _)| line).collect()
}

#[test]
fn what_is_appended_is_read_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let log = JsonlDispatchFigures::new(&folder.path().join("data/figures.jsonl"));
    assert_eq!(log.read().unwrap(), None);
    log.append(&[line(1, 1), line(2, 2)]).unwrap();
    log.append(&[line(3, 3)]).unwrap();
    assert_eq!(lines(&log), [line(1, 1), line(2, 2), line(3, 3)]);
    let days = figures_by_day(&log.read().unwrap().unwrap().lines);
    assert_eq!(days.values().map(|day| day.primary_failures).collect::<Vec<_>>(), [6]);
}

#[test]
fn a_torn_line_is_told_and_set_aside_by_the_next_append() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figures.jsonl");
    let log = JsonlDispatchFigures::new(&path);
    log.append(&[line(1, 1)]).unwrap();
    let sound = fs::read(&path).unwrap();
    for cut in [1, 40, sound.len() - 2] {
        fs::write(&path, [&sound[..], &sound[..cut]].concat()).unwrap();
        let found = log.read().unwrap().unwrap();
        let [damaged] = &found.damage[..] else { panic!("{found:?}") };
        assert_eq!((damaged.line, damaged.offset, damaged.is_torn), (2, sound.len() as u64, true));
        log.append(&[line(2, 2)]).unwrap();
        assert_eq!(lines(&log), [line(1, 1), line(2, 2)], "{cut}");
        assert_eq!(log.read().unwrap().unwrap().damage, []);
    }
    let aside = fs::read(folder.path().join(format!("figures.jsonl.torn-{}", sound.len()))).unwrap();
    assert_eq!(aside, sound[..1]);
}

#[test]
fn a_whole_last_line_that_lacks_its_end_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figures.jsonl");
    let log = JsonlDispatchFigures::new(&path);
    log.append(&[line(1, 1)]).unwrap();
    let text = fs::read(&path).unwrap();
    fs::write(&path, text.trim_ascii_end()).unwrap();
    assert_eq!(lines(&log), [line(1, 1)]);
    log.append(&[line(2, 2)]).unwrap();
    assert_eq!(lines(&log), [line(1, 1), line(2, 2)]);
}

#[test]
fn a_damaged_line_is_told_with_its_place_and_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figures.jsonl");
    let log = JsonlDispatchFigures::new(&path);
    log.append(&[line(1, 1)]).unwrap();
    let sound = fs::read(&path).unwrap();
    for damage in [&b"oops\n"[..], b"\xff\xfe\n", b"{}\n", b"[1, 2]\n", b"\0\0\0\n"] {
        fs::write(&path, [damage, b"\r\n", &sound[..]].concat()).unwrap();
        let found = log.read().unwrap().unwrap();
        assert_eq!(found.lines.len(), 1, "{damage:?}");
        assert_eq!((found.damage.len(), found.damage[0].line, found.damage[0].is_torn), (1, 1, false));
    }
}

#[test]
fn a_folder_in_its_place_a_second_name_and_a_held_lock_are_errors_that_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let said = |error: FiguresError| crate::domain::error_chain::error_chain(&error);
    let in_the_way = JsonlDispatchFigures::new(folder.path());
    let expected = "expected a file, found something else";
    assert!(said(in_the_way.append(&[line(1, 1)]).unwrap_err()).ends_with(expected));
    assert!(said(in_the_way.read().unwrap_err()).ends_with(expected));

    let path = folder.path().join("figures.jsonl");
    let log = JsonlDispatchFigures::new(&path);
    log.append(&[line(1, 1)]).unwrap();
    let lock = FileLock::exclusive(&with_suffix(&path, LOCK), Duration::ZERO).unwrap();
    assert!(matches!(log.append(&[line(2, 2)]), Err(FiguresError::Busy { seconds: 2, .. })));
    drop(lock);
    fs::hard_link(&path, folder.path().join("other.jsonl")).unwrap();
    let several = said(log.append(&[line(2, 2)]).unwrap_err());
    assert!(several.contains("it has 2 names (hard links)"), "{several}");
    assert_eq!(lines(&log).len(), 1);
}
