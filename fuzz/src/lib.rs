//! What must hold for any bytes: the oracles of the fuzz targets, apart from the fuzzer, so that a
//! plain test can hold the seeds to them too.

#![allow(clippy::missing_panics_doc, reason = "a panic is how an oracle says no")]

mod form;
pub mod log;
pub mod record;
mod serde_view;

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
