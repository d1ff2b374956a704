//! What lies in a folder and is not read as a log: whether events are in it.
//!
//! A file is looked at by its content, wherever it lies below the folder and whatever its name is. Names count
//! where a content can belong to no log: the legacy system's own files, what an editor has copied, what an export was
//! writing. What cannot be looked at may hold events.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::application::log_source::SkippedFile;
use crate::domain::error_chain::error_chain;
use crate::domain::path_text::text_of;
use crate::durable::links::file_identity;
use crate::durable::torn_copy::is_torn_copy;
use crate::infrastructure::side_files::{database_beside, interrupted_writer, own_records};
use crate::infrastructure::sqlite::holds_events;
use crate::wire::mapping::Mapping;

use super::file_equality::FileEquality;
use super::file_kind::{is_pipe, is_socket};
use super::other_side::{OtherSide, Surroundings};
use super::unread_content::{Content, holds_only_copies, is_database, look_into};

/// Something in a folder that is not read, and why.
pub(super) struct Unread {
    pub path: PathBuf,
    pub reason: &'static str,
}

const OTHER_SIDE: &str = "it is the other side of the comparison";
const A_FOLDER: &str = "a folder within the folder";
const IN_A_FOLDER: &str = "in a folder within the folder";

/// Looks at everything that is not read in a folder of which these logs are.
pub(super) fn look_at(
    folder: &Path,
    unread: Vec<Unread>,
    logs: &[PathBuf],
    mapping: &Mapping,
    (surroundings, other_side): (&Surroundings<'_>, Option<&OtherSide>),
) -> Vec<SkippedFile> {
    let entered = fs::canonicalize(folder).into_iter().collect();
    let mut search = FolderSearch {
        logs,
        mapping,
        surroundings,
        other_side,
        identities: OnceCell::new(),
        names: OnceCell::new(),
        entered,
        found: Vec::new(),
    };
    for Unread { path, reason } in unread {
        search.look_at(&path, reason);
    }
    search.found
}

/// What came of looking at a file.
struct Examined {
    /// Whether an event is in it; `None` where it could not be looked at.
    holds_events: Option<bool>,
    detail: String,
}

impl Examined {
    fn without_events(detail: impl Into<String>) -> Self {
        Self { holds_events: Some(false), detail: detail.into() }
    }

    fn may_hold_events(&self) -> bool {
        self.holds_events != Some(false)
    }

    fn impossible(why: impl std::fmt::Display) -> Self {
        Self { holds_events: None, detail: format!("it cannot be searched for events: {why}") }
    }
}

/// What stands at a path.
enum Entry {
    /// Nothing does any more.
    Gone,
    File(Metadata),
    Folder,
    /// Nothing more is to be found out.
    Examined(Examined),
}

struct FolderSearch<'f> {
    logs: &'f [PathBuf],
    mapping: &'f Mapping,
    surroundings: &'f Surroundings<'f>,
    other_side: Option<&'f OtherSide>,
    /// The logs by what tells one file from another.
    identities: OnceCell<HashMap<(u64, u64), &'f Path>>,
    names: OnceCell<HashSet<&'f Path>>,
    /// The folders that were entered, by their canonical paths.
    entered: HashSet<PathBuf>,
    found: Vec<SkippedFile>,
}

impl FolderSearch<'_> {
    fn look_at(&mut self, path: &Path, reason: &str) {
        match entry_at(path) {
            Entry::Gone => {}
            Entry::Folder => self.look_into_folder(path),
            Entry::File(metadata) => {
                let examined = self.look_at_file(path, &metadata);
                self.add(path, reason, examined);
            }
            Entry::Examined(examined) => self.add(path, reason, examined),
        }
    }

    fn add(&mut self, path: &Path, reason: &str, examined: Examined) {
        self.found.push(SkippedFile {
            path: text_of(path),
            reason: format!("{reason}, and {}", examined.detail),
            holds_events: examined.holds_events,
        });
    }

    /// Looks at everything below a folder. What may hold events is named; the rest of it is counted.
    fn look_into_folder(&mut self, top: &Path) {
        let (mut others, findings) = (0_u64, self.found.len());
        let mut folders = vec![top.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match self.enter(&folder) {
                Ok(entries) => entries,
                Err(examined) if folder == top || examined.may_hold_events() => {
                    self.add(&folder, A_FOLDER, examined);
                    if folder == top {
                        return;
                    }
                    continue;
                }
                Err(_) => continue,
            };
            for path in entries {
                let examined = match entry_at(&path) {
                    Entry::Gone => continue,
                    Entry::Folder => {
                        folders.push(path);
                        continue;
                    }
                    Entry::File(metadata) => self.look_at_file(&path, &metadata),
                    Entry::Examined(examined) => examined,
                };
                if examined.may_hold_events() {
                    self.add(&path, IN_A_FOLDER, examined);
                } else {
                    others += 1;
                }
            }
        }
        let rest = if self.found.len() > findings { "other " } else { "" };
        if others > 0 || rest.is_empty() {
            let files = if others == 1 { "file" } else { "files" };
            let examined = Examined::without_events(format!("no event is in its {others} {rest}{files}"));
            self.add(top, A_FOLDER, examined);
        }
    }

    /// The entries of a folder in the order of their names, or why they are not looked at.
    fn enter(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Examined> {
        if keeps_versions(folder) {
            return Err(Examined::without_events("earlier versions of files are kept in it"));
        }
        let place = fs::canonicalize(folder).map_err(Examined::impossible)?;
        if self.other_side.is_some_and(|other| other.is_at(&place)) {
            return Err(Examined::without_events(OTHER_SIDE));
        }
        let is_link = fs::symlink_metadata(folder).is_ok_and(|entry| entry.is_symlink());
        let above = folder.parent().and_then(|parent| fs::canonicalize(parent).ok());
        if is_link && above.is_some_and(|above| above.starts_with(&place)) {
            return Err(Examined::impossible("it is a link to a folder that it lies in"));
        }
        if !self.entered.insert(place) {
            return Err(Examined::without_events("it was looked at under another name"));
        }
        let entries = fs::read_dir(folder).and_then(|entries| {
            let paths = entries.map(|entry| entry.map(|entry| entry.path()));
            paths.collect::<io::Result<Vec<_>>>()
        });
        let mut entries = entries.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied if is_lost_and_found(folder) => {
                Examined::without_events("it holds what a check of the file system has found")
            }
            _ => Examined::impossible(error),
        })?;
        entries.sort();
        Ok(entries)
    }

    fn look_at_file(&self, path: &Path, metadata: &Metadata) -> Examined {
        if is_socket(metadata.file_type()) {
            return Examined::without_events("it is a socket, which holds nothing");
        }
        if is_pipe(metadata.file_type()) {
            return Examined::impossible("it is a pipe, and what is written to it is in no file");
        }
        if !metadata.is_file() {
            return Examined::impossible("it is no regular file");
        }
        if self.other_side.is_some_and(|other| other.holds(path)) {
            return Examined::without_events(OTHER_SIDE);
        }
        if let Some(log) = self.log_that_is(metadata) {
            return Examined::without_events(format!("it is another name of {}", log.display()));
        }
        if let Some(writer) = interrupted_writer(path) {
            return Examined::without_events(format!(
                "it is what {writer} was writing that was interrupted: delete it"
            ));
        }
        if let Some(database) = database_of(path) {
            return Examined::without_events(format!("it belongs to the database {}", database.display()));
        }
        let original = self.original_of(path);
        if let Some(log) = original
            && matches!(FileEquality::of(path, log), Ok(Some(_)))
        {
            return Examined::without_events(format!("{} holds the same", log.display()));
        }
        match look_into(path, self.mapping, own_records(path), is_torn_copy(path)) {
            Ok(Content::Event) => match original {
                Some(log) if holds_only_copies(path, log, self.mapping).unwrap_or(false) => {
                    Examined::without_events(format!("{} holds all that is in it", log.display()))
                }
                _ => Examined { holds_events: Some(true), detail: "it holds an event".to_owned() },
            },
            Ok(Content::NoEvent { what }) => Examined::without_events(what),
            Ok(Content::Store) => self.look_at_store(path),
            Ok(Content::Binary) => match signed_file(path, metadata) {
                Some(signed) => {
                    Examined::without_events(format!("it is a signature of {}", signed.display()))
                }
                None => Examined::impossible("it is binary data of no known kind"),
            },
            Ok(Content::Unsearchable { why }) => Examined::impossible(why),
            Err(error) => Examined::impossible(error),
        }
    }

    fn look_at_store(&self, path: &Path) -> Examined {
        if self.surroundings.is_store(path) {
            return Examined::without_events("it is the store of events");
        }
        match holds_events(path) {
            Ok(true) => Examined {
                holds_events: Some(true),
                detail: "it is a SQLite store of events that is not read".to_owned(),
            },
            Ok(false) => Examined::without_events("it is a SQLite store without events"),
            Err(error) => Examined::impossible(error_chain(&error)),
        }
    }

    /// The log that is the same file under another name.
    fn log_that_is(&self, metadata: &Metadata) -> Option<&Path> {
        let identities = self.identities.get_or_init(|| {
            let identity_of = |log: &Path| fs::metadata(log).ok().as_ref().and_then(file_identity);
            self.logs.iter().filter_map(|log| Some((identity_of(log)?, log.as_path()))).collect()
        });
        file_identity(metadata).and_then(|identity| identities.get(&identity)).copied()
    }

    /// The log that an editor has made this copy of.
    fn original_of(&self, path: &Path) -> Option<&Path> {
        let name = path.file_name()?.to_str()?;
        let original = path.with_file_name(original_name(name)?);
        self.names
            .get_or_init(|| self.logs.iter().map(PathBuf::as_path).collect())
            .get(original.as_path())
            .copied()
    }
}

fn entry_at(path: &Path) -> Entry {
    let entry = match fs::symlink_metadata(path) {
        Ok(entry) => entry,
        Err(error) if error.kind() == ErrorKind::NotFound => return Entry::Gone,
        Err(error) => return Entry::Examined(Examined::impossible(error)),
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Entry::Folder,
        Ok(metadata) => Entry::File(metadata),
        Err(_) if entry.is_symlink() && is_lock_of_an_editor(path) => {
            Entry::Examined(Examined::without_events("it is the lock of an editor"))
        }
        Err(error) if entry.is_symlink() && error.kind() == ErrorKind::NotFound => {
            Entry::Examined(Examined::impossible("it is a link that leads nowhere"))
        }
        Err(error) => Entry::Examined(Examined::impossible(error)),
    }
}

/// Emacs marks a file that it edits with a link `.#NAME` to `USER@HOST.NUMBER`, which is no path.
fn is_lock_of_an_editor(path: &Path) -> bool {
    let begins = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".#"));
    begins
        && fs::read_link(path)
            .is_ok_and(|to| to.components().count() == 1 && to.to_string_lossy().contains('@'))
}

/// Whether a folder is that in which Git, Mercurial or Subversion keep versions.
fn keeps_versions(folder: &Path) -> bool {
    let kept = match folder.file_name().and_then(|name| name.to_str()) {
        Some(".git") => "HEAD",
        Some(".hg") => "requires",
        Some(".svn") => "wc.db",
        _ => return false,
    };
    fs::symlink_metadata(folder.join(kept)).is_ok()
}

/// The database that SQLite has put this file beside.
fn database_of(path: &Path) -> Option<PathBuf> {
    database_beside(path).filter(|database| is_database(database))
}

/// The file that this one is a signature of, by its name: so short that no record is hidden in it.
fn signed_file(path: &Path, metadata: &Metadata) -> Option<PathBuf> {
    const LONGEST: u64 = 4 << 10;
    let name = path.file_name()?.to_str()?;
    let signed = path.with_file_name(name.strip_suffix(".sig")?);
    (metadata.len() <= LONGEST && signed.is_file()).then_some(signed)
}

/// Whether a folder is the one into which a check of the file system puts what belongs nowhere, at the top of that.
/// It is of root alone, and nothing that it holds was ever a part of a folder.
#[cfg(unix)]
fn is_lost_and_found(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|folder| folder.dev()).ok();
    let is_of_root = fs::metadata(folder).is_ok_and(|folder| folder.uid() == 0);
    let above = folder.parent().and_then(|above| fs::canonicalize(above).ok());
    let is_mounted = above.is_some_and(|above| match above.parent() {
        Some(outside) => device(outside) != device(&above),
        None => true,
    });
    folder.file_name().is_some_and(|name| name == "lost+found") && is_of_root && is_mounted
}

#[cfg(not(unix))]
fn is_lost_and_found(_: &Path) -> bool {
    false
}

/// The name of the file that an editor has made a copy of under this name.
fn original_name(name: &str) -> Option<&str> {
    if let Some(inner) = name.strip_prefix('#').and_then(|name| name.strip_suffix('#')) {
        return Some(inner);
    }
    let hidden = name.strip_prefix('.').unwrap_or(name);
    if let Some((original, swap)) = hidden.rsplit_once('.')
        && swap.len() == 3
        && swap.starts_with("sw")
    {
        return Some(original);
    }
    let copied = ["~", ".bak", ".orig", ".save"].iter().find_map(|suffix| name.strip_suffix(suffix))?;
    // Numbered ones end with `.~1~`.
    let number =
        copied.rsplit_once(".~").filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    Some(number.map_or(copied, |(original, _)| original))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_s_copy_is_known_by_its_name() {
        for name in [
            "a.jsonl~",
            "a.jsonl.~1~",
            "a.jsonl.~12~",
            "#a.jsonl#",
            ".a.jsonl.swp",
            ".a.jsonl.swo",
            "a.jsonl.swp",
            "a.jsonl.bak",
            "a.jsonl.orig",
            "a.jsonl.save",
        ] {
            assert_eq!(original_name(name), Some("a.jsonl"), "{name}");
        }
        for name in ["a.jsonl", "a.jsonl.1", "#a.jsonl", "a.bak.jsonl", ".a.jsonl", "a.jsonl.swap"] {
            assert_eq!(original_name(name), None, "{name}");
        }
    }
}
