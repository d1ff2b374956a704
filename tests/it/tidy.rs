//! The invariants of the architecture, read off the source text.
//!
//! Each rule brings a text that breaks it, so that none can pass because it sees nothing.

mod import_circles;
mod legacy_system;

use std::fs;
use std::path::{Path, PathBuf};

/// A file, by its path from the root of the crate.
struct Source {
    path: String,
    text: String,
}

struct Rule {
    /// What holds, as a sentence.
    says: &'static str,
    /// The violations in one file: line and what stands there.
    violations: fn(&Source) -> Vec<String>,
    /// Path and text of a file that breaks it.
    broken_by: (&'static str, &'static str),
}

const RULES: &[Rule] = &[
    Rule {
        says: "wire/, domain/ and application/ know no database",
        violations: |source| source.in_pure_layers(&["rusqlite", "refinery"]),
        broken_by: ("src/domain/event.rs", "use rusqlite::Connection;"),
    },
    Rule {
        says: "wire/, domain/ and application/ touch no files",
        violations: |source| source.in_pure_layers(&["std::fs", "fs::", "File::"]),
        broken_by: ("src/application/cutover.rs", "fn f() { let _ = std::fs::read(\"x\"); }"),
    },
    Rule {
        says: "wire/, domain/ and application/ ask no clock",
        violations: |source| {
            source.in_pure_layers(&[
                "Utc::now",
                "Local::now",
                "SystemTime",
                "Instant::now",
                "Timestamp::now",
                "Zoned::now",
                "now_v7",
            ])
        },
        broken_by: ("src/domain/task_events.rs", "let now = Utc::now();"),
    },
    Rule {
        says: "only cli/ and main.rs print",
        violations: |source| match source.layer() {
            Some("cli" | "main") | None => Vec::new(),
            Some(_) => source.code_with(&[
                "println!",
                "eprintln!",
                "print!",
                "eprint!",
                "dbg!",
                "stdout()",
                "stderr()",
            ]),
        },
        broken_by: ("src/infrastructure/sqlite/append.rs", "    println!(\"saved\");"),
    },
    Rule {
        says: "a command prints nothing by itself: cli/answer.rs does, so that no output decides an exit code",
        violations: |source| match source.layer() {
            Some("cli" | "main") if source.path != "src/cli/answer.rs" => {
                source.code_with(&["stdout().lock()", "println!", "print!"])
            }
            _ => Vec::new(),
        },
        broken_by: ("src/cli/status/mod.rs", "    let out = io::stdout().lock();"),
    },
    Rule {
        says: "a database is opened by SQLite alone: closing it by other means takes the locks on it from SQLite",
        violations: |source| match source.path.as_str() {
            // What is being built there is no other connection's.
            "src/infrastructure/sqlite/import/bulk.rs"
            | "src/infrastructure/sqlite/import/build_folder.rs" => Vec::new(),
            // It opens the log, on which SQLite keeps no lock.
            "src/infrastructure/sqlite/spliced_log.rs" => Vec::new(),
            path if path.starts_with("src/infrastructure/sqlite/") => source.code_with(&[
                "File::open",
                "File::create",
                "File::options",
                "OpenOptions",
                "fs::read",
                "fs::read_to_string",
                "fs::write",
                "fs::copy",
            ]),
            _ => Vec::new(),
        },
        broken_by: (
            "src/infrastructure/sqlite/checkpoint.rs",
            "let log = File::open(path)?.metadata()?.len();",
        ),
    },
    Rule {
        says: "layers import downward only",
        violations: upward_imports,
        broken_by: ("src/domain/event.rs", "use crate::infrastructure::memory;"),
    },
    Rule {
        says: "nothing is unwrapped outside tests",
        violations: |source| match source.layer() {
            // The conformance suite is test code, which a feature lets out of `#[cfg(test)]`.
            Some("conformance") | None => Vec::new(),
            Some(_) => source.code_with(&[".unwrap()", ".expect("]),
        },
        broken_by: ("src/cli/mod.rs", "let x = y.unwrap();"),
    },
    Rule {
        says: "a file under src/ has 400 lines at most",
        violations: |source| match source.text.lines().count() {
            lines if lines > 400 && source.layer().is_some() => vec![format!("{lines} lines")],
            _ => Vec::new(),
        },
        broken_by: ("src/lib.rs", LONG),
    },
    Rule {
        says: "nothing is left for later",
        violations: |source| {
            source.text_with(&[
                concat!("TO", "DO"),
                concat!("FIX", "ME"),
                concat!("todo", "!("),
                concat!("unimplemented", "!("),
                concat!("#[ig", "nore"),
            ])
        },
        broken_by: ("tests/it/cli.rs", concat!("#[ig", "nore = \"slow\"]")),
    },
];

const LONG: &str = {
    const LINES: [u8; 401] = [b'\n'; 401];
    match std::str::from_utf8(&LINES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

/// Each layer, and what it may import. `lib.rs` declares all of them, and is none.
const LAYERS: &[(&str, &[&str])] = &[
    ("durable", &["durable"]),
    ("wire", &["wire"]),
    ("domain", &["wire", "domain"]),
    ("conformance", &["wire", "domain", "conformance"]),
    ("application", &["wire", "domain", "application"]),
    ("infrastructure", &["durable", "wire", "domain", "application", "infrastructure"]),
    ("legacy", &["durable", "wire", "domain", "application", "legacy"]),
    ("cli", &["durable", "wire", "domain", "application", "infrastructure", "legacy", "cli"]),
    ("main", &["cli"]),
];

fn upward_imports(source: &Source) -> Vec<String> {
    let Some((layer, allowed)) = LAYERS.iter().find(|(layer, _)| source.layer() == Some(layer)) else {
        return Vec::new();
    };
    let code = source.production_code();
    let mut violations = Vec::new();
    for root in ["crate::", "super::", "mission_events::"] {
        for (at, _) in code.match_indices(root) {
            for name in imported_names(&code[at + root.len()..]) {
                // `super::` also leads to modules of the layer itself that happen to have a layer's name.
                let is_layer = LAYERS.iter().any(|(layer, _)| *layer == name);
                if is_layer && !allowed.contains(&name) {
                    let line = code[..at].lines().count();
                    violations.push(format!("line {line}: {layer} imports {name}"));
                }
            }
        }
    }
    violations
}

/// The first segments of the paths that follow a root: one, or those of a group in braces.
fn imported_names(path: &str) -> Vec<&str> {
    let name = |text: &'_ str| text.find(|c: char| !is_word(c)).unwrap_or(text.len());
    let Some(group) = path.strip_prefix('{') else {
        return vec![&path[..name(path)]];
    };
    let mut names = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(group[start..at].trim());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(group[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    names.into_iter().map(|path| &path[..name(path)]).collect()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

impl Source {
    /// The layer of a file under `src/`: its folder, or its own name where it stands beside them.
    fn layer(&self) -> Option<&str> {
        let path = self.path.strip_prefix("src/")?;
        Some(path.split_once('/').map_or(path.trim_end_matches(".rs"), |(layer, _)| layer))
    }

    /// Whether all of the file is compiled for tests only.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    fn in_pure_layers(&self, forbidden: &[&str]) -> Vec<String> {
        match self.layer() {
            Some("wire" | "domain" | "application") => self.code_with(forbidden),
            _ => Vec::new(),
        }
    }

    fn code_with(&self, forbidden: &[&str]) -> Vec<String> {
        lines_with(&self.production_code(), forbidden)
    }

    fn text_with(&self, forbidden: &[&str]) -> Vec<String> {
        lines_with(&self.text, forbidden)
    }

    /// The text with blank lines for comments and for what is compiled for tests only.
    fn production_code(&self) -> String {
        if self.is_test() {
            return String::new();
        }
        let indent = |line: &str| line.len() - line.trim_start().len();
        let mut code = String::new();
        let mut test_item: Option<usize> = None;
        for line in self.text.lines() {
            let ends_item = test_item == Some(indent(line)) && (line.ends_with(';') || line.trim() == "}");
            if test_item.is_none() && line.trim_start().starts_with("#[cfg(test)]") {
                test_item = Some(indent(line));
            } else if test_item.is_none() && !line.trim_start().starts_with("//") {
                code.push_str(line);
            } else if ends_item {
                test_item = None;
            }
            code.push('\n');
        }
        code
    }
}

/// The lines that hold one of the words, which are not part of longer ones.
fn lines_with(text: &str, forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let stands_here = |word: &str| {
            line.match_indices(word).any(|(at, _)| {
                let inside = word.starts_with(is_word) && line[..at].ends_with(is_word);
                let goes_on = word.ends_with(is_word) && line[at + word.len()..].starts_with(is_word);
                !inside && !goes_on
            })
        };
        if let Some(word) = forbidden.iter().find(|word| stands_here(word)) {
            found.push(format!("line {number}: {word}"));
        }
    }
    found
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("src"), root.join("tests")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources
}

#[test]
fn the_source_keeps_the_rules_of_the_architecture() {
    let sources = sources();
    assert!(sources.iter().any(|source| source.path == "src/domain/repository.rs"), "the source was read");
    let mut violations = Vec::new();
    for rule in RULES {
        for source in &sources {
            let found = (rule.violations)(source);
            violations.extend(found.iter().map(|found| format!("{}: {}: {found}", rule.says, source.path)));
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn every_rule_sees_what_breaks_it() {
    for rule in RULES {
        let (path, text) = rule.broken_by;
        let planted = Source { path: path.to_owned(), text: text.to_owned() };
        assert_eq!((rule.violations)(&planted).len(), 1, "{}: {path}", rule.says);
    }
}

#[test]
fn imports_are_seen_in_every_spelling() {
    for (path, text, upward) in [
        ("src/domain/event.rs", "use crate::{domain::zone::Zone, infrastructure::{memory, zones}};", 1),
        ("src/domain/json/mod.rs", "use super::super::application::routing;", 1),
        ("src/domain/event.rs", "use super::zone::Zone;", 0),
        ("src/wire/record.rs", "use crate::domain::event::DomainEvent;", 1),
        ("src/conformance/order.rs", "use crate::{domain::event, infrastructure::memory};", 1),
        ("src/infrastructure/memory.rs", "use crate::conformance::events::event;", 1),
        ("src/application/routing.rs", "fn f(_: crate::legacy::Queue) {}", 1),
        ("src/infrastructure/memory.rs", "use crate::domain::event::DomainEvent;", 0),
        ("src/infrastructure/memory.rs", "use crate::application::import::Source;", 0),
        ("src/infrastructure/memory.rs", "use crate::{\n    cli,\n    legacy::queue,\n};", 2),
        ("src/legacy/queue.rs", "use crate::infrastructure::config;", 1),
        ("src/cli/mod.rs", "use crate::{application, infrastructure, legacy};", 0),
        ("src/main.rs", "use mission_events::{cli, domain};", 1),
        ("src/domain/zone.rs", "// use crate::cli;\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n", 0),
        ("src/domain/zone.rs", "#[cfg(test)]\nmod tests;\n\nuse crate::cli;\n", 1),
    ] {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        assert_eq!(upward_imports(&source).len(), upward, "{path}: {text}");
    }
}
