//! What holds for every command.

use std::io;

use mission_events::internals::cli::{ExitCode, command};

#[cfg(feature = "legacy")]
use super::CONFIG_LINES;
use super::{seed, two_tasks};
use crate::support::cli;
use crate::support::test_dir::TestDir;

const WARNING_IN_COLOUR: &str = "\u{1b}[1m\u{1b}[33mwarning:\u{1b}[0m ";

#[test]
fn without_a_command_the_help_is_shown_as_a_usage_error() {
    let run = cli(&TestDir::new()).run("");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("Usage: mission-events"), "{}", run.stderr);
}

#[test]
fn an_unknown_command_or_option_is_a_usage_error() {
    for line in
        ["evnts", "events recent --limt 3", "events recent --limit -1", "events show", "--color no status"]
    {
        let run = cli(&TestDir::new()).run(line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = cli(&TestDir::new()).run("--version").result();
    assert_eq!(version, format!("mission-events {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_long_help_lists_every_exit_code_and_the_short_one_none() {
    let long = cli(&TestDir::new()).run("--help").result();
    for code in ExitCode::ALL {
        assert!(long.contains(&format!("\n  {}  {}\n", code.number(), code.meaning())), "{long}");
    }
    assert!(!cli(&TestDir::new()).run("-h").result().contains("Exit codes"));
}

#[test]
fn every_command_says_in_its_help_what_it_does_and_gives_an_example() {
    fn visit(path: &str, commands: &clap::Command) {
        for command in commands.get_subcommands().filter(|command| command.get_name() != "help") {
            let line = format!("{path} {}", command.get_name());
            let help = cli(&TestDir::new()).run(&format!("{line} --help")).result();
            assert!(command.get_about().is_some(), "{line}");
            assert!(help.matches("mission-events").count() >= 2, "an example beside the usage: {help}");
            visit(&line, command);
        }
    }
    visit("", &command());
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let dir = seed(&two_tasks());
    let before = cli(&dir).run("--store events.db --format jsonl events recent").result();
    let after = cli(&dir).run("events recent --format jsonl --store events.db").result();
    let between = cli(&dir).run("events --format jsonl recent --store events.db").result();
    assert_eq!(before.lines().count(), 4);
    assert_eq!((&before, &before), (&after, &between));
}

#[test]
fn quiet_and_verbose_exclude_each_other_on_either_side_of_the_command() {
    for line in ["-q -v status", "-q status -v", "status --quiet --verbose"] {
        let message = "error: --quiet and --verbose exclude each other: give one of them\n";
        cli(&TestDir::new()).run(line).fails(2, message);
    }
}

#[cfg(feature = "legacy")]
#[test]
fn verbose_shows_the_config_lines_and_quiet_leaves_errors_alone() {
    let dir = seed(&two_tasks());
    let stderr = |line: &str| cli(&dir).without_flag().run(line).stderr;
    let warning = "warning: there are more than the newest 1 event: raise --limit\n";
    assert_eq!(stderr("events recent --limit 1 --store daily"), warning);
    assert_eq!(stderr("-v events recent --limit 1 --store daily"), format!("{CONFIG_LINES}{warning}"));
    assert_eq!(stderr("-q events recent --limit 1 --store daily"), "");
    assert_eq!(stderr("-q events show e9 --store daily"), "error: there is no event e9 in the store\n");
}

#[test]
fn colour_is_used_where_it_is_asked_for() {
    let dir = seed(&two_tasks());
    let line = "events recent --limit 1 --store daily";
    for (line, environment, is_coloured) in [
        (line.to_owned(), ("X", "1"), false),
        (format!("{line} --color always"), ("X", "1"), true),
        (format!("{line} --color=always"), ("NO_COLOR", "1"), true),
        (format!("{line} --color never"), ("CLICOLOR_FORCE", "1"), false),
        (format!("{line} --color auto"), ("CLICOLOR_FORCE", "1"), true),
        (format!("{line} --color auto"), ("NO_COLOR", "1"), false),
    ] {
        let run = cli(&dir).env(environment.0, environment.1).run(&line);
        assert_eq!(run.stderr.starts_with(WARNING_IN_COLOUR), is_coloured, "{line} {environment:?}");
        assert!(!run.stdout.contains('\u{1b}'));
    }
    for (color, is_coloured) in [("always", true), ("never", false)] {
        let help = cli(&dir).run(&format!("--help --color {color}")).result();
        assert_eq!(help.contains('\u{1b}'), is_coloured, "{color}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let dir = seed(&two_tasks());
    for line in [
        "events recent --store daily",
        "events recent --store daily --raw",
        "events recent --store events.db --format json",
        "status -q",
        "completions zsh",
        "--help",
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let run = cli(&dir).run_into(writer, line);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let dir = seed(&two_tasks());
    for line in ["events recent --store daily", "status -q", "completions zsh"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        cli(&dir).run_into(full, line).fails(
            4,
            "error: could not write the result to standard output\n  \
             caused by: No space left on device (os error 28)\n",
        );
    }
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = cli(&TestDir::new()).run(&format!("completions {shell}")).result();
        assert!(script.contains("mission-events") && script.contains("by-type"), "{shell}");
    }
}
