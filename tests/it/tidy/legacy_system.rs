//! The legacy system can be deleted in one step: CONTRIBUTING.md says which lines outside its folders go with it.

use super::{Source, sources};

/// The files outside `src/legacy/` and `src/cli/legacy/` that know it.
const KNOWN_BY: [&str; 13] = [
    "src/application/doctor/mod.rs",
    "src/application/handling/mod.rs",
    "src/cli/dispatch/answer_line.rs",
    "src/cli/dispatch/mod.rs",
    "src/cli/dispatch/stream.rs",
    "src/cli/doctor/checks.rs",
    "src/cli/global.rs",
    "src/cli/hang_ups.rs",
    "src/cli/mirrors.rs",
    "src/cli/mod.rs",
    "src/infrastructure/config/mod.rs",
    "src/legacy_system.rs",
    "src/lib.rs",
];

fn knows_it(source: &Source) -> bool {
    let code = source.production_code();
    code.contains("crate::legacy::") || code.contains("feature = \"legacy\"")
}

#[test]
fn the_legacy_system_is_known_by_those_files_alone_that_go_with_it() {
    let mut knowing: Vec<String> = sources()
        .into_iter()
        .filter(|source| source.path.starts_with("src/"))
        .filter(|source| {
            !source.path.starts_with("src/legacy/") && !source.path.starts_with("src/cli/legacy/")
        })
        .filter(knows_it)
        .map(|source| source.path)
        .collect();
    knowing.sort();
    assert_eq!(knowing, KNOWN_BY);
}

#[test]
fn a_file_that_imports_it_or_asks_for_the_feature_knows_it() {
    for (text, known) in [
        ("use crate::legacy::queue::EventQueue;", true),
        ("#[cfg(feature = \"legacy\")]\nmod x;", true),
        ("use crate::infrastructure::config;", false),
        ("// use crate::legacy::queue;", false),
    ] {
        let source = Source { path: "src/cli/x.rs".to_owned(), text: text.to_owned() };
        assert_eq!(knows_it(&source), known, "{text}");
    }
}
