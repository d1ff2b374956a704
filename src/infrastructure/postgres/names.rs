//! Names as columns hold them. A text of PostgreSQL has no NUL, and an index no long texts: a name that is not plain has
//! a key in its column, and stands in `exact_names` as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// In keys it stands for NUL, and before the hash.
const SYMBOL_FOR_NUL: char = '\u{2400}';
/// The longest plain name, in bytes. An index takes entries of 2,704 bytes, and has one name.
const LONGEST: usize = 512;
/// So many characters of a name begin its key, for people.
const SHOWN: usize = 64;

/// Whether a column holds the name as it is.
fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST && !name.contains(['\0', SYMBOL_FOR_NUL])
}

/// What a column holds of a name: the name, or a key that no plain name is, and that no other name has.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name);
    }
    let shown: String = name.chars().take(SHOWN).collect();
    let shown = shown.replace('\0', &SYMBOL_FOR_NUL.to_string());
    Cow::Owned(format!("{shown}{SYMBOL_FOR_NUL}{}", HEXLOWER.encode(&Sha256::digest(name))))
}

/// A text as a column holds it that no index has; it stands in `exact_names` as it is where that is another one.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        return Cow::Owned(text.replace('\0', &SYMBOL_FOR_NUL.to_string()));
    }
    Cow::Borrowed(text)
}

/// The names that are not plain, by their columns, as a JSON object; `None` where all are.
pub(super) fn exact_names(names: [(&str, Option<&str>); 3]) -> Option<String> {
    let others: BTreeMap<&str, &str> = names
        .into_iter()
        .filter_map(|(column, name)| name.filter(|name| !is_plain(name)).map(|name| (column, name)))
        .collect();
    // A map of texts is always JSON.
    if others.is_empty() { None } else { serde_json::to_string(&others).ok() }
}

/// The names that [`exact_names`] wrote down.
///
/// # Errors
/// It did not write this.
pub(super) fn read_exact_names(text: &str) -> serde_json::Result<BTreeMap<String, String>> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_its_own_key() {
        for name in ["", "e1", "Ü", &"x".repeat(512), "\u{2401}", "e\\u0000"] {
            assert_eq!(key(name), name);
            assert_eq!(
                exact_names([("event_id", Some(name)), ("event_type", None), ("aggregate_id", None)]),
                None
            );
        }
    }

    #[test]
    fn names_that_a_column_cannot_hold_have_keys_that_tell_them_apart() {
        let names = [
            "e\0".to_owned(),
            "e\u{2400}".to_owned(),
            "e\0\0".to_owned(),
            "\0e".to_owned(),
            "x".repeat(513),
            "x".repeat(3_000),
            "x".repeat(300_000),
            "é".repeat(257),
            key("e\0").into_owned(),
        ];
        let keys: std::collections::BTreeSet<String> =
            names.iter().map(|name| key(name).into_owned()).collect();
        assert_eq!(keys.len(), names.len(), "each has its own");
        for name in &names {
            let key = key(name);
            assert!(key.len() <= LONGEST && key.contains(SYMBOL_FOR_NUL) && !key.contains('\0'), "{key:?}");
        }
    }

    #[test]
    fn the_names_that_are_written_down_come_back() {
        let long = "\"ü".repeat(300);
        let text = exact_names([
            ("event_id", Some("e\0")),
            ("event_type", Some("A")),
            ("aggregate_id", Some(&long)),
        ]);
        let text = text.unwrap();
        assert!(!text.contains('\0'), "{text}");
        let read = read_exact_names(&text).unwrap();
        assert_eq!(read.get("event_id").map(String::as_str), Some("e\0"));
        assert_eq!(read.get("aggregate_id"), Some(&long));
        assert_eq!(read.len(), 2);
    }
}
