//! What a backup says of itself: a manifest beside its files, and the sums of all of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::contents::Contents;

/// The name of the manifest in the folder of a backup.
pub const MANIFEST: &str = "manifest.json";
/// The name of the file of sums, as `sha256sum --check` reads it.
pub const SUMS: &str = "SHA256SUMS";

const KIND: &str = "mission-events backup";
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// That it is one.
    kind: String,
    /// The version of this form.
    format: u32,
    /// The store has all of it that was acknowledged before this time.
    pub made_at: DateTime<Utc>,
    /// The version of the program.
    pub tool_version: String,
    /// What it is a backup of.
    pub store: StoreName,
    /// What it holds.
    pub contents: Contents,
    /// Its files but for this one, by their names.
    pub files: Vec<BackedUpFile>,
    /// Which of these are compressed, and what they are otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compressed: Vec<CompressedFile>,
}

/// A store by its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreName {
    /// `sqlite` or `jsonl`.
    pub backend: String,
    /// Where it is; absolute.
    pub path: String,
    /// Where the database of its handlers is; null where there was none.
    pub handlers: Option<String>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpFile {
    /// Its name within the folder, with `/` between folders.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A file of a backup that was compressed for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompressedFile {
    /// Its name, as among the files.
    pub name: String,
    /// The file of the store, by the name that it has in a backup where it is not compressed.
    pub of: BackedUpFile,
}

/// Why a text is no manifest.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is no JSON of that form.
    #[error("expected the manifest of a backup: {0}")]
    Form(#[from] serde_json::Error),
    /// It is something else.
    #[error("expected \"kind\": \"{KIND}\", found {0:?}")]
    Kind(String),
    /// It is of a later version of the program.
    #[error(
        "the form of the manifest is {0}, and this program knows {FORMAT}: use the newer program that wrote it"
    )]
    Newer(u32),
    /// A file that it names is not one of the backup.
    #[error(
        "expected the name of a file within the backup, as in \"events/events-2025-10-25.jsonl\", and each once; found {0:?}"
    )]
    FileName(String),
    /// A file that it names as compressed is none of the backup.
    #[error(
        "expected each compressed file to be among the files of the backup, and once; found {0:?}: the manifest is not as `backup` wrote it, so use another backup"
    )]
    CompressedName(String),
}

impl Manifest {
    /// That of a backup whose files are not known yet.
    pub fn new(made_at: DateTime<Utc>, store: StoreName, contents: Contents) -> Self {
        let tool_version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            kind: KIND.to_owned(),
            format: FORMAT,
            made_at,
            tool_version,
            store,
            contents,
            files: Vec::new(),
            compressed: Vec::new(),
        }
    }

    /// The manifest that a text is.
    ///
    /// # Errors
    /// It is none, or one of a later form.
    pub fn from_text(text: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Head {
            kind: String,
            format: u32,
        }
        let head: Head = serde_json::from_slice(text)?;
        if head.kind != KIND {
            return Err(ManifestError::Kind(head.kind));
        }
        if head.format > FORMAT {
            return Err(ManifestError::Newer(head.format));
        }
        let manifest: Self = serde_json::from_slice(text)?;
        let mut names = BTreeSet::new();
        let unpacked = manifest.compressed.iter().map(|compressed| &compressed.of);
        for BackedUpFile { name, .. } in manifest.files.iter().chain(unpacked) {
            if !is_within(name) || !names.insert(name) {
                return Err(ManifestError::FileName(name.clone()));
            }
        }
        let mut compressed = BTreeSet::new();
        for CompressedFile { name, .. } in &manifest.compressed {
            if !manifest.files.iter().any(|file| file.name == *name) || !compressed.insert(name) {
                return Err(ManifestError::CompressedName(name.clone()));
            }
        }
        Ok(manifest)
    }

    /// What the file is in the store, where it was compressed for the backup.
    pub fn unpacked(&self, file: &BackedUpFile) -> Option<&BackedUpFile> {
        self.compressed
            .iter()
            .find(|compressed| compressed.name == file.name)
            .map(|compressed| &compressed.of)
    }

    /// Its text, of several lines.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The text of the file of sums, where the manifest has this SHA-256.
    pub fn sums(&self, sha256: &str) -> String {
        let line = |name: &str, sha256: &str| format!("{sha256}  {name}\n");
        let files = self.files.iter().map(|file| line(&file.name, &file.sha256));
        files.chain([line(MANIFEST, sha256)]).collect()
    }
}

/// Whether the name of a file leads to one in the folder of the backup, on every system.
fn is_within(name: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    let is_other = |character: char| character.is_control() || matches!(character, '\\' | ':');
    name.split('/').all(is_plain) && !name.contains(is_other) && name != MANIFEST && name != SUMS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let store =
            StoreName { backend: "sqlite".to_owned(), path: "/data/events.db".to_owned(), handlers: None };
        let mut manifest = Manifest::new("2025-10-25T10:00:00Z".parse().unwrap(), store, Contents::default());
        manifest.files =
            vec![BackedUpFile { name: "events.db".to_owned(), bytes: 7, sha256: "ab".to_owned() }];
        manifest
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_and_its_sums_name_every_file() {
        let text = manifest().to_text().unwrap();
        assert_eq!(Manifest::from_text(text.as_bytes()).unwrap(), manifest());
        assert_eq!(manifest().sums("cd"), "ab  events.db\ncd  manifest.json\n");
    }

    #[test]
    fn a_file_is_within_the_backup_and_named_once() {
        for name in [
            "../beside",
            "events/../../beside",
            "/etc/hostname",
            "",
            ".",
            "a//b",
            "a/",
            "c:x",
            "a\\..\\b",
            "a\n",
            MANIFEST,
            SUMS,
        ] {
            let mut manifest = manifest();
            manifest.files[0].name = name.to_owned();
            let text = manifest.to_text().unwrap();
            let read = Manifest::from_text(text.as_bytes());
            assert!(
                matches!(&read, Err(ManifestError::FileName(found)) if found == name),
                "{name}: {read:?}"
            );
        }
        let mut manifest = manifest();
        manifest.files.push(manifest.files[0].clone());
        let read = Manifest::from_text(manifest.to_text().unwrap().as_bytes());
        assert!(matches!(read, Err(ManifestError::FileName(_))), "{read:?}");
    }

    #[test]
    fn a_compressed_file_is_one_of_the_backup_and_named_once() {
        let packed = |name: &str, of: &str| CompressedFile {
            name: name.to_owned(),
            of: BackedUpFile { name: of.to_owned(), bytes: 9, sha256: "ef".to_owned() },
        };
        let read = |compressed: Vec<CompressedFile>| {
            let manifest = Manifest { compressed, ..manifest() };
            Manifest::from_text(manifest.to_text().unwrap().as_bytes())
        };
        assert!(read(vec![packed("events.db", "plain.db")]).is_ok());
        let of_no_file = read(vec![packed("other.db", "plain.db")]);
        assert!(
            matches!(&of_no_file, Err(ManifestError::CompressedName(name)) if name == "other.db"),
            "{of_no_file:?}"
        );
        let twice = read(vec![packed("events.db", "plain.db"), packed("events.db", "other.db")]);
        assert!(matches!(twice, Err(ManifestError::CompressedName(_))), "{twice:?}");
    }

    #[test]
    fn what_is_no_manifest_or_a_later_one_is_refused() {
        let text = manifest().to_text().unwrap();
        let later = text.replace("\"format\": 1", "\"format\": 2");
        assert!(matches!(Manifest::from_text(later.as_bytes()), Err(ManifestError::Newer(2))));
        let other = text.replace(KIND, "another");
        assert!(matches!(Manifest::from_text(other.as_bytes()), Err(ManifestError::Kind(_))));
        for text in ["", "{}", "[]", "{\"kind\": 1}"] {
            assert!(matches!(Manifest::from_text(text.as_bytes()), Err(ManifestError::Form(_))), "{text}");
        }
    }
}
