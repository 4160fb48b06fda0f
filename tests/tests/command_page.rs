//! The commands' page names every command that the programs have, and the pages of figures show command lines that
//! the programs take.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::process::{Command, Stdio};

use ironfeet_tests::tidy::root;

const PHONE: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const BENCH: &str = env!("CARGO_BIN_EXE_ironfeet-bench");
const DEMO: &str = env!("CARGO_BIN_EXE_ironfeet-demo");

/// What a program says of itself after these words, and whether it took them.
fn help(program: &str, words: &[String]) -> (String, bool) {
    let mut command = Command::new(program);
    let ran = command.args(words).arg("--help").stdin(Stdio::null()).output().unwrap();
    (String::from_utf8(ran.stdout).unwrap(), ran.status.success())
}

/// Every command of a program that has no commands below it.
fn commands(program: &str, above: &[String]) -> Vec<String> {
    let (text, _) = help(program, above);
    let listed = text.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let lines = listed.unwrap_or_default().lines().filter(|line| line.starts_with("  "));
    let names: Vec<&str> =
        lines.filter_map(|line| line.split_whitespace().next()).filter(|n| *n != "help").collect();
    if names.is_empty() {
        return vec![above.join(" ")];
    }
    let below = |name: &str| commands(program, &[above, &[name.to_owned()]].concat());
    names.into_iter().flat_map(below).collect()
}

#[test]
fn the_page_names_every_command() {
    let page = std::fs::read_to_string(root().join("docs/commands.md")).unwrap();
    for program in [PHONE, SERVER, BENCH] {
        let all = commands(program, &[]);
        assert!(all.len() > 4, "{all:?}");
        for command in all {
            let named = [format!("`{command} "), format!("`{command}`")];
            assert!(named.iter().any(|name| page.contains(name)), "{command} is not on the page");
        }
    }
}

/// Lines of pages that start one of the programs: (page, program, what follows).
fn lines() -> Vec<(String, &'static str, Vec<String>)> {
    let mut pages = vec!["README.md".to_owned(), "README.zh.md".to_owned()];
    for dir in ["docs", "docs/benchmarks"] {
        let names = std::fs::read_dir(root().join(dir)).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        pages.extend(names.filter(|n| n.ends_with(".md")).map(|n| format!("{dir}/{n}")));
    }
    let starts = [
        ("target/release/ironfeet-bench ", BENCH),
        ("--bin ironfeet-bench -- ", BENCH),
        ("target/debug/ironfeet-demo ", DEMO),
        ("target/release/ironfeet-demo ", DEMO),
        ("scripts/demo.sh --", DEMO),
    ];
    let mut found = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(root().join(&page)).unwrap();
        for line in text.lines() {
            for (start, program) in starts {
                let Some((before, rest)) = line.split_once(start) else { continue };
                // A setting names the program and starts another one.
                if before.ends_with('=') {
                    continue;
                }
                let rest = rest.split(['#', '`', ';']).next().unwrap();
                let dashes = if start.ends_with("--") { "--" } else { "" };
                let words = format!("{dashes}{rest}");
                let words = words.split_whitespace().map(str::to_owned).collect();
                found.push((page.clone(), program, words));
            }
        }
    }
    found
}

#[test]
fn command_lines_of_figures_are_taken() {
    let lines = lines();
    assert!(lines.len() > 4, "{lines:?}");
    for (page, program, words) in lines {
        assert!(help(program, &words).1, "{page}: {program} does not take {words:?}");
    }
}
