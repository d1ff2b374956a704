//! What a file is that is no text, by its first bytes.

use super::compression::Compression;

/// How many of the first bytes are looked at.
pub(super) const BEGINNING: u64 = 512;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A SQLite database, with its own ways to be read.
    Database,
    /// Compressed in a way that is read here.
    Compressed(Compression),
    /// Something that holds other files or data, and is not looked into.
    Container(&'static str),
    /// A picture and the like: its bytes are its own.
    Other(&'static str),
}

const CONTAINERS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"Rar!\x1A\x07", "a rar archive"),
    (b"MSCF", "a cab archive"),
    (b"!<arch>\n", "an ar archive"),
    (b"070701", "a cpio archive"),
    (b"\xFD7zXZ\0", "compressed with xz"),
    (b"LZIP", "compressed with lzip"),
    (b"\x04\x22\x4D\x18", "compressed with lz4"),
    (b"\x02\x21\x4C\x18", "compressed with lz4"),
    (b"\x1F\x9D", "compressed with compress"),
    (b"\x89LZO\0\r\n\x1A\n", "compressed with lzop"),
    (b"\xFF\x06\0\0sNaPpY", "compressed with snappy"),
    (b"-----BEGIN PGP MESSAGE", "encrypted"),
    (b"-----BEGIN AGE ENCRYPTED FILE", "encrypted"),
    (b"age-encryption.org/", "encrypted"),
    (b"version https://git-lfs.github.com/spec/", "a pointer of Git LFS, whose content is elsewhere"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
];

const OTHERS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1A\n", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"\0\0\x01\0", "a picture"),
    (b"RIFF", "a picture or a sound"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"fLaC", "a sound"),
    (b"%PDF-", "a PDF document"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a document"),
    (b"\0\0\0\x01Bud1", "the view of a folder"),
    (b"\0\x05\x16\x07", "the attributes of a file"),
    (b"b0VIM ", "the swap file of an editor"),
    (b"\x7FELF", "a program"),
    (b"\0asm", "a program"),
];

impl FileKind {
    /// What a file is that begins so; `None` for text, and what is not known.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        if beginning.starts_with(crate::infrastructure::sqlite::MAGIC) {
            return Some(Self::Database);
        }
        if let Some(compression) = Compression::recognise(beginning) {
            return Some(Self::Compressed(compression));
        }
        let named = |kinds: &[(&[u8], &'static str)]| {
            kinds.iter().find(|(magic, _)| beginning.starts_with(magic)).map(|(_, name)| *name)
        };
        match beginning {
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Container("compressed with bzip2")),
            _ if is_tar(beginning) => Some(Self::Container("a tar archive")),
            // Python writes its version, and then this.
            [_, _, b'\r', b'\n', 0, ..] => Some(Self::Other("a program")),
            _ => named(CONTAINERS).map(Self::Container).or_else(|| named(OTHERS).map(Self::Other)),
        }
    }
}

fn is_tar(beginning: &[u8]) -> bool {
    beginning.get(257..262).is_some_and(|magic| magic == b"ustar")
}
