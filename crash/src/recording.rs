//! What a run of the program did to the files below one folder, in order, and when it answered.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::disk::{Disk, NodeId};
use crate::trace::{Argument, Call, Point};

/// A change of the disk, the beginning or end of a sync, or an answer.
#[derive(Debug, Clone)]
pub enum Step {
    NewFile,
    NewFolder,
    NewLink(Vec<u8>),
    Write {
        node: NodeId,
        at: u64,
        bytes: Vec<u8>,
    },
    Length {
        node: NodeId,
        length: u64,
    },
    Names(Vec<(NodeId, String, Option<NodeId>)>),
    /// A sync begins: what was changed before is on disk when the sync of this number ends.
    SyncBegins {
        node: NodeId,
        number: usize,
    },
    SyncEnds {
        node: NodeId,
        number: usize,
    },
    /// Bytes on standard output, as the write of them begins.
    Answer(Vec<u8>),
}

/// The disk before the run, and what the run did to it.
pub struct Recording {
    pub before: Disk,
    pub steps: Vec<Step>,
    /// The last name that each node had.
    pub names: HashMap<NodeId, String>,
    pub folders: HashSet<NodeId>,
}

/// Replays a recording step by step.
pub struct Replay {
    pub disk: Disk,
    marks: HashMap<usize, usize>,
    pub answers: Vec<u8>,
}

impl Replay {
    pub fn of(recording: &Recording) -> Self {
        Self { disk: recording.before.clone(), marks: HashMap::new(), answers: Vec::new() }
    }

    pub fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::NewFile => drop(self.disk.new_file()),
            Step::NewFolder => drop(self.disk.new_folder()),
            Step::NewLink(target) => drop(self.disk.new_link(target.clone())),
            Step::Write { node, at, bytes } => self.disk.write(*node, *at, bytes)?,
            Step::Length { node, length } => self.disk.set_length(*node, *length)?,
            Step::Names(parts) => self.disk.set_names(parts.clone())?,
            Step::SyncBegins { node, number } => drop(self.marks.insert(*number, self.disk.mark(*node))),
            Step::SyncEnds { node, number } => {
                let mark = self.marks.remove(number).context("a sync ends that has not begun")?;
                self.disk.sync(*node, mark)?;
            }
            Step::Answer(bytes) => self.answers.extend_from_slice(bytes),
        }
        Ok(())
    }
}

/// An open file: its node where it lies below the folder, and where the next read or write is.
#[derive(Clone, Copy, Default)]
struct Open {
    node: Option<NodeId>,
    offset: u64,
    append: bool,
}

struct Recorder<'a> {
    root: &'a str,
    replay: Replay,
    recording: Recording,
    /// By file descriptor: which open file it is.
    descriptors: HashMap<i64, usize>,
    open: Vec<Open>,
    syncs: HashMap<usize, usize>,
    next_sync: usize,
    /// Calls that were looked at when they began.
    begun: HashSet<usize>,
}

/// Reads the calls of a run that worked in the folder `root`, whose content was `before`.
pub fn record(root: &Path, before: Disk, calls: &[Call], points: &[Point]) -> Result<Recording> {
    let root = root.to_str().context("a path that is not UTF-8")?;
    let recording = Recording { before, steps: Vec::new(), names: HashMap::new(), folders: HashSet::new() };
    let mut recorder = Recorder {
        root,
        replay: Replay::of(&recording),
        recording,
        descriptors: HashMap::new(),
        open: Vec::new(),
        syncs: HashMap::new(),
        next_sync: 0,
        begun: HashSet::new(),
    };
    for point in points {
        let (index, returned) = match point {
            Point::Begun(index) => (*index, false),
            Point::Returned(index) => (*index, true),
        };
        let call = &calls[index];
        let context = || format!("{} of thread {}: {:?}", call.name, call.thread, call.returned);
        recorder.call(index, call, returned).with_context(context)?;
    }
    let disk = recorder.replay.disk;
    recorder.recording.folders = (0..disk.nodes()).filter(|node| disk.is_folder(*node)).collect();
    Ok(recorder.recording)
}

impl Recorder<'_> {
    fn step(&mut self, step: Step) -> Result<()> {
        self.replay.step(&step)?;
        if let Step::Names(parts) = &step {
            for (_, name, node) in parts {
                if let Some(node) = node {
                    self.recording.names.insert(*node, name.clone());
                }
            }
        }
        self.recording.steps.push(step);
        Ok(())
    }

    fn call(&mut self, index: usize, call: &Call, returned: bool) -> Result<()> {
        match call.name.as_str() {
            // What begins to be answered has to be on disk.
            "write" | "writev" if descriptor(call, 0)? == 1 => {
                if self.begun.insert(index) {
                    self.step(Step::Answer(argument(call, 1)?.bytes()?.to_vec()))?;
                }
            }
            // Another thread may get the number before this one returns.
            "close" => {
                if self.begun.insert(index) {
                    self.descriptors.remove(&descriptor(call, 0)?);
                }
            }
            "fsync" | "fdatasync" => return self.sync(index, call, returned),
            _ if !returned || call.returned < 0 => {}
            "open" | "openat" | "creat" => self.opened(call)?,
            "dup" | "dup2" | "dup3" => self.duplicated(descriptor(call, 0)?, call.returned),
            "fcntl" => {
                // F_DUPFD and F_DUPFD_CLOEXEC.
                if matches!(argument(call, 1)?.number()?, 0 | 0x406) {
                    self.duplicated(descriptor(call, 0)?, call.returned);
                }
            }
            "lseek" => self.with_open(call, |open| open.offset = call.returned as u64)?,
            "read" | "readv" => self.with_open(call, |open| open.offset += call.returned as u64)?,
            "write" | "writev" => self.written(call)?,
            "pwrite64" => self.written_at(call, 3)?,
            "pwritev" => self.written_at(call, 2)?,
            "ftruncate" => {
                if let Some(node) = self.node(descriptor(call, 0)?) {
                    let length = argument(call, 1)?.number()? as u64;
                    self.step(Step::Length { node, length })?;
                }
            }
            "fallocate" => self.allocated(call)?,
            "copy_file_range" | "sendfile" => self.copied(call)?,
            "rename" | "renameat" | "renameat2" => self.renamed(call)?,
            "link" | "linkat" => self.linked(call)?,
            "symlink" | "symlinkat" => {
                if let Some(path) = self.last_path(call)? {
                    let target = argument(call, 0)?.bytes()?.to_vec();
                    self.step(Step::NewLink(target))?;
                    self.name_new(&path)?;
                }
            }
            "unlink" | "unlinkat" | "rmdir" => {
                if let Some(path) = self.first_path(call)? {
                    let (parent, name) = self.replay.disk.find_parent(&path)?;
                    let parts = vec![(parent, name.to_owned(), None)];
                    self.step(Step::Names(parts))?;
                }
            }
            "mkdir" | "mkdirat" => {
                if let Some(path) = self.first_path(call)? {
                    self.step(Step::NewFolder)?;
                    self.name_new(&path)?;
                }
            }
            "sync_file_range" | "msync" => {}
            other => {
                if call
                    .arguments
                    .iter()
                    .any(|each| matches!(each, Argument::Descriptor(_, path) if self.below(path).is_some()))
                {
                    bail!("the call {other} is not understood");
                }
            }
        }
        Ok(())
    }

    fn sync(&mut self, index: usize, call: &Call, returned: bool) -> Result<()> {
        let Some(node) = self.node(descriptor(call, 0)?) else { return Ok(()) };
        let number = match self.syncs.remove(&index) {
            Some(number) => number,
            None => {
                let number = self.next_sync;
                self.next_sync += 1;
                self.step(Step::SyncBegins { node, number })?;
                number
            }
        };
        if !returned {
            self.syncs.insert(index, number);
        } else if call.returned == 0 {
            self.step(Step::SyncEnds { node, number })?;
        }
        Ok(())
    }

    fn opened(&mut self, call: &Call) -> Result<()> {
        let flags = call
            .arguments
            .iter()
            .find(|each| matches!(each, Argument::Other(text) if text.starts_with("O_")));
        let flags = flags.context("no flags")?;
        let path = call.returned_path.clone().unwrap_or_default();
        let mut open = Open { append: flags.has("O_APPEND"), ..Open::default() };
        if let Some(path) = self.below(&path) {
            let anonymous = flags.has("O_TMPFILE");
            let found = if anonymous { None } else { self.replay.disk.find(&path) };
            let node = match found {
                Some(node) => {
                    if flags.has("O_TRUNC") && self.replay.disk.length(node)? > 0 {
                        self.step(Step::Length { node, length: 0 })?;
                    }
                    node
                }
                None if flags.has("O_CREAT") || anonymous => {
                    self.step(Step::NewFile)?;
                    if anonymous { self.newest() } else { self.name_new(&path)? }
                }
                None => bail!("{path} is opened, and is not known"),
            };
            open.node = Some(node);
        }
        self.open.push(open);
        self.descriptors.insert(call.returned, self.open.len() - 1);
        Ok(())
    }

    fn newest(&self) -> NodeId {
        self.replay.disk.nodes() - 1
    }

    /// Gives the newest node its name.
    fn name_new(&mut self, path: &str) -> Result<NodeId> {
        let node = self.newest();
        let (parent, name) = self.replay.disk.find_parent(path)?;
        let parts = vec![(parent, name.to_owned(), Some(node))];
        self.step(Step::Names(parts))?;
        Ok(node)
    }

    fn duplicated(&mut self, old: i64, new: i64) {
        if let Some(open) = self.descriptors.get(&old).copied() {
            self.descriptors.insert(new, open);
        }
    }

    fn with_open(&mut self, call: &Call, change: impl FnOnce(&mut Open)) -> Result<()> {
        if let Some(open) = self.descriptors.get(&descriptor(call, 0)?) {
            change(&mut self.open[*open]);
        }
        Ok(())
    }

    fn node(&self, descriptor: i64) -> Option<NodeId> {
        self.open[*self.descriptors.get(&descriptor)?].node
    }

    fn written(&mut self, call: &Call) -> Result<()> {
        let Some(&open) = self.descriptors.get(&descriptor(call, 0)?) else { return Ok(()) };
        let Some(node) = self.open[open].node else { return Ok(()) };
        let at = if self.open[open].append { self.replay.disk.length(node)? } else { self.open[open].offset };
        let bytes = argument(call, 1)?.bytes()?[..call.returned as usize].to_vec();
        self.open[open].offset = at + bytes.len() as u64;
        self.step(Step::Write { node, at, bytes })
    }

    fn written_at(&mut self, call: &Call, place: usize) -> Result<()> {
        let Some(node) = self.node(descriptor(call, 0)?) else { return Ok(()) };
        let bytes = argument(call, 1)?.bytes()?[..call.returned as usize].to_vec();
        let at = argument(call, place)?.number()? as u64;
        self.step(Step::Write { node, at, bytes })
    }

    fn allocated(&mut self, call: &Call) -> Result<()> {
        let Some(node) = self.node(descriptor(call, 0)?) else { return Ok(()) };
        let keeps_length = matches!(argument(call, 1)?, Argument::Other(text) if text != "0");
        let length = (argument(call, 2)?.number()? + argument(call, 3)?.number()?) as u64;
        if keeps_length || length <= self.replay.disk.length(node)? {
            return Ok(());
        }
        self.step(Step::Length { node, length })
    }

    /// Bytes that the system copies from one open file to another.
    fn copied(&mut self, call: &Call) -> Result<()> {
        let (from, to, offsets) = match call.name.as_str() {
            "sendfile" => (1, 0, [2, 2]),
            _ => (0, 2, [1, 3]),
        };
        if offsets
            .iter()
            .any(|&place| !matches!(argument(call, place), Ok(Argument::Other(text)) if text == "NULL"))
        {
            bail!("a copy from a place that is given is not understood");
        }
        let Some(&to) = self.descriptors.get(&descriptor(call, to)?) else { return Ok(()) };
        let Some(&from) = self.descriptors.get(&descriptor(call, from)?) else {
            bail!("a copy of a file that is not known")
        };
        let count = call.returned as usize;
        let at = self.open[from].offset as usize;
        self.open[from].offset += count as u64;
        let Some(node) = self.open[to].node else { return Ok(()) };
        let source = self.open[from].node.context("a copy of a file from elsewhere")?;
        let bytes = self.replay.disk.content(source)?[at..at + count].to_vec();
        let at = self.open[to].offset;
        self.open[to].offset += count as u64;
        self.step(Step::Write { node, at, bytes })
    }

    fn renamed(&mut self, call: &Call) -> Result<()> {
        let (from, to) = (self.first_path(call)?, self.last_path(call)?);
        let (from, to) = match (from, to) {
            (Some(from), Some(to)) => (from, to),
            (None, None) => return Ok(()),
            _ => bail!("a name moves into the folder, or out of it"),
        };
        let node = self.replay.disk.find(&from).with_context(|| format!("{from} is not known"))?;
        let (old_parent, old_name) = self.replay.disk.find_parent(&from)?;
        let (new_parent, new_name) = self.replay.disk.find_parent(&to)?;
        let is_exchange = call.arguments.iter().any(|each| each.has("RENAME_EXCHANGE"));
        let other = if is_exchange {
            Some(self.replay.disk.find(&to).with_context(|| format!("{to} is not known"))?)
        } else {
            None
        };
        let parts =
            vec![(old_parent, old_name.to_owned(), other), (new_parent, new_name.to_owned(), Some(node))];
        self.step(Step::Names(parts))
    }

    fn linked(&mut self, call: &Call) -> Result<()> {
        let Some(to) = self.last_path(call)? else { return Ok(()) };
        let from = self.first_path(call)?.context("a link to a file from elsewhere")?;
        let node = self.replay.disk.find(&from).with_context(|| format!("{from} is not known"))?;
        let (parent, name) = self.replay.disk.find_parent(&to)?;
        let parts = vec![(parent, name.to_owned(), Some(node))];
        self.step(Step::Names(parts))
    }

    /// The first path among the arguments, below the folder.
    fn first_path(&self, call: &Call) -> Result<Option<String>> {
        let place =
            call.arguments.iter().position(|each| matches!(each, Argument::Text(_))).context("no path")?;
        self.path_at(call, place)
    }

    fn last_path(&self, call: &Call) -> Result<Option<String>> {
        let place =
            call.arguments.iter().rposition(|each| matches!(each, Argument::Text(_))).context("no path")?;
        self.path_at(call, place)
    }

    fn path_at(&self, call: &Call, place: usize) -> Result<Option<String>> {
        let path = argument(call, place)?.bytes()?;
        if path.starts_with(b"/") {
            return Ok(self.below(path));
        }
        let base = match place.checked_sub(1).map(|before| &call.arguments[before]) {
            Some(Argument::Descriptor(_, base)) => base.clone(),
            // The program works in the folder, and stays there.
            _ => self.root.as_bytes().to_vec(),
        };
        Ok(self.below(&[base.as_slice(), b"/", path].concat()))
    }

    /// The part of a path after the folder.
    fn below(&self, path: &[u8]) -> Option<String> {
        let path = std::str::from_utf8(path).ok()?;
        let rest = path.strip_prefix(self.root)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
    }
}

fn argument(call: &Call, place: usize) -> Result<&Argument> {
    call.arguments.get(place).with_context(|| format!("{} has no argument {place}", call.name))
}

fn descriptor(call: &Call, place: usize) -> Result<i64> {
    argument(call, place)?.number()
}
