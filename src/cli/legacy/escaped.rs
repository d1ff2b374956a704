//! JSON with bytes of paths that are no text.

use std::io::{self, Write};

use crate::legacy::path_text;

/// Prints JSON; with bytes of paths that are no text as the files of the legacy system spell them.
pub(super) fn escaped(
    out: &mut dyn Write,
    print: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut json = Vec::new();
    print(&mut json)?;
    out.write_all(path_text::escaped(&String::from_utf8_lossy(&json)).as_bytes())
}
