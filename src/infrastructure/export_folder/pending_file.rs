//! A file on its way into its place.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::rc::Rc;

use tempfile::NamedTempFile;

use super::held_against::held_against;
use super::place::{Place, StandingFile};
use super::rules::Rules;
use crate::application::export::{MayReplace, NewFile, Occupied, PlaceError, Standing, StandingContent};
use crate::durable::directory::sync_folder;

pub(super) struct PendingFile {
    pub place: Place,
    pub file: BufWriter<NamedTempFile>,
    pub rules: Rc<Rules>,
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for PendingFile {
    fn publish(self: Box<Self>, may_replace: MayReplace<'_>) -> Result<(), PlaceError> {
        let Self { place, file, rules } = *self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        place.refuse_folders()?;
        let _locks = rules.lock(&place.folder)?;
        match place.standing_file(&rules.kept)? {
            None => {
                // A file that has appeared since is not written over.
                file.persist_noclobber(&place.path).map_err(|error| match error.error.kind() {
                    ErrorKind::AlreadyExists => PlaceError::from(Occupied::Appeared),
                    _ => error.error.into(),
                })?;
            }
            Some(_) if !rules.replace => return Err(Occupied::Appeared.into()),
            Some(standing) => {
                if let Some(content) = content_to_replace(&place, &standing, &file)? {
                    may_replace(&Standing { path: place.path.clone(), content })?;
                    if place.standing_file(&rules.kept)? != Some(standing) {
                        return Err(Occupied::Changing.into());
                    }
                    file.persist(&place.path).map_err(|error| error.error)?;
                }
            }
        }
        Ok(sync_folder(&place.folder)?)
    }
}

/// What the standing file holds, held against the new one; `None` where it can stay, as it is the same.
fn content_to_replace(
    place: &Place,
    standing: &StandingFile,
    new: &NamedTempFile,
) -> io::Result<Option<StandingContent>> {
    let held = held_against(&std::fs::File::open(&place.path)?, &new.reopen()?)?;
    // What a link leads to is the same today, and another log tomorrow.
    Ok(held.or_else(|| standing.is_linked.then_some(StandingContent::Contained)))
}
