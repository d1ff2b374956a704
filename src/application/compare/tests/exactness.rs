//! No false difference between logs that say the same.

use super::*;

fn consistent(control: &[String], candidate: &[String]) -> Comparison {
    let found = compared(control, candidate);
    assert_eq!(found.verdict, Verdict::Consistent, "{:?} {:#?}", found.reasons, found.differences);
    assert_eq!(found.matched as usize, control.len());
    found
}

#[test]
fn legacy_and_new_shape_say_the_same_through_the_profile() {
    consistent(&legacy(&day()), &new(&day()));
    consistent(&new(&day()), &legacy(&day()));
    consistent(&new(&day()), &new(&day()));
}

#[test]
fn the_order_of_keys_and_white_space_do_not_count() {
    let reordered: Vec<String> = new(&day())
        .iter()
        .map(|record| {
            let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(record).unwrap();
            let members: Vec<String> =
                fields.iter().rev().map(|(name, value)| format!("\"{name}\" :\t{value}")).collect();
            format!("{{ {} }}\r", members.join(" , "))
        })
        .collect();
    let found = consistent(&new(&day()), &reordered);
    assert_eq!(found.representation, 0);
}

#[test]
fn escapes_and_numbers_in_another_spelling_are_counted_apart() {
    let with = |records: Vec<String>, member: &str| -> Vec<String> {
        records.iter().map(|record| record.replacen('{', &format!("{{{member}, "), 1)).collect()
    };
    for (one, other) in [
        (r#""v": "é""#, r#""v": "\u00e9""#),
        (r#""v": 1"#, r#""v": 1.0"#),
        (r#""v": 100"#, r#""v": 1e2"#),
        (r#""v": [0.5]"#, r#""v": [0.50]"#),
        (r#""v": "/""#, r#""v": "\/""#),
        (r#""v": {"é": 1}"#, r#""v": {"\u00e9": 1}"#),
    ] {
        let found = consistent(&with(legacy(&day()), one), &with(new(&day()), other));
        assert_eq!(found.representation, 100, "{one} and {other}");
    }
}

#[test]
fn an_escaped_name_is_the_name() {
    let escaped: Vec<String> =
        legacy(&day()).iter().map(|record| record.replace("\"title\"", r#""\u0074itle""#)).collect();
    consistent(&escaped, &new(&day()));
}

#[test]
fn times_in_another_spelling_are_the_same_time() {
    let candidate: Vec<String> =
        new(&day()).iter().map(|record| record.replace("+00:00", "Z").replace(".000000", "")).collect();
    consistent(&legacy(&day()), &candidate);
    let candidate: Vec<String> = new(&day()).iter().map(|record| record.replace(".000000", "")).collect();
    consistent(&new(&day()), &candidate);
}

#[test]
fn a_clock_that_is_off_by_less_than_the_limit_is_set_right() {
    for offset in [-299_000, -1, 4, 299_000] {
        let mut shifted = day();
        shifted.iter_mut().for_each(|event| event.at += offset);
        let found = consistent(&legacy(&day()), &new(&shifted));
        assert_eq!(found.clock.offset_us, offset * 1000);
    }
}

#[test]
fn a_night_in_which_the_clocks_change_is_consistent() {
    let rules = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let berlin = Settings { zone: Zone::new("Europe/Berlin", rules), ..settings() };
    // From 22:00 UTC on 25 October 2025, when the clocks go back at 01:00 UTC, every `step` minutes.
    for step in [5, 40, 55, 65, 125] {
        let night: Vec<Lived> = day()
            .into_iter()
            .enumerate()
            .map(|(number, event)| Lived {
                at: 6 * 86_400_000 - 2 * 3_600_000 + number as i64 * step * 60_000,
                ..event
            })
            .collect();
        let control: Vec<String> = night
            .iter()
            .map(|event| {
                let instant: chrono::DateTime<Utc> = time(event.at).parse().unwrap();
                let local = berlin.zone.civil_time(instant).format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
                event.as_legacy().replace(&time(event.at).replace("+00:00", ""), &local)
            })
            .collect();
        let found = compared_with(&berlin, &control, &new(&night));
        assert_eq!(
            found.verdict,
            Verdict::Consistent,
            "{step} min: {:?} {:#?}",
            found.reasons,
            found.differences
        );
    }
}

#[test]
fn the_id_that_a_legacy_record_carries_is_no_content() {
    let control: Vec<String> = legacy(&day())
        .iter()
        .map(|record| record.replacen('{', "{\"event_id\": \"task_1760615000\", ", 1))
        .collect();
    consistent(&control, &new(&day()));
}

#[test]
fn events_that_occur_again_and_again_find_a_partner_each() {
    let heartbeat = |number: i64| Lived {
        event_type: "Heartbeat",
        task: "T".to_owned(),
        title: "alive".to_owned(),
        at: number * 1_100,
    };
    let mut life = day();
    life.extend((0..500).map(heartbeat));
    let mut late = life.clone();
    late.iter_mut().enumerate().for_each(|(number, event)| event.at += [0, 900, 300][number % 3]);
    consistent(&legacy(&life), &new(&late));
}

#[test]
fn an_event_outside_the_range_may_be_the_partner_of_one_within() {
    let mut shifted = day();
    shifted.iter_mut().for_each(|event| event.at += 700);
    let bounded = Settings {
        since: Some(time(6_000_000).parse().unwrap()),
        until: Some(time(12_000_000).parse().unwrap()),
        ..settings()
    };
    let found = compared_with(&bounded, &legacy(&day()), &new(&shifted));
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 11), "{:?}", found.reasons);
}
