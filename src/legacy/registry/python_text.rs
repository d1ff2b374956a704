//! JSON as Python's `json.dump(value, file, indent=2)` writes it.

use serde_json::Value;

use crate::legacy::path_text;

/// The text of a value, in printable ASCII alone.
pub(super) fn python_text(value: &Value) -> String {
    let mut text = String::new();
    for character in path_text::escaped(&format!("{value:#}")).chars() {
        // What else there is stands within strings.
        if matches!(character, '\n' | ' '..='~') {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}
