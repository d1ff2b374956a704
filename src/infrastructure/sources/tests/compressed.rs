use std::io::Write;

use flate2::write::GzEncoder;

use super::*;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    // With a checksum, as the command line tool writes it.
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 0).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;
const BOTH: [(&str, Compress); 2] = [("gzip", gzip), ("zstd", zstd)];

fn lines(count: usize) -> String {
    (0..count).map(|i| format!("{}\n", event(&format!("E{i}-{:x}", i * 7_919 * i)))).collect()
}

#[test]
fn compressed_logs_are_read_as_their_content_whatever_their_name() {
    for (name, compress) in BOTH {
        for text in [lines(3), format!("[{}, {}]", event("A"), event("B"))] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            std::fs::write(&path, compress(text.as_bytes())).unwrap();
            assert_eq!(joined(open(&path).as_mut()), text.as_bytes());
            assert_eq!(read(open(&path).as_mut()), items("plain", text.as_bytes()));
            assert_eq!(open(&path).compression(), Some(name));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log.gz"), lines(1)).unwrap();
    assert_eq!(open(&folder.path().join("log.gz")).compression(), None);
}

#[test]
fn members_and_frames_one_after_the_other_are_one_log() {
    for (_, compress) in BOTH {
        let (text, half) = (lines(6), lines(6).len() / 2);
        let parts = [compress(&text.as_bytes()[..half]), compress(b""), compress(&text.as_bytes()[half..])];
        assert_eq!(items("log", &parts.concat()), items("log", text.as_bytes()));
    }
}

#[test]
fn both_hashes_are_known_and_a_plain_file_has_one() {
    let sha256 = |bytes: &[u8]| {
        use sha2::{Digest, Sha256};
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = lines(3);
    for stored in [text.clone().into_bytes(), gzip(text.as_bytes()), zstd(text.as_bytes())] {
        std::fs::write(&path, &stored).unwrap();
        let mut source = open(&path);
        read(source.as_mut());
        let expected = SourceDigest {
            bytes: stored.len() as u64,
            sha256: sha256(&stored),
            content_bytes: text.len() as u64,
            content_sha256: sha256(text.as_bytes()),
        };
        assert_eq!(source.digest(), expected);
    }
}

/// Reads a damaged file: what came out of it, and its rejects; each file is hashed whole.
fn salvage(stored: &[u8]) -> (Vec<u8>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, stored).unwrap();
    let mut source = open(&path);
    let content = joined(source.as_mut());
    assert_eq!(source.digest().bytes, stored.len() as u64);
    let items = read(open(&path).as_mut());
    (content, items.into_iter().map(|(_, _, shown)| shown).filter(|shown| shown.starts_with('(')).collect())
}

#[test]
fn a_compressed_log_that_is_cut_anywhere_is_said_to_be_torn() {
    for (name, compress) in BOTH {
        let text = lines(40);
        let stored = compress(text.as_bytes());
        for cut in 4..stored.len() {
            let (content, rejects) = salvage(&stored[..cut]);
            assert!(text.as_bytes().starts_with(&content), "{name} cut at {cut}");
            assert_eq!(rejects.last().map(String::as_str), Some("(torn_tail)"), "{name} cut at {cut}");
        }
    }
}

#[test]
fn an_array_in_a_torn_file_is_torn_once() {
    let stored = gzip(format!("[{}", event("A")).as_bytes());
    assert_eq!(salvage(&stored[..stored.len() - 4]).1, ["(unverified)", "(torn_tail)"]);
}

#[test]
fn records_before_a_cut_are_rejects_that_say_so_and_keep_their_bytes() {
    for (name, compress) in BOTH {
        let text = lines(4_000);
        let stored = compress(text.as_bytes());
        let (content, rejects) = salvage(&stored[..stored.len() * 3 / 4]);
        assert!(content.len() > 100_000 && text.as_bytes().starts_with(&content), "{name}");
        let whole = content.iter().filter(|byte| **byte == b'\n').count();
        assert!(rejects[..whole].iter().all(|reject| reject == "(unverified)"), "{name}: {rejects:?}");
        assert!(rejects[whole..].iter().all(|reject| reject == "(torn_tail)"), "{name}: {rejects:?}");
    }
}

#[test]
fn zero_bytes_after_a_member_are_padding_and_no_damage() {
    for (name, compress) in BOTH {
        let text = lines(40);
        let (one, other) = text.split_at(text.len() / 2);
        let [one, other] = [one, other].map(|part| compress(part.as_bytes()));
        // Over the ends of the chunks that a file is read in, too.
        for zeros in [1, 3, 512, (1 << 18) - one.len(), 3 << 18] {
            let zeros = vec![0; zeros];
            let padded = [&one[..], &zeros, &other, &zeros].concat();
            assert_eq!(items("log", &padded), items("log", text.as_bytes()), "{name}, {}", zeros.len());
            let (_, rejects) = salvage(&[&one[..], &other, &zeros, b"more"].concat());
            assert_eq!(rejects, ["(compression)"], "{name}, {}", zeros.len());
        }
    }
    let unchecked = ::zstd::encode_all(lines(3).as_bytes(), 0).unwrap();
    assert_eq!(items("log", &[&unchecked[..], &[0; 512]].concat()), items("log", lines(3).as_bytes()));
}

#[test]
fn a_frame_without_checksum_is_read_and_flagged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let unchecked = |text: &str| ::zstd::encode_all(text.as_bytes(), 0).unwrap();
    std::fs::write(&path, [unchecked(&lines(2)), zstd(lines(3).as_bytes())].concat()).unwrap();
    assert_eq!(flags(&path), [Some("no_checksum"), Some("no_checksum"), None, None, None]);
    // A record that ends in a frame without one has none.
    let text = lines(2);
    let (one, other) = text.split_at(text.len() / 2 + 10);
    std::fs::write(&path, [zstd(one.as_bytes()), unchecked(other)].concat()).unwrap();
    assert_eq!(flags(&path), [None, Some("no_checksum")]);
}

/// The flag of each record.
fn flags(path: &Path) -> Vec<Option<&'static str>> {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut source = open(path);
    let mut flags = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        if matches!(piece.content, PieceContent::Record(_)) {
            flags.push(source.flag());
        }
    }
    flags
}

#[test]
fn garbage_after_the_last_member_is_a_reject() {
    for (name, compress) in BOTH {
        for garbage in [&b"garbage that is no member"[..], &[0, 0, 9, 0], b"{\"type\": \"lost\"}"] {
            let text = lines(2);
            let (content, rejects) = salvage(&[compress(text.as_bytes()), garbage.to_vec()].concat());
            assert_eq!(content, text.as_bytes(), "{name}");
            assert_eq!(rejects, ["(compression)"], "{name}: {garbage:?}");
        }
    }
}

#[test]
fn a_log_that_is_compressed_twice_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.gz");
    std::fs::write(&path, gzip(&zstd(b"x"))).unwrap();
    let Err(SourceError::NotALog { source, .. }) = open_log(&path, &Mapping::BuiltIn) else {
        panic!("expected an error");
    };
    assert_eq!(source.to_string(), "it is compressed twice (zstd within): unpack it once");
}
