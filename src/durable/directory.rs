//! Directories whose names are on disk when a function returns.

use std::fs;
use std::io;
use std::path::Path;

/// Makes a folder and those above it, durably.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    create_and_sync(folder, &mut sync_folder)
}

/// A name is durable once the folder that holds it is. Where another process makes one of the folders
/// at the same time, its name may not be durable yet: it is synced here as well.
fn create_and_sync(folder: &Path, sync: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().rev().filter_map(Path::parent).try_for_each(sync)
}

/// The folder, or the nearest one above it that is there: in which it would be made.
///
/// # Errors
/// Something else is in the place of one of them, or it cannot be looked at.
pub fn nearest_folder(folder: &Path) -> io::Result<&Path> {
    for above in folder.ancestors().filter(|path| !path.as_os_str().is_empty()) {
        match fs::metadata(above) {
            Ok(metadata) if metadata.is_dir() => return Ok(above),
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            // A link that leads nowhere is there, and no folder.
            Err(error) if error.kind() != io::ErrorKind::NotFound || above.is_symlink() => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Path::new("."))
}

/// Makes the names in a folder durable; the empty path is the working directory.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::File::open(folder)?.sync_all()
}

/// Where folders cannot be opened, their names are the file system's own care.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_folder_that_holds_a_new_one_is_synced_all_the_way_up() {
        let dir = tempfile::tempdir().unwrap();
        let (here, deep) = (dir.path(), dir.path().join("a/b/c"));
        let mut synced: Vec<PathBuf> = Vec::new();
        let mut create = |folder: &Path| {
            synced.clear();
            create_and_sync(folder, &mut |folder| {
                synced.push(folder.to_owned());
                Ok(())
            })
            .unwrap();
            assert!(folder.is_dir());
            synced.clone()
        };
        assert_eq!(create(&deep), [here.to_owned(), here.join("a"), here.join("a/b")]);
        assert_eq!(create(&deep), [] as [PathBuf; 0], "nothing is new");
        assert_eq!(create(&here.join("a/d")), [here.join("a")]);
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(create_folders(&file.join("below")).is_err());
        assert!(create_folders(&file).is_err());
    }

    #[test]
    fn the_nearest_folder_is_the_one_in_which_a_new_one_would_be_made() {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path();
        for folder in [here.to_owned(), here.join("a"), here.join("a/b"), here.join("a/../b")] {
            assert_eq!(nearest_folder(&folder).unwrap(), here);
        }
        for folder in ["", "no-such-folder", "./no-such-folder"] {
            assert_eq!(nearest_folder(Path::new(folder)).unwrap(), Path::new("."));
        }
        fs::write(here.join("file"), "").unwrap();
        assert!(nearest_folder(&here.join("file")).is_err());
        assert!(nearest_folder(&here.join("file/below")).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", here.join("link")).unwrap();
            assert!(nearest_folder(&here.join("link/below")).is_err());
        }
    }

    #[test]
    fn the_working_directory_and_folders_in_it_can_be_synced() {
        sync_folder(Path::new("")).unwrap();
        sync_folder(Path::new("src")).unwrap();
    }
}
