//! No two files of `src/` import each other, directly or through others.
//!
//! **An import** is a path in production code, in a `use` or in the midst of it, that begins with `crate`, `super`,
//! `self` or the name of a child module and leads to another file. It leads to the file of the last
//! module that it names: `super::error::JsonlError` to `error.rs`, `super::JsonlEventRepository` to the `mod.rs` above,
//! also where that only passes the name on by `pub use`. A declaration `mod x;` is no import. So a `mod.rs`
//! that uses its children must define nothing that they import: what they share stands in a file of its own.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Source, sources};

type ModulePath = Vec<String>;

/// The module that a file under `src/` is; the root of the crate is the empty path.
fn module_of(source: &Source) -> Option<ModulePath> {
    if source.is_test() {
        return None;
    }
    let path = source.path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut module: ModulePath = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|name| name == "mod") || path == "lib" {
        module.pop();
    }
    Some(module)
}

/// The files that each file imports.
fn imports(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let files: BTreeMap<ModulePath, &str> =
        sources.iter().filter_map(|source| Some((module_of(source)?, source.path.as_str()))).collect();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        let Some(module) = module_of(source) else { continue };
        let text: TokenStream =
            source.text.parse().unwrap_or_else(|error| panic!("{}: {error}", source.path));
        let mut paths = Paths { files: &files, found: Vec::new() };
        paths.of_items(&module, text);
        let imported = imports.entry(&source.path).or_default();
        for path in paths.found {
            let file = (0..=path.len()).rev().find_map(|length| files.get(&path[..length]));
            imported.extend(file.filter(|file| **file != source.path));
        }
    }
    imports
}

/// Collects the paths of a text, as paths from the root of the crate.
struct Paths<'s> {
    files: &'s BTreeMap<ModulePath, &'s str>,
    found: Vec<ModulePath>,
}

impl Paths<'_> {
    fn of_items(&mut self, module: &ModulePath, text: TokenStream) {
        let tokens: Vec<TokenTree> = text.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at += 2;
                // The item ends with its body, or with a semicolon.
                while at < tokens.len() && !is_brace(&tokens[at]) && !is_punctuation(&tokens[at], ';') {
                    at += 1;
                }
                at += 1;
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(word) if word == "pub" && is_parenthesis(tokens.get(at + 1)) => at += 2,
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    {
                        self.of_items(&joined(module, &name.to_string()), body.stream());
                    }
                    at += 3;
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = (at..tokens.len())
                        .find(|end| is_punctuation(&tokens[*end], ';'))
                        .unwrap_or(tokens.len());
                    self.of_use(module, &[], &tokens[at + 1..end]);
                    at = end + 1;
                }
                TokenTree::Ident(_) if at == 0 || !is_punctuation(&tokens[at - 1], ':') => {
                    let (path, length) = path_at(&tokens[at..]);
                    if path.len() > 1 {
                        self.add(module, path);
                    }
                    at += length;
                }
                TokenTree::Group(group) => {
                    self.of_items(module, group.stream());
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// The paths of a tree of imports, whose roots follow `prefix`.
    fn of_use(&mut self, module: &ModulePath, prefix: &[String], tree: &[TokenTree]) {
        for branch in tree.split(|token| is_punctuation(token, ',')) {
            // A path may begin with `::`: then it leads to another crate.
            let (path, length) = path_at(branch);
            let path = [prefix, &path].concat();
            match branch.get(length) {
                Some(TokenTree::Group(group)) => {
                    self.of_use(module, &path, &group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => self.add(module, path),
            }
        }
    }

    fn add(&mut self, module: &ModulePath, path: ModulePath) {
        let mut root = module.clone();
        let mut names = path.into_iter().peekable();
        match names.peek().map(String::as_str) {
            Some("crate") => root.clear(),
            Some("super" | "self") => {}
            Some(name) if self.files.contains_key(&joined(module, name)) => {}
            _ => return,
        }
        for name in names {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => drop(root.pop()),
                _ => root.push(name),
            }
        }
        self.found.push(root);
    }
}

/// The names that `tokens` begin with, joined by `::`, and how many tokens they are, with a `::` after them.
fn path_at(tokens: &[TokenTree]) -> (ModulePath, usize) {
    let (mut path, mut at) = (Vec::new(), 0);
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        let goes_on = tokens[at..].iter().take(2).filter(|token| is_punctuation(token, ':')).count() == 2;
        if !goes_on {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn joined(module: &[String], name: &str) -> ModulePath {
    [module, &[name.to_owned()]].concat()
}

fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(attribute), ..] => {
            is_punctuation(hash, '#') && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

fn is_punctuation(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punctuation) if punctuation.as_char() == character)
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_parenthesis(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

/// The sets of files that import each other: the strongly connected components of more than one.
fn circles<'s>(imports: &BTreeMap<&'s str, BTreeSet<&'s str>>) -> Vec<Vec<&'s str>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|file| (*file, reachable_from(file, imports))).collect();
    let mut circles = BTreeSet::new();
    for (file, reached) in &reachable {
        let circle: Vec<&str> =
            reached.iter().copied().filter(|other| reachable[other].contains(file)).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reachable_from<'s>(file: &str, imports: &BTreeMap<&'s str, BTreeSet<&'s str>>) -> BTreeSet<&'s str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = imports[file].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&imports[next]);
        }
    }
    reached
}

/// A circle as text: its files, each with what it imports of the others.
fn shown(circle: &[&str], imports: &BTreeMap<&str, BTreeSet<&str>>) -> String {
    let mut text = format!("{} files import each other:", circle.len());
    for file in circle {
        let others: Vec<&str> =
            imports[file].iter().copied().filter(|other| circle.contains(other)).collect();
        text.push_str(&format!("\n  {file}: {}", others.join(", ")));
    }
    text
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    let imports = imports(&sources);
    let found: Vec<String> = circles(&imports).iter().map(|circle| shown(circle, &imports)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn planted(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let source = |&(path, text): &(&str, &str)| Source { path: path.to_owned(), text: text.to_owned() };
    let sources: Vec<Source> = files.iter().map(source).collect();
    let circles = circles(&imports(&sources));
    circles.into_iter().map(|circle| circle.into_iter().map(str::to_owned).collect()).collect()
}

#[test]
fn a_circle_over_several_files_is_found_without_the_files_that_only_touch_it() {
    let circles = planted(&[
        ("src/lib.rs", "pub mod a; pub mod b; pub mod c; pub use a::A;"),
        ("src/a/mod.rs", "mod leaf; use crate::b::B; pub struct A(B, leaf::Leaf);"),
        ("src/a/leaf.rs", "pub struct Leaf;"),
        ("src/b.rs", "pub struct B(Option<Box<super::c::C>>);"),
        ("src/c.rs", "use crate::{a::{A, leaf::Leaf}, b}; pub struct C(A, Leaf, b::B);"),
    ]);
    assert_eq!(circles, [["src/a/mod.rs", "src/b.rs", "src/c.rs"]]);
}

#[test]
fn an_import_is_a_path_of_production_code_to_another_file() {
    for (text, is_import) in [
        ("use super::Shared;", true),
        ("use crate::a::{sibling, Shared as Other};", true),
        ("use super::*;", true),
        ("fn f() { super::shared(); }", true),
        ("fn f() { println!(\"{}\", crate::a::SHARED); }", true),
        ("impl crate::a::Shared for Own {}", true),
        ("mod inner { use super::super::Shared; }", true),
        ("#[cfg(test)] use super::sibling; use super::Shared;", true),
        ("use super::sibling::Shared;", false),
        ("use super::{sibling::{self, Shared}};", false),
        ("pub(super) fn f() {} pub(in super::super) struct Own;", false),
        ("mod inner { use super::Own; }", false),
        ("use other::a::Shared; use std::fmt;", false),
        (
            "// use super::Shared;\n/// See [`super::Shared`].\nfn f() -> &'static str { \"super::Shared\" }",
            false,
        ),
        ("#[cfg(test)] mod tests { use super::super::*; }", false),
        ("#[cfg(test)] #[path = \"t.rs\"] mod tests; #[cfg(test)] use super::Shared;", false),
    ] {
        let circles = planted(&[
            ("src/a/mod.rs", "mod child; mod sibling; pub use child::Own; pub use self::sibling::Shared;"),
            ("src/a/child.rs", text),
            ("src/a/sibling.rs", "pub struct Shared;"),
            ("src/a/child/tests.rs", "use crate::a::Shared;"),
        ]);
        assert_eq!(!circles.is_empty(), is_import, "{text}");
    }
}
