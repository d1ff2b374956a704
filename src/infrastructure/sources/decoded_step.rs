//! What a step of decoding a member of a compressed file comes to.

/// What one step did.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// How many bytes of the input it took.
    pub read: usize,
    /// How many bytes it decoded.
    pub written: usize,
    /// Known once the member has ended.
    pub end: Option<MemberEnd>,
}

/// How a member has ended that is sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberEnd {
    /// What was decoded has the checksum that the member says.
    Checked,
    /// The member has no checksum.
    NoChecksum,
}

/// What is wrong with a member.
#[derive(Debug)]
pub(super) struct Damage {
    /// In words.
    pub detail: String,
    /// It may be sound, and is not decoded.
    pub not_decoded: Option<NotDecoded>,
}

impl Damage {
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), not_decoded: None }
    }
}

/// Why data that may be sound is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDecoded {
    /// It needs a window of so many bytes, which are not held in memory.
    Window(u64),
    /// The file decodes to more than so many bytes, which is many times its size.
    Expansion(u64),
}
