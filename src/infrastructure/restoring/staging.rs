//! Copies of a backup's files, durable and with the hashes of the manifest.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::application::backup::BackedUpFile;
use crate::domain::repository::RepositoryError;
use crate::durable::directory::create_folders;
use crate::durable::lock::{FileLock, LockError};
use crate::durable::plain_file::file_if_present;
use crate::infrastructure::backup_folder::{BackupFolder, copy_hashed};
use crate::infrastructure::side_files::{OF_A_DATABASE, with_suffix};

/// What the copy is called while it is not in place.
const RESTORING: &str = ".restoring";
/// How what stood in the place is called, before the moment.
const SET_ASIDE: &str = ".set-aside-";

pub(super) const ACTION: &str = "restore the backup";

#[derive(Debug, Error)]
enum StagingError {
    #[error("could not {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not what the manifest says any more: expected {} bytes with the SHA-256 {}, read {bytes} with {sha256}", path.display(), expected.bytes, expected.sha256)]
    Changed { path: PathBuf, expected: BackedUpFile, bytes: u64, sha256: String },
    #[error("another process restores a store in {}", folder.display())]
    Busy { folder: PathBuf },
}

/// A failure with a file.
pub(super) fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> RepositoryError {
    let path = path.to_owned();
    move |source| RepositoryError::storage(ACTION, StagingError::Io { action, path: path.clone(), source })
}

/// Where the copy of what is to be at `place` is made.
pub(super) fn staged_at(place: &Path) -> PathBuf {
    with_suffix(place, RESTORING)
}

/// What stands at `place` is called so from `moment` on.
pub(super) fn aside_of(place: &Path, moment: &str) -> PathBuf {
    with_suffix(place, &format!("{SET_ASIDE}{moment}"))
}

/// Keeps other restorations out of a folder, which is made where there is none.
pub(super) fn lock_folder_of(place: &Path) -> Result<Option<FileLock>, RepositoryError> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folders(folder).map_err(failed("make the folder", folder))?;
    lock(folder)
}

#[cfg(unix)]
fn lock(folder: &Path) -> Result<Option<FileLock>, RepositoryError> {
    FileLock::of_folder(folder, Duration::ZERO).map(Some).map_err(|error| match error {
        LockError::Held => RepositoryError::busy(ACTION, StagingError::Busy { folder: folder.to_owned() }),
        LockError::Open(source) | LockError::Refused(source) => failed("lock", folder)(source),
    })
}

/// Where folders cannot be locked, nothing keeps two operators apart.
#[cfg(not(unix))]
fn lock(_: &Path) -> Result<Option<FileLock>, RepositoryError> {
    Ok(None)
}

/// Removes a copy of a database that was not put in place, with what SQLite has put beside it.
pub(super) fn remove_staged_database(staged: &Path) -> Result<(), RepositoryError> {
    let beside = OF_A_DATABASE.map(|suffix| with_suffix(staged, suffix));
    for path in beside.iter().map(PathBuf::as_path).chain([staged]) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Copies a file of the backup, durably, as the store had it: where that is another file than the backup has, it is decompressed.
pub(super) fn copy(
    backup: &BackupFolder,
    packed: &BackedUpFile,
    file: &BackedUpFile,
    to: &Path,
    tell: &mut dyn FnMut(u64),
) -> Result<(), RepositoryError> {
    let path = backup.file(&packed.name);
    file_if_present(&path).map_err(failed("open", &path))?;
    let opened = File::open(&path).map_err(failed("open", &path))?;
    // What a damaged file decompresses to is not written further than it shows that it is another one.
    let (mut source, most): (Box<dyn Read>, u64) = if packed == file {
        (Box::new(opened), u64::MAX)
    } else {
        let decoder = zstd::Decoder::new(opened).map_err(failed("decompress", &path))?;
        (Box::new(decoder), file.bytes.saturating_add(1))
    };
    let mut target = new_file(to).map_err(failed("create", to))?;
    let (bytes, sha256) =
        copy_hashed(&mut *source, &mut target, most, tell).map_err(failed("copy", &path))?;
    if (bytes, &sha256) != (file.bytes, &file.sha256) {
        let changed = StagingError::Changed { path, expected: file.clone(), bytes, sha256 };
        return Err(RepositoryError::storage(ACTION, changed));
    }
    target.sync_all().map_err(failed("fsync", to))
}

/// A file that no other process reads yet.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives what is about to be at `place` the mode and, where the system lets it, the owner of what stands there, or else of `other`; where
/// neither is there, those of the folder, without the right to execute.
#[cfg(unix)]
pub(super) fn adopt_access(path: &Path, place: &Path, other: Option<&Path>) -> Result<(), RepositoryError> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use crate::durable::presence::metadata_if_present;
    let look = |path: &Path| metadata_if_present(path).map_err(failed("look at", path));
    let mut like = None;
    for place in [Some(place), other].into_iter().flatten() {
        like = like.or(look(place)?);
    }
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (like, most) = match like {
        Some(like) => (Some(like), 0o7777),
        None => (look(folder)?, 0o666),
    };
    let Some(like) = like else { return Ok(()) };
    give(path, &like)?;
    fs::set_permissions(path, fs::Permissions::from_mode(like.mode() & most))
        .map_err(failed("give its mode", path))
}

/// Gives a file the owner of another one, where the system lets it.
#[cfg(unix)]
fn give(path: &Path, like: &fs::Metadata) -> Result<(), RepositoryError> {
    use std::os::unix::fs::{MetadataExt, chown};
    let is = fs::metadata(path).map_err(failed("look at", path))?;
    if (is.uid(), is.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    match chown(path, Some(like.uid()), Some(like.gid())) {
        // Only root gives files away.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
            Err(failed("give its owner", path)(error))
        }
        _ => Ok(()),
    }
}

/// Gives side files that root has made to the owner of the store, who has to lock them.
#[cfg(unix)]
pub(super) fn give_side_files(files: &[PathBuf], store: &Path) -> Result<(), RepositoryError> {
    use std::os::unix::fs::MetadataExt;
    let like = fs::metadata(store).map_err(failed("look at", store))?;
    for file in files.iter().filter(|file| fs::metadata(file).is_ok_and(|file| file.uid() == 0)) {
        give(file, &like)?;
    }
    Ok(())
}

/// Where files have no owners of that kind, nothing is to be given.
#[cfg(not(unix))]
pub(super) fn give_side_files(_: &[PathBuf], _: &Path) -> Result<(), RepositoryError> {
    Ok(())
}

/// Where there are no modes, a file is its folder's.
#[cfg(not(unix))]
pub(super) fn adopt_access(_: &Path, _: &Path, _: Option<&Path>) -> Result<(), RepositoryError> {
    Ok(())
}
