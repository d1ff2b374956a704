use std::path::Path;

use super::*;
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::schema;

/// Nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(60);

struct Load {
    transactions: Transactions,
    /// Of another process.
    other: Connection,
    folder: tempfile::TempDir,
}

impl Load {
    fn begin() -> Self {
        Self::lasting(LONGEST)
    }

    fn lasting(longest: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        let open = |path: &Path| schema::open_current(&EVENT_STORE, path).unwrap();
        let (connection, other) = (open(&path), open(&path));
        connection.execute_batch("CREATE TABLE numbers (number INTEGER)").unwrap();
        let turns = schema::turn_file_of(&path);
        let transactions = Transactions::lasting(longest, Arc::new(Mutex::new(connection)), turns);
        Self { transactions, other, folder }
    }

    fn write(&mut self, number: i64) {
        self.transactions.write(|connection| insert(connection, number)).unwrap();
    }

    /// What another process sees.
    fn seen(&self) -> i64 {
        self.other.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0)).unwrap()
    }

    fn waits_until_seen(&self, numbers: i64) {
        wait_until(|| self.seen() == numbers);
    }
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn insert(connection: &Connection, number: i64) -> Result<(), RepositoryError> {
    connection.execute("INSERT INTO numbers VALUES (?1)", [number]).map(drop).map_err(port_error("insert"))
}

fn fail(connection: &Connection) -> Result<(), RepositoryError> {
    insert(connection, 0)?;
    Err(RepositoryError::storage("insert", "it was told to fail"))
}

#[test]
fn a_transaction_to_which_nothing_more_is_written_is_ended_and_other_processes_can_write() {
    let mut load = Load::begin();
    load.write(1);
    load.waits_until_seen(1);
    load.other.execute("INSERT INTO numbers VALUES (2)", []).unwrap();
    let mut turns = schema::turn_file_of(&load.folder.path().join("events.db"));
    wait_until(|| turns.take_now().is_some());
    load.write(3);
    load.waits_until_seen(3);
}

#[test]
fn a_write_that_takes_long_ends_its_transaction() {
    let mut load = Load::begin();
    let slow = |connection: &Connection| {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            insert(connection, 1)?;
        }
        Ok(())
    };
    load.transactions.write(slow).unwrap();
    assert!(load.seen() > 0);
    assert!(load.transactions.store.open().begun.is_none());
}

#[test]
fn a_process_that_waits_for_its_turn_has_it_after_one_more_write() {
    let mut load = Load::lasting(PATIENCE * 60);
    load.write(1);
    load.write(2);
    assert_eq!(load.seen(), 0, "the transaction lasts");
    let mut turns = schema::turn_file_of(&load.folder.path().join("events.db"));
    std::thread::scope(|scope| {
        let turn = scope.spawn(move || turns.take().is_some());
        wait_until(|| load.transactions.store.open().turns.is_awaited());
        load.write(3);
        assert_eq!(load.seen(), 3);
        assert!(turn.join().unwrap());
    });
}

#[test]
fn what_fails_is_taken_back_with_its_transaction_and_the_next_one_is_another() {
    let mut load = Load::begin();
    load.write(1);
    load.waits_until_seen(1);
    assert!(load.transactions.write(fail).is_err());
    load.write(2);
    load.transactions.commit().unwrap();
    assert_eq!(load.seen(), 2);
}

#[test]
fn a_load_that_is_one_transaction_is_seen_when_it_is_committed_and_not_at_all_when_it_is_rolled_back() {
    let mut load = Load::begin();
    for (is_kept, expected) in [(false, 0), (true, 2)] {
        load.transactions.begin_one().unwrap();
        load.write(1);
        // Whatever ends transactions has had its time.
        let begun = Instant::now();
        while begun.elapsed() < LONGEST * 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        load.write(2);
        assert_eq!((load.seen(), load.transactions.is_one()), (0, true));
        if is_kept {
            load.transactions.commit().unwrap();
        } else {
            load.transactions.roll_back();
        }
        assert_eq!((load.seen(), load.transactions.is_one()), (expected, false));
    }
}

#[test]
fn what_was_written_stays_where_the_load_ends_early_unless_it_is_one_transaction() {
    for (is_one, expected) in [(false, 1), (true, 0)] {
        let Load { mut transactions, other, folder: _folder } = Load::begin();
        if is_one {
            transactions.begin_one().unwrap();
        }
        transactions.write(|connection| insert(connection, 1)).unwrap();
        drop(transactions);
        let seen: i64 = other.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0)).unwrap();
        assert_eq!(seen, expected, "{is_one}");
    }
}

#[test]
fn a_transaction_that_could_not_be_ended_fails_the_next_write() {
    let mut load = Load::begin();
    load.transactions.store.open().failure = Some(rusqlite::Error::InvalidQuery);
    assert!(load.transactions.write(|connection| insert(connection, 1)).is_err());
    load.write(1);
    load.transactions.store.open().failure = Some(rusqlite::Error::InvalidQuery);
    assert!(load.transactions.commit().is_err());
}

#[test]
fn what_panics_amid_a_write_leaves_nothing_of_it() {
    let mut load = Load::begin();
    let panicking = std::panic::AssertUnwindSafe(|| {
        load.transactions.write(|connection| -> Result<(), RepositoryError> {
            insert(connection, 1)?;
            panic!("it was told to panic")
        })
    });
    assert!(std::panic::catch_unwind(panicking).is_err());
    load.transactions.commit().unwrap();
    assert_eq!(load.seen(), 0);
    load.write(2);
    load.transactions.commit().unwrap();
    assert_eq!(load.seen(), 1);
}
