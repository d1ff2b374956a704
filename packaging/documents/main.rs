//! Writes the manual pages of the program, one a command, and its completions for each shell; it is no command for users.
//!
//! ```sh
//! cargo run --example documents -- target/packaging
//! ```

mod manual_pages;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use clap_complete::Shell;
use mission_events::internals::cli;

/// Writes the manual pages and completions of mission-events
#[derive(Parser)]
struct Cli {
    /// The folder whose `man` and `completions` they are written to; these are made where they are missing
    folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let folder = Cli::parse().folder;
    for page in manual_pages::of_the_program()? {
        write(&folder.join("man").join(&page.file_name), &page.text)?;
    }
    for shell in Shell::value_variants() {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut cli::command(), "mission-events", &mut script);
        write(&folder.join("completions").join(format!("mission-events.{shell}")), &script)?;
    }
    Ok(())
}

fn write(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.with_context(|| format!("could not write {}", path.display()))
}
