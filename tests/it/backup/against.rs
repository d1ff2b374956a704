//! A store or backup, held against another one.

use super::*;
use crate::support::tamper;

fn held(dir: &TestDir, backend: &str, line: &str) -> (i32, Value) {
    let (code, verified) = answer(dir, backend, line);
    (code, verified["against"].clone())
}

#[test]
fn what_was_stored_since_is_told_of_the_store_and_is_a_difference_of_the_backup() {
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
            (code, &against["only_here"], &against["different"]),
            (1, &3.into(), &0.into()),
            "{against:#}"
        );
    }
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
