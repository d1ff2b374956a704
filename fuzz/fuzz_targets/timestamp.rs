#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mission_events_fuzz::timestamp::check(bytes));
