//! `dispatch -` that is killed: what was answered is stored once, and handled once.

use super::{Client, STORES, created, events_in, on, read_models};
use crate::support::kill_moments;
use crate::support::test_dir::TestDir;

#[test]
fn every_answered_event_is_stored_once_and_every_projection_equals_one_that_is_made_anew() {
    let moments = kill_moments();
    for store in STORES {
        for moment in 0..moments {
            let dir = TestDir::new();
            let mut client = Client::start(on(&dir, store), "-q dispatch -");
            let mut input = client.input.take().unwrap();
            let sender = std::thread::spawn(move || {
                use std::io::Write;
                // It ends when the program is killed.
                (0..)
                    .take_while(|number| writeln!(input, "{}", created(&format!("T{}", number % 7))).is_ok())
                    .count()
            });
            let mut answered = Vec::new();
            while answered.len() < 1 + 40 * moment as usize {
                answered.push(client.answer().unwrap()["event_id"].as_str().unwrap().to_owned());
            }
            client.running.kill();
            sender.join().unwrap();

            let stored = events_in(&dir, store);
            assert!(stored >= answered.len() as u64, "{stored} of {}", answered.len());
            let recent = on(&dir, store).run("-q --format jsonl events recent --limit 1000000").result();
            let listed = recent.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let mut ids: Vec<String> =
                listed.map(|event| event["event_id"].as_str().unwrap().to_owned()).collect();
            ids.sort();
            assert!(ids.windows(2).all(|two| two[0] != two[1]), "stored twice");
            assert!(answered.iter().all(|id| ids.binary_search(id).is_ok()), "an answered event is missing");
            on(&dir, store).run("-q handlers run").result();
            let live = read_models(&dir.join("handlers.db"));
            for handler in super::PROJECTIONS {
                on(&dir, store).run(&format!("-q handlers replay {handler}")).result();
            }
            assert_eq!(
                read_models(&dir.join("handlers.db")),
                live,
                "{store}, killed after {} answers",
                answered.len()
            );
            assert_eq!(super::activities(&dir), stored);
        }
    }
}
