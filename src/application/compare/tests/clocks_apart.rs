//! What shows an import that clocks are too far apart, and what does not.

use super::*;

fn found(control: &[String], candidate: &[String]) -> (Vec<FoundPair>, Option<ClocksApart>) {
    let mut found = Vec::new();
    let take = &mut |pair| {
        found.push(pair);
        Ok(())
    };
    let scratch = Box::new(MemoryScratch::default());
    let clocks = pairs(&settings(), input(control), input(candidate), scratch, take).unwrap();
    (found, clocks)
}

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).unsigned_abs()) as i64
    }
}

const TYPES: [&str; 4] = ["TaskViewed", "TaskUpdated", "TaskCompleted", "TaskCreated"];
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// What happened to one of so many tasks: the same comes again and again.
fn action(numbers: &mut Numbers, tasks: u64, at: i64) -> Lived {
    let (kind, task) = (numbers.below(4) as usize, numbers.below(tasks));
    Lived { event_type: TYPES[kind], task: format!("T{task}"), title: format!("title {task}"), at }
}

/// So many actions between two times, each rounded down to a multiple.
fn actions(
    numbers: &mut Numbers,
    count: usize,
    tasks: u64,
    (from, to): (i64, i64),
    multiple: i64,
) -> Vec<Lived> {
    let mut times: Vec<i64> =
        (0..count).map(|_| numbers.between(from, to).div_euclid(multiple) * multiple).collect();
    times.sort_unstable();
    times.into_iter().map(|at| action(numbers, tasks, at)).collect()
}

/// Logs that have no event in common, as they can be beside each other.
type Shape = fn(&mut Numbers) -> (Vec<Lived>, Vec<Lived>);

const SHAPES: [(&str, Shape); 8] = [
    ("the new system follows the legacy one at midnight", |numbers| {
        (actions(numbers, 150, 60, (0, 24 * HOUR), 1), actions(numbers, 150, 60, (24 * HOUR, 48 * HOUR), 1))
    }),
    ("it begins while the legacy one goes on, with other work", |numbers| {
        (actions(numbers, 400, 200, (0, 72 * HOUR), 1), actions(numbers, 240, 200, (29 * HOUR, 72 * HOUR), 1))
    }),
    ("at noon", |numbers| {
        (actions(numbers, 80, 40, (0, 12 * HOUR), 1), actions(numbers, 80, 40, (12 * HOUR, 24 * HOUR), 1))
    }),
    ("both are used on one day by different people", |numbers| {
        (actions(numbers, 120, 60, (0, 24 * HOUR), 1), actions(numbers, 120, 60, (0, 24 * HOUR), 1))
    }),
    ("both write at whole minutes", |numbers| {
        (
            actions(numbers, 100, 50, (0, 24 * HOUR), MINUTE),
            actions(numbers, 100, 50, (12 * HOUR, 36 * HOUR), MINUTE),
        )
    }),
    ("a few actions a day", |numbers| {
        (actions(numbers, 12, 3, (0, 24 * HOUR), 1), actions(numbers, 12, 3, (20 * HOUR, 44 * HOUR), 1))
    }),
    ("the same jobs run every day at their times", |numbers| {
        let mut jobs = |day: i64| -> Vec<Lived> {
            let job = |number: i64| Lived {
                event_type: "JobDone",
                task: format!("J{number}"),
                title: String::new(),
                at: (day * 24 + number) * HOUR + numbers.between(0, 3_000),
            };
            (0..20).map(job).collect()
        };
        (jobs(0), jobs(1))
    }),
    ("eight tasks are created here in the morning and there in the afternoon", |numbers| {
        let side = |numbers: &mut Numbers, name: &str, at: i64| -> Vec<Lived> {
            let mut events = actions(numbers, 60, 1_000, (0, 24 * HOUR), 1);
            events.iter_mut().for_each(|event| event.title.push_str(name));
            events.extend((0..8).map(|number| Lived {
                event_type: "TaskCreated",
                task: format!("N{number}"),
                title: "from the list".to_owned(),
                at: at + number * 20,
            }));
            events
        };
        (side(numbers, "here", 9 * HOUR), side(numbers, "there", 14 * HOUR))
    }),
];

#[test]
fn logs_without_a_common_event_show_no_clocks_that_are_apart() {
    const SEEDS: u64 = 12;
    for (shape, make) in SHAPES {
        let refused = (0..SEEDS)
            .filter(|seed| {
                let (control, candidate) = make(&mut Numbers(*seed));
                found(&legacy(&control), &new(&candidate)).1.is_some()
            })
            .count();
        assert_eq!(refused, 0, "of {SEEDS}: {shape}");
    }
}

#[test]
fn what_both_systems_recorded_is_paired_beside_a_history_that_looks_like_it() {
    for (seed, tasks) in [(1, 300), (2, 80), (3, 2_000)] {
        let all = actions(&mut Numbers(seed), 2_000, tasks, (0, 72 * HOUR), 1);
        let (pairs, clocks) = found(&legacy(&all), &new(&all[800..]));
        assert_eq!(clocks, None, "{tasks} tasks");
        let paired = pairs.iter().filter(|pair| pair.class.is_some() && pair.written_apart.is_zero()).count();
        assert_eq!(paired, 1_200, "{tasks} tasks");
    }
}

#[test]
fn clocks_that_are_apart_are_told_beside_events_that_one_system_has_alone() {
    for (seed, offset) in
        [(1, 400_000), (2, -2 * HOUR), (3, 3 * HOUR), (4, -11 * HOUR), (5, 13 * HOUR + 45 * MINUTE)]
    {
        let numbers = &mut Numbers(seed);
        let common = actions(numbers, 150, 1_000, (0, 24 * HOUR), 1);
        let mut control = actions(numbers, 150, 60, (0, 24 * HOUR), 1);
        control.iter_mut().for_each(|event| event.title.push_str(" of the legacy system alone"));
        control.extend(common.iter().cloned());
        let mut candidate = common;
        for event in &mut candidate {
            event.at += offset + numbers.between(-800, 800);
        }
        let clocks = found(&legacy(&control), &new(&candidate)).1.unwrap();
        let apart = (clocks.offset - TimeDelta::milliseconds(offset)).num_milliseconds().abs();
        assert!(apart < 1_000, "{offset}: {clocks:?}");
    }
}
