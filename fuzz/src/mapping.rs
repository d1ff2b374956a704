//! Declared fields, and a record that is read by them: a text of up to six lines, one for each key; after a line of `%`, the record.

use std::str::from_utf8;
use std::sync::LazyLock;

use mission_events::internals::infrastructure::config::MappingSettings;
use mission_events::internals::infrastructure::config::spec::MAPPING_KEYS;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::{DeclaredMapping, FieldPath, Mapping};
use mission_events::internals::wire::record::RecordReader;
use mission_events::internals::wire::zone::Zone;
use serde_json::Value;

use super::{parts, trim};

static UTC: LazyLock<Zone> = LazyLock::new(Zone::utc);

/// Panics where the mapping or the record is read otherwise than it should be.
pub fn check(bytes: &[u8]) {
    let parts = parts(bytes);
    let Ok(declared) = from_utf8(parts[0]) else { return };
    let mut settings = MappingSettings::default();
    for (key, value) in MAPPING_KEYS.iter().zip(declared.lines()) {
        if !value.is_empty() {
            settings.set(key, "--flag", value);
        }
    }
    let mapping = match settings.mapping() {
        Ok(mapping) => mapping,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    // What is stored of a mapping is read as the same one.
    let described = mapping.to_string();
    let followed = format!("{described} and more");
    assert_eq!(Mapping::of_description(&followed), Some((mapping.clone(), " and more")), "{described}");
    // Any text may stand there.
    let _ = Mapping::of_description(declared);
    let (Mapping::Declared(declared), Some(record)) = (&mapping, parts.get(1)) else { return };
    let mut reader = RecordReader::with_mapping(&UTC, DstPolicy::Resolve, &mapping);
    let Ok(read) = reader.read_whole(record) else { return };
    assert_eq!(read.body.as_bytes(), trim(record));
    let Ok(value) = serde_json::from_slice::<Value>(record) else { return };
    if read.flags.duplicate_key {
        return;
    }
    assert_text(Some(&read.event_type), at(&value, &declared.event_type));
    assert_optional(read.event_id.as_deref(), &value, declared.event_id.as_ref(), declared);
    assert_optional(read.aggregate.as_deref(), &value, declared.aggregate.as_ref(), declared);
    assert!(at(&value, &declared.timestamp).is_some(), "a record has a time");
}

fn at<'v>(value: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    let found = path.names().iter().try_fold(value, |value, name| value.as_object()?.get(name.as_str()));
    found.filter(|value| !value.is_null())
}

fn assert_optional(found: Option<&str>, value: &Value, path: Option<&FieldPath>, declared: &DeclaredMapping) {
    match path {
        Some(path) => assert_text(found, at(value, path)),
        None => assert_eq!(found, None, "{declared:?} declares no such field"),
    }
}

fn assert_text(found: Option<&str>, expected: Option<&Value>) {
    match expected {
        None => assert_eq!(found, None),
        Some(Value::String(text)) => assert_eq!(found, Some(text.as_str())),
        Some(Value::Bool(value)) => assert_eq!(found, Some(if *value { "true" } else { "false" })),
        Some(Value::Number(number)) => {
            let found: Option<f64> = found.and_then(|text| text.parse().ok());
            assert_eq!(found, number.as_f64());
        }
        Some(other) => panic!("{other} is taken for text"),
    }
}
