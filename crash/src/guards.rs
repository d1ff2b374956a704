//! Guards of the program, broken in a recording, so that the campaign is seen to find them.

use clap::ValueEnum;

use crate::recording::{Recording, Step};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Guard {
    /// No folder is synced
    FolderSync,
    /// No file is synced
    FileSync,
    /// An answer is given before the sync that precedes it
    AnswerAfterSync,
    /// A database is not synced by a checkpoint, before its log begins anew
    CheckpointOrder,
}

impl Guard {
    /// The recording, as the program would have made it without the guard.
    pub fn break_in(self, recording: &mut Recording) {
        let names = recording.names.clone();
        let folders = recording.folders.clone();
        let without_sync = |steps: &mut Vec<Step>, unsynced: &dyn Fn(usize) -> bool| {
            steps.retain(|step| !matches!(step, Step::SyncBegins { node, .. } | Step::SyncEnds { node, .. } if unsynced(*node)));
        };
        match self {
            Self::FolderSync => without_sync(&mut recording.steps, &|node| folders.contains(&node)),
            Self::FileSync => without_sync(&mut recording.steps, &|node| !folders.contains(&node)),
            Self::CheckpointOrder => {
                without_sync(&mut recording.steps, &|node| {
                    names.get(&node).is_some_and(|name| name.ends_with(".db"))
                });
            }
            Self::AnswerAfterSync => answer_before_sync(&mut recording.steps),
        }
    }
}

fn answer_before_sync(steps: &mut Vec<Step>) {
    for index in 0..steps.len() {
        if matches!(steps[index], Step::Answer(_)) {
            let sync = steps[..index].iter().rposition(|step| matches!(step, Step::SyncEnds { .. }));
            if let Some(sync) = sync {
                let answer = steps.remove(index);
                steps.insert(sync, answer);
            }
        }
    }
}
