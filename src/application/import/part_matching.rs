//! Which parts of a rotated log are which of those that were imported before.
//!
//! A part that was imported is there as long as a log begins with its bytes: at its path, or at another one where it
//! was renamed, copied or compressed. Bytes alone do not decide: two parts can have the same ones. A rotation moves
//! parts to later names, by length and then by letters, never back to the name that is written to, and the part under
//! the first name alone has grown before it is moved. What is left over is a part that was deleted: its records are
//! stored, and in no log.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::target::{KnownPart, PartState, PartVersion};
use crate::application::log_files::FileMark;

/// A part of the import at hand.
#[derive(Debug, Clone, Default)]
pub(super) struct PresentPart {
    /// Where it is; absolute.
    pub path: String,
    /// The version that it can go on with.
    pub kept: Option<KeptVersion>,
    /// The versions whose bytes it begins with, as far as these were looked at.
    pub begins_with: BTreeSet<i64>,
    /// Where its last record ends.
    pub end: u64,
    /// The file that it is.
    pub file: Option<FileMark>,
}

impl PresentPart {
    /// Whether it is another file than that version was, and not known to be a copy: it was copied, or its log was
    /// deleted and begun anew.
    pub fn is_another_file(&self, version: &PartVersion) -> bool {
        let marks = self.file.as_ref().zip(version.file.as_ref());
        marks.is_some_and(|(now, then)| now.mark != *then && !now.is_dated_copy)
    }

    /// Whether it is the very file that was imported as that version.
    pub fn is_file_of(&self, version: &PartVersion) -> bool {
        self.file.as_ref().is_some_and(|file| version.file.as_ref() == Some(&file.mark))
    }
}

/// A version of a part whose records need not be read again.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptVersion {
    pub source_id: i64,
    /// Up to this offset.
    pub to: u64,
    pub state: KeptState,
}

/// How a version was read that can be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptState {
    /// To its end, and the log is the same.
    Unchanged,
    /// To its end, and the log has changed. It may be another part that begins in the same way.
    Changed,
    /// Its import was interrupted. It may be an earlier part that was being read again.
    Interrupted,
}

/// What was found of all parts together.
#[derive(Debug, Default)]
pub(super) struct PartMatching {
    /// The versions of parts that are there, with what of the import they are.
    found: BTreeMap<i64, usize>,
    /// Versions that may have been rewritten: records of these parts are taken for theirs.
    doubtful: BTreeSet<i64>,
    /// How much of each part was imported before.
    known_to: Vec<u64>,
}

impl PartMatching {
    /// Matches parts with the versions of parts of the same log.
    pub fn of(parts: &[PresentPart], versions: &[PartVersion]) -> Self {
        let mut matching = Self { known_to: vec![0; parts.len()], ..Self::default() };
        let mut open: BTreeSet<usize> = (0..parts.len()).collect();
        for (index, part) in parts.iter().enumerate() {
            if let Some(kept) = part.kept.filter(|kept| kept.state != KeptState::Changed) {
                matching.find(kept.source_id, index, kept.to);
                if kept.state == KeptState::Unchanged {
                    open.remove(&index);
                }
            }
        }
        let mut pairs: Vec<(usize, &PartVersion)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let can_be = |version: &&PartVersion| {
                part.begins_with.contains(&version.source_id)
                    && may_have_become(version, part, versions)
                    && !was_read_further(version, part, versions)
            };
            pairs.extend(versions.iter().filter(can_be).map(|version| (index, version)));
        }
        pairs.sort_by_cached_key(|(index, version)| {
            let (part, to) = (&parts[*index], version.resume.offset);
            let (is_whole, is_at_path) = (part.end <= to, part.path == version.path);
            let best_first = Reverse((version.is_latest, is_whole, is_at_path));
            // What has grown was the part that was written to.
            let name = if is_whole { None } else { Some(age(&version.path)) };
            (best_first, name, Reverse((to, version.source_id)))
        });
        for (index, version) in pairs {
            let is_known = matching.found.contains_key(&version.source_id);
            if !is_known && open.contains(&index) && version.resume.offset > matching.known_to[index] {
                matching.find(version.source_id, index, version.resume.offset);
                open.remove(&index);
            }
        }
        open.retain(|index| matching.known_to[*index] == 0);
        for index in open {
            matching.doubt(&parts[index], versions);
        }
        matching
    }

    fn find(&mut self, source_id: i64, part: usize, to: u64) {
        self.found.insert(source_id, part);
        self.known_to[part] = self.known_to[part].max(to);
    }

    /// A part that begins with none of those that were imported: it is new, or one of these was rewritten.
    fn doubt(&mut self, part: &PresentPart, versions: &[PartVersion]) {
        let left = versions.iter().filter(|version| version.is_latest);
        let left = left.filter(|version| !self.found.contains_key(&version.source_id));
        let has_past = versions.iter().any(|version| version.path == part.path);
        let doubtful = left.filter(|version| !has_past || version.path == part.path);
        self.doubtful.extend(doubtful.map(|version| version.source_id));
    }

    /// What the records of each version are to this import.
    pub fn known_parts(&self, parts: &[PresentPart], versions: &[PartVersion]) -> Vec<KnownPart> {
        let kept = parts.iter().enumerate().filter_map(|(index, part)| self.kept(index, part));
        let mut known: BTreeMap<i64, KnownPart> = versions
            .iter()
            .map(|version| {
                let is_read_again =
                    self.found.contains_key(&version.source_id) || self.doubtful.contains(&version.source_id);
                let state = if is_read_again { PartState::ReadAgain } else { PartState::Missing };
                let to = version.resume.offset;
                (version.source_id, KnownPart { source_id: version.source_id, to, state })
            })
            .collect();
        known.extend(kept.map(|KeptVersion { source_id, to, .. }| {
            (source_id, KnownPart { source_id, to, state: PartState::Kept })
        }));
        known.into_values().collect()
    }

    /// The version that a part goes on with: not one that is another part by now.
    pub fn kept(&self, index: usize, part: &PresentPart) -> Option<KeptVersion> {
        part.kept.filter(|kept| self.found.get(&kept.source_id) == Some(&index))
    }

    /// The version whose bytes a part begins with and that it was taken for, whether it goes on with it or is read
    /// again: of several, the one of which most was imported.
    pub fn taken_for<'v>(&self, index: usize, versions: &'v [PartVersion]) -> Option<&'v PartVersion> {
        let found = |version: &&PartVersion| self.found.get(&version.source_id) == Some(&index);
        versions.iter().filter(found).max_by_key(|version| version.resume.offset)
    }

    /// Whether a version is there, beyond doubt.
    pub fn is_found(&self, source_id: i64) -> bool {
        self.found.contains_key(&source_id)
    }

    /// Whether a part can be that version in truth, and was taken for one of which more was imported: what follows
    /// is new then.
    pub fn may_be_taken_for_more(&self, index: usize, part: &PresentPart, version: &PartVersion) -> bool {
        let known = self.known_to.get(index).is_some_and(|to| *to > version.resume.offset);
        known && age(&version.path) < age(&part.path)
    }
}

/// The name of a file without the extension that says how it is compressed.
pub(super) fn name_of(log: &Path) -> String {
    let name = log.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    plain.to_owned()
}

/// Rotations move parts to names that come later in this order.
fn age(path: &str) -> (usize, String) {
    let name = name_of(Path::new(path));
    (name.len(), name)
}

/// Names that begin in another way are none that a rotation has made of each other.
fn are_of_one_rotation(one: &str, other: &str) -> bool {
    let stem = |path: &str| -> String {
        name_of(Path::new(path)).chars().take_while(|letter| letter.is_alphabetic()).collect()
    };
    stem(one) == stem(other)
}

/// Whether a rotation, or an operator, can have made the part of that version.
fn may_have_become(version: &PartVersion, part: &PresentPart, versions: &[PartVersion]) -> bool {
    let begun = part.kept.filter(|kept| kept.state == KeptState::Interrupted).map(|kept| kept.source_id);
    let has_past =
        versions.iter().any(|version| version.path == part.path && Some(version.source_id) != begun);
    let is_moved_on =
        || age(&version.path) <= age(&part.path) || !are_of_one_rotation(&version.path, &part.path);
    !has_past || version.path == part.path || version.is_latest && is_moved_on()
}

/// Whether the file of a part was imported under another name too, and that import has read more of what the part begins with.
fn was_read_further(version: &PartVersion, part: &PresentPart, versions: &[PartVersion]) -> bool {
    let is_longer = |other: &PartVersion| other.resume.offset > version.resume.offset;
    part.is_file_of(version)
        && versions.iter().any(|other| {
            let is_of_part = part.is_file_of(other) && part.begins_with.contains(&other.source_id);
            is_of_part && other.is_latest && other.path != version.path && is_longer(other)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::log_source::ResumePoint;

    /// A version of a part: its name, its bytes, and whether it stands for its path.
    type Version<'v> = (&'v str, &'v str, bool);

    fn versions(of: &[Version<'_>]) -> Vec<PartVersion> {
        let version = |(index, (path, content, is_latest)): (usize, &Version<'_>)| PartVersion {
            source_id: index as i64 + 1,
            path: (*path).to_owned(),
            resume: ResumePoint { offset: content.len() as u64, ..ResumePoint::default() },
            is_of_log: true,
            is_latest: *is_latest,
            is_finished: true,
            records: content.len() as u64,
            file: None,
        };
        of.iter().enumerate().map(version).collect()
    }

    /// What becomes of the versions, in their order: `r`ead again, `m`issing, or `d`oubtful.
    fn states(of: &[Version<'_>], present: &[(&str, &str)]) -> String {
        let versions = versions(of);
        let part = |(path, content): &(&str, &str)| PresentPart {
            path: (*path).to_owned(),
            kept: None,
            end: content.len() as u64,
            file: None,
            begins_with: of
                .iter()
                .zip(&versions)
                .filter(|((_, earlier, _), _)| content.starts_with(earlier))
                .map(|(_, version)| version.source_id)
                .collect(),
        };
        let parts: Vec<PresentPart> = present.iter().map(part).collect();
        let matching = PartMatching::of(&parts, &versions);
        let known = matching.known_parts(&parts, &versions);
        let state = |known: &KnownPart| match known.state {
            PartState::Missing => 'm',
            _ if matching.is_found(known.source_id) => 'r',
            _ => 'd',
        };
        known.iter().map(state).collect()
    }

    #[test]
    fn parts_are_found_after_a_rotation_and_the_path_decides_before_the_bytes() {
        let two = [("app-1", "aaa", true), ("app", "a", true)];
        for (present, expected) in [
            // Nothing but growth; then with the older part deleted, whose bytes the other one has by now.
            (&[("app-1", "aaa"), ("app", "ab")][..], "rr"),
            (&[("app", "aaa")], "mr"),
            // Rotations: by renaming, with compression, and with the oldest one deleted.
            (&[("app-2", "aaa"), ("app-1", "ab"), ("app", "c")], "rr"),
            (&[("app-2.gz", "aaa"), ("app-1", "a"), ("app", "")], "rr"),
            (&[("app-1", "ab"), ("app", "c")], "mr"),
            (&[("app-1", "a"), ("app", "aa")], "mr"),
            // What was written to is not what an older part was before.
            (&[("app", "c")], "md"),
            (&[("moved/x", "aaa"), ("app", "a")], "rr"),
        ] {
            assert_eq!(states(&two, present), expected, "{present:?}");
        }
        let different = [("app-1", "a", true), ("app", "b", true)];
        assert_eq!(states(&different, &[("app-1", "b"), ("app", "a")]), "mr", "not an exchange of names");
        let linked = [("app-1", "a", true), ("link-app-1", "ab", true)];
        assert_eq!(states(&linked, &[("app-2", "a"), ("app-1", "ab")]), "rr", "another name of the part");
    }

    #[test]
    fn what_stands_in_the_place_of_a_part_without_its_bytes_may_be_that_part_rewritten() {
        let two = [("app-1", "xy", true), ("app", "b", true)];
        assert_eq!(states(&two, &[("app-1", "xz"), ("app", "b")]), "dr");
        assert_eq!(states(&two, &[("whole", "bxy"), ("app", "b")]), "dr", "nor a part of another name");
    }

    #[test]
    fn a_deleted_part_that_was_brought_back_is_found_and_a_new_one_with_its_bytes_is_none() {
        let rotated = [("app-1", "a", false), ("app", "b", false), ("app-1", "b", true), ("app", "c", true)];
        assert_eq!(states(&rotated, &[("back/app-1", "a"), ("app-1", "b"), ("app", "c")]), "rmrr");
        assert_eq!(states(&rotated, &[("app-1", "c"), ("app", "a")]), "mmmr");
    }
}
