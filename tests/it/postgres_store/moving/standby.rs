//! A server with a standby: the store is on the primary, whichever host the URL names first, and has what was committed.

use std::time::Duration;

use super::{STORE, count, native, on_sqlite, save_native};
use crate::support::postgres::Server;
use crate::support::postgres_proxy::Proxy;
use crate::support::test_dir::TestDir;
use crate::support::until;

#[test]
fn the_way_back_brings_what_a_standby_that_is_named_first_does_not_have_yet() {
    let (dir, primary) = (TestDir::new(), Server::start());
    let standby = primary.standby(primary.folder());
    let url = standby.url_with(&primary);
    let on_target = |number: usize| {
        on_sqlite(&dir).run_with(["-q", "--store", &url, "dispatch", &native(number)]).result();
    };
    save_native(&dir.join(STORE), 10..20);
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_target(20);
    until("the standby has the event", || {
        standby.try_psql("postgres", "SELECT count(*) FROM mission_events.events") == Ok("11\n".to_owned())
    });
    standby.psql("SELECT pg_wal_replay_pause()");
    until("it lags from now on", || standby.psql("SELECT pg_get_wal_replay_pause_state()") == "paused\n");
    on_target(21);
    on_sqlite(&dir).run(&format!("-q move --from {url} --to {STORE} --cut-over")).result();
    assert_eq!(count(&dir.join(STORE), "events"), 12);
}

#[test]
fn what_a_move_commits_waits_for_the_standby_whatever_the_role_is_set_to() {
    let (dir, primary) = (TestDir::new(), Server::start());
    let proxy = Proxy::before(&primary, Duration::ZERO);
    let _standby = primary.standby(proxy.sockets());
    let url = primary.url("&schema=mission_events");
    save_native(&dir.join(STORE), 10..20);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    primary.psql("ALTER ROLE postgres SET synchronous_commit = off");
    primary.wait_for_standby();
    proxy.cut();
    let waiting =
        || primary.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0\n";
    let command = format!("-q move --to {url} --cut-over");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| on_sqlite(&dir).run(&command));
        until("the first commit waits", || waiting() || run.is_finished());
        assert!(!run.is_finished(), "{}", run.join().unwrap().stderr);
        primary.psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        run.join().unwrap().code_is(4, "kept from waiting for its synchronous standby");
        let again = scope.spawn(|| on_sqlite(&dir).run(&command));
        until("it waits again", || waiting() || again.is_finished());
        proxy.mend();
        again.join().unwrap().result();
    });
}
