//! How a file is compressed; detected from its first bytes.

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// Looks at the first bytes of a file. One of those that tell it may be damaged: no text begins like that.
    pub fn recognise(beginning: &[u8]) -> Option<Self> {
        match beginning {
            [0x1F, 0x8B, ..] | [0x1F, _, 8, ..] | [_, 0x8B, 8, ..] => Some(Self::Gzip),
            // One of the frames that decompressors skip, which parallel compressors begin with.
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            [0x28, 0xB5, 0x2F, _, ..] | [0x28, 0xB5, _, 0xFD, ..] => Some(Self::Zstd),
            [0x28, _, 0x2F, 0xFD, ..] | [_, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The name, as reports and stores write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
