//! The files of a folder as a writer knows them, who looks at the length of each before every append. As long as no name in the
//! folder has changed, it is not listed again, and the newest files are looked at without their paths: they are kept open.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom};

use super::day_files::file_state::identity;
use super::day_files::open_day::DayExtent;
use super::error::JsonlError;
use super::folder::{DayFile, EventFolder, FolderNames};
use super::layout::Day;

/// So many files are kept open.
const KEPT_OPEN: usize = 64;

/// The files as they were listed last, where a change since would show.
#[derive(Default)]
pub(super) struct KnownFiles {
    names: Option<FolderNames>,
    /// In the order of their days.
    files: Vec<KnownFile>,
}

struct KnownFile {
    listed: DayFile,
    /// The one that is appended to, where that is all of the day.
    open: Option<OpenFile>,
}

struct OpenFile {
    file: File,
    identity: (u64, u64),
    /// The same, opened for appending by the last append.
    appended: Option<File>,
}

impl KnownFiles {
    /// How far each day reaches now, in the order of the days.
    pub(super) fn extents<'s>(
        &'s mut self,
        folder: &'s EventFolder,
    ) -> Result<impl Iterator<Item = (Day, Result<Option<DayExtent>, JsonlError>)> + 's, JsonlError> {
        // Before it is listed: what changes meanwhile shows the next time.
        let names = folder.names()?;
        if names.is_none() || names != self.names {
            self.files = list(folder, names.is_some())?;
            self.names = names;
        }
        Ok(self.files.iter().map(|file| (file.listed.day, file.extent(folder))))
    }

    /// Takes the file of a day out that was opened for appending, with its identity, where its name leads to it as far as is
    /// known.
    pub(super) fn take_appended(&mut self, day: Day) -> Option<(File, (u64, u64))> {
        let open = self.open_file(day)?;
        Some((open.appended.take()?, open.identity))
    }

    /// Keeps the file of a day that is open for appending.
    pub(super) fn keep_appended(&mut self, day: Day, file: File, identity: (u64, u64)) {
        if let Some(open) = self.open_file(day).filter(|open| open.identity == identity) {
            open.appended = Some(file);
        }
    }

    fn open_file(&mut self, day: Day) -> Option<&mut OpenFile> {
        let found = self.files.binary_search_by_key(&day, |file| file.listed.day).ok()?;
        self.files.get_mut(found)?.open.as_mut()
    }
}

fn list(folder: &EventFolder, are_kept: bool) -> Result<Vec<KnownFile>, JsonlError> {
    let mut files: Vec<KnownFile> =
        folder.list()?.into_iter().map(|listed| KnownFile { listed, open: None }).collect();
    if are_kept {
        for file in files.iter_mut().rev().take(KEPT_OPEN) {
            file.open = open(&file.listed);
        }
    }
    Ok(files)
}

/// Opens the file of a day, where nothing is archived of that, and its path leads to no other file as long as its name stays. What
/// cannot be opened is told where it is looked at by its path.
fn open(listed: &DayFile) -> Option<OpenFile> {
    // Asked before: to open a pipe would wait for its writer.
    let is_file = fs::symlink_metadata(&listed.path).is_ok_and(|metadata| metadata.is_file());
    if !is_file || !listed.archived.is_empty() {
        return None;
    }
    let file = File::open(&listed.path).ok()?;
    let identity = identity(&file.metadata().ok()?);
    Some(OpenFile { file, identity, appended: None })
}

impl KnownFile {
    fn extent(&self, folder: &EventFolder) -> Result<Option<DayExtent>, JsonlError> {
        let Some(OpenFile { file, identity, .. }) = &self.open else { return folder.extent_of(&self.listed) };
        // Of all that could be asked of a file that is open, this costs least: a store has many, which are looked at each time.
        let end = (&*file).seek(SeekFrom::End(0)).map_err(JsonlError::io("look at", &self.listed.path))?;
        folder.mind_length(self.listed.day, &self.listed.path, end);
        Ok(Some(DayExtent { live_start: 0, live: Some(*identity), end }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::wire::zone::Zone;

    const DAYS: [&str; 3] = ["events-2025-10-24.jsonl", "events-2025-10-25.jsonl", "events-2025-10-26.jsonl"];

    /// Three days of a line each, in a folder whose changes show after no time.
    fn days() -> (tempfile::TempDir, EventFolder) {
        let dir = tempfile::tempdir().unwrap();
        DAYS.iter().for_each(|name| fs::write(dir.path().join(name), "{}\n").unwrap());
        let mut folder = EventFolder::new(dir.path().to_owned(), Zone::utc());
        folder.settled_after = Duration::ZERO;
        (dir, folder)
    }

    /// File systems count time in steps: after this, a change has another time than the one before.
    fn pause() {
        thread::sleep(Duration::from_millis(20));
    }

    fn reach(files: &mut KnownFiles, folder: &EventFolder) -> Vec<(Day, DayExtent)> {
        let extents = files.extents(folder).unwrap();
        extents.filter_map(|(day, extent)| Some((day, extent.unwrap()?))).collect()
    }

    fn kept(files: &KnownFiles) -> Vec<bool> {
        files.files.iter().map(|file| file.open.is_some()).collect()
    }

    /// A change that another process, or an operator, makes in the folder.
    type Change = fn(&Path);

    const CHANGES: [(&str, Change); 8] = [
        ("an event is appended to an old day", |dir| fs::write(dir.join(DAYS[0]), "{}\n{}\n").unwrap()),
        ("a day is cut", |dir| fs::write(dir.join(DAYS[1]), "").unwrap()),
        ("a day begins", |dir| fs::write(dir.join("events-2025-10-27.jsonl"), "{}\n").unwrap()),
        ("a day is removed", |dir| fs::remove_file(dir.join(DAYS[1])).unwrap()),
        ("a day is replaced", |dir| {
            fs::write(dir.join("new"), "{}\n").unwrap();
            fs::rename(dir.join("new"), dir.join(DAYS[2])).unwrap();
        }),
        ("a day is moved into the archive", |dir| {
            fs::create_dir(dir.join("archive")).unwrap();
            fs::rename(dir.join(DAYS[0]), dir.join("archive").join(DAYS[0])).unwrap();
        }),
        ("a day is begun anew after its archive", |dir| {
            fs::create_dir(dir.join("archive")).unwrap();
            fs::rename(dir.join(DAYS[0]), dir.join("archive").join(DAYS[0])).unwrap();
            fs::write(dir.join(DAYS[0]), "{}\n{}\n").unwrap();
        }),
        ("the folder is replaced", |dir| {
            let aside = dir.with_extension("aside");
            fs::rename(dir, &aside).unwrap();
            fs::create_dir(dir).unwrap();
            fs::write(dir.join(DAYS[0]), "{}\n{}\n").unwrap();
            fs::remove_dir_all(aside).unwrap();
        }),
    ];

    #[test]
    fn what_is_known_of_a_folder_is_what_a_new_look_at_it_finds_whatever_was_changed() {
        for (what, change) in CHANGES {
            let (dir, folder) = days();
            pause();
            let mut files = KnownFiles::default();
            let before = reach(&mut files, &folder);
            assert_eq!(kept(&files), [true; 3], "{what}: else nothing is shown");
            assert_eq!(reach(&mut files, &folder), before);
            change(dir.path());
            let now = reach(&mut files, &folder);
            assert_ne!(now, before, "{what}");
            assert_eq!(now, reach(&mut KnownFiles::default(), &folder), "{what}");
        }
    }

    #[test]
    fn what_is_archived_while_the_archive_is_known_is_found() {
        let (dir, folder) = days();
        let archived = dir.path().join("archive");
        fs::create_dir(&archived).unwrap();
        fs::rename(dir.path().join(DAYS[0]), archived.join(DAYS[0])).unwrap();
        pause();
        let mut files = KnownFiles::default();
        let before = reach(&mut files, &folder);
        assert_eq!(kept(&files), [false, true, true], "more than one file can be of the first day");
        fs::write(archived.join(DAYS[2]), "{}\n").unwrap();
        let now = reach(&mut files, &folder);
        assert_eq!((before[2].1.live_start, now[2].1.live_start), (0, 3));
        fs::write(archived.join(DAYS[0]), "{}\n{}\n").unwrap();
        assert_eq!(reach(&mut files, &folder)[0].1.live_start, 6, "one that is written in place");
    }

    #[test]
    fn a_folder_whose_names_have_just_changed_is_listed_again() {
        let (_dir, mut folder) = days();
        folder.settled_after = Duration::from_secs(3_600);
        let mut files = KnownFiles::default();
        assert_eq!(reach(&mut files, &folder).len(), 3);
        assert_eq!((kept(&files), files.names), (vec![false; 3], None));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_each_time() {
        let (dir, folder) = days();
        let (path, target) = (dir.path().join(DAYS[1]), dir.path().join("target"));
        fs::create_dir(&target).unwrap();
        fs::rename(&path, target.join("1")).unwrap();
        std::os::unix::fs::symlink(target.join("1"), &path).unwrap();
        pause();
        let mut files = KnownFiles::default();
        assert_eq!(reach(&mut files, &folder)[1].1.end, 3);
        assert_eq!(kept(&files), [true, false, true]);
        fs::write(target.join("2"), "{}\n{}\n").unwrap();
        fs::rename(target.join("2"), target.join("1")).unwrap();
        assert_eq!(reach(&mut files, &folder)[1].1.end, 6);
    }
}
