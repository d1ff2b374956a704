//! The manual pages say what the program is, and a forge runs what is run here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mission_events::internals::cli::{self, ExitCode};
use mission_events::internals::infrastructure::config::spec::SETTINGS;

use crate::docs::every_command;

#[path = "../../packaging/documents/manual_pages.rs"]
mod manual_pages;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// The manual pages by the names of their files, without the escapes of hyphens.
fn manual() -> BTreeMap<String, String> {
    let pages = manual_pages::of_the_program().unwrap().into_iter();
    pages.map(|page| (page.file_name, String::from_utf8(page.text).unwrap().replace("\\-", "-"))).collect()
}

#[test]
fn each_command_has_a_manual_page_that_names_its_options() {
    let manual = manual();
    let mut expected = BTreeSet::from(["mission-events.1".to_owned()]);
    for (path, command) in every_command(&cli::command()) {
        let name = format!("mission-events-{}.1", path.join("-"));
        let page = manual.get(&name).unwrap_or_else(|| panic!("there is no {name}"));
        // The synopsis names them as well, and says nothing of them.
        let (_, described) = page.split_once(".SH DESCRIPTION\n").unwrap();
        for option in command.get_arguments() {
            let Some(long) = option.get_long() else { continue };
            let names = described.contains(&format!("\\fB--{long}\\fR"));
            assert_eq!(names, !option.is_hide_set(), "{name}: --{long}");
        }
        assert!(described.contains("\\fB--store\\fR"), "{name} does not name the options of all commands");
        expected.insert(name);
    }
    assert_eq!(manual.into_keys().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn the_page_of_the_program_names_its_commands_exit_codes_and_settings() {
    let page = &manual()["mission-events.1"];
    for command in cli::command().get_subcommands() {
        assert!(
            page.contains(&format!("mission-events-{}(1)", command.get_name())),
            "{}",
            command.get_name()
        );
    }
    for code in ExitCode::ALL {
        assert!(page.contains(code.meaning()), "{code:?}");
    }
    for setting in SETTINGS {
        assert!(page.contains(setting.variable) && page.contains(setting.key), "{}", setting.key);
    }
}

#[test]
fn a_manual_page_has_the_examples_of_the_help_under_their_heading() {
    let page = &manual()["mission-events-handlers.1"];
    let (_, examples) = page.split_once(".SH EXAMPLES\n").unwrap();
    assert!(examples.contains("  mission-events handlers list --check\n"), "{examples}");
    assert!(page.starts_with(".ie") && page.contains("\n.TH mission-events-handlers 1 \"\" "), "{page}");
}

#[test]
fn a_forge_runs_the_scripts_of_this_folder_and_actions_that_cannot_change() {
    let workflow = file(".github/workflows/ci.yml");
    let of = |key: &str| -> Vec<String> {
        let values =
            workflow.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(key));
        values.map(|value| value.trim().to_owned()).collect()
    };
    for action in of("uses:") {
        let commit = action.split([' ', '@']).nth(1).unwrap_or_default();
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
    }
    for script in [".ci/run", ".ci/nightly"] {
        assert!(of("run:").iter().any(|command| command == script), "no job runs {script}");
        assert!(Path::new(ROOT).join(script).exists(), "there is no {script}");
    }
    let needed = concat!("rust:", env!("CARGO_PKG_RUST_VERSION"), "-");
    for image in of("container:") {
        assert!(image.starts_with(needed), "{image} has another Rust than the package needs: {needed}");
    }
}
