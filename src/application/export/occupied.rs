//! What an export does not replace, whatever it was asked for.

use std::path::PathBuf;

use thiserror::Error;

/// Why a place is not that of an exported file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Occupied {
    /// It is the store that is exported, or a file that belongs to it.
    #[error("this is the place of the store that is exported, or of a file of it")]
    Store,
    /// It is where comparisons are recorded, or that file's lock.
    #[error("this is the place of recorded evidence, or of its lock")]
    Evidence,
    /// A SQLite database, or a file that belongs to one.
    #[error("this is a SQLite database, or the place of a file of one")]
    Database,
    /// An empty file that writers lock.
    #[error("this is a file that writers lock")]
    Lock,
    /// Where a log was imported from, or where a compressed one was before.
    #[error(
        "this is the place of the imported log itself, and what stands there is not what would be written"
    )]
    ImportedLog,
    /// What would be written, and more.
    #[error("what stands there goes on after what would be written, for {bytes} bytes")]
    Longer {
        /// How many bytes more.
        bytes: u64,
    },
    /// Content of unknown origin.
    #[error("what stands there is not in the store")]
    NotStored,
    /// What it is was changed while it was looked at.
    #[error("what stands there is being written to")]
    Changing,
    /// A file has come to stand there since the export began.
    #[error("a file has appeared there meanwhile")]
    Appeared,
    /// A folder.
    #[error("a folder stands there")]
    Folder,
    /// Neither a file nor a folder.
    #[error("what stands there is no file")]
    NotAFile,
    /// A link that leads nowhere.
    #[error("a link stands there that leads nowhere")]
    DanglingLink,
    /// The name leads through a link.
    #[error("{} is a link, and an export writes into folders of its own alone", path.display())]
    LinkedFolder {
        /// The link.
        path: PathBuf,
    },
    /// A file stands where a folder has to be.
    #[error("{} has to be a folder, and is none", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
}

impl Occupied {
    /// What an operator can do about it.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Store | Self::Evidence | Self::Database | Self::Lock => "name another folder with --to",
            Self::Appeared | Self::Changing => "export again, or name another folder with --to",
            _ => "move it away, or name another folder with --to",
        }
    }
}
