use std::error::Error;

use super::*;

#[test]
fn a_bad_value_names_its_key_what_is_allowed_what_came_and_from_where() {
    for (setting, bad, message) in [
        (
            &spec::USE_NEW_EVENT_SYSTEM,
            "yes",
            "use_new_event_system: expected true, false, 1 or 0, in any case, got \"yes\"",
        ),
        (&spec::PARALLEL_RUN, "", "parallel_run: expected true, false, 1 or 0, in any case, got \"\""),
        (
            &spec::SECONDARY_TIMEOUT,
            "-1",
            "parallel.secondary_timeout_ms: expected a whole number of milliseconds, 0 or more, \
             got \"-1\"",
        ),
        (
            &spec::STORAGE_BACKEND,
            "sqlit",
            "storage.backend: expected jsonl, sqlite or, in a program that was built with it, postgres, in any case, got \"sqlit\"",
        ),
        (&spec::JSONL_DIR, "", "storage.jsonl_dir: expected a path that is not empty, got \"\""),
        (
            &spec::POSTGRES_URL,
            "postgres://me:sesame@one/db",
            "storage.postgres_url: expected postgres://USER@HOST:PORT/DATABASE without a password, or nothing, \
             got \"postgres://me:***@one/db\"",
        ),
        (
            &spec::POSTGRES_SCHEMA,
            "pg_temp",
            "storage.postgres_schema: expected the name of a schema: 1 to 63 bytes that do not begin with pg_, got \"pg_temp\"",
        ),
        (&spec::SQLITE_PATH, "", "storage.sqlite_path: expected a path that is not empty, got \"\""),
        (&spec::LEGACY_EVENTS_JSON, "", "legacy.events_json: expected a path that is not empty, got \"\""),
        (&spec::LEGACY_WRITER, "both", "legacy.writer: expected this or other, in any case, got \"both\""),
        (&spec::LEGACY_WATCHER, "", "legacy.watcher: expected native or poll, in any case, got \"\""),
        (
            &spec::LEGACY_MAX_RETRIES,
            "-1",
            "legacy.max_retries: expected a whole number, 0 or more, got \"-1\"",
        ),
        (
            &spec::LEGACY_RETRY_DELAY,
            "-1",
            "legacy.retry_delay_seconds: expected a whole number of seconds, from 0 to 3155760000 (100 years), got \"-1\"",
        ),
        (
            &spec::PARALLEL_BEHIND_WARN,
            "-1",
            "parallel.behind_warn: expected a whole number, 0 or more, got \"-1\"",
        ),
        (
            &spec::NEW_EVENT_TYPES,
            "A,,B",
            "new_event_types: expected types of events with commas between them, or nothing, got \"A,,B\"",
        ),
        (
            &spec::DISPATCH_FIGURES,
            "",
            "evidence.dispatch_figures: expected a path that is not empty, got \"\"",
        ),
        (&spec::EVIDENCE_PATH, "", "evidence.path: expected a path that is not empty, got \"\""),
        (&spec::HANDLERS_PATH, "", "handlers.path: expected a path that is not empty, got \"\""),
        (
            &spec::HANDLERS_BEHIND_WARN,
            "-1",
            "handlers.behind_warn: expected a whole number, 0 or more, got \"-1\"",
        ),
        (
            &spec::TIMEZONE,
            "Berlin",
            "timezone: expected an IANA time zone, such as UTC, Europe/Berlin or \
             America/New_York, got \"Berlin\"",
        ),
    ] {
        let (key, variable) = (setting.key, setting.variable);
        let literal = match setting.kind {
            Kind::Milliseconds | Kind::Seconds | Kind::Count => bad.to_owned(),
            Kind::EventTypes => {
                format!("[{}]", bad.split(',').map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
            }
            _ => format!("{bad:?}"),
        };
        for (world, place) in [
            (World::new().flag(setting, bad), "from the flag --flag".to_owned()),
            (World::new().environment(variable, bad), format!("from the environment ({variable})")),
            (
                World::new().file(".env", format!("\n{variable}={bad}\n")),
                format!("from {variable} at .env:2"),
            ),
            (
                World::new().file("mission-events.toml", format!("\n\n{key} = {literal}\n")),
                "at mission-events.toml:3".to_owned(),
            ),
        ] {
            assert_eq!(world.error(), format!("{message} {place}"));
        }
    }
}

#[test]
fn a_bad_value_is_refused_even_where_a_higher_source_overrides_it() {
    let message = World::new()
        .flag(&spec::STORAGE_BACKEND, "sqlite")
        .environment("MISSION_CONTROL_STORAGE_BACKEND", "jsonl")
        .file(".env", "MISSION_CONTROL_STORAGE_BACKEND=mysql\n")
        .error();
    assert!(message.contains("got \"mysql\""), "{message}");
}

#[test]
fn a_mapping_that_cannot_be_one_is_refused_before_anything_runs() {
    let message = World::new().file("mission-events.toml", "[mapping]\ntimestamp_unit = 'seconds'\n").error();
    assert_eq!(message, "mapping.timestamp_unit: cannot take \"seconds\" at mission-events.toml:2");
}

#[cfg(unix)]
#[test]
fn an_environment_value_that_is_not_utf8_is_an_error_and_not_ignored() {
    use std::os::unix::ffi::OsStringExt;

    let message =
        World::new().environment("MISSION_CONTROL_EVENTS_DIR", OsString::from_vec(b"d\xff".to_vec())).error();
    assert_eq!(
        message,
        "storage.jsonl_dir: expected text in UTF-8, got \"d\\xFF\" from the environment \
         (MISSION_CONTROL_EVENTS_DIR)"
    );
}

#[test]
fn a_config_file_that_is_asked_for_must_exist() {
    let world = World::new().file("mission-events.toml", "timezone = 'UTC'");
    let absent = world.path("absent.toml");
    let error = world.load_with(Some(absent)).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("cannot read the configuration file /") && message.ends_with("/absent.toml"),
        "{message}"
    );
    assert!(error.source().is_some(), "the system's reason is kept");
}

#[test]
fn a_file_that_is_there_but_cannot_be_read_is_an_error() {
    let expected = "cannot read the configuration file mission-events.toml";
    let name = "mission-events.toml";
    assert_eq!(World::new().file(name, b"\xff\xfe").error(), expected);
    assert_eq!(World::new().file(name, vec![b'\n'; (1 << 20) + 1]).error(), expected);
    let world = World::new();
    fs::create_dir(world.path(name)).unwrap();
    assert_eq!(world.error(), expected);
    #[cfg(unix)]
    for name in [".env", name] {
        let world = World::new();
        std::os::unix::fs::symlink("nowhere", world.path(name)).unwrap();
        assert_eq!(world.error(), format!("cannot read the configuration file {name}"));
    }
}

#[test]
fn a_dotenv_that_is_none_of_this_program_stops_nothing() {
    let world = World::new();
    fs::create_dir(world.path(".env")).unwrap();
    world.load().unwrap();
    World::new().file(".env", vec![b'\n'; (1 << 20) + 1]).load().unwrap();
    World::new().file(".env", b"NAME=Z\xFCrich, two words\n").load().unwrap();
}

#[test]
fn errors_inside_the_files_reach_the_caller() {
    for (name, text, message) in [
        (".env", "MISSION_CONTROL_TIMEZONE nonsense", ".env:1: expected NAME=value"),
        ("mission-events.toml", "nonsense", "mission-events.toml:1: not valid TOML: "),
        (
            "mission-events.toml",
            "storage.bakend = 'sqlite'",
            "mission-events.toml:1: unknown key storage.bakend: did you mean storage.backend?",
        ),
        (
            "mission-events.toml",
            "storage.backend = 3",
            "storage.backend: expected the name of a backend, such as \"sqlite\", in quotes, got the integer 3",
        ),
    ] {
        let error = World::new().file(name, text).error();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn without_the_legacy_system_asking_for_it_is_an_error() {
    let world = World::new().without_legacy().file(".env", "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=0\n");
    assert_eq!(
        world.error(),
        "use_new_event_system: expected true, since this program was built without the legacy \
         event system (cargo feature `legacy`), got \"0\" from MISSION_CONTROL_USE_NEW_EVENT_SYSTEM \
         at .env:1"
    );

    let world = World::new().without_legacy().flag(&spec::PARALLEL_RUN, "true");
    assert_eq!(
        world.error(),
        "parallel_run: expected false, since this program was built without the legacy event \
         system (cargo feature `legacy`), got \"true\" from the flag --flag"
    );
}
