//! A store or backup, held against another one.

use super::*;
use crate::support::tamper;

fn held(dir: &TestDir, backend: &str, line: &str) -> (i32, Value) {
    let (code, verified) = answer(dir, backend, line);
    (code, verified["against"].clone())
}

#[test]
fn what_was_stored_since_is_told_of_the_store_and_of_the_backup() {
    for backend in BACKENDS {
        let dir = stored(backend);
        backup(&dir, backend);
        save(&dir, backend, 10..13);
        let store = if backend == "sqlite" { "data/events.db" } else { "data/events" };
        let (code, against) = held(&dir, backend, &format!("verify backups --against {store}"));
        assert_eq!(
            (code, &against["same"], &against["later_in_other"]),
            (0, &10.into(), &3.into()),
            "{against:#}"
        );
        let (code, against) = held(&dir, backend, "verify --against backups");
        assert_eq!(
            (code, &against["later_here"], &against["only_here"], &against["different"]),
            (0, &3.into(), &0.into(), &0.into()),
            "{against:#}"
        );
    }
}

#[test]
fn what_a_backup_of_the_store_has_is_missed_in_the_store_wherever_it_was() {
    let dir = stored("jsonl");
    let path = backup(&dir, "jsonl");
    save(&dir, "jsonl", 10..13);
    let days = ["data/events/events-2025-10-25.jsonl", "data/events/events-2025-10-26.jsonl"];
    for day in days {
        let sound = fs::read(dir.join(day)).unwrap();
        let without_a_line =
            &sound[..sound[..sound.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1];
        let changes: [(&str, &dyn Fn()); 4] = [
            ("removed", &|| fs::remove_file(dir.join(day)).unwrap()),
            ("emptied", &|| fs::write(dir.join(day), "").unwrap()),
            ("misspelt", &|| fs::rename(dir.join(day), dir.join(&format!("{day}.bak"))).unwrap()),
            ("cut", &|| fs::write(dir.join(day), &without_a_line[..without_a_line.len() / 2]).unwrap()),
        ];
        for (what, change) in changes {
            change();
            let (code, against) = held(&dir, "jsonl", "verify --against backups");
            assert!(code == 1 && against["different"].as_u64().unwrap() > 0, "{day} {what}: {against:#}");
            let (code, against) = held(&dir, "jsonl", "verify backups --against data/events");
            assert!(code == 1 && against["only_here"].as_u64().unwrap() > 0, "{day} {what}: {against:#}");
            fs::write(dir.join(day), &sound).unwrap();
            fs::remove_file(dir.join(&format!("{day}.bak"))).ok();
        }
    }
    // A store that was moved is known by its first event.
    fs::rename(dir.join("data/events"), dir.join("moved")).unwrap();
    let last = dir.join("moved/events-2025-10-26.jsonl");
    fs::rename(&last, dir.join("last")).unwrap();
    let (code, against) = held(&dir, "jsonl", "verify moved --against backups");
    assert_eq!((code, &against["later_in_other"]), (1, &0.into()), "{against:#}");
    fs::rename(dir.join("last"), &last).unwrap();
    fs::rename(dir.join("moved"), dir.join("data/events")).unwrap();
    // Held against a copy of the whole store, of which it may be an earlier state, it lacks no day but the last ones.
    let other = path.display();
    fs::rename(dir.join("data/events"), dir.join("copy")).unwrap();
    fs::create_dir(dir.join("data/events")).unwrap();
    fs::copy(dir.join("copy/events-2025-10-26.jsonl"), dir.join(days[1])).unwrap();
    let (code, against) = held(&dir, "jsonl", "verify data/events --against copy");
    assert_eq!((code, &against["different"]), (1, &7.into()), "{other}: {against:#}");
    fs::rename(dir.join(days[1]), dir.join("kept")).unwrap();
    fs::copy(dir.join("copy/events-2025-10-25.jsonl"), dir.join(days[0])).unwrap();
    let (code, against) = held(&dir, "jsonl", "verify data/events --against copy");
    assert_eq!((code, &against["later_in_other"]), (0, &6.into()), "{against:#}");
}

#[test]
fn the_first_difference_is_named_with_its_position_and_what_differs() {
    let template = stored("sqlite");
    backup(&template, "sqlite");
    for (change, said) in [
        (
            "UPDATE events SET event_id = 'other', body = replace(body, 'e3', 'other') WHERE position = 4",
            "position 4: the id is",
        ),
        (
            "UPDATE events SET body = replace(body, '}', ' }') WHERE position = 5",
            "position 5: the texts of e4 differ from byte",
        ),
    ] {
        let database = template.join("data/events.db");
        let sound = fs::read(&database).unwrap();
        tamper(&database, change);
        let (code, against) = held(&template, "sqlite", "verify --against backups");
        let first = against["first_difference"].as_str().unwrap_or_default();
        assert!(code == 1 && first.contains(said), "{change}: {against:#}");
        fs::write(&database, sound).unwrap();
    }
}

#[test]
fn stores_of_two_backends_are_not_held_against_each_other() {
    let (dir, other) = (stored("sqlite"), stored("jsonl"));
    let line = format!("verify --against {}", other.join("data/events").display());
    run(&dir, "sqlite", &line).code_is(2, "of the same backend");
}
