//! How a file is compressed; detected from its first bytes.

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// Looks at the first bytes of a file.
    pub fn recognise(beginning: &[u8]) -> Option<Self> {
        match beginning {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            // A frame, or one of those that decompressors skip, which parallel compressors begin with.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
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

    /// What a torn file has lost.
    pub fn torn(self) -> &'static str {
        match self {
            Self::Gzip => "the end of its gzip data",
            Self::Zstd => "the end of its zstd data",
        }
    }
}
