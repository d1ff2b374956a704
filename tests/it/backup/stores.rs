//! What a backup holds, and what verifies.

use super::*;
use crate::support::tamper;

#[test]
fn a_backup_has_the_events_of_its_store_and_what_handlers_have_done_and_is_whole() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let (code, made) = answer(&dir, backend, "backup --to backups");
        assert_eq!((code, &made["events"], &made["recorded_as"]), (0, &10.into(), &1.into()), "{made:#}");
        let path = dir.join(made["backup"].as_str().unwrap());
        let has = |name: &str| path.join(name).exists();
        assert!(has("handlers.db") && has("manifest.json") && has("SHA256SUMS"), "{backend}");
        assert_eq!((has("events.db"), has("events")), (backend == "sqlite", backend == "jsonl"));

        let (code, verified) = answer(&dir, backend, "verify backups");
        assert_eq!(
            (code, &verified["holds"], &verified["of"]),
            (0, &true.into(), &"backup".into()),
            "{verified:#}"
        );
        assert_eq!((&verified["events"], &verified["digest"]), (&10.into(), &made["digest"]));
        assert_eq!(verified["manifest_sha256"], made["manifest_sha256"]);
        let (code, verified) = answer(&dir, backend, "verify");
        assert_eq!((code, &verified["of"], &verified["digest"]), (0, &"store".into(), &made["digest"]));
    }
}

#[test]
fn a_compressed_backup_of_day_files_verifies_and_gives_back_the_files_that_were_there() {
    let dir = stored("jsonl");
    save(&dir, "jsonl", 10..400);
    // A last line without its end is an event, and comes back without it.
    let last = dir.join("data/events/events-2025-10-26.jsonl");
    let text = fs::read(&last).unwrap();
    fs::write(&last, text.trim_ascii_end()).unwrap();
    let (code, made) = answer(&dir, "jsonl", "backup --to backups --compress");
    assert_eq!((code, &made["events"]), (0, &400.into()), "{made:#}");
    let path = dir.join(made["backup"].as_str().unwrap());
    let packed = path.join("events/archive/events-2025-10-26.jsonl.zst");
    assert!(packed.exists() && !path.join("events/events-2025-10-26.jsonl").exists());
    assert!(fs::metadata(&packed).unwrap().len() * 2 < text.len() as u64, "it is smaller");
    let (code, verified) = answer(&dir, "jsonl", "verify backups");
    assert_eq!((code, &verified["digest"]), (0, &made["digest"]), "{verified:#}");

    let (code, restored) = answer(&dir, "jsonl", "restore --from backups --into restored");
    assert_eq!((code, &restored["digest"]), (0, &made["digest"]), "{restored:#}");
    for name in ["events-2025-10-25.jsonl", "events-2025-10-26.jsonl"] {
        let file = |folder: &str| fs::read(dir.join(folder).join(name)).unwrap();
        assert_eq!(file("restored"), file("data/events"), "{name}");
    }
    assert_eq!(answer(&dir, "jsonl", "verify restored --against data/events").0, 0);
    run(&stored("sqlite"), "sqlite", "backup --to backups --compress")
        .code_is(2, "for the day files of a JSONL store");
}

#[test]
fn a_compressed_day_that_is_another_than_the_manifest_says_is_not_restored() {
    let dir = stored("jsonl");
    assert_eq!(answer(&dir, "jsonl", "backup --to backups --compress").0, 0);
    let name = names(&dir, "backups").pop().unwrap();
    change_manifest(&dir.join("backups").join(name), |manifest| {
        let sha256 = manifest["compressed"][0]["of"]["sha256"].as_str().unwrap().to_owned();
        manifest["compressed"][0]["of"]["sha256"] = sha256.chars().rev().collect::<String>().into();
    });
    run(&dir, "jsonl", "restore --from backups --into restored")
        .code_is(4, "is not what the manifest says any more");
    assert!(!dir.join("restored").exists());
}

/// Changes the manifest of a backup, and the sum of it.
fn change_manifest(folder: &Path, change: impl FnOnce(&mut Value)) {
    let (manifest, sums) = (folder.join("manifest.json"), folder.join("SHA256SUMS"));
    let text = fs::read_to_string(&manifest).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    change(&mut changed);
    let changed = serde_json::to_string_pretty(&changed).unwrap();
    let hash = |text: &str| data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(text));
    let line = fs::read_to_string(&sums).unwrap().replace(&hash(&text), &hash(&changed));
    for (path, text) in [(&manifest, changed), (&sums, line)] {
        fs::remove_file(path).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_backup_that_has_another_file_among_those_of_days_is_not_restored() {
    for other in ["events/.events.lock", "events/archive/notes.txt", "events/deep/events-2025-10-25.jsonl"] {
        let dir = stored("jsonl");
        let folder = backup(&dir, "jsonl");
        let day = "events/events-2025-10-25.jsonl";
        fs::create_dir_all(folder.join(other).parent().unwrap()).unwrap();
        fs::rename(folder.join(day), folder.join(other)).unwrap();
        change_manifest(&folder, |manifest| {
            let file = manifest["files"].as_array_mut().unwrap().iter_mut().find(|file| file["name"] == day);
            file.unwrap()["name"] = other.into();
        });
        let sums = folder.join("SHA256SUMS");
        let text = fs::read_to_string(&sums).unwrap().replace(day, other);
        fs::remove_file(&sums).unwrap();
        fs::write(&sums, text).unwrap();
        let refused = run(&dir, "jsonl", "restore --from backups --into restored");
        refused.code_is(4, "which is no file of a day");
        assert!(!dir.join("restored").exists(), "{other}");
    }
}

#[cfg(unix)]
#[test]
fn the_sums_of_a_backup_are_those_that_sha256sum_reads_and_its_files_are_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = stored("sqlite");
    let path = backup(&dir, "sqlite");
    let checked = std::process::Command::new("sha256sum")
        .args(["--check", "SHA256SUMS"])
        .current_dir(&path)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
    for entry in fs::read_dir(&path).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o222, 0);
    }
}

#[test]
fn a_store_with_all_that_an_import_leaves_verifies_and_so_does_its_backup() {
    let dir = imported();
    let path = backup(&dir, "sqlite");
    for line in
        ["verify".to_owned(), format!("verify {}", path.display()), "verify data/handlers.db".to_owned()]
    {
        let (code, verified) = answer(&dir, "sqlite", &line);
        assert_eq!((code, verified["holds"].clone()), (0, true.into()), "{line}: {verified:#}");
    }
    let (_, verified) = answer(&dir, "sqlite", "verify");
    let checks: Vec<&str> =
        verified["checks"].as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
    let expected =
        ["schema", "integrity", "foreign_keys", "positions", "rows", "bodies", "derived_ids", "provenance"];
    assert_eq!(checks, expected);
}

#[test]
fn a_log_that_has_grown_and_one_that_was_written_anew_verify() {
    let dir = imported();
    let grown = fs::read_to_string(dir.join("data/events.json"))
        .unwrap()
        .replace(']', r#", {"type": "TaskCreated", "task_id": "T3", "timestamp": "2025-10-21T10:00:00"}]"#);
    for log in [grown.as_str(), &grown.replace(", ", ",\n"), r#"[{"type": "A", "timestamp": "2025-10-22"}]"#]
    {
        write(&dir, "data/events.json", log);
        run(&dir, "sqlite", "import-legacy data/events.json");
        let (code, verified) = answer(&dir, "sqlite", "verify");
        assert_eq!(code, 0, "{verified:#}");
    }
}

#[test]
fn what_another_program_has_changed_in_a_row_is_found_by_the_check_that_is_for_it() {
    let changes = [
        ("UPDATE events SET event_type = 'Other' WHERE position = 3", "bodies"),
        ("UPDATE events SET occurred_at = occurred_at + 1 WHERE position = 3", "bodies"),
        ("UPDATE events SET aggregate_id = NULL WHERE position = 3", "bodies"),
        ("UPDATE events SET body = replace(body, 'T1', 'T9') WHERE position = 3", "bodies"),
        ("UPDATE events SET event_id = 'other' WHERE position = 12", "derived_ids"),
        ("UPDATE events SET body = replace(body, 'é', 'e') WHERE position = 12", "provenance"),
        ("UPDATE reject_texts SET text = x'00'", "provenance"),
        ("DELETE FROM events WHERE position = 4", "positions"),
        ("DELETE FROM events WHERE position = (SELECT max(position) FROM events)", "rows"),
        ("UPDATE events SET source_id = 7 WHERE position = 12", "bodies"),
        ("UPDATE rejects SET source_id = 7", "foreign_keys"),
    ];
    let template = imported();
    for (change, check) in changes {
        let dir = TestDir::new();
        write(&dir, "data/events.db", "");
        fs::copy(template.join("data/events.db"), dir.join("data/events.db")).unwrap();
        assert_eq!(answer(&dir, "sqlite", "verify").0, 0, "{change}");
        tamper(&dir.join("data/events.db"), change);
        let (code, verified) = answer(&dir, "sqlite", "verify");
        let found: Vec<&str> = verified["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["check"].as_str().unwrap())
            .collect();
        assert!(code == 1 && found.contains(&check), "{change}: {verified:#}");
    }
}

#[test]
fn a_changed_schema_and_a_damaged_day_file_are_findings_and_what_is_no_store_is_an_error() {
    let dir = stored("sqlite");
    let connection = rusqlite::Connection::open(dir.join("data/events.db")).unwrap();
    connection.execute_batch("DROP TRIGGER events_refuse_update").unwrap();
    drop(connection);
    let (code, verified) = answer(&dir, "sqlite", "verify");
    assert_eq!((code, &verified["findings"][0]["check"]), (1, &"schema".into()), "{verified:#}");

    let dir = stored("jsonl");
    overwrite(&dir.join("data/events/events-2025-10-25.jsonl"), |bytes| bytes[0] = b'x');
    let (code, verified) = answer(&dir, "jsonl", "verify");
    assert_eq!((code, &verified["findings"][0]["check"]), (1, &"bodies".into()), "{verified:#}");

    write(&dir, "notes.txt", "all quiet");
    fs::create_dir(dir.join("empty")).unwrap();
    for line in ["verify notes.txt", "verify nothing", "verify empty", "--store nothing.db verify"] {
        assert_eq!(run(&dir, "jsonl", line).code, 4, "{line}");
    }
    assert_eq!(run(&TestDir::new(), "sqlite", "verify").code, 4);
}

#[test]
fn a_torn_last_line_is_no_event_of_a_backup_and_archived_days_are() {
    let dir = stored("jsonl");
    assert_eq!(run(&dir, "jsonl", "archive --before 2025-10-26").code, 0);
    let day = dir.join("data/events/events-2025-10-26.jsonl");
    let whole = fs::read(&day).unwrap();
    fs::write(&day, [whole.as_slice(), b"{\"event_id\": \"torn"].concat()).unwrap();
    let (code, made) = answer(&dir, "jsonl", "backup --to backups");
    assert_eq!((code, &made["events"]), (0, &10.into()), "{made:#}");
    assert!(made["left_out"][0].as_str().unwrap().starts_with("18 bytes at the end of"), "{made:#}");
    let path = dir.join(made["backup"].as_str().unwrap());
    assert_eq!(fs::read(path.join("events/events-2025-10-26.jsonl")).unwrap(), whole);
    assert!(path.join("events/archive/events-2025-10-25.jsonl.zst").exists());
    assert_eq!(answer(&dir, "jsonl", "verify backups").0, 0);
}

#[test]
fn a_line_of_which_a_power_cut_has_left_zeros_is_no_event_of_a_backup() {
    for compress in ["", " --compress"] {
        let dir = stored("jsonl");
        save(&dir, "jsonl", 10..40);
        let day = dir.join("data/events/events-2025-10-26.jsonl");
        let mut content = fs::read(&day).unwrap();
        let sectors = content.len() / 512;
        content[(sectors - 1) * 512..sectors * 512].fill(0);
        fs::write(&day, &content).unwrap();
        let left = answer(&dir, "jsonl", "verify").1["events"].clone();
        assert!(left.as_u64().unwrap() > 30 && left.as_u64().unwrap() < 40, "{left}");
        let (code, made) = answer(&dir, "jsonl", &format!("backup --to backups{compress}"));
        assert_eq!((code, &made["events"]), (0, &left), "{made:#}");
        let told = made["left_out"][0].as_str().unwrap();
        assert!(told.starts_with("the line at byte") && told.contains("zeros stand"), "{told}");
        let (code, verified) = answer(&dir, "jsonl", "verify backups");
        assert_eq!((code, &verified["events"]), (0, &left), "{verified:#}");
        let (code, restored) = answer(&dir, "jsonl", "restore --from backups --into restored");
        assert_eq!((code, &restored["digest"]), (0, &made["digest"]), "{restored:#}");
        assert_eq!(answer(&dir, "jsonl", "verify restored --against data/events").0, 0);
        assert_eq!(run(&dir, "jsonl", "archive --before 2025-11-01").code, 0);
        assert_eq!(answer(&dir, "jsonl", "verify restored --against data/events").0, 0);
    }
}

#[test]
fn a_last_line_that_lacks_nothing_but_its_end_is_in_the_backup() {
    let dir = stored("jsonl");
    let day = dir.join("data/events/events-2025-10-26.jsonl");
    let whole = fs::read(&day).unwrap();
    fs::write(&day, &whole[..whole.len() - 1]).unwrap();
    let (code, made) = answer(&dir, "jsonl", "backup --to backups");
    assert_eq!(
        (code, &made["events"], &made["left_out"]),
        (0, &10.into(), &serde_json::json!([])),
        "{made:#}"
    );
}
