use super::*;

/// Makes a folder of empty files and lists it: logs, repeated days, skipped; relative to it.
fn listed(files: &[&str]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"").unwrap();
    }
    let listing =
        list_folder(folder.path(), (&Mapping::BuiltIn, &open_log), &Surroundings::default()).unwrap();
    let name = |path: &Path| path.strip_prefix(folder.path()).unwrap().display().to_string();
    let logs = listing.logs.iter().map(|path| name(path)).collect();
    let skipped = listing.skipped.iter().map(|file| name(Path::new(&file.path))).collect();
    (logs, listing.repeated_days, skipped)
}

#[test]
fn a_folder_gives_its_days_in_order_and_names_what_it_leaves_out() {
    let (logs, repeated, skipped) = listed(&[
        "events-2025-10-03.jsonl",
        "events-2025-10-01.jsonl.zst",
        "events-2025-10-02.jsonl.gz",
        "archive/events-2025-09-30.jsonl.gz",
        "archive/events-2025-10-02b.jsonl",
        "archive/notes.md",
        "archive/older/events-2024-01-01.jsonl",
        "other/events-2025-01-01.jsonl",
        "event_definitions.json",
        "events-2025-10-04.json",
        "events-2025-10-05.jsonl.bz2",
        ".events.lock",
    ]);
    assert_eq!(
        logs,
        [
            "archive/events-2025-09-30.jsonl.gz",
            "events-2025-10-01.jsonl.zst",
            "events-2025-10-02.jsonl.gz",
            "archive/events-2025-10-02b.jsonl",
            "events-2025-10-03.jsonl",
        ]
    );
    assert_eq!(
        skipped,
        [
            ".events.lock",
            "event_definitions.json",
            "events-2025-10-04.json",
            "events-2025-10-05.jsonl.bz2",
            "archive/notes.md",
            "other",
            "archive/older",
        ]
    );
    assert!(repeated.is_empty());
}

#[cfg(unix)]
#[test]
fn days_whose_names_differ_in_a_byte_that_is_not_utf8_are_different_days() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    for name in [&b"events-\xFE.jsonl"[..], b"events-\xFF.jsonl", b"events-\xFF.jsonl.gz"] {
        std::fs::write(folder.path().join(OsStr::from_bytes(name)), b"").unwrap();
    }
    let listing =
        list_folder(folder.path(), (&Mapping::BuiltIn, &open_log), &Surroundings::default()).unwrap();
    assert_eq!((listing.logs.len(), listing.repeated_days), (3, vec![r"\xFF".to_owned()]));
}

#[test]
fn files_of_the_two_systems_are_no_logs_in_a_folder_without_days_either() {
    let (logs, _, skipped) = listed(&[
        "event_definitions.json",
        "event_definitions.json.bak",
        "events.json",
        "evidence.jsonl",
        "handlers.jsonl",
        "queue.jsonl",
    ]);
    assert_eq!(logs, ["events.json"]);
    assert_eq!(
        skipped,
        [
            "event_definitions.json",
            "event_definitions.json.bak",
            "evidence.jsonl",
            "handlers.jsonl",
            "queue.jsonl"
        ]
    );
}

#[test]
fn a_day_that_lies_there_twice_is_read_twice_and_told_but_one_that_is_archived_and_goes_on_is_not() {
    let (logs, repeated, _) = listed(&[
        "events-2025-10-01.jsonl",
        "events-2025-10-01.jsonl.gz",
        "archive/events-2025-10-02.jsonl.gz",
        "events-2025-10-02.jsonl",
        "archive/events-2025-10-03.jsonl.gz",
        "archive/events-2025-10-03.jsonl",
    ]);
    assert_eq!(logs.len(), 6);
    assert_eq!(repeated, ["2025-10-01", "2025-10-03"]);
}

#[test]
fn a_compressed_copy_beside_its_original_is_read_once_and_named_and_one_with_other_content_is_read_too() {
    for (copied, logs, repeated) in [
        ("one\n", &["archive/events-2025-10-01.jsonl"][..], &[][..]),
        (
            "two\n",
            &["archive/events-2025-10-01.jsonl", "archive/events-2025-10-01.jsonl.zst"],
            &["2025-10-01"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive");
        std::fs::create_dir(&archive).unwrap();
        std::fs::write(archive.join("events-2025-10-01.jsonl"), "one\n").unwrap();
        let copy = zstd::encode_all(copied.as_bytes(), 0).unwrap();
        std::fs::write(archive.join("events-2025-10-01.jsonl.zst"), copy).unwrap();
        let listing =
            list_folder(folder.path(), (&Mapping::BuiltIn, &open_log), &Surroundings::default()).unwrap();
        let listed: Vec<_> = logs.iter().map(|log| folder.path().join(log)).collect();
        assert_eq!(listing.logs, listed);
        assert_eq!(listing.repeated_days, repeated);
        let skipped: Vec<_> =
            listing.skipped.iter().map(|file| (&*file.reason, file.may_hold_events())).collect();
        let expected = ("it has the content of events-2025-10-01.jsonl, which is read", false);
        assert_eq!(skipped, if repeated.is_empty() { vec![expected] } else { vec![] });
    }
}

#[test]
fn days_in_the_archive_alone_are_days() {
    let (logs, _, skipped) = listed(&["archive/events-2025-10-01.jsonl.gz", "notes.json"]);
    assert_eq!(logs, ["archive/events-2025-10-01.jsonl.gz"]);
    assert_eq!(skipped, ["notes.json"]);
}

#[test]
fn a_folder_without_days_gives_all_its_json_by_name() {
    let (logs, _, skipped) =
        listed(&["b.jsonl.gz", "a.json", "c.ndjson.zst", "d.txt", "e.gz", "archive/f.json"]);
    assert_eq!(logs, ["a.json", "b.jsonl.gz", "c.ndjson.zst"]);
    assert_eq!(skipped, ["d.txt", "e.gz", "archive"]);
}

#[test]
fn an_empty_file_is_an_array_or_a_day_by_its_name_compressed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    for (name, records) in [("a.json.zst", 1), ("a.jsonl.zst", 0)] {
        let path = folder.path().join(name);
        std::fs::write(&path, zstd::encode_all(&b""[..], 0).unwrap()).unwrap();
        assert_eq!(read(open(&path).as_mut()).len(), records, "{name}");
    }
}
