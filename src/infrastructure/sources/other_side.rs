//! The other side of a comparison, where it lies in the folder of this one: it is read, and is no part of this side.

use std::fs;
use std::path::{Path, PathBuf};

use crate::durable::links::file_identity;

/// What may lie in a folder and is known without looking at it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'p> {
    /// The other side of a comparison.
    pub other_side: Option<&'p Path>,
    /// Stores of events: the one that is configured, or imported into.
    pub stores: &'p [&'p Path],
}

impl Surroundings<'_> {
    /// Whether the file is one of the stores, whatever path or link leads there.
    pub(super) fn is_store(&self, path: &Path) -> bool {
        let identity = |path: &Path| fs::metadata(path).ok().as_ref().and_then(file_identity);
        let place = |path: &Path| fs::canonicalize(path).ok();
        self.stores.iter().any(|store| match identity(store) {
            Some(store) => identity(path) == Some(store),
            None => place(store).is_some_and(|store| place(path) == Some(store)),
        })
    }
}

pub(super) struct OtherSide {
    /// Where it is, with all links resolved.
    place: PathBuf,
    /// Of the file; `None` where it is a folder.
    identity: Option<(u64, u64)>,
}

impl OtherSide {
    /// The other side of the folder `folder`; `None` where nothing of it is a part of that folder.
    pub fn of(folder: &Path, other: &Path) -> Option<Self> {
        let (folder, place) = (fs::canonicalize(folder).ok()?, fs::canonicalize(other).ok()?);
        let metadata = fs::metadata(&place).ok()?;
        let identity = file_identity(&metadata).filter(|_| metadata.is_file());
        (!folder.starts_with(&place)).then_some(Self { place, identity })
    }

    /// Whether it is the folder, or is in the folder, that lies there with all links resolved.
    pub fn is_at(&self, place: &Path) -> bool {
        place.starts_with(&self.place)
    }

    /// Whether it is that file, or the file is in its folder, whatever path or link leads there.
    pub fn holds(&self, path: &Path) -> bool {
        let identity = || fs::metadata(path).ok().as_ref().and_then(file_identity);
        let is_same = self.identity.is_some() && identity() == self.identity;
        is_same || fs::canonicalize(path).is_ok_and(|place| self.is_at(&place))
    }
}
