mod changing;
mod compressed;
mod cut_members;
mod damage_sweep;
mod damaged;
mod damaged_members;
mod folder;
mod foreign_formats;
mod other_layouts;
mod resuming;
mod searching;
mod steps;
mod wrapper_object;

use std::io::{self, Read};

use proptest::prelude::*;

use super::*;
use crate::application::log_source::{PieceContent, SourceDigest};
use crate::infrastructure::sources::byte_source::ByteSource;
use crate::infrastructure::sources::limits::{LONGEST_PIECE, LONGEST_RECORD};
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

fn open(path: &Path) -> Box<dyn LogSource> {
    open_log(path, &Mapping::BuiltIn).unwrap()
}

/// What stands in a log: (line, offset, what it is), where events show their type and rejects their
/// reason.
fn items(name: &str, bytes: &[u8]) -> Vec<(u64, u64, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(open(&path).as_mut())
}

fn read(source: &mut dyn LogSource) -> Vec<(u64, u64, String)> {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut items = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        let shown = match piece.content {
            PieceContent::Record(record) => {
                assert_eq!(record.body.as_bytes(), piece.bytes);
                record.event_type.into_owned()
            }
            PieceContent::Reject(reject) => format!("({})", reject.reason()),
            PieceContent::Layout | PieceContent::RejectContinued => continue,
        };
        items.push((piece.place.line, piece.place.offset, shown));
    }
    items
}

/// The bytes of all pieces, one after the other.
fn joined(source: &mut dyn LogSource) -> Vec<u8> {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut bytes = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        assert_eq!(piece.place.offset, bytes.len() as u64);
        bytes.extend_from_slice(piece.bytes);
    }
    bytes
}

fn kinds(name: &str, text: &str) -> Vec<String> {
    items(name, text.as_bytes()).into_iter().map(|(_, _, shown)| shown).collect()
}

fn event(kind: &str) -> String {
    format!(r#"{{"type": "{kind}", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}}"#)
}

#[test]
fn records_of_an_array_are_given_with_their_places() {
    let text = format!("[\n  {},\n  {}\n]\n", event("A"), event("B"));
    let second = text.find(&event("B")).unwrap() as u64;
    assert_eq!(items("a.json", text.as_bytes()), [(2, 4, "A".into()), (3, second, "B".into())]);
}

#[test]
fn an_array_is_recognised_by_its_content_whatever_its_name() {
    assert_eq!(kinds("x.log", &format!("\u{feff} \n[{}]", event("A"))), ["A"]);
    assert_eq!(kinds("x.json", &format!("{}\n{}\n", event("A"), event("B"))), ["A", "B"]);
}

#[test]
fn nothing_in_a_log_is_nothing_and_an_array_that_never_began_is_torn() {
    assert_eq!(kinds("a.json", "[]"), Vec::<String>::new());
    assert_eq!(kinds("a.json", " [ \n ] \n"), Vec::<String>::new());
    assert_eq!(kinds("a.jsonl", ""), Vec::<String>::new());
    assert_eq!(kinds("a.jsonl", "\n \r\n"), Vec::<String>::new());
    assert_eq!(kinds("a.json", ""), ["(torn_tail)"]);
    assert_eq!(kinds("a.json", "["), ["(torn_tail)"]);
}

#[test]
fn white_space_that_json_does_not_know_is_damage_and_not_skipped() {
    assert_eq!(kinds("a.jsonl", &format!("{}\u{c}\n{}\n", event("A"), event("B"))), ["A", "(syntax)", "B"]);
    assert_eq!(kinds("a.jsonl", &format!("\u{c}\n{}\n", event("B"))), ["(syntax)", "B"]);
}

#[test]
fn damage_in_an_array_is_one_reject_and_its_neighbours_are_whole() {
    let (a, b) = (event("A"), event("B"));
    for damaged in [
        r#"{"type": "X", "v": tru}"#,
        r#"{"type": "X", "v": 01}"#,
        r#"{"type": "X", "timestamp": 2025-10-25T10:00:00Z} }"#,
        r#"{"type": "X", "v": {"a": [1, {"b": 2}, {"c": 3}, tru]}}"#,
        r#"{"type": "X", "v": "unclosed}"#,
        r#"{"type": "X", "v": {"a": 1"#,
        r#"{"type": "X" "v": 1}"#,
        r#"nonsense"#,
        r#"{'type': 'X'}"#,
        "{\"type\": \"X\", \"v\": \"raw\nnewline\"}",
    ] {
        for separator in [",", ", ", ",\n  "] {
            let text = format!("[{a}{separator}{damaged}{separator}{b}]");
            let kinds = kinds("a.json", &text);
            assert_eq!(kinds.first().map(String::as_str), Some("A"), "{text}");
            assert_eq!(kinds.last().map(String::as_str), Some("B"), "{text}");
            assert!(kinds[1..kinds.len() - 1].iter().all(|kind| kind.starts_with('(')), "{text}: {kinds:?}");
        }
    }
}

#[test]
fn an_object_within_damage_is_not_taken_for_a_record() {
    let text = format!("[{}, {}, {}]", event("A"), r#"{"v": [{"a": 1}, {"b": 2}], "w": tru}"#, event("B"));
    assert_eq!(kinds("a.json", &text), ["A", "(syntax)", "B"]);
}

#[test]
fn values_that_are_no_objects_are_rejected_each() {
    let text = format!(r#"[1, "x, {{", null, [1, [{{}}], {{"a": "]"}}], [], {}, NaN]"#, event("A"));
    let rejects = ["(syntax)"; 5];
    assert_eq!(kinds("a.json", &text), [&rejects[..], &["A", "(syntax)"]].concat());
}

#[test]
fn separators_that_are_missing_or_left_over_cost_no_record() {
    let (a, b) = (event("A"), event("B"));
    assert_eq!(kinds("a.json", &format!("[{a} {b}]")), ["A", "(syntax)", "B"]);
    assert_eq!(kinds("a.json", &format!("[{a}, {b},]")), ["A", "B", "(syntax)"]);
    assert_eq!(kinds("a.json", &format!("[{a},, {b}]")), ["A", "(syntax)", "B"]);
    assert_eq!(kinds("a.json", &format!("[{a}]x")), ["A", "(syntax)"]);
    assert_eq!(kinds("a.json", &format!("[{a}]\n[{b}]")), ["A", "(syntax)", "B"]);
    assert_eq!(kinds("a.json", &format!("[{a}],\n{b}]")), ["A", "(syntax)", "B"]);
}

#[test]
fn records_after_the_end_of_an_array_are_whole_each() {
    let (a, b) = (event("A"), event("B"));
    assert_eq!(kinds("a.json", &format!("[{a}]\n{b}]\n")), ["A", "(syntax)", "B"]);
    assert_eq!(
        kinds("a.json", &format!("[{a}]\n{b}\n{a}\n")),
        ["A", "(syntax)", "B", "(syntax)", "A", "(torn_tail)"]
    );
    assert_eq!(kinds("a.json", &format!("[{a}]\n{{\"v\": 1}}\n")), ["A", "(syntax)"], "it is no event");
}

#[test]
fn an_array_cut_at_any_byte_gives_every_whole_record_and_says_that_it_is_torn() {
    let text = format!("[{}, {}, {}]", event("A"), event("B"), event("C"));
    let ends: Vec<usize> = text.match_indices('}').map(|(at, _)| at + 1).collect();
    for cut in 1..text.len() {
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let kinds = kinds("a.json", &text[..cut]);
        assert_eq!(kinds.len(), whole + 1, "cut at {cut}: {kinds:?}");
        assert_eq!(kinds.last().map(String::as_str), Some("(torn_tail)"), "cut at {cut}");
    }
}

#[test]
fn jsonl_cut_at_any_byte_gives_every_whole_record_and_says_when_it_is_torn() {
    let text = format!("{}\r\n\n{}\n", event("A"), event("B"));
    let ends: Vec<usize> = text.match_indices('}').map(|(at, _)| at + 1).collect();
    let starts: Vec<usize> = text.match_indices("{\"type").map(|(at, _)| at).collect();
    for cut in 0..=text.len() {
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let begun = starts.iter().filter(|&&start| start < cut).count();
        let kinds = kinds("a.jsonl", &text[..cut]);
        assert_eq!(kinds.len(), begun, "cut at {cut}: {kinds:?}");
        let torn = kinds.iter().filter(|kind| *kind == "(torn_tail)").count();
        assert_eq!(torn, begun - whole, "cut at {cut}");
    }
}

#[test]
fn a_damaged_line_costs_itself_alone() {
    let text =
        format!("\u{feff}{}\nnot json\n{} x\n[1]\n{{\"a\": \"\n{}", event("A"), event("X"), event("B"));
    let items = items("a.jsonl", text.as_bytes());
    let shown: Vec<(u64, &str)> = items.iter().map(|(line, _, shown)| (*line, shown.as_str())).collect();
    assert_eq!(
        shown,
        [(1, "A"), (2, "(syntax)"), (3, "X"), (3, "(syntax)"), (4, "(syntax)"), (5, "(syntax)"), (6, "B")]
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_a_reject_and_never_replaced() {
    let mut bytes = format!("{}\n", event("A")).into_bytes();
    bytes.extend_from_slice(b"{\"type\": \"\xff\", \"timestamp\": \"2025-10-25T10:00:00\"}\n");
    let kinds: Vec<String> = items("a.jsonl", &bytes).into_iter().map(|(_, _, shown)| shown).collect();
    assert_eq!(kinds, ["A", "(syntax)"]);
}

#[test]
fn a_record_larger_than_the_window_is_read_whole() {
    let large =
        format!(r#"{{"type": "Large", "timestamp": "2025-10-25T10:00:00", "v": "{}"}}"#, "x".repeat(3 << 20));
    assert_eq!(kinds("a.json", &format!("[{}, {large}, {}]", event("A"), event("B"))), ["A", "Large", "B"]);
    assert_eq!(kinds("a.jsonl", &format!("{}\n{large}\n{}", event("A"), event("B"))), ["A", "Large", "B"]);
}

#[test]
fn damage_and_lines_too_long_for_memory_are_given_in_pieces() {
    let long = "x".repeat(LONGEST_RECORD + 3 * LONGEST_PIECE / 2);
    for (name, text) in [
        ("a.json", format!("[{}, {{\"v\": {long}\n, {}]", event("A"), event("B"))),
        ("a.jsonl", format!("{}\n{{\"v\": \"{long}\n{}", event("A"), event("B"))),
    ] {
        let shown = kinds(name, &text);
        assert_eq!((shown.len(), shown[0].as_str(), shown[2].as_str()), (3, "A", "B"), "{name}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), &text).unwrap();
        assert_eq!(joined(open(&folder.path().join(name)).as_mut()), text.as_bytes());
    }
}

/// A log in memory, which gives a few bytes at a time, as a slow disk does.
struct Trickle {
    bytes: io::Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(self.step);
        self.bytes.read(&mut into[..length])
    }
}

impl ByteSource for Trickle {
    fn rewind(&mut self) -> io::Result<()> {
        self.bytes.set_position(0);
        Ok(())
    }

    fn check_unchanged(&self, length: u64, _: bool) -> Result<(), SourceError> {
        assert_eq!(length, self.bytes.get_ref().len() as u64);
        Ok(())
    }
}

fn in_memory(bytes: &[u8], step: usize, as_array: bool) -> Box<dyn LogSource> {
    let content = Trickle { bytes: io::Cursor::new(bytes.to_vec()), step };
    let window = ByteWindow::new(Path::new("log"), Box::new(content));
    if as_array { Box::new(ArraySource::new(window)) } else { Box::new(JsonlSource::new(window)) }
}

/// Logs of all kinds, and what they turn into when they are damaged.
fn any_log() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let parts = proptest::collection::vec(
        prop_oneof![
            4 => Just(event("A").into_bytes()),
            3 => proptest::sample::select(vec!["[", "]", "{", "}", ",", "\"", "\\", "\n", " ", "null", "1"])
                .prop_map(|text| text.as_bytes().to_vec()),
            2 => proptest::sample::select(vec![", ", ",\n", "\n"]).prop_map(|text| text.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..4),
        ],
        0..24,
    );
    (parts, any::<bool>()).prop_map(|(parts, as_array)| {
        let opening: &[u8] = if as_array { b"[" } else { b"" };
        ([opening, &parts.concat()].concat(), as_array)
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end_alike_however_they_arrive(
        (bytes, as_array) in any_log(),
        step in 1_usize..64,
    ) {
        prop_assert_eq!(&joined(in_memory(&bytes, usize::MAX, as_array).as_mut()), &bytes);
        let mut at_once = in_memory(&bytes, usize::MAX, as_array);
        let mut trickled = in_memory(&bytes, step, as_array);
        let items = read(at_once.as_mut());
        prop_assert_eq!(&items, &read(trickled.as_mut()));
        prop_assert_eq!(at_once.digest().content_bytes, bytes.len() as u64);
        prop_assert_eq!(at_once.digest(), trickled.digest());
        let mut without_line_ends = in_memory(&bytes, step, as_array);
        without_line_ends.omit_line_ends();
        prop_assert_eq!(&items, &read(without_line_ends.as_mut()));
        prop_assert_eq!(at_once.digest(), without_line_ends.digest());
        prop_assert_eq!(at_once.resume_point(), without_line_ends.resume_point());
        // Places grow, and each line is what the bytes before it say.
        for pair in items.windows(2) {
            prop_assert!(pair[0].1 <= pair[1].1);
        }
        for (line, offset, _) in &items {
            let newlines = bytes[..*offset as usize].iter().filter(|&&byte| byte == b'\n').count() as u64;
            prop_assert_eq!(*line, newlines + 1);
        }
    }
}
