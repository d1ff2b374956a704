//! What is recorded as evidence, and what the gate makes of it.

use super::*;

#[test]
fn a_backup_and_a_verification_of_the_store_are_links_of_the_chain() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let path = backup(&dir, backend);
        assert_eq!(answer(&dir, backend, "verify backups").1["recorded_as"], 2);
        assert_eq!(answer(&dir, backend, "verify").1["recorded_as"], 3);
        overwrite(&path.join("handlers.db"), |bytes| bytes[100] ^= 1);
        assert_eq!(answer(&dir, backend, "verify backups").1["recorded_as"], 4);
        let (code, listed) = answer(&dir, backend, "evidence list");
        let records = listed["records"].as_array().unwrap();
        let told = |number: usize, key: &str| records[number][key].clone();
        assert_eq!(
            (code, told(0, "kind"), told(1, "kind")),
            (0, "backup".into(), "verification".into()),
            "{listed:#}"
        );
        assert_eq!(
            (told(1, "verdict"), told(2, "verdict"), told(3, "verdict")),
            ("consistent".into(), "consistent".into(), "different".into())
        );
        assert_eq!((told(1, "manifest_sha256"), told(2, "backup")), (Value::Null, Value::Null));
        assert_eq!(records[1]["backup"]["made_at"], told(0, "made_at"));
        assert!(told(3, "reasons")[0].as_str().unwrap().contains("handlers.db"));
        assert_eq!(run(&dir, backend, "evidence verify").code, 0);
        assert_eq!(run(&dir, backend, "evidence list").code, 0);
    }
}

#[test]
fn that_a_backup_has_no_manifest_that_can_be_read_is_recorded() {
    let dir = stored("sqlite");
    let path = backup(&dir, "sqlite");
    assert_eq!(answer(&dir, "sqlite", "verify backups").1["recorded_as"], 2);
    overwrite(&path.join("manifest.json"), |text| text.truncate(10));
    let (code, verified) = answer(&dir, "sqlite", "verify backups");
    assert_eq!((code, &verified["recorded_as"]), (1, &3.into()), "{verified:#}");
}

/// What the gate says of backups.
fn criterion(dir: &TestDir, backend: &str) -> Value {
    let judged = answer(dir, backend, "cutover-check").1;
    let criteria = judged["criteria"].as_array().unwrap();
    criteria.iter().find(|criterion| criterion["criterion"] == "backup").unwrap().clone()
}

#[test]
fn the_gate_is_not_passed_by_a_backup_that_is_gone() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    assert_eq!(run(&dir, "sqlite", "verify backups").code, 0);
    let criterion = || criterion(&dir, "sqlite")["verdict"].clone();
    assert_eq!(criterion(), "holds");
    let (code, made) = answer(&dir, "sqlite", "backup --to backups --keep 0");
    assert_eq!((code, made["removed"].as_array().unwrap().len()), (0, 1));
    assert_eq!(criterion(), "not-enough-evidence");
    overwrite(&dir.join(made["backup"].as_str().unwrap()).join("events.db"), |bytes| bytes[100] ^= 1);
    assert_eq!(run(&dir, "sqlite", "verify backups").code, 1);
    assert_eq!(criterion(), "fails");
}

#[test]
fn the_gate_is_not_passed_by_a_backup_whose_files_are_not_as_long_as_they_were() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let path = backup(&dir, backend);
        assert_eq!(run(&dir, backend, "verify backups").code, 0);
        assert_eq!(criterion(&dir, backend)["verdict"], "holds");
        let file = path.join(if backend == "jsonl" { "events/events-2025-10-25.jsonl" } else { "events.db" });
        overwrite(&file, Vec::clear);
        assert_eq!(criterion(&dir, backend)["verdict"], "not-enough-evidence", "emptied");
        fs::remove_file(&file).unwrap();
        assert_eq!(criterion(&dir, backend)["verdict"], "not-enough-evidence", "gone");
    }
}

#[test]
fn the_gate_tells_of_a_later_backup_that_is_not_whole() {
    let dir = stored("sqlite");
    let first = backup(&dir, "sqlite");
    assert_eq!(run(&dir, "sqlite", "verify backups").code, 0);
    let second = backup(&dir, "sqlite");
    overwrite(&second.join("events.db"), |bytes| bytes[100] ^= 1);
    assert_eq!(run(&dir, "sqlite", "verify backups").code, 1);
    let told = criterion(&dir, "sqlite");
    assert_eq!(told["verdict"], "holds");
    let note = told["notes"][0].as_str().unwrap();
    assert!(
        note.contains(second.file_name().unwrap().to_str().unwrap()) && note.contains("is not whole"),
        "{note}"
    );
    assert_eq!(run(&dir, "sqlite", &format!("verify {}", first.display())).code, 0);
    assert_eq!(criterion(&dir, "sqlite")["notes"], Value::Array(vec![]), "it was looked at since");
}

#[test]
fn what_is_no_backup_of_the_store_of_the_settings_is_not_recorded() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    assert_eq!(run(&dir, "sqlite", "restore --from backups --into other.db").code, 0);
    for line in ["verify other.db", "verify data/handlers.db"] {
        assert_eq!(answer(&dir, "sqlite", line).1["recorded_as"], Value::Null, "{line}");
    }
    let other = stored("sqlite");
    let line = format!("verify {}", dir.join("backups").display());
    assert_eq!(answer(&other, "sqlite", &line).1["recorded_as"], Value::Null);
}
