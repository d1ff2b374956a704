//! A file that was appended to stays open, and is appended to again as long as its name leads to it.

use std::thread;
use std::time::Duration;

use super::*;

/// A change that an operator, or another process, makes in the folder.
type Change = fn(&Path);

/// Each with the events that are left of `e1` to `e3`.
const CHANGES: [(&str, Change, &[&str]); 6] = [
    ("nothing", |_| {}, &["e1", "e2", "e3"]),
    (
        "another process has appended",
        |folder| {
            let other = JsonlEventRepository::open(folder, Zone::utc()).unwrap();
            other.save_event(&event("other", "2025-10-25T10:00:00Z")).unwrap();
        },
        &["e1", "e2", "e3", "other"],
    ),
    (
        "it was moved into the archive",
        |folder| {
            fs::create_dir(folder.join("archive")).unwrap();
            fs::rename(folder.join(DAY), folder.join("archive").join(DAY)).unwrap();
        },
        &["e1", "e2", "e3"],
    ),
    (
        "it was replaced by a copy",
        |folder| {
            fs::copy(folder.join(DAY), folder.join("copy")).unwrap();
            fs::rename(folder.join("copy"), folder.join(DAY)).unwrap();
        },
        &["e1", "e2", "e3"],
    ),
    ("it was removed", |folder| fs::remove_file(folder.join(DAY)).unwrap(), &[]),
    ("it was cut", |folder| fs::write(folder.join(DAY), "").unwrap(), &[]),
];

#[test]
fn the_next_event_is_in_the_store_whatever_became_of_the_file_that_is_open() {
    for (what, change, left) in CHANGES {
        let folder = folder();
        let mut store = open(&folder);
        store.folder.settled_after = Duration::ZERO;
        let save = |id: &str| store.save_event(&event(id, "2025-10-25T10:00:00Z")).unwrap();
        save("e1");
        // File systems count time in steps: the change has another time than the file.
        thread::sleep(Duration::from_millis(20));
        save("e2");
        save("e3");
        let day = Day::of_stream(&stream("2025-10-25")).unwrap();
        {
            let mut index = store.index();
            let index = index.as_mut().unwrap();
            let (file, identity) = index.take_appended(day).expect("it is open, else nothing is shown");
            index.keep_appended(day, file, identity);
        }
        change(folder.path());
        let last = save("e4");
        let mut expected = left.to_vec();
        expected.push("e4");
        let stored = all(&open(&folder));
        assert_eq!(ids(&stored), expected, "{what}");
        assert_eq!(stored.last().unwrap().position, last, "{what}");
        save("e5");
        assert_eq!(all(&open(&folder)).len(), expected.len() + 1, "{what}");
    }
}
