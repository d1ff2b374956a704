//! The README's examples are run: what they print, and what its first screen promises of the sample data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mission_events::internals::infrastructure::config::spec::SETTINGS;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::markdown::{blocks, code_spans, commands, program_arguments};
use super::{ROOT, file};
use crate::support::test_dir::TestDir;

/// Stands for lines that were left out of an output.
const LEFT_OUT: &str = "...";

/// A folder with the sample data, as a fresh clone has it.
fn with_sample_data() -> TestDir {
    let dir = TestDir::new();
    fs::create_dir_all(dir.join("data/events")).unwrap();
    for log in sample_logs() {
        let name = log.strip_prefix(ROOT).unwrap();
        fs::copy(&log, dir.path().join(name)).unwrap();
    }
    dir
}

fn sample_logs() -> Vec<PathBuf> {
    let data = Path::new(ROOT).join("data");
    let mut logs = vec![data.join("events.json")];
    for entry in fs::read_dir(data.join("events")).unwrap() {
        let path = entry.unwrap().path();
        logs.extend(path.extension().is_some_and(|extension| extension == "jsonl").then_some(path));
    }
    logs
}

/// What a script prints to stdout, run by a shell in `dir` with no setting but its own.
fn output_of(script: &str, dir: &TestDir) -> String {
    let output = shell(script, dir.path()).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A shell that runs a script in the folder, with no setting but its own; the first command that fails ends it.
pub fn shell(script: &str, folder: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_mission-events"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-euc", script]).current_dir(folder);
    shell.env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
    for setting in SETTINGS {
        shell.env_remove(setting.variable);
    }
    shell
}

/// What `sqlite3 DATABASE SQL` prints, without needing that program.
fn answer_of(database: &Path, sql: &str) -> String {
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut printed = String::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..columns).map(|column| match row.get_ref(column).unwrap() {
            ValueRef::Integer(number) => number.to_string(),
            other => other.as_str().unwrap().to_owned(),
        });
        printed += &(cells.collect::<Vec<_>>().join("|") + "\n");
    }
    printed
}

/// Whether an output is what is shown of it: lines are left out, or cut after what is shown of them. How long it took is not compared.
pub fn shows(shown: &str, output: &str) -> bool {
    let lines = |text: &str| -> Vec<String> { text.lines().map(without_seconds).collect() };
    let mut output = &lines(output)[..];
    let mut left_out = false;
    for line in lines(shown) {
        if line == LEFT_OUT {
            left_out = true;
            continue;
        }
        let is_shown = |printed: &String| match line.strip_suffix(LEFT_OUT) {
            Some(beginning) => printed.starts_with(beginning),
            None => *printed == line,
        };
        let at = output.iter().position(is_shown);
        match at {
            Some(at) if at == 0 || left_out => output = &output[at + 1..],
            _ => return false,
        }
        left_out = false;
    }
    left_out || output.is_empty()
}

fn without_seconds(line: &str) -> String {
    match line.rsplit_once(" (") {
        Some((text, time)) if time.ends_with(" s)") => text.to_owned(),
        _ => line.to_owned(),
    }
}

/// The README without the sections that take both systems: on switching over, and on the gate that judges what was recorded there.
fn without_both_systems(readme: &str) -> String {
    ["Switching over step by step", "The gate"].iter().fold(readme.to_owned(), |readme, section| {
        let (before, rest) = readme.split_once(&format!("\n## {section}\n")).unwrap();
        let (_, after) = rest.split_once("\n## ").unwrap();
        format!("{before}\n## {after}")
    })
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    let dir = with_sample_data();
    let readme =
        if cfg!(feature = "legacy") { file("README.md") } else { without_both_systems(&file("README.md")) };
    let blocks: Vec<_> = blocks(&readme).collect();
    let mut compared = 0;
    for pair in blocks.windows(2) {
        let [command, shown] = pair else { unreachable!("windows of two") };
        if command.language != "sh" || shown.language != "text" {
            continue;
        }
        let words = commands(&command.text);
        let output = match &words[..] {
            [words] if words[0] == "sqlite3" => answer_of(&dir.join(&words[1]), &words[2]),
            _ => output_of(&command.text.replace("cargo run --release --", "mission-events"), &dir),
        };
        assert!(shows(&shown.text, &output), "{}shows\n{}and printed\n{output}", command.text, shown.text);
        compared += 1;
    }
    assert!(compared >= 6, "the README has examples with output: {compared} were found");
}

#[test]
fn an_output_is_compared_line_by_line_but_for_what_is_left_out() {
    let output = "a\nb\nc\nholds 3 events (0.2 s)\n";
    for (shown, same) in [
        ("a\nb\nc\nholds 3 events (0.0 s)\n", true),
        ("a\n...\nholds 3 events (0.0 s)\n", true),
        ("a\n...\n", true),
        ("a\n", false),
        ("b\n...\n", false),
        ("a\nc\n...\n", false),
        ("a\n...\nd\n...\n", false),
        ("...\nholds 4 events (0.2 s)\n", false),
        ("a\nb\nc\nholds ...\n", true),
        ("a\nb\nc\nhas ...\n", false),
    ] {
        assert_eq!(shows(shown, output), same, "{shown}");
    }
}

#[test]
fn every_query_of_the_readme_finds_events_in_the_sample_data() {
    let dir = with_sample_data();
    for block in blocks(&file("README.md")).filter(|block| block.language == "sh") {
        for words in commands(&block.text).iter().filter_map(|words| program_arguments(words)) {
            if words.first().is_some_and(|word| word == "events") {
                let script = format!("mission-events '{}'", words.join("' '"));
                assert!(
                    output_of(&script, &dir).lines().count() > 1 || words.contains(&"show".to_owned()),
                    "{script}"
                );
            }
        }
    }
}

#[test]
fn on_the_sample_data_the_counts_add_up_and_nothing_is_changed_and_a_second_run_imports_0() {
    let dir = with_sample_data();
    let originals: Vec<String> = sample_logs().iter().map(|log| fs::read_to_string(log).unwrap()).collect();
    let import = || -> serde_json::Value {
        serde_json::from_str(&output_of("mission-events import-legacy --format json", &dir)).unwrap()
    };
    let (first, second) = (import(), import());
    for report in [&first, &second] {
        for counts in report["sources"].as_array().unwrap().iter().chain([report]) {
            let count = |name: &str| counts[name].as_u64().unwrap();
            let outcomes =
                ["imported", "already_present", "matched_existing", "duplicates", "rejected", "out_of_range"]
                    .map(count);
            assert_eq!(count("records"), outcomes.iter().sum::<u64>(), "{counts}");
        }
    }
    let count = |name: &str| first[name].as_u64().unwrap();
    assert_eq!(count("records"), count("imported") + count("matched_existing") + count("duplicates"));
    assert_eq!((&second["imported"], &second["matched_existing"]), (&0.into(), &0.into()));

    let store = Connection::open(dir.join("data/events.db")).unwrap();
    let mut statement = store.prepare("SELECT body FROM events UNION ALL SELECT body FROM twins").unwrap();
    let bodies: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(bodies.len() as u64, count("imported") + count("matched_existing"));
    for body in bodies {
        assert!(originals.iter().any(|log| log.contains(&body)), "{body} is in no log");
    }
    for log in sample_logs() {
        let copy = dir.path().join(log.strip_prefix(ROOT).unwrap());
        assert_eq!(fs::read(copy).unwrap(), fs::read(log).unwrap());
    }
}

#[test]
fn every_key_of_a_json_document_is_in_the_contract() {
    let dir = with_sample_data();
    let named = code_spans(&file("docs/contract.md"));
    for command in [
        "import-legacy",
        "compare-logs data/events.json data/events",
        "compare-logs data/events.json data/events.db",
        "--store data/events.db events recent",
        "--store data/events.db rejects",
        "--store data/events.db rejects retry",
        "--store data/events.db export --to exported",
        "status",
        "evidence list",
        "evidence verify",
    ] {
        // Differences are no failure.
        let script = format!("mission-events {command} --format json || [ $? -eq 1 ]");
        let document: serde_json::Value = serde_json::from_str(&output_of(&script, &dir)).unwrap();
        let missing: Vec<&String> =
            document.as_object().unwrap().keys().filter(|key| !named.contains(key)).collect();
        assert!(missing.is_empty(), "{command}: {missing:?}");
    }
}
