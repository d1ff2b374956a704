//! What is stored.

use std::collections::BTreeMap;

use super::{Check, Finding, events_in_words};

/// From this length on, in bytes, a daily file is large.
const LARGE_FILE: u64 = 100_000_000;

/// Types of events that no handler is registered for.
pub fn event_types(types: &BTreeMap<String, u64>, has_handler: impl Fn(&str) -> bool) -> Vec<Finding> {
    let without = types.iter().filter(|(event_type, _)| !has_handler(event_type));
    let finding = |(event_type, events): (&String, &u64)| {
        let detail = format!("{} of this type, and no handler of it is registered", events_in_words(*events));
        let remedy = format!(
            "register_handler(\"{event_type}\", ...), where something is to be done with such events"
        );
        Finding::new(Check::EventTypes, event_type, detail, remedy)
    };
    without.map(finding).collect()
}

/// Daily files, by path and length, that are large.
pub fn daily_files(files: &[(String, u64)]) -> Vec<Finding> {
    let large = files.iter().filter(|(_, bytes)| *bytes > LARGE_FILE);
    let finding = |(path, bytes): &(String, u64)| {
        let detail =
            format!("it has {bytes} bytes: queries of a daily file over {LARGE_FILE} bytes are slow");
        let remedy = "`archive --before DATE` compresses old days; storage.backend = \"sqlite\" suits as many events better";
        Finding::new(Check::DailyFiles, path, detail, remedy)
    };
    large.map(finding).collect()
}

/// So many times without offset in a log or store, while the zone is the default one.
pub fn naive_times(place: &str, naive: u64) -> Vec<Finding> {
    if naive == 0 {
        return Vec::new();
    }
    let detail = format!(
        "{} with a time without offset, read as UTC since no timezone is set",
        events_in_words(naive)
    );
    let remedy = "set timezone (MISSION_CONTROL_TIMEZONE) to the zone in which they were written, be it UTC";
    vec![Finding::new(Check::NaiveTimes, place, detail, remedy)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_without_a_handler_is_found_with_its_number_of_events() {
        let types = BTreeMap::from([("TaskCreated".to_owned(), 3), ("Sold".to_owned(), 1)]);
        let found = event_types(&types, |event_type| event_type == "TaskCreated");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].subject.as_str(), found[0].detail.starts_with("1 event of")), ("Sold", true));
    }

    #[test]
    fn a_daily_file_is_large_from_100_megabytes_on() {
        let file = |bytes| ("events-2025-10-25.jsonl".to_owned(), bytes);
        assert_eq!(daily_files(&[file(0), file(100_000_000)]), []);
        assert!(daily_files(&[file(100_000_001)])[0].remedy.contains("archive --before"));
    }

    #[test]
    fn naive_times_are_told_where_there_is_one() {
        assert_eq!(naive_times("events.json", 0), []);
        assert!(naive_times("events.json", 2)[0].remedy.contains("MISSION_CONTROL_TIMEZONE"));
    }
}
