//! `docs/mistakes.md` shows what really is said about the mistakes in it.
//!
//! Behind each program stands a `text` block with the output of `aurc check`; `aur file=NAME` is another
//! file of the project, `given=".."` gives inputs and makes it `aurc compile`.

use aur_compiler::Given;
use aur_render::{Batch, Color, Frames, Look};
use aur_tests::{Block, Memory, blocks, repository, rewritten_when_asked};

const PAGE: &str = "docs/mistakes.md";

/// The most lines that one mistake may take.
const MOST_LINES: usize = 12;

fn given(block: &Block) -> Given {
    let flags = block.get("given").unwrap_or_default().split_whitespace();
    Given {
        flags: flags
            .filter_map(|flag| flag.split_once('='))
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        ..Given::default()
    }
}

/// What is printed about a program, and how many diagnostics that are.
fn printed(sources: &Memory, block: &Block) -> (String, usize) {
    let given = given(block);
    let (sources, diagnostics) = if block.get("given").is_some() {
        let answer = aur_compiler::compile(sources, "main.aur", &given);
        (answer.sources, answer.diagnostics)
    } else {
        let answer = aur_compiler::check(sources, "main.aur", &given);
        (answer.sources, answer.diagnostics)
    };
    let batch = Batch {
        sources: &sources,
        diagnostics: &diagnostics,
    };
    let look = Look {
        color: Color::Plain,
        frames: Frames::Unicode,
    };
    let text = aur_render::full(&[batch], look);
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    (
        lines.collect::<String>().trim_end().to_string() + "\n",
        diagnostics.len(),
    )
}

/// The document with the output behind each program as it is, and what is wrong with it.
fn rewritten(document: &str) -> (String, Vec<String>, usize) {
    let mut faults = Vec::new();
    let mut out = String::new();
    let mut sources = Memory::default();
    let mut heading = String::new();
    let found = blocks(document);
    let mut count = 0;
    let mut output: Option<String> = None;
    let mut lines = document.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(block) = found.iter().find(|block| block.line == index + 1) else {
            continue;
        };
        if block.heading != heading {
            heading.clone_from(&block.heading);
            sources.files.clear();
        }
        let inside: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .map(|line| format!("{line}\n"))
            .collect();
        match block.language.as_str() {
            "text" => out.push_str(&output.take().unwrap_or_default()),
            _ => out.push_str(&inside),
        }
        out.push_str("```\n");
        if block.language == "aur" {
            let path = block.get("file").unwrap_or("main.aur");
            sources.files.insert(path.to_string(), block.text.clone());
            if block.get("file").is_none() {
                count += 1;
                let (text, diagnostics) = printed(&sources, block);
                if diagnostics != 1 {
                    faults.push(format!("{heading}: {diagnostics} diagnostics\n{text}"));
                }
                let lines = text.lines().count();
                if lines > MOST_LINES {
                    faults.push(format!("{heading}: {lines} lines\n{text}"));
                }
                output = Some(text);
            }
        }
    }
    (out, faults, count)
}

#[test]
fn the_gallery_of_mistakes() {
    let document = std::fs::read_to_string(repository().join(PAGE)).expect("the page");
    let (text, faults, count) = rewritten(&document);
    rewritten_when_asked(PAGE, &text);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count >= 40, "the mistakes were found: {count}");
}
