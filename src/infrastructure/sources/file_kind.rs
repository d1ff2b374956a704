//! What a file is that is no text, by its first bytes.

use std::fs::FileType;

use super::compression::Compression;
use super::containers::Container;
use super::search_window::is_control;

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
    Container(&'static Container),
    /// A picture and the like: its bytes are its own.
    Other(&'static str),
}

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
        if is_office_document(beginning) {
            return Some(Self::Other("a document"));
        }
        if let Some(container) = Container::of(beginning) {
            return Some(Self::Container(container));
        }
        match beginning {
            // Python writes its version, and then this.
            [_, 0x0B..=0x0E | 0xF0..=0xF3, b'\r', b'\n', 0, ..] => Some(Self::Other("a program")),
            _ => {
                let known = OTHERS.iter().find(|(magic, _)| beginning.starts_with(magic));
                known.map(|(_, what)| Self::Other(what))
            }
        }
    }
}

/// Whether bytes stand at the beginning of a file that no text has.
pub(super) fn has_controls(beginning: &[u8]) -> bool {
    beginning.iter().take(BEGINNING as usize).any(|byte| *byte == 0 || is_control(*byte))
}

/// Whether a file is a pipe, which would be waited for where it is opened.
pub(super) fn is_pipe(kind: FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        kind.is_fifo()
    }
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}

/// Whether a file is a socket.
pub(super) fn is_socket(kind: FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        kind.is_socket()
    }
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}

/// Whether a zip archive is a document of an office program, by the name of its first file.
fn is_office_document(beginning: &[u8]) -> bool {
    const FIRST: [&[u8]; 5] =
        [b"[Content_Types].xml", b"_rels/.rels", b"docProps/app.xml", b"docProps/core.xml", b"mimetype"];
    let length = |at: usize| {
        beginning.get(at..at + 2).map(|bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
    };
    let name = length(26).and_then(|length| beginning.get(30..30 + length));
    beginning.starts_with(b"PK\x03\x04") && name.is_some_and(|name| FIRST.contains(&name))
}

/// Whether a file of that length is nothing but signatures of OpenPGP (RFC 9580).
pub(super) fn is_signature(beginning: &[u8], length: u64) -> bool {
    let mut at = 0;
    while let Some([first, rest @ ..]) = beginning.get(at..) {
        let (header, body) = match (first, rest) {
            (0x88, [length, ..]) => (2, usize::from(*length)),
            (0x89, [high, low, ..]) => (3, usize::from(u16::from_be_bytes([*high, *low]))),
            (0xC2, [length @ 0..192, ..]) => (2, usize::from(*length)),
            (0xC2, [high @ 192..224, low, ..]) => {
                (3, (usize::from(*high) - 192) * 256 + usize::from(*low) + 192)
            }
            _ => return false,
        };
        if !matches!(beginning.get(at + header), Some(3..=6)) {
            return false;
        }
        at += header + body;
        if at as u64 == length {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_told_from_a_zip_archive_by_its_first_file() {
        let zip = |name: &str| {
            let mut zip = b"PK\x03\x04".to_vec();
            zip.resize(26, 0);
            zip.extend_from_slice(&(name.len() as u16).to_le_bytes());
            zip.extend_from_slice(&[0; 2]);
            zip.extend_from_slice(name.as_bytes());
            zip.extend_from_slice(b"content");
            zip
        };
        for name in ["[Content_Types].xml", "mimetype", "_rels/.rels"] {
            assert_eq!(FileKind::of(&zip(name)), Some(FileKind::Other("a document")), "{name}");
        }
        let is_archive = |file: &[u8]| match FileKind::of(file) {
            Some(FileKind::Container(container)) => container.what == "a zip archive",
            _ => false,
        };
        for name in ["a.jsonl", "mimetype.json", ""] {
            assert!(is_archive(&zip(name)), "{name}");
        }
        assert!(is_archive(b"PK\x03\x04"));
    }

    #[test]
    fn signatures_alone_are_a_signature() {
        let packet = |header: &[u8], body: usize| [header, &[4], &vec![7; body - 1]].concat();
        let (long, short) = (packet(&[0x89, 1, 200], 456), packet(&[0x88, 100], 100));
        let (new, newer) = (packet(&[0xC2, 94], 94), packet(&[0xC2, 193, 8], 456));
        for signature in [&long, &short, &new, &newer] {
            assert!(is_signature(signature, signature.len() as u64));
            assert!(!is_signature(signature, signature.len() as u64 + 1));
            assert!(!is_signature(signature, signature.len() as u64 - 1));
        }
        let two = [&short[..], &new].concat();
        assert!(is_signature(&two, two.len() as u64));
        for other in [&b""[..], b"{", b"\x88", b"\x89PNG\r\n", &[0x88, 2, 9, 9]] {
            assert!(!is_signature(other, other.len() as u64), "{other:?}");
        }
    }
}
