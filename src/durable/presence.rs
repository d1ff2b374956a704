//! Whether something is at a path: absent is only what the system says is not there.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

/// What is at a path, links followed; `None` where nothing is.
///
/// # Errors
/// That cannot be told: a link on the way leads nowhere, as where what it leads to is not mounted, or in
/// circles; or a folder of the path may not be entered, or is none.
pub fn metadata_if_present(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => broken_link(path).map(|()| None),
        Err(error) => Err(error),
    }
}

/// As [`metadata_if_present`], where it matters only whether something is there.
///
/// # Errors
/// As there.
pub fn is_present(path: &Path) -> io::Result<bool> {
    metadata_if_present(path).map(|metadata| metadata.is_some())
}

/// Finds the link, of the path or a folder of it, that leads nowhere.
fn broken_link(path: &Path) -> io::Result<()> {
    for place in path.ancestors().filter(|place| !place.as_os_str().is_empty()) {
        match fs::symlink_metadata(place) {
            Ok(entry) if entry.is_symlink() && !fs::exists(place)? => {
                let to = fs::read_link(place)?;
                let message =
                    format!("{} is a link to {}, which is not there", place.display(), to.display());
                return Err(io::Error::other(message));
            }
            // What is there, and not below it, is really absent.
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_there_and_what_is_not_is_told_through_links_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "1234").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink("file", at("link")).unwrap();
        symlink("folder", at("shelf")).unwrap();
        let length = |name| metadata_if_present(&at(name)).unwrap().map(|metadata| metadata.len());
        assert_eq!((length("file"), length("link")), (Some(4), Some(4)));
        for absent in ["nothing", "folder/nothing", "shelf/nothing", "nothing/deep/down"] {
            assert!(!is_present(&at(absent)).unwrap(), "{absent}");
        }
        assert!(!is_present(Path::new("nothing/at/all")).unwrap());
    }

    #[test]
    fn what_cannot_be_reached_is_not_said_to_be_absent() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        symlink("/nowhere/at/all", at("gone")).unwrap();
        symlink("gone", at("on")).unwrap();
        symlink("circle", at("circle")).unwrap();
        for (path, link) in [("gone", "gone"), ("gone/events.json", "gone"), ("on/a/b", "on")] {
            let error = is_present(&at(path)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{} is a link to ", at(link).display())), "{error}");
        }
        for path in ["circle", "circle/events.json", "file/events.json"] {
            assert!(is_present(&at(path)).is_err(), "{path}");
        }
    }
}
