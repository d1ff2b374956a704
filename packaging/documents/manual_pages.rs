//! The manual pages, made of the command line as clap knows it: what `--help` says, and which settings there are.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use mission_events::internals::cli;
use mission_events::internals::infrastructure::config::spec::SETTINGS;

/// One manual page.
pub struct Page {
    /// As `mission-events-events-recent.1`.
    pub file_name: String,
    /// In the language of troff, for the macros `man`.
    pub text: Vec<u8>,
}

/// A page for each command, those within commands too, and at the end that of the program itself.
///
/// # Errors
/// None that is known: the pages are written into memory.
pub fn of_the_program() -> io::Result<Vec<Page>> {
    let mut program = cli::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add_pages(&program, &mut pages)?;
    Ok(pages)
}

fn add_pages(command: &Command, pages: &mut Vec<Page>) -> io::Result<()> {
    for subcommand in command.get_subcommands() {
        add_pages(subcommand, pages)?;
    }
    pages.push(page(command)?);
    Ok(())
}

fn page(command: &Command) -> io::Result<Page> {
    let man = Man::new(command.clone().subcommand_help_heading("COMMANDS"))
        // Without a date, whose place has to be held.
        .date("\"\"")
        .source(concat!("mission-events ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let after_help = command.get_after_long_help().or_else(|| command.get_after_help());
    if let Some(after_help) = after_help {
        last_section(&after_help.to_string()).to_writer(&mut text)?;
    }
    match command.get_display_name() {
        Some("mission-events") | None => settings().to_writer(&mut text)?,
        Some(_) => see_also().to_writer(&mut text)?,
    }
    Ok(Page { file_name: man.get_filename(), text })
}

/// What `--help` ends with. Its first words, as in "Examples:", are the heading.
fn last_section(after_help: &str) -> Roff {
    let (heading, lines) = after_help.split_once(':').unwrap_or(("Notes", after_help));
    let mut section = Roff::new();
    section.control("SH", [heading.to_uppercase().as_str()]);
    for line in lines.trim_start_matches('\n').lines() {
        match line {
            "" => section.control("PP", []),
            // One that is indented stands on a line of its own.
            line => section.text([roman(line)]),
        };
    }
    section
}

/// What may be in the environment.
fn settings() -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["ENVIRONMENT"]);
    section.text([roman(
        "Settings, which may also be in a file .env, or in mission-events.toml by their keys.",
    )]);
    for setting in SETTINGS {
        let mut says: Vec<Inline> = vec![bold(setting.key), roman(": "), roman(setting.kind.allowed())];
        if !setting.default.is_empty() {
            says.extend([roman("; the default is "), bold(setting.default)]);
        }
        section.control("TP", []);
        section.text([bold(setting.variable)]);
        section.text(says);
    }
    section
}

fn see_also() -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["SEE ALSO"]);
    section.text([bold("mission-events"), roman("(1)")]);
    section
}
