//! Changes: one definition, in one step, with a backup, beside other processes.

use std::thread;

use super::*;

#[test]
fn a_definition_that_was_added_is_the_last_one() {
    let (_folder, _, registry) = registry(None);
    for id in ["b", "a"] {
        registry.add(definition(id)).unwrap();
    }
    assert_eq!(ids(&registry), ["b", "a"]);
    assert_eq!(registry.get("a").unwrap(), Some(definition("a")));
}

#[test]
fn an_id_that_is_taken_is_refused() {
    let (folder, path, registry) = registry(Some(&json!([spelled("a")]).to_string()));
    let before = fs::read(&path).unwrap();
    let error = registry.add(definition("a")).unwrap_err();
    assert!(matches!(&error, RegistryError::Taken { id, .. } if id == "a"), "{error}");
    assert_eq!((fs::read(&path).unwrap(), backups(&folder).len()), (before, 0));
}

#[test]
fn an_update_takes_the_place_of_the_definition_of_its_id() {
    let (_folder, _, registry) = registry(Some(&json!([spelled("a"), spelled("b")]).to_string()));
    let mut changed = definition("a");
    changed.rate_limit.max_per_minute = 3;
    assert!(registry.update(changed.clone()).unwrap());
    assert_eq!(registry.list().unwrap(), [changed, definition("b")]);
    assert!(!registry.update(definition("c")).unwrap());
}

#[test]
fn an_update_that_would_not_be_read_again_is_refused() {
    let (_folder, _, registry) = registry(Some(&json!([spelled("a")]).to_string()));
    let mut changed = definition("a");
    changed.handler = "no name".to_owned();
    assert!(matches!(registry.update(changed), Err(RegistryError::Invalid { .. })));
    assert_eq!(registry.list().unwrap(), [definition("a")]);
}

#[test]
fn enabling_and_disabling_leave_all_else_as_it_is_spelled() {
    let mut a = spelled("a");
    a["of_a_later_version"] = json!([1.5, {"kept": true}]);
    let content = json!([a, spelled("b")]);
    let (_folder, path, registry) = registry(Some(&content.to_string()));
    for is_enabled in [false, true] {
        assert!(registry.set_enabled("a", is_enabled).unwrap());
        assert_eq!(registry.get("a").unwrap().unwrap().is_enabled, is_enabled);
        let mut expected = content.clone();
        expected[0]["enabled"] = json!(is_enabled);
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(written, expected);
    }
}

#[test]
fn a_change_of_an_unknown_id_changes_nothing() {
    let (folder, path, registry) = registry(Some(&json!([spelled("a")]).to_string()));
    let before = fs::read(&path).unwrap();
    assert!(!registry.set_enabled("b", true).unwrap());
    assert!(!registry.remove("b").unwrap());
    assert_eq!((fs::read(&path).unwrap(), backups(&folder).len()), (before, 0));
}

#[test]
fn the_last_five_states_are_kept_as_backups_and_none_is_written_over() {
    let (folder, path, registry) = registry(None);
    let mut states = Vec::new();
    for id in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        registry.add(definition(id)).unwrap();
        states.push(fs::read(&path).unwrap());
    }
    // The last state is the file itself, and the first change found no file.
    let kept: Vec<_> = backups(&folder).iter().map(|backup| fs::read(backup).unwrap()).collect();
    assert_eq!(kept, states[2..7]);
}

#[test]
fn a_backup_made_after_the_clock_was_set_back_is_the_newest_all_the_same() {
    let (folder, path, registry) = registry(Some("[]"));
    fs::write(path.with_added_extension("backup.29991231_235959_999999.json"), "[]").unwrap();
    for id in ["a", "b"] {
        let before = fs::read(&path).unwrap();
        registry.add(definition(id)).unwrap();
        assert_eq!(fs::read(backups(&folder).last().unwrap()).unwrap(), before);
    }
}

#[test]
fn backups_of_other_programs_are_left_alone() {
    let (folder, path, registry) = registry(Some("[]"));
    let other = path.with_added_extension("backup.20251016.json");
    fs::write(&other, "theirs").unwrap();
    for id in ["a", "b", "c", "d", "e", "f", "g"] {
        registry.add(definition(id)).unwrap();
    }
    assert_eq!((fs::read_to_string(&other).unwrap(), backups(&folder).len()), ("theirs".to_owned(), 6));
}

#[test]
fn what_a_process_has_left_that_ended_before_the_rename_is_in_nothing_s_way() {
    let (_folder, path, registry) = registry(Some(&json!([spelled("a")]).to_string()));
    fs::write(path.with_added_extension("new"), "[{\"id\": \"half").unwrap();
    registry.add(definition("b")).unwrap();
    assert_eq!(ids(&registry), ["a", "b"]);
    assert!(!path.with_added_extension("new").exists());
}

#[test]
fn a_backup_is_there_as_a_whole_or_not_at_all() {
    let (folder, path, registry) = registry(Some("[]"));
    // What is written for a backup is under a name that is no backup's until it is whole.
    fs::create_dir(path.with_added_extension("new")).unwrap();
    let error = registry.add(definition("a")).unwrap_err();
    let error = crate::domain::error_chain::error_chain(&error);
    assert!(
        error.starts_with("could not keep a backup of") && error.ends_with("found a folder: move it away"),
        "{error}"
    );
    assert_eq!((backups(&folder).len(), fs::read_to_string(&path).unwrap().as_str()), (0, "[]"));
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_backup_or_of_the_lock_is_not_waited_for() {
    let (folder, path, registry) = registry(Some("[{"));
    for name in ["backup.20251016_090000_000000.json", "lock"] {
        let pipe = path.with_added_extension(name);
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    let error = registry.list().unwrap_err();
    assert!(matches!(&error, RegistryError::Damaged { backup: None, .. }), "{error}");
    fs::write(&path, "[]").unwrap();
    registry.add(definition("a")).unwrap();
    assert_eq!(backups(&folder).len(), 2);
}

#[test]
fn changes_of_several_writers_at_once_are_all_there() {
    let (_folder, path, registry) = registry(None);
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            // Each with a lock of its own, as each process has.
            scope.spawn(move || {
                for number in 0..5 {
                    Registry::open(path).add(definition(&format!("d{writer}_{number}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(ids(&registry).len(), 20);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_the_file_keeps_its_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, path, _) = registry(Some("[]"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("definitions.json");
    symlink(&path, &link).unwrap();
    Registry::open(&link).add(definition("a")).unwrap();
    assert!(link.is_symlink());
    assert_eq!(ids(&Registry::open(&path)), ["a"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(backups(&folder).len(), 1, "beside the file, not beside the link");
}
