//! Any life of a store and its handlers, against what was promised.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::doubles::{BusyStore, Ending, effect, projection};
use super::*;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// An event is stored in a stream, about a task or none; attempts with it fail.
    Append { stream: u32, task: Option<u8>, endings: Vec<Ending> },
    /// A process handles a page of each handler.
    Round { process: usize },
    /// A process looks at the stores, and handles a page.
    Look { process: usize },
    /// The next transactions are refused.
    Busy(usize),
    /// A process is killed, and another one is started.
    Kill { process: usize },
    /// Time passes.
    Wait(i64),
    /// An operator tries everything again.
    Retry,
    /// An operator replays the projection.
    Replay,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ending = prop_oneof![Just(Ending::Transient), Just(Ending::Permanent)];
    let endings = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(ending, 1..5)];
    let append = (1..4_u32, prop::option::of(0..3_u8), endings)
        .prop_map(|(stream, task, endings)| Step::Append { stream, task, endings });
    let process = 0..2_usize;
    let step = prop_oneof![
        8 => append,
        6 => process.clone().prop_map(|process| Step::Round { process }),
        4 => process.clone().prop_map(|process| Step::Look { process }),
        2 => (1..3_usize).prop_map(Step::Busy),
        2 => process.prop_map(|process| Step::Kill { process }),
        3 => prop_oneof![Just(1), Just(10), Just(60)].prop_map(Step::Wait),
        1 => Just(Step::Retry),
        1 => Just(Step::Replay),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_event_is_handled_exactly_once_by_a_projection_and_in_the_order_of_its_task(steps in steps()) {
        let busy = BusyStore::default();
        let setting = Setting::with(busy.store.clone(), Arc::new(busy.clone()));
        let (tasks, mail) = (Recorder::new("tasks"), Recorder::new("mail"));
        let registrations = [projection(&tasks), effect(&mail)];
        let start = || setting.process(&registrations);
        let mut processes = [start(), start()];
        let mut kills = 0;
        let mut of_tasks: BTreeMap<(u32, u8), Vec<String>> = BTreeMap::new();
        let mut appended = 0;
        for step in steps {
            match step {
                Step::Append { stream, task, endings } => {
                    appended += 1;
                    let id = format!("e{appended}");
                    tasks.fail(&id, &endings);
                    mail.fail(&id, &endings);
                    // A task is about one stream, so that late events cannot change its order.
                    let name = task.map(|task| format!("T{stream}{task}"));
                    setting.events.append(stream, &id, "TaskUpdated", name.as_deref());
                    if let Some(task) = task {
                        of_tasks.entry((stream, task)).or_default().push(id);
                    }
                }
                Step::Round { process } => drop(processes[process].round()),
                Step::Look { process } => {
                    let _ = processes[process].look();
                    let _ = processes[process].round();
                }
                Step::Busy(times) => busy.busy.store(times, Ordering::SeqCst),
                Step::Kill { process } => {
                    busy.busy.store(0, Ordering::SeqCst);
                    kills += 1;
                    processes[process] = start();
                }
                Step::Wait(seconds) => setting.after(seconds),
                Step::Retry => drop(setting.operations(&registrations).retry("tasks", None)),
                Step::Replay => drop(setting.operations(&registrations).replay("tasks", &mut to_the_end)),
            }
        }
        // The cure: nothing fails any longer, and everything open is tried again.
        busy.busy.store(0, Ordering::SeqCst);
        for id in setting.events.ids() {
            tasks.fail(&id, &[]);
            mail.fail(&id, &[]);
        }
        processes.iter_mut().for_each(Process::catch_up);
        drop(processes);
        for handler in ["tasks", "mail"] {
            setting.operations(&registrations).retry(handler, None).unwrap();
            let mut handled: Vec<String> = (1..4).flat_map(|stream| setting.handled(handler, stream)).collect();
            for ids in of_tasks.values() {
                let order: Vec<&String> = handled.iter().filter(|id| ids.contains(id)).collect();
                prop_assert_eq!(order, ids.iter().collect::<Vec<_>>());
            }
            handled.sort();
            let mut all = setting.events.ids();
            all.sort();
            prop_assert_eq!(handled, all, "{} has handled each event once", handler);
        }
        // An effect ran once more than it was recorded at most for each kill.
        let mut ran: BTreeMap<(String, u32), usize> = BTreeMap::new();
        for attempt in mail.attempts() {
            *ran.entry(attempt).or_default() += 1;
        }
        let again: usize = ran.values().map(|times| times - 1).sum();
        prop_assert!(again <= kills + 2, "{} attempts were repeated after {} kills", again, kills);
    }
}
