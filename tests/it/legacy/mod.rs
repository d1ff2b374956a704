//! The legacy system as an operator runs it.

#[cfg(unix)]
mod damage;
mod definitions;
#[cfg(target_os = "linux")]
mod disk_full;
#[cfg(target_os = "linux")]
mod file_names;
#[cfg(target_os = "linux")]
mod permissions;
#[cfg(target_os = "linux")]
mod watching;
mod what_it_writes;

use serde_json::{Value, json};

use crate::support::test_dir::TestDir;
use crate::support::{cli, write};

/// The definition of changes in `data/briefings`, as the contract shows it; nothing is gathered.
fn briefings() -> Value {
    json!({
        "id": "file_changed_briefings",
        "name": "Briefing File Changed",
        "type": "file_system",
        "source": {"path": "data/briefings", "events": ["created", "modified"], "patterns": ["*.md"]},
        "handler": "handlers.briefing_updated.run",
        "enabled": true,
        "rate_limit": {"max_per_minute": 600, "batch_window_seconds": 0},
        "metadata": {"created": "2025-10-16T09:00:00", "created_by": "system"},
    })
}

/// A working directory with an empty folder `data/briefings`, and these definitions, which are added one after the other.
fn defined(definitions: &[Value]) -> TestDir {
    let dir = TestDir::new();
    write(&dir, "data/briefings/.keep", "");
    for definition in definitions {
        add(&dir, definition);
    }
    dir
}

fn add(dir: &TestDir, definition: &Value) {
    cli(dir).run_with(["legacy", "definitions", "add", &definition.to_string()]).result();
}

/// The lines of a JSONL file; none where there is no file. A line that is being written is left out.
fn lines_of(dir: &TestDir, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The log of handlers.
fn handled(dir: &TestDir) -> Vec<Value> {
    lines_of(dir, "data/legacy/handlers.jsonl")
}
