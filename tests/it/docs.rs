//! README, help and code say the same.
//!
//! Each rule brings an edit that breaks it, so that none can pass because it sees nothing.

mod examples;
mod guide;
mod markdown;
#[cfg(feature = "legacy")]
mod runbook;
#[cfg(feature = "legacy")]
mod service;

use std::path::{Path, PathBuf};

use clap::Command;
use mission_events::internals::cli::{self, ExitCode};
use mission_events::internals::infrastructure::config::spec::SETTINGS;
use mission_events::internals::infrastructure::config::{ConfigLoader, Flags};

use crate::support::test_dir::TestDir;
use markdown::{blocks, code_spans, commands, program_arguments, rows};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

struct Rule {
    /// What holds, as a sentence.
    says: &'static str,
    /// What contradicts it in a text of the README.
    violations: fn(&str) -> Vec<String>,
    /// What to replace in the README, and by what, to break it.
    broken_by: (&'static str, &'static str),
}

const RULES: &[Rule] = &[
    Rule {
        says: "the table of settings is the list of settings",
        violations: settings_that_differ,
        broken_by: ("| `jsonl` |", "| `sqlite` |"),
    },
    Rule {
        says: "the table of exit codes is the list of exit codes",
        violations: exit_codes_that_differ,
        broken_by: ("| 4 | could not read or write", "| 4 | could not read"),
    },
    Rule {
        says: "every command is mentioned",
        violations: commands_not_mentioned,
        broken_by: ("mission-events events by-type TaskCompleted\n", ""),
    },
    Rule {
        says: "every command line of this program can be parsed",
        violations: |readme| {
            let scripts = blocks(readme).filter(|block| block.language == "sh").map(|block| block.text);
            scripts.flat_map(|script| command_lines_that_fail(&script)).collect()
        },
        broken_by: ("events of T198 --raw", "events of T198 --rwa"),
    },
    Rule {
        says: "every configuration file can be loaded",
        violations: configurations_that_fail,
        broken_by: ("backend = \"sqlite\"", "backend = \"postgres\""),
    },
    Rule {
        says: "every path into the project exists",
        violations: paths_that_do_not_exist,
        broken_by: ("`src/infrastructure/jsonl/mod.rs`", "`src/infrastructure/jsonl/module.rs`"),
    },
    Rule {
        says: "both licences are there and linked",
        violations: |readme| {
            let names = ["LICENSE-MIT", "LICENSE-APACHE"].into_iter();
            let linked =
                |name: &&str| readme.contains(&format!("]({name})")) && Path::new(ROOT).join(name).exists();
            names.filter(|name| !linked(name)).map(str::to_owned).collect()
        },
        broken_by: ("](LICENSE-MIT)", "](LICENCE-MIT)"),
    },
    Rule {
        says: "every link to another page leads to a file",
        violations: |readme| {
            linked_files(readme).filter(|name| !Path::new(ROOT).join(name).exists()).collect()
        },
        broken_by: ("](docs/profile.md)", "](docs/profiles.md)"),
    },
    Rule {
        says: "every link to a heading leads to one",
        violations: |readme| links_to_no_heading(readme, Path::new(ROOT)),
        broken_by: ("docs/runbook.md#the-night", "docs/runbook.md#the-evening"),
    },
];

fn settings_that_differ(readme: &str) -> Vec<String> {
    // A mark after the key says that the setting has no effect yet.
    let key = |cell: &str| cell.split(' ').next().unwrap_or_default().to_owned();
    let documented: Vec<Vec<String>> = rows(readme, "Settings")
        .into_iter()
        .map(|row| {
            row.iter().enumerate().map(|(n, cell)| if n == 0 { key(cell) } else { cell.clone() }).collect()
        })
        .collect();
    let settings: Vec<Vec<String>> = SETTINGS
        .iter()
        .map(|setting| [setting.key, setting.variable, setting.default, setting.kind.allowed()])
        .map(|cells| cells.map(str::to_owned).to_vec())
        .collect();
    differences(&documented, &settings)
}

fn exit_codes_that_differ(readme: &str) -> Vec<String> {
    let codes = ExitCode::ALL.map(|code| vec![code.number().to_string(), code.meaning().to_owned()]);
    differences(&rows(readme, "Exit codes"), &codes)
}

/// The rows that do not stand at the same place in both.
fn differences(documented: &[Vec<String>], expected: &[Vec<String>]) -> Vec<String> {
    let places = 0..documented.len().max(expected.len());
    places
        .map(|place| (documented.get(place), expected.get(place)))
        .filter(|(documented, expected)| documented != expected)
        .map(|(documented, expected)| format!("documented {documented:?}, expected {expected:?}"))
        .collect()
}

/// A command is mentioned where it is run with this name, or stands in code as a word.
fn commands_not_mentioned(readme: &str) -> Vec<String> {
    let scripts = blocks(readme).filter(|block| block.language == "sh").map(|block| block.text);
    let run: Vec<Vec<String>> =
        scripts.flat_map(|script| commands(&script)).filter_map(|words| program_arguments(&words)).collect();
    let spans = code_spans(readme);
    every_command(&cli::command())
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| {
            let in_line = run.iter().any(|arguments| path.iter().all(|name| arguments.contains(name)));
            let in_span =
                spans.iter().any(|span| path.iter().all(|name| span.split(' ').any(|word| word == name)));
            !in_line && !in_span
        })
        .map(|path| path.join(" "))
        .collect()
}

/// Each subcommand below a command, with the names that lead to it.
pub fn every_command(command: &Command) -> Vec<(Vec<String>, Command)> {
    let mut found = Vec::new();
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name().to_owned();
        found.push((vec![name.clone()], subcommand.clone()));
        for (below, command) in every_command(subcommand) {
            found.push(([vec![name.clone()], below].concat(), command));
        }
    }
    found
}

fn command_lines_that_fail(script: &str) -> Vec<String> {
    let mut failures = Vec::new();
    for words in commands(script) {
        let Some(arguments) = program_arguments(&words) else { continue };
        let command = arguments.iter().find(|argument| !argument.starts_with('-'));
        if cfg!(not(feature = "legacy")) && command.is_some_and(|command| command == "legacy") {
            continue;
        }
        let words = ["mission-events".to_owned()].into_iter().chain(arguments);
        if let Err(error) = cli::command().try_get_matches_from(words) {
            failures.push(error.to_string());
        }
    }
    failures
}

fn configurations_that_fail(readme: &str) -> Vec<String> {
    let dir = TestDir::new();
    let file = dir.join("mission-events.toml");
    let mut failures = Vec::new();
    for block in blocks(readme).filter(|block| block.language == "toml") {
        std::fs::write(&file, block.text).unwrap();
        let loader = ConfigLoader {
            config_file: Some(file.clone()),
            directory: dir.path().to_owned(),
            environment: &|_| None,
            flags: Flags::default(),
            legacy_built: cfg!(feature = "legacy"),
        };
        failures.extend(loader.load().err().map(|error| error.to_string()));
    }
    failures
}

/// Where the project's own files are; other paths in the pages are those of users.
const FOLDERS: [&str; 9] =
    ["src/", "tests/", "benches/", "examples/", "fuzz/", "docs/", "migrations/", "packaging/", ".ci/"];

fn paths_that_do_not_exist(page: &str) -> Vec<String> {
    let is_ours = |span: &String| FOLDERS.iter().any(|folder| span.starts_with(folder));
    let paths = code_spans(page).into_iter().filter(is_ours);
    paths.filter(|path| !Path::new(ROOT).join(path).exists()).collect()
}

/// The files that a page links to, as it writes them.
fn linked_files(page: &str) -> impl Iterator<Item = String> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).map(str::to_owned)
}

/// The links to a heading of the page or of another one, in its folder, that lead to none.
fn links_to_no_heading(page: &str, folder: &Path) -> Vec<String> {
    let links = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links = links.filter(|link| !link.contains("://"));
    let leads_nowhere = |link: &&str| {
        let Some((name, heading)) = link.split_once('#') else { return false };
        let there =
            if name.is_empty() { Ok(page.to_owned()) } else { std::fs::read_to_string(folder.join(name)) };
        !there.unwrap_or_default().lines().filter_map(markdown::anchor).any(|anchor| anchor == heading)
    };
    links.filter(leads_nowhere).map(str::to_owned).collect()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

#[test]
fn the_readme_keeps_its_rules() {
    let readme = file("README.md");
    let mut violations = Vec::new();
    for rule in RULES {
        violations.extend((rule.violations)(&readme).iter().map(|found| format!("{}: {found}", rule.says)));
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn every_rule_of_the_readme_sees_what_breaks_it() {
    let readme = file("README.md");
    for rule in RULES {
        let (intact, broken) = rule.broken_by;
        assert!(readme.contains(intact), "{}: nothing to break: {intact}", rule.says);
        let violations = (rule.violations)(&readme.replacen(intact, broken, 1));
        assert!(!violations.is_empty(), "{} passed with {broken:?}", rule.says);
    }
}

/// The pages besides the README, by their paths.
fn other_pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("CONTRIBUTING.md"), PathBuf::from("fuzz/README.md")];
    for entry in std::fs::read_dir(Path::new(ROOT).join("docs")).unwrap() {
        pages.push(Path::new("docs").join(entry.unwrap().file_name()));
    }
    pages
}

#[test]
fn every_path_and_link_of_the_other_pages_leads_to_a_file() {
    let pages = other_pages();
    for named in ["CONTRIBUTING.md", "docs/contract.md", "docs/design.md", "docs/profile.md"] {
        assert!(pages.contains(&PathBuf::from(named)), "{named} is read");
    }
    let mut missing = Vec::new();
    for page in pages {
        let text = file(page.to_str().unwrap());
        let folder = Path::new(ROOT).join(page.parent().unwrap());
        let links = linked_files(&text).filter(|link| !folder.join(link).exists());
        let links = links.chain(links_to_no_heading(&text, &folder));
        missing.extend(
            links.chain(paths_that_do_not_exist(&text)).map(|path| format!("{}: {path}", page.display())),
        );
    }
    assert_eq!(missing, [] as [String; 0]);
    let recipes = file("CONTRIBUTING.md");
    let broken = recipes.replacen("`src/domain/task_events.rs`", "`src/domain/events_of_tasks.rs`", 1);
    assert_eq!(paths_that_do_not_exist(&broken), ["src/domain/events_of_tasks.rs"]);
    let broken = recipes.replacen("](docs/design.md)", "](docs/designs.md)", 1);
    assert!(linked_files(&broken).any(|link| link == "docs/designs.md"));
}

#[test]
fn every_command_line_of_the_other_pages_can_be_parsed() {
    let mut failures = Vec::new();
    for page in other_pages() {
        let text = file(page.to_str().unwrap());
        let scripts = blocks(&text).filter(|block| block.language == "sh").map(|block| block.text);
        failures.extend(scripts.flat_map(|script| command_lines_that_fail(&script)));
    }
    assert_eq!(failures, [] as [String; 0]);
    assert_eq!(command_lines_that_fail("mission-events legacy-definitions list\n").len(), 1);
}

#[test]
fn a_readme_without_tables_and_recipes_breaks_the_rules_about_them() {
    let whole = |rule: fn(&str) -> Vec<String>| rule("# mission-events\n").len();
    assert_eq!(whole(settings_that_differ), SETTINGS.len());
    assert_eq!(whole(exit_codes_that_differ), ExitCode::ALL.len());
    assert_eq!(whole(commands_not_mentioned), every_command(&cli::command()).len());
}

/// The tests that the table of what can and cannot be detected names, and that are not there.
fn tests_that_do_not_exist(page: &str) -> Vec<String> {
    let named = code_spans(page).into_iter().filter(|span| span.contains("::"));
    named.filter(|path| !is_test(path)).collect()
}

/// Whether there is a test of that path: below `src/` where it begins with a layer, else below `tests/it/`.
fn is_test(path: &str) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else { return false };
    let root = if module.starts_with("application::") { "src" } else { "tests/it" };
    let module = Path::new(ROOT).join(root).join(module.replace("::", "/"));
    let candidates = [module.with_extension("rs"), module.join("mod.rs")];
    let Some(text) = candidates.iter().find_map(|file| std::fs::read_to_string(file).ok()) else {
        return false;
    };
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    before.trim_end().ends_with("#[test]")
}

#[test]
fn what_can_and_cannot_be_detected_is_shown_by_tests_that_exist() {
    let page = file("docs/comparison.md");
    assert_eq!(tests_that_do_not_exist(&page), [] as [String; 0]);
    for (heading, least) in [("Can", 15), ("Cannot", 10)] {
        let rows = rows(&page, heading);
        assert!(rows.len() >= least, "{heading} has {} rows", rows.len());
        for row in rows {
            assert!(row.last().is_some_and(|cell| cell.contains("::")), "no test shows {row:?}");
        }
    }
    let broken = page.replacen("limits::what_neither", "limits::what_either", 1);
    assert_eq!(
        tests_that_do_not_exist(&broken),
        ["compare_logs::limits::what_either_system_wrote_is_missed_by_both"]
    );
    let no_test = page.replacen("unlike::null_for_a_missing_field_is_different", "compare", 1);
    assert_eq!(tests_that_do_not_exist(&no_test), ["compare_logs::compare"]);
    assert!(file("README.md").contains("](docs/comparison.md)"));
}

/// The examples of the migration guide of which the place that is named does not show what is said, or nothing runs it.
fn examples_that_are_not_there(page: &str) -> Vec<String> {
    let is_shown = |row: &Vec<String>| {
        let [_, _, path, beginning] = &row[..] else { return false };
        let is_run = path == "README.md" || path.ends_with(".rs");
        let text = std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default();
        is_run && !beginning.is_empty() && text.contains(beginning)
    };
    let rows = rows(page, "Examples").into_iter();
    rows.filter(|row| !is_shown(row)).map(|row| row[0].clone()).collect()
}

#[test]
fn every_example_of_the_migration_guide_has_one_here_that_is_run() {
    let page = file("docs/guide.md");
    assert_eq!(examples_that_are_not_there(&page), [] as [String; 0]);
    assert_eq!(rows(&page, "Examples").len(), 19);
    let broken = page.replacen("get_recent_events(50)", "get_recent_events(51)", 1);
    assert_eq!(examples_that_are_not_there(&broken), ["querying, new way"]);
}

#[test]
fn every_command_and_every_option_has_a_help_text() {
    let root = cli::command();
    let mut commands = every_command(&root);
    commands.push((Vec::new(), root));
    let mut silent = Vec::new();
    for (path, command) in commands {
        if command.get_about().is_none() {
            silent.push(path.join(" "));
        }
        let options = command.get_arguments().filter(|option| option.get_help().is_none());
        silent.extend(options.map(|option| format!("{} {}", path.join(" "), option.get_id())));
    }
    assert!(silent.is_empty(), "no help text: {silent:#?}");
}

#[test]
fn every_example_of_the_help_can_be_parsed() {
    let mut root = cli::command();
    let mut helps = vec![root.render_long_help().to_string()];
    for (_, mut command) in every_command(&root) {
        helps.push(command.render_long_help().to_string());
    }
    let lines: Vec<&str> = helps.iter().flat_map(|help| help.lines()).map(str::trim).collect();
    let examples: Vec<&str> = lines
        .iter()
        .map(|line| line.strip_prefix("Example: ").unwrap_or(line))
        .filter(|line| line.starts_with("mission-events "))
        .collect();
    assert!(examples.len() >= 8, "examples were found: {examples:?}");
    let failures: Vec<String> = examples.into_iter().flat_map(command_lines_that_fail).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_changelog_tells_of_this_version() {
    let changelog = file("CHANGELOG.md");
    let heading = |line: &str| line.starts_with("## ") && line.contains(env!("CARGO_PKG_VERSION"));
    assert!(changelog.lines().any(heading), "no heading names {}", env!("CARGO_PKG_VERSION"));
}
