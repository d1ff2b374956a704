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

/// What is wrong with a member, in words.
#[derive(Debug)]
pub(super) struct Damage(pub String);

impl Damage {
    pub fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }
}
