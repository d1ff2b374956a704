//! Settings as the program takes them, and the errors that stop it before anything is done.

use serde_json::{Value, json};

use crate::support::test_dir::TestDir;
use crate::support::{cli, write};

fn setting(status: &Value, key: &str) -> (String, String) {
    let settings = status["settings"].as_array().unwrap();
    let found = settings.iter().find(|setting| setting["key"] == key).unwrap();
    (found["value"].as_str().unwrap().to_owned(), found["source"].as_str().unwrap().to_owned())
}

#[test]
fn status_shows_which_source_won() {
    let dir = TestDir::new();
    let backend = |environment: Option<&str>, line: &str| {
        let program = cli(&dir);
        let program = match environment {
            Some(value) => program.env("MISSION_CONTROL_STORAGE_BACKEND", value),
            None => program,
        };
        setting(&program.run(line).json(), "storage.backend")
    };
    let quiet = "-q status --format json";
    let expected = |value: &str, source: &str| (value.to_owned(), source.to_owned());

    assert_eq!(backend(None, quiet), expected("jsonl", "Default (jsonl)"));
    write(&dir, "mission-events.toml", "[storage]\nbackend = \"sqlite\"\n");
    let from_file = "mission-events.toml (storage.backend = sqlite at mission-events.toml:2)";
    assert_eq!(backend(None, quiet), expected("sqlite", from_file));
    write(&dir, ".env", "\nMISSION_CONTROL_STORAGE_BACKEND=jsonl\n");
    let from_dotenv = ".env file (MISSION_CONTROL_STORAGE_BACKEND=jsonl at .env:2)";
    assert_eq!(backend(None, quiet), expected("jsonl", from_dotenv));
    let from_environment = "Environment (MISSION_CONTROL_STORAGE_BACKEND=SQLite)";
    assert_eq!(backend(Some("SQLite"), quiet), expected("sqlite", from_environment));
    write(&dir, "copy.db", "");
    std::fs::create_dir(dir.join("days")).unwrap();
    // An empty file is no store yet, which status reports; which setting won shows all the same.
    let run = cli(&dir).env("MISSION_CONTROL_STORAGE_BACKEND", "jsonl");
    let run = run.run("-q --store copy.db status --format json");
    let status: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(setting(&status, "storage.backend"), expected("sqlite", "Flag (--store copy.db)"));
    assert_eq!(setting(&status, "storage.sqlite_path"), expected("copy.db", "Flag (--store copy.db)"));
    let status = cli(&dir).run("-q --store days status --format json").json();
    assert_eq!(setting(&status, "storage.backend"), expected("jsonl", "Flag (--store days)"));
    assert_eq!(setting(&status, "storage.jsonl_dir"), expected("days", "Flag (--store days)"));
}

#[cfg(feature = "legacy")]
#[test]
fn the_config_lines_name_mode_and_source() {
    let dir = TestDir::new();
    let run = cli(&dir)
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "1")
        .env("MISSION_CONTROL_PARALLEL_RUN", "TRUE")
        .run("status");
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "warning: MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=1 is true here, and the Python side takes only the text \
         \"true\" for true, and reads this as false: write MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true\n\
         [config] Configuration loaded:\n\
         [config]   USE_NEW_EVENT_SYSTEM = True\n\
         [config]   Event system mode: parallel_events\n\
         [config]   Source: Environment (MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=1)\n\
         [config]   PARALLEL_RUN = True, from Environment (MISSION_CONTROL_PARALLEL_RUN=TRUE)\n"
    );
    assert!(run.stdout.starts_with("mode     parallel_events\nbackend  jsonl\n"), "{}", run.stdout);
}

#[test]
fn another_config_file_can_be_named_and_must_exist() {
    let dir = TestDir::new();
    write(&dir, "mission-events.toml", "timezone = \"Europe/Berlin\"\n");
    write(&dir, "other.toml", "timezone = \"Asia/Tokyo\"\n");
    let status = cli(&dir).run("-q --config other.toml status --format json").json();
    assert_eq!(setting(&status, "timezone").0, json!("Asia/Tokyo"));

    cli(&dir).run("--config none.toml status").fails(
        2,
        "error: cannot read the configuration file none.toml\n  \
         caused by: No such file or directory (os error 2)\n",
    );
}

#[test]
fn a_bad_setting_names_its_key_its_source_and_what_is_allowed() {
    for (variable, value, message) in [
        (
            "MISSION_CONTROL_STORAGE_BACKEND",
            "mysql",
            "error: storage.backend: expected jsonl, sqlite or, in a program that was built with it, postgres, in any case, got \"mysql\" \
             from the environment (MISSION_CONTROL_STORAGE_BACKEND)\n",
        ),
        (
            "MISSION_CONTROL_TIMEZONE",
            "Mars/Olympus",
            "error: timezone: expected an IANA time zone, such as UTC, Europe/Berlin or \
             America/New_York, got \"Mars/Olympus\" from the environment (MISSION_CONTROL_TIMEZONE)\n",
        ),
    ] {
        for line in ["status", "events recent"] {
            cli(&TestDir::new()).env(variable, value).run(line).fails(2, message);
        }
    }
}

#[test]
fn a_bad_config_file_is_a_usage_error_with_its_line() {
    let dir = TestDir::new();
    write(&dir, "mission-events.toml", "timezone = \"UTC\"\ntimezon = \"UTC\"\n");
    let run = cli(&dir).run("status");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: mission-events.toml:2: unknown key timezon: "), "{}", run.stderr);
}

#[test]
fn a_variable_that_is_nearly_a_setting_is_warned_of_and_others_are_left_alone() {
    let dir = TestDir::new();
    write(&dir, ".env", "\nMISSION_CONTROL_EVENT_DIR=days\nMISSION_CONTROL_COLOUR=red\n");
    let program = || {
        let program = cli(&dir).env("MISSION_CONTROL_TIMEZON", "Europe/Berlin");
        program.env("MISSION_CONTROL_DATABASE_URL", "x")
    };
    let run = program().run("events recent");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(
        run.stderr.starts_with(
            "warning: .env:2: MISSION_CONTROL_EVENT_DIR is no setting and changes nothing; did you mean \
             MISSION_CONTROL_EVENTS_DIR?\n\
             warning: the environment variable MISSION_CONTROL_TIMEZON is no setting and changes nothing; \
             did you mean MISSION_CONTROL_TIMEZONE?\n\
             error: there is no store at data/events: "
        ),
        "{}",
        run.stderr
    );
    assert!(program().run("-q status").stderr.is_empty());
}

#[test]
fn completions_need_no_configuration() {
    let dir = TestDir::new();
    write(&dir, "mission-events.toml", "nonsense");
    cli(&dir).run("completions bash").result();
}

#[cfg(not(feature = "legacy"))]
#[test]
fn a_program_without_the_legacy_system_runs_the_new_one_and_refuses_the_other() {
    let run = cli(&TestDir::new()).run("status");
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("Event system mode: new_events"), "{}", run.stderr);
    let refused = cli(&TestDir::new()).env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "false").run("status");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    cli(&TestDir::new()).run("legacy queue").code_is(2, "unrecognized subcommand 'legacy'");
}
