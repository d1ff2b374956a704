//! `dispatch -`: one answer line for each input line.

use std::collections::HashSet;

use super::{Client, STORES, created, events_in, on};
use crate::support::test_dir::TestDir;

#[test]
fn each_line_is_answered_at_once() {
    for store in STORES {
        let dir = TestDir::new();
        let mut client = Client::start(on(&dir, store), "-q dispatch -");
        for number in 1..=20 {
            client.send(&created(&format!("T{number}")));
            let answer = client.answer().unwrap();
            assert_eq!((&answer["line"], &answer["succeeded"]), (&number.into(), &true.into()), "{answer}");
        }
        assert_eq!(client.finish(), (vec![], 0));
        assert_eq!(events_in(&dir, store), 20);
    }
}

#[test]
fn answers_have_the_order_of_the_lines_and_a_bad_line_stops_none_of_the_others() {
    for store in STORES {
        let dir = TestDir::new();
        let mut client = Client::start(on(&dir, store), "-q dispatch - --max-in-flight 16");
        let sender = std::thread::spawn({
            let mut input = client.input.take().unwrap();
            move || {
                use std::io::Write;
                for number in 1..=500 {
                    let line = match number {
                        100 => "{\"event_type\": \"TaskCreated\", ".to_owned(),
                        200 => String::new(),
                        300 => "\u{0}".to_owned(),
                        _ => created(&format!("T{number}")),
                    };
                    writeln!(input, "{line}").unwrap();
                }
            }
        });
        let (answers, code) = client.finish();
        sender.join().unwrap();
        assert_eq!(code, 1);
        assert!(answers.iter().map(|answer| answer["line"].as_u64().unwrap()).eq(1..=500));
        let is_stored = |answer: &&serde_json::Value| answer["position"].is_i64();
        assert_eq!(answers.iter().filter(is_stored).count(), 497);
        for (line, key) in [(100, "error"), (200, "blank"), (300, "error")] {
            assert!(!answers[line - 1][key].is_null(), "{}", answers[line - 1]);
        }
        let ids: HashSet<_> = answers.iter().filter_map(|answer| answer["event_id"].as_str()).collect();
        assert_eq!((ids.len() as u64, events_in(&dir, store)), (497, 497));
    }
}

#[test]
fn the_last_line_needs_no_line_end() {
    let dir = TestDir::new();
    let mut client = Client::start(on(&dir, "events.db"), "-q dispatch -");
    use std::io::Write;
    write!(client.input.as_mut().unwrap(), "{}", created("T1")).unwrap();
    let (answers, code) = client.finish();
    assert_eq!((answers.len(), code), (1, 0));
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_input_and_what_is_stored_is_answered() {
    for store in STORES {
        let dir = TestDir::new();
        let mut client = Client::start(on(&dir, store), "-q dispatch -");
        for number in 0..50 {
            client.send(&created(&format!("T{number}")));
        }
        let first = client.answer().unwrap();
        client.running.signal("TERM");
        // The input stays open: the signal alone ends it.
        let mut answered = vec![first];
        answered.extend(std::iter::from_fn(|| client.answer()));
        assert_eq!(client.running.code(), 0);
        assert!(answered.iter().all(|answer| answer["position"].is_i64()), "{answered:?}");
        assert_eq!(events_in(&dir, store), answered.len() as u64);
    }
}

#[test]
fn an_output_that_is_closed_ends_the_input_and_leaves_no_stored_event_unhandled() {
    for store in STORES {
        let dir = TestDir::new();
        let mut client = Client::start(on(&dir, store), "-q dispatch -");
        client.send(&created("T1"));
        client.answer().unwrap();
        let Client { running, input, answers } = client;
        drop(answers);
        let mut input = input.unwrap();
        // Until the program has ended and takes no more.
        use std::io::Write;
        while writeln!(input, "{}", created("T2")).is_ok() {}
        drop(input);
        assert_eq!(running.end().code, 1);
        let handlers = on(&dir, store).run("-q handlers list --format json").json();
        for handler in handlers["handlers"].as_array().unwrap() {
            assert_eq!(handler["behind"], 0, "{handler}");
        }
    }
}
