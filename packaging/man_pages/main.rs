//! Writes the manual pages of the program, one a command; it is no command for users.
//!
//! ```sh
//! cargo run --example man_pages -- target/packaging/man
//! ```

mod pages;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

/// Writes the manual pages of mission-events, one a command
#[derive(Parser)]
struct Cli {
    /// The folder to write them to; it is made where it is missing
    folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let folder = Cli::parse().folder;
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    for page in pages::of_the_program()? {
        let path = folder.join(&page.file_name);
        fs::write(&path, page.text).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}
