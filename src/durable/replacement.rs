//! A file or folder that takes the place of another one, which stays under another name.

use std::fs;
use std::io;
use std::path::Path;

use crate::durable::directory::sync_folder;

/// Puts `new` into `place`, and what stood there under the name `aside`, which is not taken. All three are in one folder. Where
/// the system can exchange two names at once, the place is never empty; else it is for a moment, and what stood there is
/// aside. Nothing is removed, and the names are durable when this returns.
///
/// # Errors
/// It could not be done: both are there under one of the three names, and what stood there in its place where the system allows it.
pub fn put_into_place(new: &Path, place: &Path, aside: &Path) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new(""));
    if fs::symlink_metadata(place).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        fs::rename(new, place)?;
        return sync_folder(folder);
    }
    // Under that name from now on: a program that is killed after the exchange has set aside what stood there, and one that is killed
    // before it has left a copy.
    fs::rename(new, aside)?;
    sync_folder(folder)?;
    let exchanged = exchange(aside, place);
    if !matches!(exchanged, Ok(true)) {
        fs::rename(aside, new)?;
    }
    if !exchanged? {
        fs::rename(place, aside)?;
        if let Err(error) = fs::rename(new, place) {
            fs::rename(aside, place)?;
            return Err(error);
        }
    }
    sync_folder(folder)
}

/// Exchanges two names; false where the system or the file system cannot.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Exchanges two names; false where the system or the file system cannot.
#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_in_the_place_stays_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let [new, place, aside] = ["new", "place", "aside"].map(|name| folder.path().join(name));
        fs::write(&new, "1").unwrap();
        put_into_place(&new, &place, &aside).unwrap();
        assert_eq!(
            (fs::read_to_string(&place).unwrap().as_str(), aside.exists(), new.exists()),
            ("1", false, false)
        );
        fs::write(&new, "2").unwrap();
        put_into_place(&new, &place, &aside).unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((read(&place).as_str(), read(&aside).as_str(), new.exists()), ("2", "1", false));
    }

    #[test]
    fn a_folder_takes_the_place_of_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let [new, place, aside] = ["new", "place", "aside"].map(|name| folder.path().join(name));
        fs::create_dir(&place).unwrap();
        fs::write(place.join("old"), "").unwrap();
        fs::create_dir(&new).unwrap();
        put_into_place(&new, &place, &aside).unwrap();
        assert!(aside.join("old").exists() && place.is_dir() && !place.join("old").exists());
    }
}
