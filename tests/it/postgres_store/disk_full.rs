//! A disk of the server that is full: that is told, with exit code 4; the store has what was acknowledged, and goes on once there is room.

use mission_events::internals::domain::error_chain::error_chain;
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::domain::value_objects::StreamId;
use mission_events::internals::infrastructure::postgres::PostgresEventRepository;

use super::failures::{dispatch, on};
use super::open;
use crate::support::event;
use crate::support::postgres::{Server, new_folder};
use crate::support::small_volume::SmallVolume;
use crate::support::test_dir::TestDir;

const FULL: &str = "the disk of the server is full: make room there";

/// An event of 100 kB that cannot be compressed.
fn large(number: u64) -> DomainEvent {
    let mut random = fastrand::Rng::with_seed(number);
    let text: String = std::iter::repeat_with(|| random.alphanumeric()).take(100_000).collect();
    event(&format!("e{number}")).with("notes", &format!("{text:?}")).build()
}

/// Saves events until one is refused, and answers its number and what was said of it.
fn save_until_refused(repository: &PostgresEventRepository) -> (u64, String) {
    for number in 1..1_000 {
        match repository.save_event(&large(number)) {
            Ok(position) => assert_eq!(position.get(), number as i64),
            Err(error) => return (number, error_chain(&error)),
        }
    }
    panic!("the disk is not full");
}

/// The store has the events before that one, byte for byte, and may have that one, which it takes now, and another.
fn goes_on(repository: &PostgresEventRepository, refused: u64) {
    for number in [refused, refused + 1] {
        assert_eq!(repository.save_event(&large(number)).unwrap().get(), number as i64);
    }
    let stored = repository.read_stream(&StreamId::single(), None, usize::MAX).unwrap();
    let stored: Vec<_> =
        stored.into_iter().map(|stored| (stored.position.get() as u64, stored.event)).collect();
    let expected: Vec<_> = (1..=refused + 1).map(|number| (number, large(number))).collect();
    assert!(stored == expected, "each event once, where it was said to be");
}

fn small_volume(megabytes: u32) -> Option<SmallVolume> {
    SmallVolume::of_megabytes(megabytes)
        .inspect_err(|why| eprintln!("skipped: no small volume can be mounted here, which needs root: {why}"))
        .ok()
}

#[test]
fn a_full_disk_of_data_is_told_and_the_store_goes_on_once_there_is_room() {
    let Some(volume) = small_volume(64) else { return };
    let make = format!(
        r#"mkdir "{0}/data" && ln -s "{0}/data" "$folder/data" && mkdir "$folder/log" &&
           "$bin/initdb" --pgdata="$folder/data" --waldir="$folder/log/wal" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"#,
        volume.path().display()
    );
    let (dir, server) = (TestDir::new(), Server::start_in(new_folder(), &make, ""));
    let url = server.url("&schema=mission_events");
    let repository = open(&url);
    volume.fill();
    let (refused, said) = save_until_refused(&repository);
    assert!(said.contains(FULL), "{said}");
    dispatch(on(&dir, &url), large(refused).body()).code_is(4, FULL);
    on(&dir, &url).run("-q events recent").result();
    volume.make_room();
    goes_on(&repository, refused);
}

#[test]
fn a_full_disk_of_the_log_ends_the_server_and_what_was_acknowledged_is_there_when_it_is_started_with_room() {
    let Some(volume) = small_volume(16) else { return };
    let make = format!(
        r#""$bin/initdb" --pgdata="$folder/data" --waldir="{}/wal" --wal-segsize=1 --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"#,
        volume.path().display()
    );
    // Only who appends comes upon the end of the log.
    let options = "-c min_wal_size=2MB -c wal_writer_delay=10s -c restart_after_crash=off";
    let (dir, server) = (TestDir::new(), Server::start_in(new_folder(), &make, options));
    let url = server.url("&schema=mission_events");
    let repository = open(&url);
    volume.fill();
    let (refused, said) = save_until_refused(&repository);
    let away = "is the server running there, and does it take connections?";
    // The last words of a server can be lost with its connection: then it is tried to be reached for a while.
    assert!(said.contains(FULL) || said.contains(away), "{said}");
    server.until_ended();
    dispatch(on(&dir, &url), large(refused).body()).code_is(4, away);
    on(&dir, &url).run("-q events recent").code_is(4, away);
    volume.make_room();
    server.start_again();
    goes_on(&repository, refused);
}
