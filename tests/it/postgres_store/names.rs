//! Texts that PostgreSQL has none of: kept, found and told apart.

use mission_events::conformance::events::event;
use mission_events::internals::domain::repository::{EventRepository, EventRepositoryExt, RepositoryError};

use super::{open, schema};
use crate::support::ids;
use crate::support::postgres::server;

/// Names that no column can hold, and their neighbours.
fn names() -> Vec<String> {
    let mut names = Vec::new();
    for length in [1, 512, 513, 3_000, 300_000] {
        for letter in ["x", "é"] {
            names.push(letter.repeat(length / letter.len() + 1));
            names.push(letter.repeat(length / letter.len()));
        }
    }
    names.extend(["e\0", "e\u{2400}", "\0", "\u{2400}", "e\0\0", "e\u{2400}\0"].map(str::to_owned));
    names.push("x".repeat(600) + "y");
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

#[test]
fn names_with_nul_and_of_any_length_are_kept_found_and_told_apart() {
    let repository = open(&server().new_store());
    for name in names() {
        // An id is never empty.
        let id = format!("{name}.");
        let saved = event(&id).of_type(&name).about(&name).build();
        let position = repository.save_event(&saved).unwrap();
        assert_eq!(repository.save_event(&saved).unwrap(), position, "twice is once");
        let stored = repository.find_by_id(saved.event_id()).unwrap().unwrap();
        assert!(stored.event == saved, "{:?}", name.get(..20));
        for found in
            [repository.find_by_type(&name, 10).unwrap(), repository.find_by_aggregate(&name, 10).unwrap()]
        {
            assert!(found.len() == 1 && found[0].event == saved, "{:?}: {}", name.get(..20), found.len());
        }
        let other = event(&id).of_type(&name).about(&name).with("title", "\"other\"").build();
        let refusal = repository.save_event(&other).unwrap_err();
        assert!(matches!(refusal, RepositoryError::Conflict { position: named, .. } if named == position));
    }
    let all = repository.get_recent_events(1_000).unwrap();
    assert_eq!(all.len(), names().len());
}

#[test]
fn another_client_reads_the_bytes_that_were_saved() {
    let url = server().new_store();
    let repository = open(&url);
    let values =
        ["1.50", "-0", "1e400", "NaN", r#""\u0000\ud800""#, "\"e\u{301}\u{fffe}\u{10ffff}\"", "[1, 1.0]"];
    for (number, value) in values.into_iter().enumerate() {
        let saved = event(&format!("e{number}")).with("value", value).build();
        repository.save_event(&saved).unwrap();
        // As bytes: psql leaves out what its terminal may not show.
        let read = format!(
            "SELECT encode(convert_to(body, 'UTF8'), 'hex') FROM {}.events WHERE event_id = 'e{number}'",
            schema(&url)
        );
        assert_eq!(server().psql(&read).trim(), data_encoding::HEXLOWER.encode(saved.body().as_bytes()));
    }
    let readable = format!(
        "SELECT event_id, json ->> 'value' FROM {}.events_readable WHERE json IS NOT NULL ORDER BY position",
        schema(&url)
    );
    // What jsonb cannot say is left to the text.
    assert_eq!(
        server().psql(&readable).lines().map(|line| line.split('|').next().unwrap()).collect::<Vec<_>>(),
        ["e0", "e1", "e2", "e5", "e6"]
    );
    assert_eq!(ids(&repository.get_recent_events(1).unwrap()), ["e6"]);
}
