//! As much of Markdown and of the shell as the README uses.

/// A fenced block of code.
pub struct Block {
    pub language: String,
    pub text: String,
}

/// What a page consists of.
pub enum Part {
    Block(Block),
    /// What stands before, between and after blocks.
    Prose(String),
}

/// The blocks and what is around them, in their order.
pub fn parts(markdown: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut open, mut prose) = (None, String::new());
    for line in markdown.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => parts.extend(open.take().map(Part::Block)),
            (Some(language), None) => {
                parts.push(Part::Prose(std::mem::take(&mut prose)));
                open = Some(Block { language: language.to_owned(), text: String::new() });
            }
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => prose += &format!("{line}\n"),
        }
    }
    assert!(open.is_none(), "a block of code is not closed");
    parts.push(Part::Prose(prose));
    parts
}

/// The fenced blocks, in their order.
pub fn blocks(markdown: &str) -> impl Iterator<Item = Block> {
    let blocks = parts(markdown).into_iter();
    blocks.filter_map(|part| if let Part::Block(block) = part { Some(block) } else { None })
}

/// What stands below a heading of the second level; nothing where there is no such heading.
pub fn section<'m>(markdown: &'m str, heading: &str) -> &'m str {
    let Some((_, below)) = markdown.split_once(&format!("\n## {heading}\n")) else { return "" };
    below.split("\n## ").next().unwrap_or(below)
}

/// The rows of the table in a section, without its head; cells without back quotes.
pub fn rows(markdown: &str, heading: &str) -> Vec<Vec<String>> {
    let lines = section(markdown, heading).lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// What stands between single back quotes, outside blocks.
pub fn code_spans(markdown: &str) -> Vec<String> {
    let mut fenced = false;
    let mut spans = Vec::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            spans.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    spans
}

/// What links to a line, if that is a heading.
pub fn anchor(line: &str) -> Option<String> {
    let title = line.strip_prefix("## ")?.to_lowercase().replace(' ', "-");
    Some(title.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect())
}

/// The simple commands of a script, as their words. Redirections stay words.
pub fn commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = script.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '\\') => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            (None, '\n' | ';' | '|' | '&') => {
                commands.last_mut().unwrap().extend(word.take());
                commands.push(Vec::new());
            }
            (None, ' ') => commands.last_mut().unwrap().extend(word.take()),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    commands.last_mut().unwrap().extend(word);
    commands.retain(|words| !words.is_empty());
    commands
}

/// The arguments of a command that runs this program, by its name or through cargo.
pub fn program_arguments(words: &[String]) -> Option<Vec<String>> {
    let is_assignment =
        |word: &&String| word.split_once('=').is_some_and(|(name, _)| name == name.to_uppercase());
    let words = &words[words.iter().take_while(is_assignment).count()..];
    let start = match words.first()?.as_str() {
        "mission-events" => 1,
        "cargo" if words.get(1)? == "run" && !words.contains(&"--example".to_owned()) => {
            1 + words.iter().position(|word| word == "--")?
        }
        _ => return None,
    };
    Some(words[start..].iter().take_while(|word| !word.starts_with(['<', '>'])).cloned().collect())
}

#[test]
fn a_script_is_read_as_its_commands() {
    let script =
        "A=1 mission-events events show \"a b\" > x || echo 'c|d'\ncargo run --release -- \\\n  status\n";
    let [first, echo, run] = &commands(script)[..] else { panic!("{:?}", commands(script)) };
    assert_eq!(program_arguments(first).unwrap(), ["events", "show", "a b"]);
    assert_eq!((program_arguments(echo), echo[1].as_str()), (None, "c|d"));
    assert_eq!(program_arguments(run).unwrap(), ["status"]);
}

#[test]
fn markdown_is_read_as_blocks_sections_rows_and_spans() {
    let text =
        "# T\n\n## One\n`a` b `c d`\n```sh\nx `y`\n```\n| k |\n|---|\n| `v` |\n\n## Two words!\n| no |\n";
    assert_eq!(
        blocks(text).map(|block| block.language + ":" + &block.text).collect::<Vec<_>>(),
        ["sh:x `y`\n"]
    );
    let [Part::Prose(before), _, Part::Prose(after)] = &parts(text)[..] else { panic!("three parts") };
    assert_eq!((before.lines().count(), after.lines().next()), (4, Some("| k |")));
    assert_eq!(rows(text, "One"), [["v"]]);
    assert_eq!(code_spans(text), ["a", "c d", "v"]);
    assert_eq!(text.lines().filter_map(anchor).collect::<Vec<_>>(), ["one", "two-words"]);
    assert_eq!(section(text, "Three"), "");
}
