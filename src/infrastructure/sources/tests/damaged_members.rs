//! Damage within compressed data: what was not written is not read, and what is sound around it is.

use std::io::Write;
use std::ops::Range;

use flate2::GzBuilder;

use super::compressed::{gzip, zstd};
use super::*;
use crate::application::log_source::{Place, Reject, ResumePoint};
use crate::property_cases::cases;

/// Bytes of a file and of its content, which belong together.
pub(super) type Members = Vec<(Range<usize>, Range<usize>)>;

const SKIPPABLE: [u8; 12] = [0x5A, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];

/// How the members of a file are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packing {
    Gzip(u32),
    /// With a name, a comment, an extra field and a checksum of the header.
    GzipWithFields,
    Zstd(i32),
    /// After a frame that holds no content.
    ZstdAfterSkippable,
}

impl Packing {
    pub fn pack(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip(level) => {
                let mut encoder = GzBuilder::new().write(Vec::new(), flate2::Compression::new(level));
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Self::GzipWithFields => with_header_checksum(content),
            Self::Zstd(level) => {
                let mut encoder = ::zstd::Encoder::new(Vec::new(), level).unwrap();
                encoder.include_checksum(true).unwrap();
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Self::ZstdAfterSkippable => [&SKIPPABLE, &zstd(content)[..]].concat(),
        }
    }
}

/// A member with all fields that its header can have. The last one is a checksum of the others, which the
/// library does not write.
fn with_header_checksum(content: &[u8]) -> Vec<u8> {
    let builder =
        GzBuilder::new().extra(&b"AB\x02\0xy"[..]).filename("events.jsonl").comment("daily").mtime(7);
    let mut encoder = builder.write(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    let mut member = encoder.finish().unwrap();
    let header = 10 + 2 + 6 + "events.jsonl\0".len() + "daily\0".len();
    member[3] |= 1 << 1;
    let mut crc = flate2::Crc::new();
    crc.update(&member[..header]);
    member.splice(header..header, (crc.sum() as u16).to_le_bytes());
    member
}

/// A compressed file of these members, with the places of each.
pub(super) fn packed(packing: Packing, content: &[u8], ends: &[usize]) -> (Vec<u8>, Members) {
    let (mut file, mut members, mut start) = (Vec::new(), Members::new(), 0);
    for &end in ends.iter().chain([&content.len()]) {
        let member = packing.pack(&content[start..end]);
        members.push((file.len()..file.len() + member.len(), start..end));
        file.extend(member);
        start = end;
    }
    (file, members)
}

/// The records that are read of a file, and its rejects.
pub(super) fn read_file(bytes: &[u8], name: &str) -> (Vec<String>, Vec<(Place, Reject)>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut source = open(&path);
    let (mut records, mut rejects) = (Vec::new(), Vec::new());
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        match piece.content {
            PieceContent::Record(record) => records.push(record.body.to_owned()),
            PieceContent::Reject(reject) => rejects.push((piece.place, reject)),
            PieceContent::Layout | PieceContent::RejectContinued => {}
        }
    }
    assert_eq!(source.digest().bytes, bytes.len() as u64);
    (records, rejects)
}

fn opens(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, bytes).unwrap();
    open_log(&path, &Mapping::BuiltIn).is_ok()
}

pub(super) fn reasons(rejects: &[(Place, Reject)]) -> Vec<&'static str> {
    rejects.iter().map(|(_, reject)| reject.reason()).collect()
}

pub(super) fn records(count: usize, seed: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let record = |number: usize| {
        let (amount, note) = (random.u32(..), "step ".repeat(random.usize(..4)));
        format!(
            r#"{{"event_id": "e{number}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "amount": {amount}, "note": "{note}"}}"#
        )
    };
    (0..count).map(record).collect()
}

pub(super) fn jsonl(records: &[String]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn any_packing() -> impl Strategy<Value = Packing> {
    prop_oneof![
        (0_u32..10).prop_map(Packing::Gzip),
        Just(Packing::GzipWithFields),
        (1_i32..8).prop_map(Packing::Zstd),
        Just(Packing::ZstdAfterSkippable),
    ]
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_record_is_read_of_damaged_data_that_was_not_written(
        packing in any_packing(),
        (count, seed, is_array) in (1_usize..300, any::<u64>(), any::<bool>()),
        cuts in proptest::collection::vec(0.0_f64..1.0, 0..4),
        flips in proptest::collection::vec((0.0_f64..1.0, 0_u8..8), 1..3),
    ) {
        let records = records(count, seed);
        let text = if is_array { format!("[{}]", records.join(",\n")) } else { jsonl(&records) };
        let mut ends: Vec<usize> = cuts.iter().map(|cut| (cut * text.len() as f64) as usize).collect();
        ends.sort_unstable();
        let (mut file, members) = packed(packing, text.as_bytes(), &ends);
        let mut damaged = vec![false; members.len()];
        for (place, bit) in flips {
            let at = (place * file.len() as f64) as usize;
            file[at] ^= 1 << bit;
            damaged[members.iter().position(|(stored, _)| stored.contains(&at)).unwrap()] = true;
        }
        let name = if is_array { "log.json.gz" } else { "log.jsonl.gz" };
        // The first frame can say by now that its window is too large.
        prop_assume!(opens(&file));
        let (read, rejects) = read_file(&file, name);
        let mut left = records.iter();
        for record in &read {
            prop_assert!(left.any(|written| written == record), "{record} was not written there");
        }
        prop_assert!(read.len() == records.len() || !rejects.is_empty(), "records are missing without a word");
        // Lines that lie within sound members are read.
        let mut offset = 0;
        let is_recognised = Compression::recognise(&file).is_some();
        for record in records.iter().filter(|_| is_recognised && !is_array) {
            let line = offset..offset + record.len();
            offset = line.end + 1;
            let is_within = |content: &Range<usize>| content.start <= line.start && line.end < content.end;
            let member = members.iter().position(|(_, content)| is_within(content));
            if member.is_some_and(|member| !damaged[member]) {
                prop_assert!(read.contains(record), "{record} is missing");
            }
        }
    }

    #[test]
    fn no_record_is_read_of_data_that_is_cut_damaged_or_not(
        packing in any_packing(),
        (count, seed) in (1_usize..300, any::<u64>()),
        cut in 0.0_f64..1.0,
        flip in proptest::option::of((0.0_f64..1.0, 0_u8..8)),
    ) {
        let records = records(count, seed);
        let half = jsonl(&records[..count / 2]);
        let (mut file, members) = packed(packing, jsonl(&records).as_bytes(), &[half.len()]);
        let second = members[1].0.clone();
        let cut = second.start + ((cut * second.len() as f64) as usize).max(4);
        file.truncate(cut);
        if let Some((place, bit)) = flip {
            file[second.start + (place * (cut - second.start) as f64) as usize] ^= 1 << bit;
        }
        let (read, rejects) = read_file(&file, "log.jsonl.gz");
        prop_assert_eq!(&records[..count / 2], &read[..]);
        // After a whole frame that holds no content nothing is missing.
        prop_assert!(!rejects.is_empty() || cut == second.start + SKIPPABLE.len());
    }
}

#[test]
fn a_damaged_member_between_sound_ones_is_one_reject_that_says_which_it_is() {
    let records = records(60, 1);
    let line = |number: usize| jsonl(&records[..number]).len();
    for (packing, name, detail) in [
        (Packing::Gzip(6), "gzip", "and its trailer says"),
        (Packing::Zstd(3), "zstd", "doesn't match checksum"),
    ] {
        let (mut file, members) = packed(packing, jsonl(&records).as_bytes(), &[line(20), line(40)]);
        let Range { start, end } = members[1].0.clone();
        let last_of_checksum = if name == "gzip" { end - 5 } else { end - 1 };
        file[last_of_checksum] ^= 1;
        let (read, rejects) = read_file(&file, "log.jsonl");
        assert_eq!(read, [&records[..20], &records[40..]].concat(), "{name}");
        let [(place, reject)] = &rejects[..] else { panic!("{rejects:?}") };
        assert_eq!(*place, Place { line: 21, offset: line(20) as u64 });
        let said = reject.sentence();
        for part in [
            &format!("the {name} data from byte {start} to byte {end} of the file is damaged"),
            detail,
            "(20 lines) is in doubt, and none of it became an event; the sound data after it was read",
            "kept nowhere",
            &format!("`{name} -t`"),
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn a_record_with_bytes_in_a_damaged_member_is_none() {
    // Without the member between them, both halves are one record.
    let begun = r#"{"type": "A", "timestamp": "2025-10-25", "#;
    let text = format!("[{begun}\n\"x\": 1}}, {begun}\n\"y\": 2}}]");
    let (one, other) = (text.find("\"x\"").unwrap(), text.find("\"y\"").unwrap());
    let (file, members) = packed(Packing::Gzip(6), text.as_bytes(), &[one, other]);
    assert_eq!(read_file(&file, "log.json").0.len(), 2);
    let mut damaged = file;
    damaged[members[1].0.end - 6] ^= 1;
    let (read, rejects) = read_file(&damaged, "log.json");
    assert_eq!((read, reasons(&rejects)), (Vec::new(), vec!["compression"]));
}

#[test]
fn records_are_told_apart_that_damage_has_put_on_one_line() {
    let records = records(9, 2);
    let text = jsonl(&records);
    let (one, other) = (text.find("\"e2\"").unwrap(), jsonl(&records[..6]).len());
    let (mut file, members) = packed(Packing::Zstd(3), text.as_bytes(), &[one, other]);
    file[members[1].0.end - 1] ^= 1;
    let (read, rejects) = read_file(&file, "log.jsonl");
    assert_eq!(read, [&records[..2], &records[6..]].concat());
    assert_eq!(reasons(&rejects), ["syntax", "compression"]);
}

#[test]
fn an_array_whose_first_member_is_damaged_is_read_on_as_an_array() {
    let records = records(40, 3);
    let text = format!("[{}]", records.join(",\n"));
    let (mut file, members) = packed(Packing::Gzip(6), text.as_bytes(), &[text.find("\"e20\"").unwrap()]);
    file[members[0].0.end - 5] ^= 1;
    for name in ["log.json", "log.jsonl"] {
        let (read, rejects) = read_file(&file, name);
        assert_eq!(read, records[21..], "{name}");
        assert_eq!(reasons(&rejects)[0], "compression");
    }
    let whole = &file[members[0].0.clone()];
    assert_eq!(reasons(&read_file(whole, "log.json").1), ["compression"]);
}

#[test]
fn damaged_members_in_a_row_are_one_reject_with_the_lines_of_all() {
    let records = records(60, 8);
    let line = |number: usize| jsonl(&records[..number]).len();
    for packing in [Packing::Gzip(6), Packing::Zstd(3)] {
        let ends = [line(20), line(30), line(50)];
        let (mut file, members) = packed(packing, jsonl(&records).as_bytes(), &ends);
        for damaged in [1, 2] {
            // In the checksum of the content, of both.
            file[members[damaged].0.end - 5 + if matches!(packing, Packing::Zstd(_)) { 2 } else { 0 }] ^= 1;
        }
        let (read, rejects) = read_file(&file, "log.jsonl");
        assert_eq!(read, [&records[..20], &records[50..]].concat());
        let [(_, Reject::Compression(damaged))] = &rejects[..] else { panic!("{rejects:?}") };
        assert_eq!((damaged.lines, damaged.to), (30, members[2].0.end as u64), "{packing:?}");
    }
}

/// Place, bytes and reason of a piece.
pub(super) type ReadPiece = (Place, Vec<u8>, String);

/// What is read of a file from a place on: each piece, and where reading is resumed after it.
pub(super) fn rest(path: &Path, point: Option<&ResumePoint>) -> Vec<(ReadPiece, ResumePoint)> {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut source = open(path);
    assert!(point.is_none_or(|point| source.resume_at(point).unwrap()));
    let mut rest = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        let item = (piece.place, piece.bytes.to_owned(), format!("{:?}", piece.content));
        rest.push((item, source.resume_point()));
    }
    rest
}

/// Whether reading gives the same from each place on where it can be resumed.
#[track_caller]
pub(super) fn assert_resumes(path: &Path) {
    let all = rest(path, None);
    for (_, point) in &all {
        let resumed: Vec<_> = rest(path, Some(point)).into_iter().map(|(item, _)| item).collect();
        let left = all.iter().map(|(item, _)| item.clone()).filter(|item| item.0.offset >= point.offset);
        assert_eq!(resumed, left.collect::<Vec<_>>(), "from {}", point.offset);
    }
}

#[test]
fn wherever_reading_is_resumed_the_damage_after_that_is_told() {
    let records = records(30, 9);
    for text in [jsonl(&records), format!("[{}]", records.join(",\n"))] {
        let ends = [text.len() / 5, text.len() / 2, text.find("{\"event_id\": \"e20\"").unwrap()];
        let (mut file, members) = packed(Packing::Gzip(6), text.as_bytes(), &ends);
        for damaged in [0, 2] {
            file[members[damaged].0.end - 5] ^= 1;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, &file).unwrap();
        assert_eq!(rest(&path, None).iter().filter(|(item, _)| item.2.contains("Compression")).count(), 2);
        assert_resumes(&path);
    }
}

#[test]
fn what_only_begins_like_a_member_is_none() {
    let records = records(40, 4);
    let text = jsonl(&records);
    let (file, members) = packed(Packing::Gzip(6), text.as_bytes(), &[text.len() / 2]);
    let false_starts =
        [&b"\x1F\x8B\x08"[..], b"\x1F\x8B\x08\0\0\0\0\0\0\xFF\x01\0", &gzip(b"x")[..15]].concat();
    let (first, second) = file.split_at(members[0].0.end);
    let (read, rejects) = read_file(&[first, &false_starts, second].concat(), "log.jsonl");
    // The record that both members have a part of has false starts within.
    let halved = records.iter().position(|record| !read.contains(record)).unwrap();
    assert_eq!(read, [&records[..halved], &records[halved + 1..]].concat());
    assert!(reasons(&rejects).contains(&"compression"), "{rejects:?}");
    // A magic number that lies across two of the chunks in which a file is read.
    let far = [first, &vec![7; (1 << 18) - first.len() - 2], second].concat();
    assert_eq!(read_file(&far, "log.jsonl").0, read);
}

#[test]
fn a_file_that_is_rewritten_while_it_is_read_gives_nothing_that_was_not_verified() {
    let (old, new) = (records(30_000, 5), records(30_000, 6));
    let (one, other) = (gzip(jsonl(&old).as_bytes()), gzip(jsonl(&new).as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl.gz");
    std::fs::write(&path, &one).unwrap();
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut source = open(&path);
    // The same file, of the same size and time.
    let rewritten = [&one[..20], &other, &one].concat();
    std::fs::write(&path, &rewritten[..one.len()]).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let mut read = 0;
    let error = loop {
        match source.next_piece(&mut reader) {
            Ok(Some(piece)) => {
                if let PieceContent::Record(record) = piece.content {
                    assert_eq!(record.body, old[read]);
                    read += 1;
                }
            }
            Ok(None) => panic!("expected an error"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SourceError::Changing { .. }), "{error:?}");
}
