//! Which file a path leads to: symbolic links are followed, hard links are counted, and device and inode tell one
//! file from another.
//!
//! Side files (a lock, a write-ahead log) are named after the path of their file. The folders of a path may be
//! spelled in any way: what lies beside a file is the same through each spelling. A link in the place of the file
//! itself would give it other side files.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// The path of the file that `path` leads to, whether that exists yet or not: no link stands in its place. A path
/// without a link stays as it is spelled, but for a slash at its end.
///
/// # Errors
/// The links lead in a circle.
pub fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut file = of_file(path);
    for _ in 0..MOST_LINKS {
        // What cannot be looked at is told where the file is opened.
        if !file.is_symlink() {
            return Ok(file);
        }
        let target = fs::read_link(&file)?;
        file = of_file(&folder_of(&file).join(target));
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// The path with its links resolved, as far as it exists.
pub fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let resolve = |part: &Path| {
        let rest = absolute.strip_prefix(part).ok()?;
        // Parts one by one: joined as a whole, no rest at all would end the path with a separator.
        Some(part.canonicalize().ok()?.components().chain(rest.components()).collect())
    };
    absolute.ancestors().find_map(resolve).unwrap_or_else(|| absolute.clone())
}

/// Without a slash at its end, which would have the system follow a link.
fn of_file(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(name) => folder_of(path).join(name),
        None => path.to_owned(),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// How many names a file has in its file system.
///
/// # Errors
/// It is not there, or cannot be looked at.
#[cfg(unix)]
pub fn hard_links(file: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(file)?.nlink())
}

/// Where the system does not say, one.
#[cfg(not(unix))]
pub fn hard_links(file: &Path) -> io::Result<u64> {
    fs::metadata(file).map(|_| 1)
}

/// Device and inode: the same for all names of one file. `None` where the system does not say.
#[cfg(unix)]
pub fn file_identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Device and inode: the same for all names of one file. `None` where the system does not say.
#[cfg(not(unix))]
pub fn file_identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_spelling_of_a_link_leads_to_the_file_and_a_path_without_a_link_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let here = |name: &str| folder.path().join(name);
        fs::create_dir_all(here("deep/er")).unwrap();
        fs::write(here("events.db"), "").unwrap();
        symlink("events.db", here("near.db")).unwrap();
        symlink("../../near.db", here("deep/er/far.db")).unwrap();
        symlink(here("events.db"), here("absolute.db")).unwrap();
        symlink("deep/er", here("short")).unwrap();
        for (path, file) in [
            ("events.db", "events.db"),
            ("deep/../events.db", "deep/../events.db"),
            ("none/events.db", "none/events.db"),
            ("near.db", "events.db"),
            ("near.db/", "events.db"),
            ("absolute.db", "events.db"),
        ] {
            assert_eq!(follow_links(&here(path)).unwrap(), here(file), "{path}");
        }
        for path in ["deep/er/far.db", "short/far.db"] {
            let file = follow_links(&here(path)).unwrap();
            assert_eq!(file.canonicalize().unwrap(), here("events.db").canonicalize().unwrap());
            assert!(!file.is_symlink(), "{}", file.display());
        }
    }

    #[test]
    fn a_link_that_leads_to_nothing_yet_leads_to_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        symlink("later/events.db", folder.path().join("link.db")).unwrap();
        let file = follow_links(&folder.path().join("link.db")).unwrap();
        assert_eq!(file, folder.path().join("later/events.db"));
    }

    #[test]
    fn links_that_lead_in_a_circle_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for (link, target) in [("a", "b"), ("b", "a")] {
            symlink(target, folder.path().join(link)).unwrap();
        }
        assert!(follow_links(&folder.path().join("a")).is_err());
    }

    #[test]
    fn the_names_of_a_file_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, "").unwrap();
        assert_eq!(hard_links(&one).unwrap(), 1);
        fs::hard_link(&one, &two).unwrap();
        assert_eq!((hard_links(&one).unwrap(), hard_links(&two).unwrap()), (2, 2));
        assert!(hard_links(&folder.path().join("three")).is_err());
    }
}
