//! The registry: what it promises about its file.

mod changing;
mod refused;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::legacy::definition::Definition;

fn spelled(id: &str) -> Value {
    json!({"id": id, "type": "time_based", "source": {"type": "daily", "time": "09:00"}, "handler": format!("handlers.{id}.run")})
}

fn definition(id: &str) -> Definition {
    Definition::from_value(spelled(id)).unwrap()
}

/// A folder, its file of definitions with this content, and the registry.
fn registry(content: Option<&str>) -> (TempDir, PathBuf, Registry) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("event_definitions.json");
    if let Some(content) = content {
        fs::write(&path, content).unwrap();
    }
    let registry = Registry::open(&path);
    (folder, path, registry)
}

fn ids(registry: &Registry) -> Vec<String> {
    registry.list().unwrap().into_iter().map(|definition| definition.id).collect()
}

fn backups(folder: &TempDir) -> Vec<PathBuf> {
    let mut backups: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains(".backup."))
        .collect();
    backups.sort();
    backups
}

#[test]
fn no_file_is_an_empty_registry() {
    let (folder, _, registry) = registry(None);
    assert_eq!(ids(&registry), [""; 0]);
    assert_eq!(registry.get("a").unwrap(), None);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "reading makes nothing");
}

#[test]
fn an_array_an_object_with_events_and_an_object_by_id_are_read() {
    let (a, b) = (spelled("a"), spelled("b"));
    let mut without_id = a.clone();
    without_id.as_object_mut().unwrap().remove("id");
    for content in
        [json!([a, b]), json!({"events": [a, b]}), json!({"a": a, "b": b}), json!({"a": without_id, "b": b})]
    {
        let (_folder, path, registry) = registry(Some(&content.to_string()));
        assert_eq!(ids(&registry), ["a", "b"], "{content}");
        registry.add(definition("c")).unwrap();
        let written: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(written.len(), 3, "it is an array now");
        assert_eq!(ids(&registry), ["a", "b", "c"]);
    }
}

#[test]
fn empty_files_of_each_shape_hold_no_definitions() {
    for content in ["[]", "{}", "{\"events\": []}", "\u{feff}[]\r\n"] {
        assert_eq!(ids(&registry(Some(content)).2), [""; 0], "{content}");
    }
}

#[test]
fn a_definition_whose_id_is_events_is_read_from_an_object_by_id() {
    let (_folder, _, registry) = registry(Some(&json!({"events": spelled("events")}).to_string()));
    assert_eq!(ids(&registry), ["events"]);
}

#[test]
fn what_stands_beside_events_is_written_back() {
    let content = json!({"version": 2, "events": [spelled("a")], "note": "Ä"});
    let (_folder, path, registry) = registry(Some(&content.to_string()));
    assert!(registry.remove("a").unwrap());
    let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(written, json!({"version": 2, "note": "Ä", "events": []}));
}

#[test]
fn events_are_mapped_to_the_handlers_of_enabled_definitions() {
    let (_folder, _, registry) = registry(Some(&json!([spelled("a"), spelled("b")]).to_string()));
    assert!(registry.set_enabled("b", false).unwrap());
    assert_eq!(registry.handler_of("a").unwrap().as_deref(), Some("handlers.a.run"));
    assert_eq!(registry.handler_of("b").unwrap(), None);
    assert_eq!(registry.handler_of("c").unwrap(), None);
}

#[test]
fn the_file_is_written_as_json_dump_with_an_indent_of_two_writes_it() {
    let (_folder, path, registry) = registry(None);
    let mut definition = definition("a");
    definition.name = "Früh \u{1f305}\u{7f}\"\n".to_owned();
    registry.add(definition).unwrap();
    let expected = r#"[
  {
    "id": "a",
    "name": "Fr\u00fch \ud83c\udf05\u007f\"\n",
    "type": "time_based",
    "source": {
      "time": "09:00"
    },
    "handler": "handlers.a.run",
    "enabled": true,
    "rate_limit": {
      "max_per_minute": 10,
      "batch_window_seconds": 30
    },
    "metadata": {}
  }
]"#;
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    registry.remove("a").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[]");
}
