//! Files that are refused: said where, with a way out, and never written over.

use super::*;

/// What each call answers, and that the file is as it was.
fn error_of(content: &str) -> String {
    let (_folder, path, registry) = registry(Some(content));
    let error = registry.list().unwrap_err().to_string();
    assert!(registry.add(definition("new")).is_err());
    assert!(registry.set_enabled("a", true).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), content, "it was not changed");
    error
}

#[test]
fn a_damaged_file_is_refused_where_it_is_damaged() {
    let error = error_of("[\n  {\"id\": \"a\",\n");
    assert!(error.contains("event_definitions.json, line 3, byte 16: expected "), "{error}");
    assert!(error.contains("no backup can be read"), "{error}");
    for content in ["", " ", "[1,]", "[] []", "\0\0\0\0"] {
        assert!(error_of(content).contains(", line 1, byte "), "{content:?}");
    }
}

#[test]
fn the_newest_backup_that_can_be_read_is_named() {
    let (folder, path, registry) = registry(None);
    for id in ["a", "b", "c"] {
        registry.add(definition(id)).unwrap();
    }
    let made = backups(&folder);
    fs::write(&made[1], "[{\"id\"").unwrap();
    fs::write(&path, "[{").unwrap();
    let error = registry.list().unwrap_err();
    assert!(
        matches!(&error, RegistryError::Damaged { backup: Some(backup), .. } if *backup == made[0]),
        "{error}"
    );
    assert!(error.to_string().contains(made[0].to_str().unwrap()), "{error}");
}

#[test]
fn something_else_than_definitions_is_named() {
    for (content, found) in
        [("null", "null"), ("17", "a number"), ("\"x\"", "a text"), ("true", "true or false")]
    {
        let error = error_of(content);
        assert!(error.contains(&format!("expected an array of definitions, {{\"events\": [...]}} or an object of definitions by id, found {found}; ")), "{error}");
    }
}

#[test]
fn what_would_be_lost_by_writing_it_back_is_refused() {
    let with = |metadata: &str| {
        format!(
            "[{{\"id\": \"a\", \"type\": \"time_based\", \"source\": {{\"time\": \"09:00\"}}, \"handler\": \"a.run\", \"metadata\": {metadata}}}]"
        )
    };
    for (metadata, reason) in [
        (r#"{"n": 123456789012345678901234567890}"#, "a number is too large to be kept exactly"),
        (r#"{"n": 1e999}"#, "a number is too large to be kept exactly"),
        (r#"{"n": NaN}"#, "expected a value, found NaN"),
        (r#"{"n": "\ud800"}"#, "a text holds half of a surrogate pair"),
        (r#"{"n": 1, "\u006e": 2}"#, "the name \"n\" is there twice in one object"),
    ] {
        let error = error_of(&with(metadata));
        assert!(error.contains(reason), "{error}");
    }
    let (_folder, _, registry) = registry(Some(&with(r#"{"n": 18446744073709551615, "m": -1.5e3}"#)));
    assert_eq!(ids(&registry), ["a"]);
}

#[test]
fn a_definition_that_is_none_is_named_by_number_and_id() {
    let mut wrong = spelled("b");
    wrong["type"] = json!("cron");
    let error = error_of(&json!([spelled("a"), wrong]).to_string());
    assert!(
        error.contains("event_definitions.json, definition 2 (\"b\"): `type`: expected \"file_system\" or \"time_based\", found \"cron\""),
        "{error}"
    );
    let error = error_of("[7]");
    assert!(error.contains("definition 1: expected a definition as a JSON object, found 7"), "{error}");
}

#[test]
fn two_definitions_of_one_id_are_refused() {
    let error = error_of(&json!([spelled("a"), spelled("b"), spelled("a")]).to_string());
    assert!(error.contains("definition 3: the id \"a\" is taken by definition 1"), "{error}");
}
