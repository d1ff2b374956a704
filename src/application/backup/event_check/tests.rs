use super::*;
use crate::domain::repository::EventOrigin;
use crate::domain::value_objects::{EventId, Position};

/// What is found of an event with this text, whose columns `alter` has changed from what the text says.
fn found(text: &str, how: HowRead, alter: fn(&mut Columns)) -> Vec<(Check, String)> {
    let zone = Zone::utc();
    let reading = Reading { zone: Zone::utc(), mapping: Mapping::BuiltIn };
    let logs = ReadLogs { readings: BTreeMap::from([(1, Some(reading)), (2, None)]), records: 9 };
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let record = reader.read_whole(text.as_bytes()).unwrap();
    let id = match &record.event_id {
        Some(id) => id.to_string(),
        None => derived_event_id(ContentIds::default().of(record.body).unwrap(), 3).to_string(),
    };
    let mut columns = Columns {
        id,
        event_type: record.event_type.to_string(),
        time: record.occurred_at,
        aggregate: record.aggregate.as_deref().map(str::to_owned),
        body: text.to_owned(),
    };
    alter(&mut columns);
    let event = DomainEvent::from_parts(
        EventId::new(columns.id).unwrap(),
        columns.event_type,
        columns.time,
        columns.aggregate.map(AggregateId::new),
        columns.body,
    );
    let stored = StoredEvent { position: Position::new(7), origin: EventOrigin::Saved, event };
    let mut findings = Findings::default();
    let mut check = EventCheck::new(&logs, &zone);
    check.check(&ProvedEvent { stream: &StreamId::single(), stored: &stored, how }, &mut findings);
    check.end(&mut findings);
    findings.told.into_iter().map(|finding| (finding.check, finding.detail)).collect()
}

struct Columns {
    id: String,
    event_type: String,
    time: DateTime<Utc>,
    aggregate: Option<String>,
    body: String,
}

const LIVE: &str =
    r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#;
const LEGACY: &str = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;

fn of_log(is_derived: bool) -> HowRead {
    HowRead::Log { source_id: 1, is_derived, is_retried: false }
}

#[test]
fn what_the_text_says_is_no_finding() {
    for (text, how) in [
        (LIVE, HowRead::Live),
        (LIVE, of_log(false)),
        (LEGACY, of_log(true)),
        (LEGACY, HowRead::Repair { is_derived: true }),
    ] {
        assert_eq!(found(text, how, |_| {}), [], "{text}");
    }
}

#[test]
fn each_column_that_is_not_what_the_text_says_is_told() {
    type Alter = fn(&mut Columns);
    let alterations: [(&str, Alter); 4] = [
        ("the type of its text, \"A\"; found \"B\"", |columns| columns.event_type = "B".to_owned()),
        ("the aggregate of its text, \"T1\"; found \"none\"", |columns| columns.aggregate = None),
        ("the time of its text", |columns| columns.time += TimeDelta::microseconds(1)),
        ("around the object", |columns| columns.body.push(' ')),
    ];
    for (said, alter) in alterations {
        for (text, how) in [(LIVE, HowRead::Live), (LIVE, of_log(false)), (LEGACY, of_log(true))] {
            let found = found(text, how, alter);
            assert!(
                found.len() == 1 && found[0].0 == Check::Bodies && found[0].1.contains(said),
                "{said}: {found:?}"
            );
        }
    }
    let other_id: Alter = |columns| columns.id = "e2".to_owned();
    assert!(found(LIVE, HowRead::Live, other_id)[0].1.contains("the id of its text, \"e1\"; found \"e2\""));
    assert_eq!(found(LEGACY, of_log(true), other_id)[0].0, Check::DerivedIds);
    assert!(found(LIVE, of_log(true), |_| {})[0].1.contains("carries an id"));
    assert!(found(LEGACY, HowRead::Live, |_| {})[0].1.contains("carries no id"));
    assert!(found(LIVE, HowRead::Live, |columns| columns.body = "{".to_owned())[0].1.contains("no event"));
}

#[test]
fn a_log_that_is_not_known_is_told_and_one_whose_reading_is_not_known_here_is_left() {
    let of = |source_id| HowRead::Log { source_id, is_derived: false, is_retried: false };
    assert!(found(LIVE, of(9), |_| {})[0].1.contains("the log 9"));
    assert_eq!(found(LIVE, of(2), |columns| columns.event_type = "B".to_owned()), []);
    let retried = HowRead::Log { source_id: 1, is_derived: false, is_retried: true };
    assert_eq!(found(LIVE, retried, |columns| columns.event_type = "B".to_owned()), []);
}

#[test]
fn a_live_time_without_offset_may_have_been_read_in_another_zone_and_no_other_may() {
    let naive = LIVE.replace("00Z", "00");
    assert_eq!(found(&naive, HowRead::Live, |columns| columns.time += TimeDelta::hours(9)), []);
    assert_eq!(found(&naive, HowRead::Live, |columns| columns.time += TimeDelta::hours(27)).len(), 1);
    assert_eq!(found(LIVE, HowRead::Live, |columns| columns.time += TimeDelta::hours(9)).len(), 1);
}
