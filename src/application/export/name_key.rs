//! Which names a file system may take for one.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::domain::path_text::text_of;

/// The same for all names that differ in case or in Unicode form alone. Some file systems (those of
/// macOS and Windows as a rule) have one file for all of them.
pub fn name_key(name: &str) -> String {
    // To upper case first: that takes ß to SS and the two small sigmas to one.
    name.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfd().collect()
}

/// The same for a name with its folders.
pub(super) fn path_key(path: &Path) -> PathBuf {
    path.iter().map(|part| name_key(&text_of(Path::new(part)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_unicode_form_alone_have_one_key() {
        for (one, other) in [
            ("Events.JSON", "events.json"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{e4}", "a\u{308}"),
            ("\u{c4}", "a\u{308}"),
            ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c2}"),
            ("\u{17f}", "S"),
            ("\u{212b}", "\u{e5}"),
            ("e\u{323}\u{301}", "\u{c9}\u{323}"),
        ] {
            assert_eq!(name_key(one), name_key(other), "{one} {other}");
        }
        for (one, other) in [("a", "b"), ("a", "\u{e4}"), ("a.json", "a.jsonl"), ("", "a")] {
            assert_ne!(name_key(one), name_key(other), "{one} {other}");
        }
    }
}
