//! Random appends, openings, cuts and writes of another program, against a list of events.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;

use super::{elements, event, file, leave_alone, open, set_aside};
use crate::support::cases;
use crate::support::test_dir::TestDir;

#[derive(Debug, Clone)]
enum Operation {
    Append(u64),
    OpenAgain,
    /// The last write is cut off, at so many parts of 100 of it, in a process that is then no more.
    Cut(usize),
    /// Another program writes the events, or all but some, with this indent, by a rename or not.
    WriteAnew {
        indent: Option<u8>,
        left_out: usize,
        is_renamed: bool,
    },
    LoseNote,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{Append, Cut, LoseNote, OpenAgain, WriteAnew};
    prop_oneof![
        6 => (1_u64..4).prop_map(Append),
        2 => Just(OpenAgain),
        2 => (0_usize..=100).prop_map(Cut),
        2 => (prop::option::of(0_u8..5), 0_usize..3, any::<bool>())
            .prop_map(|(indent, left_out, is_renamed)| WriteAnew { indent, left_out, is_renamed }),
        1 => Just(LoseNote),
    ]
}

fn dumped(events: &[Value], indent: Option<u8>) -> String {
    let Some(indent) = indent else { return Value::Array(events.to_vec()).to_string() };
    use serde::Serialize;
    let blanks = " ".repeat(usize::from(indent));
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
    events.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter)).unwrap();
    String::from_utf8(out).unwrap()
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_array_holds_what_the_model_holds(operations in prop::collection::vec(operation(), 1..25)) {
        let dir = TestDir::new();
        let path = file(&dir, "[]");
        let mut events = open(&path).unwrap();
        let mut model: Vec<Value> = Vec::new();
        // The last write, while nothing came after it: where its first byte is, and where each of its events ends.
        let mut last: Option<(usize, Vec<usize>)> = None;
        let mut number = 0;
        for operation in operations {
            match operation {
                Operation::Append(count) => {
                    let batch: Vec<String> = (number..number + count).map(event).collect();
                    number += count;
                    let places = events.append_all(&batch.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
                    model.extend(batch.iter().map(|event| serde_json::from_str::<Value>(event).unwrap()));
                    let ends = places.iter().map(|place| (place.offset + place.length) as usize);
                    last = Some((places[0].offset as usize, ends.collect()));
                }
                Operation::OpenAgain => events = open(&path).unwrap(),
                Operation::Cut(percent) => {
                    let Some((start, ends)) = last.take() else { continue };
                    let written = fs::read(&path).unwrap();
                    let cut = start + (written.len() - start) * percent / 100;
                    fs::write(&path, &written[..cut]).unwrap();
                    leave_alone(&path);
                    model.truncate(model.len() - ends.iter().filter(|end| **end > cut).count());
                    events = open(&path).unwrap();
                }
                Operation::WriteAnew { indent, left_out, is_renamed } => {
                    model.truncate(model.len().saturating_sub(left_out));
                    let target = if is_renamed { dir.join("new") } else { path.clone() };
                    fs::write(&target, dumped(&model, indent)).unwrap();
                    if is_renamed {
                        fs::rename(&target, &path).unwrap();
                    }
                    last = None;
                }
                Operation::LoseNote => drop(fs::remove_file(dir.join("events.json.end"))),
            }
            prop_assert_eq!(&elements(&path), &model);
        }
        // What is beside the array is no whole event: none was lost.
        for (name, torn) in set_aside(&dir) {
            prop_assert!(serde_json::from_slice::<Value>(&torn).is_err(), "{}", name);
        }
    }
}
