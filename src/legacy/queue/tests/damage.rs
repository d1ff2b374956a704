//! Lines that are damaged, and parts that are gone: told, and nothing is lost.

use super::*;

/// A queue as it was left after its file began anew: `open` is pending, `finished` was done in the part.
fn with_a_part() -> Place {
    let place = Place::new();
    let queue = place.open();
    queue.push(new("open", Some(9))).unwrap();
    let mut large = new("large", None);
    large.data.insert("filler".to_owned(), json!("x".repeat(1 << 20)));
    while place.others().is_empty() {
        queue.push(large.clone()).unwrap();
        let entry = queue.next().unwrap().unwrap();
        queue.done(&entry).unwrap();
    }
    place
}

impl Place {
    fn part(&self, number: u64) -> PathBuf {
        self.path.with_added_extension(format!("part-{number}"))
    }

    /// What is damaged, as other processes read it, and as the process that has the queue opens it.
    fn damage(&self) -> (Vec<QueueDamage>, Vec<QueueDamage>) {
        let read = EventQueue::read(&self.path).unwrap().damage;
        (read, self.open().damage().to_vec())
    }
}

#[test]
fn a_damaged_line_is_told_by_file_line_and_byte_with_the_way_out_and_the_rest_is_handled() {
    let place = Place::new();
    place.open().push(new("a", None)).unwrap();
    let sound = place.text();
    let damaged = format!("\0\0\0\n{sound}{{\"event_id\": 7}}\n[]\n{}", sound.replace("a_17", "b_17"));
    fs::write(&place.path, &damaged).unwrap();
    let (read, opened) = place.damage();
    assert_eq!(read, opened);
    let byte = 4 + sound.len();
    let told: Vec<_> = read.iter().map(QueueDamage::to_string).collect();
    for (told, place, reason) in [
        (&told[0], "line 1, byte 0".to_owned(), "expected a value, found "),
        (&told[1], format!("line 3, byte {byte}"), "`event_id`: expected a text, found 7"),
        (
            &told[2],
            format!("line 4, byte {}", byte + 16),
            "expected an entry of the queue as a JSON object, found []",
        ),
    ] {
        assert!(told.contains(&format!("queue.jsonl, {place}: {reason}")), "{told}");
        assert!(told.contains("correct it, or take it out, while no `legacy watch` runs"), "{told}");
    }
    let queue = place.open();
    assert_eq!(queue.entries().len(), 2);
    drop(queue);
    // What is corrected counts.
    fs::write(
        &place.path,
        damaged
            .replace("\0\0\0", "")
            .replace("{\"event_id\": 7}", sound.replace("a_17", "c_17").trim())
            .replace("[]", ""),
    )
    .unwrap();
    assert_eq!((place.read().len(), place.open().entries().len()), (3, 3));
}

#[test]
fn a_file_with_a_damaged_line_does_not_begin_anew_until_the_line_is_corrected() {
    let place = Place::new();
    drop(place.open());
    fs::write(&place.path, "{\"event_id\": 7}\n").unwrap();
    let queue = place.open();
    let mut large = new("large", None);
    large.data.insert("filler".to_owned(), json!("x".repeat(5 << 20)));
    let handle = |queue: &EventQueue| {
        queue.push(large.clone()).unwrap();
        queue.done(&queue.next().unwrap().unwrap()).unwrap();
    };
    handle(&queue);
    handle(&queue);
    assert_eq!(place.others(), [""; 0]);
    drop(queue);
    fs::write(&place.path, place.text().replace("{\"event_id\": 7}", "")).unwrap();
    drop(place.open());
    assert_eq!(place.others(), ["queue.jsonl.part-1"]);
}

#[test]
fn a_part_that_is_gone_is_told_and_an_empty_file_in_its_place_says_that_it_is_not_needed() {
    let place = with_a_part();
    assert_eq!(place.damage(), (vec![], vec![]));
    fs::remove_file(place.part(1)).unwrap();
    let missing = vec![QueueDamage::Part { path: place.part(1) }];
    assert!(missing[0].to_string().ends_with("put it back, or an empty file in its place"));
    assert_eq!(place.damage(), (missing.clone(), missing));
    assert_eq!(place.open().entries().len(), 1, "what is open is in the file itself");
    fs::write(place.part(1), "").unwrap();
    assert_eq!(place.damage(), (vec![], vec![]));
    // One of an earlier version does not say which part it follows.
    fs::write(&place.path, "").unwrap();
    fs::rename(place.part(1), place.part(3)).unwrap();
    let missing: Vec<_> = [1, 2].map(|number| QueueDamage::Part { path: place.part(number) }).into();
    assert_eq!(place.damage(), (missing.clone(), missing));
}

#[test]
fn what_is_open_is_what_the_file_itself_says_and_what_a_part_alone_has_as_open_is_told() {
    let place = with_a_part();
    let part = fs::read_to_string(place.part(1)).unwrap();
    // The line that says that it was done is damaged.
    let last = part.lines().last().unwrap();
    let id = serde_json::from_str::<Value>(last).unwrap()["event_id"].as_str().unwrap().to_owned();
    fs::write(place.part(1), part.replace(last, "{\"event_id")).unwrap();
    let open: Vec<_> = place.open().entries().into_iter().map(|entry| entry.event_id).collect();
    let ReadQueue { entries, damage } = EventQueue::read(&place.path).unwrap();
    let read: Vec<_> =
        entries.iter().filter(|entry| entry.status.is_open()).map(|entry| &*entry.event_id).collect();
    assert_eq!(read, open, "both have the same as open");
    let [QueueDamage::Line { line, .. }, lost] = &*damage else { panic!("{damage:?}") };
    assert_eq!(*line, part.lines().count() as u64);
    assert_eq!(*lost, QueueDamage::Entry { path: place.part(1), event_id: id });
    assert!(lost.to_string().contains("append its last line to the queue to have it handled"), "{lost}");
}

#[test]
fn a_file_that_is_gone_though_a_part_is_there_is_refused_until_something_is_in_its_place() {
    let place = with_a_part();
    fs::remove_file(&place.path).unwrap();
    let said = [
        EventQueue::read(&place.path).unwrap_err(),
        EventQueue::open(&place.path, Arc::clone(&place.clock) as _).unwrap_err(),
    ];
    for error in said {
        assert!(matches!(&error, QueueError::Missing { part, .. } if *part == place.part(1)), "{error}");
        assert!(error.to_string().contains("put it back"), "{error}");
    }
    assert!(!place.path.exists(), "it is not made");
    fs::write(&place.path, "").unwrap();
    let (read, opened) = place.damage();
    assert!(
        matches!(&*read, [QueueDamage::Entry { event_id, .. }] if event_id.starts_with("open_")),
        "{read:?}"
    );
    assert_eq!(opened, []);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_in_the_place_of_the_queue_and_of_its_parts() {
    let pipe = |path: &std::path::Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    let open = |place: &Place| EventQueue::open(&place.path, Arc::clone(&place.clock) as _).map(drop);
    let said = |error: QueueError| crate::domain::error_chain::error_chain(&error);
    let refused = "queue.jsonl: expected a file there, found a named pipe: move it away";
    let place = Place::new();
    fs::create_dir(place.path.parent().unwrap()).unwrap();
    pipe(&place.path);
    assert!(said(EventQueue::read(&place.path).unwrap_err()).ends_with(refused));
    assert!(said(open(&place).unwrap_err()).ends_with(refused));
    fs::remove_file(&place.path).unwrap();
    // A pipe in the place of the lock is not waited for, and can be locked.
    let lock = place.path.with_added_extension("lock");
    fs::remove_file(&lock).unwrap();
    pipe(&lock);
    open(&place).unwrap();
    pipe(&place.part(1));
    let error = said(EventQueue::read(&place.path).unwrap_err());
    assert!(
        error.ends_with("queue.jsonl.part-1: expected a file there, found a named pipe: move it away"),
        "{error}"
    );
}
