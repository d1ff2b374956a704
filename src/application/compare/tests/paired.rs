//! The pairs themselves.

use super::*;

pub(super) fn found(control: &[String], candidate: &[String]) -> (Vec<FoundPair>, Option<ClocksApart>) {
    let mut found = Vec::new();
    let take = &mut |pair| {
        found.push(pair);
        Ok(())
    };
    let scratch = Box::new(MemoryScratch::default());
    // So little memory that every pair goes to the temporary file.
    let settings = Settings { memory: 64, ..settings() };
    let clocks = pairs(&settings, input(control), input(candidate), scratch, take).unwrap();
    found.sort_by_key(|pair| pair.control.offset);
    (found, clocks)
}

#[test]
fn every_pair_is_given_with_its_class_its_places_and_how_far_apart_it_is() {
    let events = day();
    let mut skewed = new(&events);
    skewed.rotate_left(40);
    let (pairs, clocks) = found(&legacy(&events), &skewed);
    assert_eq!((pairs.len(), clocks), (events.len(), None));
    let mut places: Vec<u64> = pairs.iter().map(|pair| pair.candidate.offset).collect();
    places.rotate_left(40);
    assert!(places.is_sorted(), "the candidate has them in another order: {places:?}");
    assert!(pairs.iter().all(|pair| pair.class == Some(Class::Matched) && pair.written_apart.is_zero()));
}

#[test]
fn a_pair_is_told_by_its_class_and_events_without_partner_are_not_told() {
    let mut lived = day();
    let control = legacy(&lived);
    lived[10].at += 1_200_000;
    lived[20].title = "another title".to_owned();
    let gone = lived.remove(30);
    let (pairs, _) = found(&control, &new(&lived));
    let told: Vec<(Class, i64)> = pairs
        .iter()
        .filter(|pair| pair.class != Some(Class::Matched))
        .filter_map(|pair| Some((pair.class?, pair.written_apart.num_milliseconds())))
        .collect();
    assert_eq!(told, [(Class::TimeShifted, 1_200_000), (Class::Changed, 0)]);
    assert_eq!(pairs.len(), lived.len(), "{gone:?} has no partner");
}

#[test]
fn clocks_that_are_hours_apart_are_told_where_enough_events_show_it() {
    let events = day();
    let mut late = events.clone();
    late.iter_mut().for_each(|event| event.at += 3 * 3_600_000);
    let (_, clocks) = found(&legacy(&events), &new(&late));
    let clocks = clocks.unwrap();
    assert_eq!((clocks.day.to_string().as_str(), clocks.offset), ("2025-10-20", TimeDelta::hours(3)));
    let (_, clocks) = found(&legacy(&events[..4]), &new(&late[..4]));
    assert_eq!(clocks, None);
}
