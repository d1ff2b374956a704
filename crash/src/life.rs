//! A life: a command that writes, what lay there before, and what must hold whatever cuts it short.

use std::fmt;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::site::Site;

/// What holds after a power cut, and what the check may ask for.
pub struct Cut<'a> {
    /// What had been answered on standard output when it happened.
    pub answers: &'a [u8],
    /// Whether the command had ended, with its exit code.
    pub ended: bool,
    /// What [`Life::reference`] said.
    pub reference: &'a Reference,
    /// By chance: some checks that take long are made of one cut in so many.
    pub chance: u64,
}

/// The answers without those that say that an event was not stored, or may not be: they promise nothing.
pub fn promised(answers: &[u8]) -> Vec<u8> {
    let is_refusal = |line: &&[u8]| line.windows(9).any(|part| part == b"\"error\":\"");
    answers
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !is_refusal(line))
        .flatten()
        .copied()
        .collect()
}

/// What a run of the whole life gave, and what was there before it.
#[derive(Default)]
pub struct Reference {
    pub before: Value,
    pub after: Value,
}

pub struct Life {
    pub name: &'static str,
    pub about: &'static str,
    pub environment: &'static [(&'static str, &'static str)],
    pub prepare: fn(&Site) -> Result<()>,
    pub arguments: &'static [&'static str],
    pub input: fn() -> Vec<u8>,
    /// The exit code of the whole command.
    pub code: i32,
    /// Looks at a folder before and after the whole command.
    pub look: fn(&Site) -> Result<Value>,
    /// Fails where a promise is broken.
    pub check: fn(&Site, &Cut) -> Result<()>,
}

/// A life that is tried.
pub struct Trial<'a> {
    pub life: &'a Life,
    pub program: &'a Path,
    /// Empty, and of this life alone.
    pub folder: &'a Path,
    pub seed: u64,
}

impl Trial<'_> {
    /// The folder in which the program works: always the same one, since a store knows logs by their paths.
    pub fn site(&self) -> Result<Site> {
        let folder = self.folder.join("site");
        std::fs::create_dir_all(&folder)?;
        Ok(Site {
            program: self.program.to_owned(),
            folder: folder.canonicalize()?,
            environment: self.life.environment.to_vec(),
        })
    }

    /// A folder in which the life is about to begin. It is prepared once, and copied from then on.
    pub fn prepared(&self) -> Result<Site> {
        let site = self.site()?;
        let kept = self.folder.join("prepared");
        if kept.exists() {
            copy_folder(&kept, &site.folder)?;
        } else {
            (self.life.prepare)(&site)?;
            copy_folder(&site.folder, &kept)?;
        }
        Ok(site)
    }

    /// What a run gives that nothing cuts short.
    pub fn reference(&self) -> Result<Reference> {
        let site = self.prepared()?;
        let before = (self.life.look)(&site)?;
        let ended = site.expect(&[self.life.code], self.life.arguments, &(self.life.input)())?;
        let after = (self.life.look)(&site)?;
        let reference = Reference { before, after };
        // What is not broken must hold: else it is the check that is wrong.
        let cut = Cut { answers: &ended.stdout, ended: true, reference: &reference, chance: 0 };
        (self.life.check)(&site, &cut)?;
        ensure!(
            !ended.stdout.is_empty() || self.life.arguments.contains(&"-q"),
            "the run has answered nothing"
        );
        std::fs::remove_dir_all(&site.folder)?;
        Ok(reference)
    }
}

/// Copies what lies in a folder into another one, which is made where it is not there.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// What was tried, and what was broken.
#[derive(Default)]
pub struct Told {
    /// Such as "power cuts".
    pub unit: &'static str,
    pub tried: usize,
    /// How many of these left other bytes, or other answers, than those before of the same recorded run.
    pub distinct: usize,
    pub places: usize,
    /// How many parts of the campaign are told together.
    pub parts: usize,
    pub broken: Vec<String>,
}

impl Told {
    /// Adds what another part has found.
    pub fn add(&mut self, part: Self) {
        self.unit = part.unit;
        self.tried += part.tried;
        self.distinct += part.distinct;
        self.places += part.places;
        self.parts += 1;
        self.broken.extend(part.broken);
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { unit, tried, distinct, places, broken, .. } = self;
        write!(
            f,
            "{tried} {unit} at {places} places, {distinct} of them different, {} promises broken",
            broken.len()
        )
    }
}
