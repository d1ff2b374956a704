//! What an export replaces where it was told to: files of which nothing is lost. Everything else stays.

use std::fs;
use std::io::Write;

use super::{DATABASE, Report, import, quiet, tamper};
use crate::support::cli::{Run, write};
use crate::support::test_dir::TestDir;

/// Said of a log where it was imported from.
const OWN_PLACE: &str =
    "this is the place of the imported log itself, and what stands there is not what would be written";

fn record(id: &str) -> String {
    format!("{{\"event_id\": \"{id}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n")
}

fn array(ids: &[&str]) -> String {
    let records: Vec<String> = ids.iter().map(|id| record(id).trim().to_owned()).collect();
    format!("[{}]", records.join(", "))
}

fn append(dir: &TestDir, name: &str, text: &str) {
    let mut file = fs::File::options().append(true).open(dir.join(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn read(dir: &TestDir, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

fn force(dir: &TestDir, arguments: &str) -> Run {
    quiet(dir).run(&format!("--store {DATABASE} export --force {arguments}"))
}

/// Exports over what is there; one file stays, and this is said of it.
#[track_caller]
fn stays(dir: &TestDir, arguments: &str, file: &str, reason: &str) {
    let before = fs::read(dir.join(file)).unwrap();
    let run = force(dir, arguments);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{}", run.stdout);
    let said: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("not written: ")).collect();
    let [said] = said[..] else { panic!("{said:#?}") };
    let way_out = format!("{reason}: move it away, or name another folder with --to");
    assert!(said.contains(file.trim_start_matches("./")) && said.ends_with(&way_out), "{said}");
    assert_eq!(fs::read(dir.join(file)).unwrap(), before);
    let left_over = fs::read_dir(dir.join(file).parent().unwrap()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".mission-events-")
    });
    assert_eq!(left_over.count(), 0);
}

#[track_caller]
fn is_replaced(dir: &TestDir, arguments: &str, file: &str, by: &str) {
    let run = force(dir, arguments);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(read(dir, file), by);
}

#[test]
fn a_log_that_has_grown_since_its_import_is_not_replaced() {
    for (name, content, more) in [
        ("a.jsonl", record("e1"), record("e2")),
        // The event of a torn line whose end came later.
        ("a.jsonl", record("e1").trim_end().to_owned(), "\n".to_owned() + &record("e2")),
    ] {
        let dir = TestDir::new();
        write(&dir, name, &content);
        import(&dir, name);
        append(&dir, name, &more);
        let reason =
            format!("what stands there goes on after what would be written, for {} bytes", more.len());
        stays(&dir, "--to .", name, &reason);
        stays(&dir, "--to . --source 1", name, &reason);
    }
}

#[test]
fn an_array_that_has_grown_since_its_import_is_not_replaced() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", array(&["e1"]));
    import(&dir, "data/events.json");
    write(&dir, "data/events.json", array(&["e1", "e2"]));
    stays(&dir, "--to data", "data/events.json", OWN_PLACE);
}

#[test]
fn a_log_at_its_own_place_stays_whatever_has_become_of_it() {
    for content in ["", "something else", &record("e1"), &(record("e2") + &record("e1"))] {
        let dir = TestDir::new();
        write(&dir, "a.jsonl", record("e1") + &record("e2"));
        import(&dir, "a.jsonl");
        write(&dir, "a.jsonl", content);
        stays(&dir, "--to .", "./a.jsonl", OWN_PLACE);
    }
}

#[test]
fn an_earlier_version_is_not_written_over_the_log_that_was_imported_later() {
    let dir = TestDir::new();
    for text in [record("e1"), record("e2")] {
        write(&dir, "a.jsonl", text);
        import(&dir, "a.jsonl");
    }
    stays(&dir, "--to . --source 1", "a.jsonl", OWN_PLACE);
}

#[test]
fn a_log_that_is_what_was_imported_is_in_its_place_already_and_its_writer_keeps_it() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", record("e1"));
    import(&dir, "a.jsonl");
    let mut writer = fs::File::options().append(true).open(dir.join("a.jsonl")).unwrap();
    is_replaced(&dir, "--to .", "a.jsonl", &record("e1"));
    writer.write_all(record("e2").as_bytes()).unwrap();
    assert_eq!(read(&dir, "a.jsonl"), record("e1") + &record("e2"));
}

#[test]
fn a_live_log_beside_a_compressed_one_of_its_name_is_not_replaced() {
    let dir = TestDir::new();
    let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    compressed.write_all(record("yesterday").as_bytes()).unwrap();
    write(&dir, "app.jsonl.gz", compressed.finish().unwrap());
    import(&dir, "app.jsonl.gz");
    // Empty after the rotation, all there is in the store, and still the log that events are written to.
    for today in [record("today"), String::new(), record("yesterday")[..9].to_owned()] {
        write(&dir, "app.jsonl", today);
        stays(&dir, "--to .", "app.jsonl", OWN_PLACE);
    }
    write(&dir, "elsewhere/app.jsonl", record("today"));
    stays(&dir, "--to elsewhere", "elsewhere/app.jsonl", "what stands there is not in the store");
    write(&dir, "app.jsonl", record("today"));
    import(&dir, "app.jsonl");
    stays(&dir, "--to . --source 1", "app.jsonl", OWN_PLACE);
}

#[test]
fn what_is_in_no_store_is_not_replaced_and_the_other_files_are_written() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", record("e1"));
    write(&dir, "b.jsonl", record("e2"));
    import(&dir, "a.jsonl b.jsonl");
    write(&dir, "out/a.jsonl", "theirs");
    stays(&dir, "--to out", "out/a.jsonl", "what stands there is not in the store");
    assert_eq!(read(&dir, "out/b.jsonl"), record("e2"));
    let run = quiet(&dir).run(&format!("--store {DATABASE} --format json export --force --to out"));
    let report: Report = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report.files.iter().map(|file| file.written).collect::<Vec<_>>(), [false, true]);
    assert_eq!(report.files[0].bytes, record("e1").len() as u64, "what would have been written");
}

#[test]
fn an_earlier_export_is_replaced_by_that_of_the_log_that_has_grown() {
    let lines = |ids: &[&str]| ids.iter().map(|id| record(id)).collect::<String>();
    let indented =
        |ids: &[&str]| array(ids).replace("[{", "[\n  {").replace("}, ", "},\n  ").replace("}]", "}\n]\n");
    for (name, versions) in [
        ("a.jsonl", [lines(&["e1"]), lines(&["e1", "e2"])]),
        ("a.jsonl", [lines(&["e1"]) + &record("e2")[..20], lines(&["e1", "e2"])]),
        ("a.jsonl", [lines(&["e1"]) + "\n\r\n", lines(&["e1"]) + "\n\r\n" + &record("e2")]),
        ("a.json", [array(&["e1"]), array(&["e1", "e2"])]),
        ("a.json", [array(&[]), array(&["e1"])]),
        ("a.json", [indented(&["e1"]), indented(&["e1", "e2"])]),
        ("a.json", [array(&["e1"]), array(&["e1"])]),
    ] {
        let dir = TestDir::new();
        for version in &versions {
            write(&dir, name, version);
            import(&dir, name);
            is_replaced(&dir, "--to out", &format!("out/{name}"), version);
        }
    }
}

#[test]
fn another_version_that_the_store_gives_back_is_replaced_and_one_that_it_does_not_is_not() {
    let with_both = || {
        let dir = TestDir::new();
        for text in [record("e1") + "damage\n", record("e2")] {
            write(&dir, "in/a.jsonl", text);
            import(&dir, "in/a.jsonl");
        }
        write(&dir, "out/a.jsonl", record("e1") + "damage\n");
        dir
    };
    is_replaced(&with_both(), "--to out --source 2", "out/a.jsonl", &record("e2"));
    for sql in [
        "UPDATE events SET body = replace(body, 'A', 'B') WHERE event_id = 'e1'",
        "UPDATE reject_texts SET text = CAST('Damage' AS BLOB)",
        "UPDATE sources SET finished_at = NULL WHERE source_id = 1",
        "UPDATE sources SET out_of_range = 1 WHERE source_id = 1",
    ] {
        let dir = with_both();
        tamper(&dir, sql);
        stays(&dir, "--to out --source 2", "out/a.jsonl", "what stands there is not in the store");
    }
}

#[test]
fn a_version_that_was_imported_in_part_is_not_in_the_store() {
    let dir = TestDir::new();
    let old = record("e1").replace("2025-10-25", "2024-10-25") + &record("e2");
    write(&dir, "in/a.jsonl", &old);
    import(&dir, "in/a.jsonl --since 2025-01-01");
    write(&dir, "in/a.jsonl", record("e3"));
    import(&dir, "in/a.jsonl");
    write(&dir, "out/a.jsonl", &old);
    stays(&dir, "--to out --source 2", "out/a.jsonl", "what stands there is not in the store");
}

#[test]
fn an_export_of_live_events_is_replaced_by_a_later_one_and_other_files_of_its_names_are_not() {
    use crate::support::{event, live_in, utc};
    use mission_events::internals::domain::repository::EventRepository;
    use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;

    let dir = TestDir::new();
    let save = |id: &str| {
        let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
        let text = event(id).at("2025-10-25T10:00:00Z").text();
        store.save_event(&live_in(&utc(), &text)).unwrap();
    };
    for id in ["e1", "e2"] {
        save(id);
        for (arguments, name) in
            [("--to out", "events-2025-10-25.jsonl"), ("--to out --legacy", "events.json")]
        {
            let run = force(&dir, arguments);
            assert_eq!(run.code, 0, "{}", run.stdout);
            assert!(dir.join("out").join(name).exists());
        }
    }
    assert_eq!(read(&dir, "out/events-2025-10-25.jsonl").lines().count(), 2);
    assert_eq!(read(&dir, "out/events.json").matches("\"type\"").count(), 2);

    // What the legacy system and the new one write themselves.
    write(&dir, "data/events.json", array(&["legacy"]));
    stays(&dir, "--to data --legacy", "data/events.json", "what stands there is not in the store");
    write(&dir, "data/events-2025-10-25.jsonl", read(&dir, "out/events-2025-10-25.jsonl") + &record("e3"));
    let reason = "what stands there goes on after what would be written, for 75 bytes";
    stays(&dir, "--to data", "data/events-2025-10-25.jsonl", reason);
}

#[test]
fn a_file_that_is_changed_while_others_are_written_is_told_at_the_end() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", record("e1"));
    import(&dir, "a.jsonl");
    // As a folder does that takes two names for one: what was written is not there any more.
    let run = changed_meanwhile(&dir);
    assert!(!run.is_whole());
    let said = run.files[0].reason.as_deref().unwrap();
    assert!(said.starts_with("after the export it has 6 bytes with the SHA-256 "), "{said}");
    assert_eq!((run.files[0].written, run.files[0].exact), (false, false));
}

/// An export into a folder that has other content when it is looked at again.
fn changed_meanwhile(dir: &TestDir) -> mission_events::internals::application::export::Exported {
    use crate::support::utc;
    use mission_events::internals::application::export::{
        ContentDigest, Export, ExportFolder, ExportOptions, NewFile, PlaceError,
    };
    use mission_events::internals::infrastructure::export_folder::FileFolder;
    use mission_events::internals::infrastructure::sqlite::SqliteExport;
    use std::path::{Path, PathBuf};

    struct Forgetful(FileFolder);
    impl ExportFolder for Forgetful {
        fn path(&self) -> &Path {
            self.0.path()
        }
        fn taken(&self, names: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
            self.0.taken(names)
        }
        fn begin(&mut self, name: &Path, bytes: Option<u64>) -> Result<Box<dyn NewFile>, PlaceError> {
            self.0.begin(name, bytes)
        }
        fn content(&self, name: &Path) -> std::io::Result<Option<ContentDigest>> {
            fs::write(self.path().join(name), "theirs").unwrap();
            self.0.content(name)
        }
    }
    let mut store = SqliteExport::open(&dir.join(DATABASE), utc()).unwrap();
    let options = ExportOptions { source_id: None, legacy: false, only: None, force: false, zone: utc() };
    let mut folder = Forgetful(FileFolder::new(&dir.join("out"), false));
    Export::new(&mut store, &mut folder, options).run().unwrap()
}

#[test]
fn names_that_differ_in_case_or_unicode_form_alone_get_different_files() {
    let dir = TestDir::new();
    for (name, id) in
        [("in/A.jsonl", "e1"), ("in/a.jsonl", "e2"), ("in/\u{e4}.jsonl", "e3"), ("in/a\u{308}.jsonl", "e4")]
    {
        write(&dir, name, record(id));
    }
    import(&dir, "in");
    let report = super::comes_back(&dir);
    let keys: std::collections::BTreeSet<String> = report
        .files
        .iter()
        .map(|file| {
            mission_events::internals::application::export::name_key(&file.path.display().to_string())
        })
        .collect();
    assert_eq!(keys.len(), 4, "{report:#?}");
}

#[test]
fn exports_into_one_folder_at_once_leave_whole_files_of_one_of_them() {
    let dir = TestDir::new();
    let long: String = (0..2_000).map(|n| record(&format!("e{n}"))).collect();
    write(&dir, "a.jsonl", &long);
    import(&dir, "a.jsonl");
    let running: Vec<_> =
        (0..4).map(|_| quiet(&dir).start(&format!("--store {DATABASE} export --force --to out"))).collect();
    for run in running.into_iter().map(crate::support::cli::Running::end) {
        assert!(run.code <= 1, "{run:?}");
        if run.code == 1 {
            assert!(run.stdout.contains("a file has appeared there meanwhile"), "{run:?}");
        }
    }
    assert_eq!(read(&dir, "out/a.jsonl"), long);
    assert_eq!(fs::read_dir(dir.join("out")).unwrap().count(), 1);
}
