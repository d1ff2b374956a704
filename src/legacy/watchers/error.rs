//! Why something cannot be watched.

use std::io;
use std::path::{Path, PathBuf};

/// Why something cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// What the program writes itself would be told as events, which it writes.
    #[error(
        "expected a path outside the program's own files, got {}, which lies in {}: the program's own writes would \
         be events; watch another folder",
        path.display(), own.display()
    )]
    OwnPath {
        /// What was to be watched.
        path: PathBuf,
        /// In which of the program's own folders it lies.
        own: PathBuf,
    },
    /// A pattern cannot be the name of a file.
    #[error("expected a pattern for file names such as *.md, got {pattern:?}: {reason}")]
    Pattern {
        /// As it was written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gives no more watches.
    #[error(
        "cannot watch {}: the system's limit {sysctl} is reached, which is {value} at present; raise it (sysctl -w \
         {sysctl}=...), or have the folder listed instead: \"poll_seconds\": 2 in the source of the definition, or the \
         setting legacy.watcher = \"poll\" for all of them",
        folder.display()
    )]
    Limit {
        /// What was to be watched.
        folder: PathBuf,
        /// The limit, by its name.
        sysctl: &'static str,
        /// Its present value.
        value: String,
    },
    /// The system refused to watch.
    #[error(
        "cannot watch {}; if that stays so, have the folder listed instead: \"poll_seconds\": 2 in the source of the \
         definition, or the setting legacy.watcher = \"poll\" for all of them",
        folder.display()
    )]
    Notify {
        /// What was to be watched.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: notify::Error,
    },
    /// A folder could not be listed.
    #[error("cannot list {}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system gave no thread.
    #[error("cannot start a thread for a watcher")]
    Thread {
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// `EMFILE` of Linux: too many inotify instances of this user, or too many open files of this process.
const TOO_MANY: i32 = 24;

impl WatchError {
    /// What `source` means for `folder`. `read_sysctl` gives the present value of a limit by its name.
    pub(super) fn of_notify(
        folder: &Path,
        source: notify::Error,
        read_sysctl: impl Fn(&str) -> io::Result<String>,
    ) -> Self {
        let sysctl = match &source.kind {
            notify::ErrorKind::MaxFilesWatch => "fs.inotify.max_user_watches",
            notify::ErrorKind::Io(error) if error.raw_os_error() == Some(TOO_MANY) => {
                "fs.inotify.max_user_instances"
            }
            _ => return Self::Notify { folder: folder.to_owned(), source },
        };
        let value = read_sysctl(sysctl).unwrap_or_else(|error| format!("unknown ({error})"));
        Self::Limit { folder: folder.to_owned(), sysctl, value }
    }
}

/// The present value of a limit of Linux: `fs.inotify.max_user_watches`.
///
/// # Errors
/// The system has none of that name.
pub fn read_sysctl(name: &str) -> io::Result<String> {
    let path = Path::new("/proc/sys").join(name.replace('.', "/"));
    Ok(std::fs::read_to_string(path)?.trim().to_owned())
}
