use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::infrastructure::config::spec::{Kind, SETTINGS};
use crate::property_cases::cases;

const VARIABLE: &str = "MISSION_CONTROL_STORAGE_BACKEND";

#[test]
fn each_source_overrides_the_ones_below_it() {
    let backend = |world: World| world.load().unwrap().storage_backend;

    let toml = || World::new().file("mission-events.toml", "\nstorage.backend = 'sqlite'\n");
    let setting = backend(toml());
    assert_eq!(setting.value, Backend::Sqlite);
    assert!(matches!(setting.source, Source::ConfigFile { line: 2, .. }));

    let dotenv = || toml().file(".env", format!("\n\n{VARIABLE}=jsonl\n"));
    let setting = backend(dotenv());
    assert_eq!(setting.value, Backend::Jsonl);
    assert!(matches!(setting.source, Source::DotenvFile { line: 3, .. }));

    let environment = || dotenv().environment(VARIABLE, "SQLITE");
    let setting = backend(environment());
    assert_eq!(setting.value, Backend::Sqlite);
    assert!(matches!(setting.source, Source::Environment { .. }));

    let setting = backend(environment().flag(&spec::STORAGE_BACKEND, "jsonl"));
    assert_eq!(setting.value, Backend::Jsonl);
    assert!(matches!(setting.source, Source::Flag { .. }));
}

#[test]
fn each_source_is_shown_with_its_own_name_for_the_setting() {
    let path: PathBuf = "dir/file".into();
    for (source, shown) in [
        (Source::Default { value: "False".into() }, "Default (False)"),
        (
            Source::Environment { variable: VARIABLE, value: "SQLite".into() },
            "Environment (MISSION_CONTROL_STORAGE_BACKEND=SQLite)",
        ),
        (
            Source::DotenvFile { variable: VARIABLE, value: "SQLite".into(), path: path.clone(), line: 3 },
            ".env file (MISSION_CONTROL_STORAGE_BACKEND=SQLite at dir/file:3)",
        ),
        (
            Source::ConfigFile { key: "storage.backend", value: "SQLite".into(), path, line: 3 },
            "mission-events.toml (storage.backend = SQLite at dir/file:3)",
        ),
        (Source::Flag { flag: "--backend".into(), value: "SQLite".into() }, "Flag (--backend SQLite)"),
    ] {
        assert_eq!(source.to_string(), shown);
    }
}

#[test]
fn a_config_file_that_is_asked_for_replaces_the_one_in_the_directory() {
    let world = World::new()
        .file("mission-events.toml", "storage.jsonl_dir = 'default'")
        .file("other.toml", "storage.sqlite_path = 'other'");
    let other = world.path("other.toml");
    let config = world.load_with(Some(other)).unwrap();
    assert_eq!(config.sqlite_path.value, PathBuf::from("other"));
    assert_eq!(config.jsonl_dir.value, PathBuf::from("data/events"));
}

#[test]
fn a_dotenv_file_changes_nothing_in_the_process_environment() {
    let before = std::env::var_os("MISSION_CONTROL_EVIDENCE");
    let world = World::new().file(".env", "MISSION_CONTROL_EVIDENCE=elsewhere\n");
    let config = world.load().unwrap();
    assert_eq!(config.evidence_path.value, PathBuf::from("elsewhere"));
    assert_eq!(std::env::var_os("MISSION_CONTROL_EVIDENCE"), before);
}

/// What each source gives for one setting, highest first.
type Given = [Option<String>; 4];

fn texts(kind: Kind) -> BoxedStrategy<String> {
    match kind {
        Kind::Boolean => select(vec!["true", "FALSE", "1", "0"]).prop_map(str::to_owned).boxed(),
        Kind::Milliseconds | Kind::Count => any::<u32>().prop_map(|n| n.to_string()).boxed(),
        Kind::Seconds => any::<u16>().prop_map(|n| n.to_string()).boxed(),
        Kind::Backend => select(vec!["jsonl", "sqlite", "SQLite"]).prop_map(str::to_owned).boxed(),
        Kind::LegacyWriter => select(vec!["this", "OTHER"]).prop_map(str::to_owned).boxed(),
        Kind::LegacyWatcher => select(vec!["Native", "poll"]).prop_map(str::to_owned).boxed(),
        Kind::Path => "[a-z]{1,4}/[a-z]{1,4}".boxed(),
        Kind::PostgresUrl => select(vec!["", "postgres://a/b?schema=c"]).prop_map(str::to_owned).boxed(),
        Kind::Schema => "[a-o]{1,4}".boxed(),
        Kind::TimeZone => {
            select(vec!["UTC", "Europe/Berlin", "Asia/Kolkata"]).prop_map(str::to_owned).boxed()
        }
        Kind::EventTypes => select(vec!["", "TaskCreated", "B,A"]).prop_map(str::to_owned).boxed(),
    }
}

fn given_for_each_setting() -> impl Strategy<Value = Vec<Given>> {
    SETTINGS
        .iter()
        .map(|setting| std::array::from_fn(|_| option::of(texts(setting.kind))))
        .collect::<Vec<[_; 4]>>()
}

fn world_in_which(given: &[Given]) -> World {
    let (mut world, mut dotenv, mut toml) = (World::new(), String::new(), String::new());
    for (setting, [flag, environment, in_dotenv, in_toml]) in SETTINGS.into_iter().zip(given) {
        if let Some(text) = flag {
            world = world.flag(setting, text);
        }
        if let Some(text) = environment {
            world = world.environment(setting.variable, text);
        }
        if let Some(text) = in_dotenv {
            dotenv += &format!("{}='{text}'\n", setting.variable);
        }
        if let Some(text) = in_toml {
            let value = match setting.kind {
                Kind::Milliseconds | Kind::Seconds | Kind::Count => text.clone(),
                Kind::EventTypes if text.is_empty() => "[]".to_owned(),
                Kind::EventTypes => format!("['{}']", text.replace(',', "', '")),
                _ => format!("'{text}'"),
            };
            toml += &format!("{} = {value}\n", setting.key);
        }
    }
    world.file(".env", dotenv).file("mission-events.toml", toml)
}

/// The trivial model: the first source that gives the setting, and its text as it is shown.
fn model(setting: &SettingSpec, given: &Given) -> (&'static str, String) {
    let names = ["Flag", "Environment", ".env file", "mission-events.toml"];
    let highest = names.into_iter().zip(given).find_map(|(name, text)| {
        let text = text.as_ref()?;
        Some((name, text.clone()))
    });
    let (name, text) = highest.unwrap_or(("Default", setting.default.to_owned()));
    let shown = match (setting.kind, text.as_str()) {
        (Kind::Boolean, "true" | "1") => "True".to_owned(),
        (Kind::Boolean, _) => "False".to_owned(),
        (Kind::Backend | Kind::LegacyWriter | Kind::LegacyWatcher, _) => text.to_lowercase(),
        (Kind::EventTypes, "B,A") => "A, B".to_owned(),
        _ => text,
    };
    (name, shown)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn whichever_sources_give_a_setting_the_highest_one_wins(given in given_for_each_setting()) {
        let config = world_in_which(&given).load().unwrap();
        for (shown, given) in config.settings().zip(&given) {
            let (name, value) = model(shown.spec, given);
            let source = shown.source.to_string();
            prop_assert!(source.starts_with(&format!("{name} (")), "{}: {source}", shown.spec.key);
            prop_assert_eq!(shown.value, value, "{}", shown.spec.key);
        }
    }
}
