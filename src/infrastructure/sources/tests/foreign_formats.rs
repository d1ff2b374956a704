//! Files that are no log of lines or an array: what is said of them, and what is read all the same.

use std::io::Write;

use super::damaged_members::{Packing, jsonl, packed, read_file, records};
use super::*;

/// Why a file is not read as a log; `None` where it is.
pub(super) fn refused_through(content: &[u8], mapping: &Mapping) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, content).unwrap();
    match open_log(&path, mapping) {
        Ok(_) => None,
        Err(SourceError::NotALog { source, .. }) => Some(source.to_string()),
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn refused(content: impl AsRef<[u8]>) -> Option<String> {
    refused_through(content.as_ref(), &Mapping::BuiltIn)
}

#[track_caller]
pub(super) fn is_refused(content: impl AsRef<[u8]>, says: &str) {
    let said = refused(content.as_ref()).expect("it is read");
    assert!(said.contains(says), "{said}");
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn tar(content: &str) -> Vec<u8> {
    let mut tar = vec![0; 512];
    tar[..7].copy_from_slice(b"a.jsonl");
    tar[257..263].copy_from_slice(b"ustar\0");
    tar.extend_from_slice(content.as_bytes());
    tar.resize(2048, 0);
    tar
}

#[test]
fn what_holds_a_log_is_named_with_the_way_to_take_it_out() {
    let lines = format!("{}\n", event("A"));
    for (magic, says) in [
        (
            &b"\xFD7zXZ\0\0\x04"[..],
            "compressed with xz: expected a JSON array or JSONL; unpack it first (xz -d FILE)",
        ),
        (
            b"BZh91AY&SY\0",
            "compressed with bzip2: expected a JSON array or JSONL; unpack it first (bzip2 -d FILE)",
        ),
        (b"\x04\x22\x4D\x18d@", "lz4 -d FILE"),
        (b"LZIP\x01\x14", "lzip -d FILE"),
        (b"\x5D\0\0\x80\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0", "compressed with lzma"),
        (b"\x1F\x9D\x90", "compressed with compress"),
        (b"7z\xBC\xAF\x27\x1C\0\x04", "a 7z archive"),
        (b"Rar!\x1A\x07\x01\0", "a rar archive"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "unzip FILE"),
        (b"PK\x05\x06\0\0", "a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"Obj\x01\x04", "avro-tools tojson"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"LPKSHHRH\0", "journalctl -o json --file=FILE"),
        (b"-----BEGIN PGP MESSAGE-----\n", "gpg -d FILE"),
        (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "it is a picture"),
        (b"%PDF-1.7\n%\xB5\xB5\0\x01", "it is a PDF document"),
        (b"SQLite format 3\0\x10\0", "a SQLite database"),
    ] {
        is_refused(magic, says);
        let with_events = [magic, lines.as_bytes()].concat();
        if magic.is_ascii() && magic.ends_with(b"\n") {
            // An application has appended its events to a text.
            assert_eq!(refused(&with_events), None, "{says}");
        } else {
            is_refused(&with_events, says);
            is_refused(gzip(&with_events), says);
        }
    }
    is_refused(
        tar(&lines),
        "it is a tar archive: expected a JSON array or JSONL; unpack it first (tar -xf FILE)",
    );
    is_refused(gzip(&tar(&lines)), "a tar archive");
    is_refused(zstd::encode_all(tar(&lines).as_slice(), 1).unwrap().as_slice(), "a tar archive");
}

#[test]
fn a_text_that_begins_like_another_format_is_a_text() {
    for line in [
        "PDF exported\n",
        "%PDF-1.7 was exported\n",
        "RIFF and all\n",
        "ID3 tags\n",
        "070701 12:00:00 started\n",
        "BZh1\n",
    ] {
        assert_eq!(kinds("a.jsonl", &format!("{line}{}\n", event("A"))), ["(syntax)", "A"], "{line}");
    }
}

#[test]
fn text_in_another_encoding_is_named_with_the_byte_where_it_begins() {
    let text = format!("{}\n", event("É"));
    let utf_16 = |big: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let utf_32: Vec<u8> = text.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect();
    is_refused(
        utf_16(false),
        "it is UTF-16LE from byte 0 on: expected UTF-8; convert it first (iconv -f UTF-16LE -t UTF-8)",
    );
    is_refused(utf_16(true), "it is UTF-16BE");
    is_refused([b"[\0", utf_16(false).as_slice()].concat(), "it is UTF-16LE");
    is_refused(&utf_32, "it is UTF-32LE");
    is_refused([b"\xff\xfe\0\0", utf_32.as_slice()].concat(), "it is UTF-32 from");
    is_refused(gzip(&utf_16(false)), "it is UTF-16LE");
    // What was appended to a log that is sound.
    let sound = format!("{}\n{}\n", event("A"), event("B"));
    for (appended, encoding) in [
        (utf_16(false), "UTF-16LE"),
        (utf_16(true), "UTF-16BE"),
        (utf_32.clone(), "UTF-32LE"),
        (utf_16(false).repeat(3), "UTF-16LE"),
    ] {
        let log = [sound.as_bytes(), &appended, sound.as_bytes()].concat();
        let items = items("a.jsonl", &log);
        let shown: Vec<&str> = items.iter().map(|(_, _, shown)| shown.as_str()).collect();
        assert_eq!(shown, ["A", "B", "(encoding)", "A", "B"], "{encoding}");
        let (_, mut reject) = rejects(&log).remove(0);
        assert!(
            reject.contains(&format!("it is {encoding} from byte {} of the log on", sound.len())),
            "{reject}"
        );
        // In the middle of a line, and of an array.
        let torn = [b"{\"v\": ", appended.as_slice()].concat();
        reject = rejects(&torn).remove(0).1;
        assert!(reject.contains(&format!("it is {encoding} from byte 6")), "{reject}");
        let array = [b"[1, ", appended.as_slice(), event("A").as_bytes(), b"]"].concat();
        assert!(rejects(&array).iter().any(|(_, said)| said.contains("of the log on")), "{encoding}");
    }
}

/// The rejects of a log: where they begin, and what is said of them.
pub(super) fn rejects(log: &[u8]) -> Vec<(u64, String)> {
    let mut source = in_memory(log, usize::MAX, log.starts_with(b"["));
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut rejects = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        if let PieceContent::Reject(reject) = piece.content {
            rejects.push((piece.place.offset, reject.sentence()));
        }
    }
    rejects
}

#[test]
fn a_few_wide_characters_before_text_in_utf8_hide_none_of_its_events() {
    let wide: Vec<u8> = "{\"a\":1}\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lines = format!("{}\n", event("A")).repeat(3);
    assert_eq!(refused([&wide[..], lines.as_bytes()].concat()), None);
}

#[test]
fn zero_bytes_are_named_and_the_record_after_them_is_read() {
    let zeros = "\0".repeat(3 * LONGEST_PIECE);
    for log in [format!("{zeros}{}\n", event("A")), format!("{}\n\0{zeros}{}\n", event("A"), event("A"))] {
        let shown = kinds("a.jsonl", &log);
        assert!(shown.contains(&"A".to_owned()) && shown.contains(&"(zero_bytes)".to_owned()), "{shown:?}");
        assert!(rejects(log.as_bytes())[0].1.starts_with("zero bytes"));
    }
    assert_eq!(
        kinds("a.json", &format!("[{}, \0\0\0\0{}]", event("A"), event("B"))),
        ["A", "(zero_bytes)", "B"]
    );
}

#[test]
fn record_separators_are_layout_before_a_record() {
    let (a, b) = (event("A"), event("B"));
    let log = format!("\u{1e}{a}\n\u{1e}{b}\n");
    assert_eq!(kinds("a.jsonl", &log), ["A", "B"]);
    assert_eq!(
        kinds("a.jsonl", &format!("\u{1e}{{\"type\": \"To\u{1e}{a}\n\u{1e}\u{1e}{b}\n")),
        ["(syntax)", "A", "B"]
    );
    assert_eq!(joined(in_memory(log.as_bytes(), 1, false).as_mut()), log.as_bytes());
}

#[test]
fn a_zstd_frame_that_needs_a_larger_window_than_is_held_is_refused_and_is_no_damage() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(event("A").as_bytes()).unwrap();
    let mut frame = encoder.finish().unwrap();
    assert_eq!(refused(&frame), None);
    frame[5] = (31 - 10) << 3;
    let said = "its zstd data at byte 0 was compressed with a window of 2147483648 bytes, and 134217728 are read: unpack it first";
    is_refused(&frame, said);
    // Frames without content before it are no log yet.
    let skippable = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 7];
    let empty = zstd::encode_all(&b""[..], 1).unwrap();
    is_refused(
        [&skippable[..], &empty, &frame].concat(),
        &format!("at byte {} was", skippable.len() + empty.len()),
    );
    // No zstd makes a larger one: it is damaged.
    frame[5] = (32 - 10) << 3;
    assert_eq!(refused(&frame), None);
}

#[test]
fn a_later_frame_that_says_that_its_window_is_too_large_is_damage_like_any_other() {
    let records = records(60, 7);
    let line = |number: usize| jsonl(&records[..number]).len();
    let (file, members) =
        packed(Packing::Zstd(3), jsonl(&records).as_bytes(), &[line(20), line(30), line(40)]);
    for (damaged, left) in [
        (vec![1], vec![0..20, 30..60]),
        (vec![1, 2], vec![0..20, 40..60]),
        (vec![3], std::iter::once(0..40).collect()),
    ] {
        let mut file = file.clone();
        for member in &damaged {
            // The byte after the magic number and the descriptor of the frame.
            file[members[*member].0.start + 5] = (31 - 10) << 3;
        }
        let (read, rejects) = read_file(&file, "log.jsonl.zst");
        let expected: Vec<String> = left.into_iter().flat_map(|left| records[left].to_vec()).collect();
        assert_eq!(read, expected, "{damaged:?}");
        let [(_, reject)] = &rejects[..] else { panic!("{rejects:?}") };
        let (from, to) = (members[damaged[0]].0.start, members[damaged[damaged.len() - 1]].0.end);
        let said = reject.sentence();
        for part in [
            &format!("the zstd data from byte {from} to byte {to} of the file is damaged"),
            "a window of 2147483648 bytes, and 134217728 are read: if it is sound, `zstd -d --long=31` unpacks it",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn a_log_that_decodes_to_many_times_its_size_is_read_where_that_is_wanted() {
    let zeros = vec![0; (verification::LEAST_EXPANDED + 1) as usize];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.gz");
    for bomb in [
        gzip(&zeros),
        zstd::encode_all(zeros.as_slice(), 1).unwrap(),
        gzip(&zeros[..zeros.len() / 2]).repeat(3),
    ] {
        std::fs::write(&path, &bomb).unwrap();
        let said = open_log(&path, &Mapping::BuiltIn).map(drop).unwrap_err();
        let SourceError::NotALog { source, .. } = said else { panic!("{said}") };
        assert!(source.to_string().contains("over 200 times its size: unpack it first"), "{source}");
        let mut log = open_log_of_any_size(&path, &Mapping::BuiltIn).unwrap();
        assert_eq!(read(log.as_mut()), [(1, 0, "(zero_bytes)".to_owned())]);
    }
    let small = gzip(&zeros[..zeros.len() / 2]);
    assert_eq!(refused(&small), None);
    // The damage before it hides none.
    let mut damaged = gzip(event("A").as_bytes());
    let last = damaged.len() - 1;
    damaged[last - 5] ^= 1;
    is_refused([&damaged[..], &gzip(&zeros)].concat(), "over 200 times its size");
}

#[test]
fn zero_bytes_after_and_between_members_pad_the_file() {
    let line = format!("{}\n", event("A"));
    let members = [gzip(line.as_bytes()), zstd::encode_all(line.as_bytes(), 1).unwrap()];
    for member in members {
        let padding = vec![0; 1000];
        let log = [&member[..], &padding, &member, &member, &padding[..1], &member, &padding].concat();
        let shown: Vec<String> = items("a.jsonl", &log).into_iter().map(|(_, _, shown)| shown).collect();
        assert_eq!(shown, ["A"; 4]);
    }
}
