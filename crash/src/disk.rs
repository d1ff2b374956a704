//! A disk that keeps what was synced apart from what was not.
//!
//! What a power cut leaves of it is chosen: of each sector of a file, and of its length, any state since the last sync of
//! the file; of each folder any prefix of the changes of its names since its own. So a name may be there without the bytes
//! of its file, and the bytes of a later write without those of an earlier one in another sector. A write may be torn between
//! two sectors, not within one; a rename is there as a whole, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

/// What a disk writes as a whole, in bytes.
const SECTOR: u64 = 512;
/// What the system writes at once, in bytes, where nothing goes wrong.
const PAGE: u64 = 4096;

pub type NodeId = usize;

#[derive(Clone)]
enum Node {
    File(File),
    Folder(Folder),
    /// Where a symbolic link leads.
    Link(Vec<u8>),
}

#[derive(Clone, Default)]
struct File {
    synced: Vec<u8>,
    /// How long the file is for the program.
    length: u64,
    pending: Vec<Change>,
    /// How many changes were synced before the pending ones.
    done: usize,
}

#[derive(Clone)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Length(u64),
}

#[derive(Clone, Default)]
struct Folder {
    synced: BTreeMap<String, NodeId>,
    names: BTreeMap<String, NodeId>,
    /// Indexes of changes of names that touch this folder, and are not synced.
    pending: Vec<usize>,
}

/// Names that change at once: in a folder, a name gets another node, or none.
#[derive(Clone)]
struct NameChange(Vec<(NodeId, String, Option<NodeId>)>);

/// What a power cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing that was not synced.
    Synced,
    /// All, as when the process alone is killed.
    All,
    /// By chance: a prefix of each file's changes, and of each folder's.
    Prefixes,
    /// By chance: of each page of a file a prefix of its changes, and of each folder.
    Pages,
    /// By chance: of each sector of a file a prefix of its changes, and of each folder.
    Sectors,
}

#[derive(Clone)]
pub struct Disk {
    nodes: Vec<Node>,
    name_changes: Vec<NameChange>,
}

pub const ROOT: NodeId = 0;

impl Disk {
    pub fn new() -> Self {
        Self { nodes: vec![Node::Folder(Folder::default())], name_changes: Vec::new() }
    }

    /// Takes over what lies in a folder, as synced.
    pub fn load(&mut self, folder: NodeId, path: &std::path::Path) -> Result<()> {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a name that is not UTF-8")?;
            let kind = entry.file_type()?;
            let node = if kind.is_dir() {
                self.add(Node::Folder(Folder::default()))
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path())?;
                self.add(Node::Link(target.into_os_string().into_encoded_bytes()))
            } else {
                let synced = std::fs::read(entry.path())?;
                self.add(Node::File(File { length: synced.len() as u64, synced, ..File::default() }))
            };
            let parent = self.folder_mut(folder)?;
            parent.synced.insert(name.clone(), node);
            parent.names.insert(name, node);
            if kind.is_dir() {
                self.load(node, &entry.path())?;
            }
        }
        Ok(())
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub fn new_file(&mut self) -> NodeId {
        self.add(Node::File(File::default()))
    }

    pub fn new_folder(&mut self) -> NodeId {
        self.add(Node::Folder(Folder::default()))
    }

    pub fn new_link(&mut self, target: Vec<u8>) -> NodeId {
        self.add(Node::Link(target))
    }

    fn folder(&self, node: NodeId) -> Result<&Folder> {
        match &self.nodes[node] {
            Node::Folder(folder) => Ok(folder),
            _ => bail!("node {node} is no folder"),
        }
    }

    fn folder_mut(&mut self, node: NodeId) -> Result<&mut Folder> {
        match &mut self.nodes[node] {
            Node::Folder(folder) => Ok(folder),
            _ => bail!("node {node} is no folder"),
        }
    }

    fn file_mut(&mut self, node: NodeId) -> Result<&mut File> {
        match &mut self.nodes[node] {
            Node::File(file) => Ok(file),
            _ => bail!("node {node} is no file"),
        }
    }

    /// How many nodes there are: the newest has the last number.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_folder(&self, node: NodeId) -> bool {
        matches!(self.nodes[node], Node::Folder(_))
    }

    pub fn length(&mut self, node: NodeId) -> Result<u64> {
        Ok(self.file_mut(node)?.length)
    }

    /// What a path names for the program, from the root on.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        let mut node = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            node = *self.folder(node).ok()?.names.get(name)?;
        }
        Some(node)
    }

    /// The folder and the name that a path ends with.
    pub fn find_parent<'a>(&self, path: &'a str) -> Result<(NodeId, &'a str)> {
        let path = path.trim_end_matches('/');
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.find(parent).with_context(|| format!("no folder {parent}"))?, name))
    }

    pub fn write(&mut self, node: NodeId, at: u64, bytes: &[u8]) -> Result<()> {
        let file = self.file_mut(node)?;
        file.length = file.length.max(at + bytes.len() as u64);
        file.pending.push(Change::Write { at, bytes: bytes.to_vec() });
        Ok(())
    }

    pub fn set_length(&mut self, node: NodeId, length: u64) -> Result<()> {
        let file = self.file_mut(node)?;
        file.length = length;
        file.pending.push(Change::Length(length));
        Ok(())
    }

    /// The content as the program reads it.
    pub fn content(&self, node: NodeId) -> Result<Vec<u8>> {
        match &self.nodes[node] {
            Node::File(file) => {
                let mut content = file.synced.clone();
                file.pending.iter().for_each(|change| apply(&mut content, change));
                Ok(content)
            }
            _ => bail!("node {node} is no file"),
        }
    }

    /// Changes names at once.
    pub fn set_names(&mut self, parts: Vec<(NodeId, String, Option<NodeId>)>) -> Result<()> {
        let index = self.name_changes.len();
        for (folder, name, node) in &parts {
            let folder = self.folder_mut(*folder)?;
            match node {
                Some(node) => folder.names.insert(name.clone(), *node),
                None => folder.names.remove(name),
            };
            if folder.pending.last() != Some(&index) {
                folder.pending.push(index);
            }
        }
        self.name_changes.push(NameChange(parts));
        Ok(())
    }

    /// How far a node has been changed: what a sync that begins now makes sure.
    pub fn mark(&self, node: NodeId) -> usize {
        match &self.nodes[node] {
            Node::File(file) => file.done + file.pending.len(),
            Node::Folder(_) => self.name_changes.len(),
            Node::Link(_) => 0,
        }
    }

    /// The changes of a node up to a [`mark`](Self::mark) are synced.
    pub fn sync(&mut self, node: NodeId, mark: usize) -> Result<()> {
        match &mut self.nodes[node] {
            Node::File(file) => {
                let count = mark.saturating_sub(file.done).min(file.pending.len());
                file.done += count;
                for change in file.pending.drain(..count) {
                    apply(&mut file.synced, &change);
                }
            }
            Node::Folder(folder) => {
                let wanted: BTreeSet<usize> =
                    folder.pending.iter().copied().filter(|index| *index < mark).collect();
                self.sync_names(wanted)?;
            }
            Node::Link(_) => {}
        }
        Ok(())
    }

    /// A change that touches two folders takes the earlier ones of the other folder with it: names never change in
    /// another order than the program changed them in.
    fn sync_names(&mut self, mut wanted: BTreeSet<usize>) -> Result<()> {
        loop {
            let before = wanted.len();
            for index in wanted.clone() {
                for (folder, _, _) in &self.name_changes[index].0 {
                    wanted.extend(self.folder(*folder)?.pending.iter().filter(|&&earlier| earlier < index));
                }
            }
            if wanted.len() == before {
                break;
            }
        }
        for index in wanted {
            for (folder, name, node) in self.name_changes[index].0.clone() {
                let folder = self.folder_mut(folder)?;
                match node {
                    Some(node) => folder.synced.insert(name, node),
                    None => folder.synced.remove(&name),
                };
                folder.pending.retain(|pending| *pending != index);
            }
        }
        Ok(())
    }

    /// What a power cut leaves: each file with its content, each folder, by path.
    pub fn cut(&self, left: Left, random: &mut fastrand::Rng) -> Result<Remains> {
        let prefixes: BTreeMap<NodeId, usize> = (0..self.nodes.len())
            .filter_map(|node| match &self.nodes[node] {
                Node::Folder(folder) => Some((
                    node,
                    match left {
                        Left::Synced => 0,
                        Left::All => folder.pending.len(),
                        _ => random.usize(0..=folder.pending.len()),
                    },
                )),
                _ => None,
            })
            .collect();
        let mut remains = Remains::default();
        self.cut_folder(ROOT, "", &prefixes, left, random, &mut remains)?;
        Ok(remains)
    }

    fn cut_folder(
        &self,
        node: NodeId,
        path: &str,
        prefixes: &BTreeMap<NodeId, usize>,
        left: Left,
        random: &mut fastrand::Rng,
        remains: &mut Remains,
    ) -> Result<()> {
        let folder = self.folder(node)?;
        let mut names = folder.synced.clone();
        for &index in folder.pending.iter().take(prefixes[&node]) {
            let change = &self.name_changes[index].0;
            let mut whole = true;
            for (other, _, _) in change {
                let pending = &self.folder(*other)?.pending;
                whole &= pending.iter().take(prefixes[other]).any(|each| *each == index);
            }
            for (_, name, target) in change.iter().filter(|(folder, _, _)| whole && *folder == node) {
                match target {
                    Some(target) => names.insert(name.clone(), *target),
                    None => names.remove(name),
                };
            }
        }
        for (name, node) in names {
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            match &self.nodes[node] {
                Node::File(file) => {
                    remains.files.insert(path, cut_file(file, left, random));
                }
                Node::Link(target) => {
                    remains.links.insert(path, target.clone());
                }
                Node::Folder(_) => {
                    remains.folders.push(path.clone());
                    self.cut_folder(node, &path, prefixes, left, random, remains)?;
                }
            }
        }
        Ok(())
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { at, bytes } => put(content, *at as usize, bytes),
        Change::Length(length) => content.resize(*length as usize, 0),
    }
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The system writes a part of a file as it is at that moment: each part has an earlier or a later state of its own, and the
/// length another.
fn cut_file(file: &File, left: Left, random: &mut fastrand::Rng) -> Vec<u8> {
    let count = file.pending.len();
    let part = match left {
        Left::Synced => return file.synced.clone(),
        _ if count == 0 => return file.synced.clone(),
        Left::All => u64::MAX,
        Left::Prefixes => u64::MAX,
        Left::Pages => PAGE,
        Left::Sectors => SECTOR,
    };
    let longest = file.pending.iter().fold(file.synced.len() as u64, |longest, change| match change {
        Change::Write { at, bytes } => longest.max(at + bytes.len() as u64),
        Change::Length(length) => longest.max(*length),
    });
    // Most parts of a file are of a few moments: else hardly any state is nearly whole.
    let moments = [random.usize(0..=count), random.usize(0..=count), if random.bool() { 0 } else { count }];
    let mut moment = || if left == Left::All { count } else { moments[random.usize(0..3)] };
    let parts: Vec<usize> = (0..longest.div_ceil(part).max(1)).map(|_| moment()).collect();
    let length_at = if part == u64::MAX { parts[0] } else { moment() };
    let (mut state, mut content, mut length) =
        (file.synced.clone(), vec![0; longest as usize], file.synced.len());
    for at in 0..=count {
        if let Some(change) = at.checked_sub(1).map(|index| &file.pending[index]) {
            apply(&mut state, change);
        }
        if at == length_at {
            length = state.len();
        }
        for (index, _) in parts.iter().enumerate().filter(|(_, moment)| **moment == at) {
            let from = (index as u64).saturating_mul(part) as usize;
            let to = (from as u64).saturating_add(part).min(state.len() as u64) as usize;
            if from < to {
                content[from..to].copy_from_slice(&state[from..to]);
            }
        }
    }
    content.truncate(length);
    content
}

/// What is on the disk after the power cut.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Remains {
    pub folders: Vec<String>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub links: BTreeMap<String, Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(disk: &Disk, left: Left) -> Remains {
        disk.cut(left, &mut fastrand::Rng::with_seed(1)).expect("a cut")
    }

    fn disk_with_file() -> (Disk, NodeId) {
        let mut disk = Disk::new();
        let file = disk.new_file();
        disk.set_names(vec![(ROOT, "a".to_owned(), Some(file))]).expect("a name");
        (disk, file)
    }

    #[test]
    fn a_synced_file_is_lost_with_its_name_until_its_folder_is_synced() {
        let (mut disk, file) = disk_with_file();
        disk.write(file, 0, b"event").expect("a write");
        disk.sync(file, disk.mark(file)).expect("a sync");
        assert!(cut(&disk, Left::Synced).files.is_empty());
        disk.sync(ROOT, disk.mark(ROOT)).expect("a sync");
        assert_eq!(cut(&disk, Left::Synced).files["a"], b"event");
    }

    #[test]
    fn a_name_without_a_synced_file_has_no_bytes() {
        let (mut disk, file) = disk_with_file();
        disk.write(file, 0, b"event").expect("a write");
        disk.sync(ROOT, disk.mark(ROOT)).expect("a sync");
        assert_eq!(cut(&disk, Left::Synced).files["a"], b"");
        assert_eq!(cut(&disk, Left::All).files["a"], b"event");
    }

    #[test]
    fn a_write_after_the_beginning_of_a_sync_is_not_synced_by_it() {
        let (mut disk, file) = disk_with_file();
        disk.sync(ROOT, disk.mark(ROOT)).expect("a sync");
        disk.write(file, 0, b"one").expect("a write");
        let begun = disk.mark(file);
        disk.write(file, 3, b"two").expect("a write");
        disk.sync(file, begun).expect("a sync");
        assert_eq!(cut(&disk, Left::Synced).files["a"], b"one");
    }

    #[test]
    fn a_rename_from_folder_to_folder_is_there_in_both_or_in_none() {
        for seed in 0..100 {
            let (mut disk, file) = disk_with_file();
            let folder = disk.new_folder();
            disk.set_names(vec![(ROOT, "f".to_owned(), Some(folder))]).expect("a name");
            disk.sync(ROOT, disk.mark(ROOT)).expect("a sync");
            disk.set_names(vec![(ROOT, "a".to_owned(), None), (folder, "b".to_owned(), Some(file))])
                .expect("a rename");
            let left = disk.cut(Left::Prefixes, &mut fastrand::Rng::with_seed(seed)).expect("a cut");
            assert_eq!(left.files.len(), 1, "{left:?}");
        }
    }

    #[test]
    fn a_later_sector_may_be_there_without_an_earlier_one() {
        let (mut disk, file) = disk_with_file();
        disk.sync(ROOT, disk.mark(ROOT)).expect("a sync");
        disk.write(file, 0, &[7; 2048]).expect("a write");
        let torn = (0..100).any(|seed| {
            let left = disk.cut(Left::Sectors, &mut fastrand::Rng::with_seed(seed)).expect("a cut");
            let content = &left.files["a"];
            content.first() == Some(&0) && content.last() == Some(&7)
        });
        assert!(torn);
    }
}
