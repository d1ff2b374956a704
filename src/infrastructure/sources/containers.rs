//! What holds other files or data, or data in another way: known by its first bytes, and not looked into.

/// Something that holds a log at the most, and how the log is taken out of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Container {
    /// What it is, as in "it is a zip archive".
    pub what: &'static str,
    /// A command, or more words on where the log is: what is done first.
    pub way_out: &'static str,
    /// All of it is text: what is none has other bytes at its beginning too, and a text that begins with the same
    /// letters has not.
    pub is_text: bool,
}

type Known = (&'static [u8], Container);

const fn known(magic: &'static [u8], what: &'static str, way_out: &'static str) -> Known {
    (magic, Container { what, way_out, is_text: false })
}

const fn text(magic: &'static [u8], what: &'static str, way_out: &'static str) -> Known {
    (magic, Container { what, way_out, is_text: true })
}

const CONTAINERS: &[Known] = &[
    known(b"PK\x03\x04", "a zip archive", "unpack it first (unzip FILE)"),
    known(b"PK\x05\x06", "a zip archive", "unpack it first (unzip FILE)"),
    known(b"7z\xBC\xAF\x27\x1C", "a 7z archive", "unpack it first (7z x FILE)"),
    known(b"Rar!\x1A\x07", "a rar archive", "unpack it first (unrar x FILE)"),
    known(b"MSCF\0\0\0\0", "a cab archive", "unpack it first (cabextract FILE)"),
    known(b"!<arch>\n", "an ar archive", "unpack it first (ar x FILE)"),
    known(b"\xFD7zXZ\0", "compressed with xz", "unpack it first (xz -d FILE)"),
    known(b"\x04\x22\x4D\x18", "compressed with lz4", "unpack it first (lz4 -d FILE)"),
    known(b"\x02\x21\x4C\x18", "compressed with lz4", "unpack it first (lz4 -d FILE)"),
    known(b"\x1F\x9D", "compressed with compress", "unpack it first (gzip -d FILE)"),
    known(b"\x1F\xA0", "compressed with compress", "unpack it first (gzip -d FILE)"),
    known(b"\x1F\x1E", "compressed with pack", "unpack it first (gzip -d FILE)"),
    known(b"\x89LZO\0\r\n\x1A\n", "compressed with lzop", "unpack it first (lzop -d FILE)"),
    known(b"\xFF\x06\0\0sNaPpY", "compressed with snappy", "unpack it first (snzip -d FILE)"),
    text(b"-----BEGIN PGP MESSAGE", "encrypted", "decrypt it first (gpg -d FILE)"),
    text(b"-----BEGIN AGE ENCRYPTED FILE", "encrypted", "decrypt it first (age -d FILE)"),
    known(b"age-encryption.org/", "encrypted", "decrypt it first (age -d FILE)"),
    known(b"Salted__", "encrypted", "decrypt it first (openssl enc -d -in FILE)"),
    text(
        b"version https://git-lfs.github.com/spec/",
        "a pointer of Git LFS, whose content is elsewhere",
        "fetch that first (git lfs pull)",
    ),
    known(b"PAR1", "a Parquet file", IN_LINES_BY_DUCKDB),
    known(b"ORC\x0A", "an ORC file", IN_LINES),
    known(b"ORC\x08", "an ORC file", IN_LINES),
    known(b"ARROW1\0\0", "an Arrow file", IN_LINES),
    known(b"FEA1", "a Feather file", IN_LINES),
    known(b"\x89HDF\r\n\x1A\n", "an HDF5 file", IN_LINES),
    known(b"Obj\x01", "an Avro file", "write its records as lines of JSON first (avro-tools tojson FILE)"),
    known(
        b"ElfFile\0",
        "a log of Windows",
        "write its records as lines of JSON first (evtx_dump -o jsonl FILE)",
    ),
    known(
        b"LPKSHHRH",
        "a journal of systemd",
        "write its records as lines of JSON first (journalctl -o json --file=FILE)",
    ),
    known(b"PGDMP", "a dump of PostgreSQL", IN_LINES),
    known(b"REDIS0", "a dump of Redis", IN_LINES),
    known(b"\xFEbin", "a log of MySQL", IN_LINES),
];

const IN_LINES: &str = "write its records as lines of JSON first";
const IN_LINES_BY_DUCKDB: &str = "write its records as lines of JSON first (duckdb -c \"COPY (FROM 'FILE') TO 'LOG.jsonl' (FORMAT json)\")";

const BZIP2: Container =
    Container { what: "compressed with bzip2", way_out: "unpack it first (bzip2 -d FILE)", is_text: false };
const LZIP: Container =
    Container { what: "compressed with lzip", way_out: "unpack it first (lzip -d FILE)", is_text: false };
const LZMA: Container =
    Container { what: "compressed with lzma", way_out: "unpack it first (xz -d FILE)", is_text: false };
const TAR: Container =
    Container { what: "a tar archive", way_out: "unpack it first (tar -xf FILE)", is_text: false };
const CPIO: Container =
    Container { what: "a cpio archive", way_out: "unpack it first (cpio -id < FILE)", is_text: false };

impl Container {
    /// What begins so; `None` where it is none of them.
    pub fn of(beginning: &[u8]) -> Option<&'static Self> {
        match beginning {
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(&BZIP2),
            [b'L', b'Z', b'I', b'P', 0 | 1, ..] => Some(&LZIP),
            // Its length is not said.
            [0x5D, 0, 0, _, _, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, ..] => Some(&LZMA),
            _ if is_tar(beginning) => Some(&TAR),
            _ if is_cpio(beginning) => Some(&CPIO),
            _ => {
                let known = CONTAINERS.iter().find(|(magic, _)| beginning.starts_with(magic));
                known.map(|(_, container)| container)
            }
        }
    }
}

/// Whether it begins with the header of a file in a tar archive: one that says so, or whose sum is right.
fn is_tar(beginning: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    let Some(header) = beginning.get(..512) else { return false };
    if &header[257..262] == b"ustar" {
        return true;
    }
    let written = std::str::from_utf8(&header[SUM])
        .ok()
        .and_then(|text| u64::from_str_radix(text.trim_matches([' ', '\0']), 8).ok());
    written.is_some_and(|written| {
        let bytes = header.iter().enumerate();
        let sum: u64 = bytes.map(|(at, byte)| u64::from(if SUM.contains(&at) { b' ' } else { *byte })).sum();
        written == sum
    })
}

/// Whether it begins with the header of a file in a cpio archive, which is text, or binary and old.
fn is_cpio(beginning: &[u8]) -> bool {
    let is_digits =
        |bytes: &[u8], count: usize| bytes.len() >= count && bytes[..count].iter().all(u8::is_ascii_hexdigit);
    match beginning {
        [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', rest @ ..] => is_digits(rest, 104),
        [b'0', b'7', b'0', b'7', b'0', b'7', rest @ ..] => is_digits(rest, 70),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_known_by_the_header_of_its_first_file_and_a_text_is_none() {
        let mut old = vec![0_u8; 512];
        old[..7].copy_from_slice(b"a.jsonl");
        old[100..107].copy_from_slice(b"0000644");
        let sum: u64 = old.iter().map(|byte| u64::from(*byte)).sum::<u64>() + 8 * 32;
        old[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(Container::of(&old), Some(&TAR));
        old[0] = b'b';
        assert_eq!(Container::of(&old), None);
        let new = format!("070701{}a.jsonl\0", "0".repeat(104));
        assert_eq!(Container::of(new.as_bytes()), Some(&CPIO));
        assert_eq!(Container::of(b"070701 12:00:00 mysqld started"), None);
        assert_eq!(Container::of(&[b' '; 512]), None);
        assert_eq!(Container::of(&[0; 512]), None);
        assert_eq!(Container::of(b"]\0\0\0\0\0\0\0\0\0\0\0\0\0"), None);
    }
}
