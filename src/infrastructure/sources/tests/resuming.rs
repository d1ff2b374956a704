use super::*;
use crate::application::log_source::ResumePoint;

/// A piece, to be compared: place, bytes, and what it is.
type Piece = (u64, u64, Vec<u8>, String);

/// The pieces that are left, and the resume point after each.
fn pieces(source: &mut dyn LogSource) -> Vec<(Piece, ResumePoint)> {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut pieces = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        let content = format!("{:?}", piece.content);
        let piece = (piece.place.line, piece.place.offset, piece.bytes.to_vec(), content);
        pieces.push((piece, source.resume_point()));
    }
    pieces
}

fn without_points(pieces: Vec<(Piece, ResumePoint)>) -> Vec<Piece> {
    pieces.into_iter().map(|(piece, _)| piece).collect()
}

/// What a grown version of a log gives, read from where the old version ended.
fn grown(name: &str, old: &str, new: &str) -> (bool, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, old).unwrap();
    let mut source = open(&path);
    read(source.as_mut());
    let point = source.resume_point();
    std::fs::write(&path, new).unwrap();
    let mut source = open(&path);
    let resumed = source.resume_at(&point).unwrap();
    (resumed, read(source.as_mut()).into_iter().map(|(_, _, shown)| shown).collect())
}

fn seen(resumed: bool, kinds: &[&str]) -> (bool, Vec<String>) {
    (resumed, kinds.iter().map(ToString::to_string).collect())
}

#[test]
fn a_grown_array_is_resumed_after_its_last_record() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    let new = format!("[{a}, {b}, {c}]");
    assert_eq!(grown("a.json", &format!("[{a}, {b}]"), &new), seen(true, &["C"]));
    assert_eq!(grown("a.json", &format!("[{a}, {b}"), &new), seen(true, &["C"]));
    assert_eq!(grown("a.json", &format!("[{a}, {}", &b[..9]), &new), seen(true, &["B", "C"]));
    assert_eq!(grown("a.json", "[]", &new), seen(true, &["A", "B", "C"]));
    assert_eq!(grown("a.json", "", &new), seen(true, &["A", "B", "C"]));
    assert_eq!(grown("a.json", &new, &new), seen(true, &[]));
    let indented = |records: &[&String]| {
        let records: Vec<_> = records.iter().map(|record| format!("\n  {record}")).collect();
        format!("[{}\n]\n", records.join(","))
    };
    assert_eq!(grown("a.json", &indented(&[&a]), &indented(&[&a, &b])), seen(true, &["B"]));
}

#[test]
fn a_grown_jsonl_log_is_resumed_after_its_last_whole_line() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    let new = format!("{a}\n{b}\n{c}\n");
    assert_eq!(grown("a.jsonl", &format!("{a}\n{b}\n"), &new), seen(true, &["C"]));
    assert_eq!(grown("a.jsonl", &format!("{a}\n{b}"), &new), seen(true, &["C"]));
    assert_eq!(grown("a.jsonl", &format!("{a}\n{}", &b[..9]), &new), seen(true, &["B", "C"]));
    // A line without its end can still become a record; what follows a record does not undo it.
    assert_eq!(grown("a.jsonl", &format!("{a}\n7"), &format!("{a}\n78\n")), seen(true, &["(syntax)"]));
    assert_eq!(
        grown("a.jsonl", &format!("{a}\n{b}  "), &format!("{a}\n{b}  x\n")),
        seen(true, &["(syntax)"])
    );
}

#[test]
fn a_log_that_begins_otherwise_is_read_from_its_first_byte() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    assert_eq!(grown("a.json", &format!("[{a}, {b}]"), &format!("[{c}, {b}]")), seen(false, &["C", "B"]));
    assert_eq!(grown("a.jsonl", &format!("{a}\n{b}\n"), &format!("{a}\n")), seen(false, &["A"]));
    assert_eq!(grown("a.jsonl", &format!("{a}\n"), ""), seen(false, &[]));
}

#[test]
fn lines_are_counted_on_from_the_point() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, format!("{}\n\n{}\n", event("A"), event("B"))).unwrap();
    let first = pieces(open(&path).as_mut()).remove(1).1;
    let mut source = open(&path);
    assert!(source.resume_at(&first).unwrap());
    let items = read(source.as_mut());
    assert_eq!(items.iter().map(|(line, _, _)| *line).collect::<Vec<_>>(), [3]);
    assert_eq!(source.digest().content_bytes, std::fs::metadata(&path).unwrap().len());
}

#[test]
fn points_far_before_the_window_are_remembered() {
    // Damage that is given out in many pieces: the point stays before it while the buffer moves on.
    let damage = format!("{{\"v\": \"{}", "x".repeat(5 * LONGEST_RECORD));
    let text = format!("[{}, {damage}", event("A"));
    let all = pieces(in_memory(text.as_bytes(), usize::MAX, true).as_mut());
    assert!(all.len() > 5);
    let point = all.last().unwrap().1.clone();
    assert_eq!(point.offset, text.len() as u64 - damage.len() as u64);
    let mut source = in_memory(text.as_bytes(), usize::MAX, true);
    assert!(source.resume_at(&point).unwrap());
    assert_eq!(pieces(source.as_mut()).len(), all.len() - 3);
}

#[test]
fn compressed_logs_are_resumed_in_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl.zst");
    let write = |text: String| std::fs::write(&path, zstd::encode_all(text.as_bytes(), 0).unwrap()).unwrap();
    write(format!("{}\n", event("A")));
    let mut source = open(&path);
    read(source.as_mut());
    let point = source.resume_point();
    write(format!("{}\n{}\n", event("A"), event("B")));
    let mut source = open(&path);
    assert!(source.resume_at(&point).unwrap());
    assert_eq!(read(source.as_mut()).len(), 1);
    write(format!("{}\n{}\n", event("C"), event("B")));
    let mut source = open(&path);
    assert!(!source.resume_at(&point).unwrap());
    assert_eq!(read(source.as_mut()).len(), 2);
}

proptest! {
    #[test]
    fn a_resumed_log_gives_exactly_what_an_uninterrupted_reading_gives_from_there_on(
        (bytes, as_array) in any_log(),
        step in 1_usize..64,
    ) {
        let all = pieces(in_memory(&bytes, usize::MAX, as_array).as_mut());
        for (_, point) in &all {
            let mut source = in_memory(&bytes, step, as_array);
            prop_assert!(source.resume_at(point).unwrap());
            let left: Vec<Piece> = all
                .iter()
                .map(|(piece, _)| piece.clone())
                .filter(|(_, offset, ..)| *offset >= point.offset)
                .collect();
            prop_assert_eq!(without_points(pieces(source.as_mut())), left);
            prop_assert_eq!(source.digest().content_bytes, bytes.len() as u64);
        }
    }

    #[test]
    fn a_point_stands_after_every_record_that_more_can_not_change(count in 1_usize..6, as_array in any::<bool>()) {
        let records = vec![event("A"); count];
        let text =
            if as_array { format!("[{}]", records.join(", ")) } else { format!("{}\n", records.join("\n")) };
        for (piece, point) in pieces(in_memory(text.as_bytes(), usize::MAX, as_array).as_mut()) {
            if piece.3.starts_with("Record") {
                prop_assert_eq!(point.offset, piece.1 + piece.2.len() as u64);
            }
        }
    }
}
