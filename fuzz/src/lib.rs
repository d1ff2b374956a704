//! What must hold for any bytes: the oracles of the fuzz targets, apart from the fuzzer. The tests of the crate that
//! ships take this file as a module, and hold the seeds and the corpora to them too.

#![allow(clippy::missing_panics_doc, reason = "a panic is how an oracle says no")]

pub mod dispatch;
pub mod evidence;
mod form;
pub mod jsonl;
pub mod log;
pub mod manifest;
pub mod mapping;
mod place;
pub mod record;
mod serde_view;
pub mod settings;
pub mod store;
pub mod timestamp;

/// White space between JSON tokens.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

/// The parts of an input that is several texts: a line of `%` stands between two of them.
fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|window| window == b"\n%\n") {
        parts.push(&rest[..at + 1]);
        rest = &rest[at + 3..];
    }
    parts.push(rest);
    parts
}
