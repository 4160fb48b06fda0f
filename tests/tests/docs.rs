//! Every command in the documents is run, in the order in which a reader would type it.
//!
//! A block marked ```sh is run, all of a page in one shell and an empty folder; a block marked
//! ```sh by-hand needs what a test has not (root, a registry), and the pages that have one are listed here.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use ironfeet_core::model::{ChangeHash, DocId};
use ironfeet_core::sync::message::{PushStatus, Receipt};
use ironfeet_server::metrics::{Metrics, Standing};
use ironfeet_tests::tidy::root;

/// The blocks of a page after its fences: (how it is marked, its text).
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(mark)) => open = Some((mark.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// `cargo run … -- ARGS` as a reader types it, with the programs that are built already. The demo would
/// leave its console open; here it lives one day and ends.
const CARGO: &str = r#"#!/bin/sh
program=ironfeet-server
while [ $# -gt 0 ]; do
  case "$1" in
    run|-q|--quiet|--release|--locked) ;;
    -p|--package) shift; [ "$1" = ironfeet-server ] && program=ironfeet-server ;;
    --bin) shift; program=$1 ;;
    --) shift; break ;;
    *) echo "cargo stand-in: $1?" >&2; exit 2 ;;
  esac
  shift
done
exec "$program" "$@"
"#;
const DEMO: &str = "#!/bin/sh\nexec demo-built --days 1 --listen 127.0.0.1:0 --exit \"$@\"\n";

fn programs(dir: &Path) {
    let built = [
        ("ironfeet-server", env!("CARGO_BIN_EXE_ironfeet-server-here")),
        ("ironfeet-phone", env!("CARGO_BIN_EXE_ironfeet-phone")),
        ("demo-built", env!("CARGO_BIN_EXE_ironfeet-demo")),
    ];
    for (name, path) in built {
        symlink(path, dir.join(name)).unwrap();
    }
    for (name, text) in [("cargo", CARGO), ("ironfeet-demo", DEMO)] {
        std::fs::write(dir.join(name), text).unwrap();
        std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::create_dir(dir.join("scripts")).unwrap();
    symlink(dir.join("ironfeet-demo"), dir.join("scripts/demo.sh")).unwrap();
}

/// Runs a page's blocks; the well-known port becomes a free one.
fn follow(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    let home = dir.path().join("reader");
    std::fs::create_dir(&bin).unwrap();
    std::fs::create_dir(&home).unwrap();
    programs(&bin);
    symlink(bin.join("scripts"), home.join("scripts")).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut script = "set -eu\n".to_owned();
    let all = blocks(&page(name));
    let run: Vec<_> = all.iter().filter(|(mark, _)| mark == "sh").collect();
    assert!(!run.is_empty(), "{name} has no command");
    for (_, text) in run {
        writeln!(script, "{}", text.replace("127.0.0.1:8440", &free.to_string())).unwrap();
    }
    let told = dir.path().join("told");
    let file = std::fs::File::create(&told).unwrap();
    let mut shell = Command::new("bash")
        .args(["-x", "-c", &script])
        .current_dir(&home)
        .env_clear()
        .env("HOME", &home)
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("IRONFEET_LISTEN", free.to_string())
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .process_group(0)
        .spawn()
        .unwrap();
    let ran = shell.wait().unwrap();
    // What the reader left running in the background belongs to the shell's group; none may be left.
    let _ = Command::new("kill").args(["--", &format!("-{}", shell.id())]).output();
    let told = std::fs::read_to_string(told).unwrap();
    assert!(ran.success(), "{name}: {told}");
}

#[test]
fn the_readme_can_be_followed() {
    follow("README.md");
}

#[test]
fn the_chinese_readme_can_be_followed_and_shows_the_same_commands() {
    let commands = |name: &str| {
        let all = blocks(&page(name)).into_iter().filter(|(mark, _)| mark.starts_with("sh"));
        // What stands after # is told in the reader's language.
        let plain = |text: String| {
            text.lines().map(|l| l.split(" #").next().unwrap().trim_end().to_owned()).collect()
        };
        all.map(|(mark, text)| (mark, plain(text))).collect::<Vec<(String, Vec<String>)>>()
    };
    assert_eq!(commands("README.md"), commands("README.zh.md"));
}

#[test]
fn the_operators_page_can_be_followed() {
    follow("docs/operator.md");
}

#[test]
fn the_synthetic_citys_page_can_be_followed() {
    follow("docs/city.md");
}

#[test]
fn the_app_developers_page_can_be_followed() {
    follow("docs/app-developer.md");
}

#[test]
fn commands_that_no_test_runs_are_few_and_known() {
    let mut by_hand = Vec::new();
    for name in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        by_hand.extend(marked(name));
    }
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            by_hand.extend(marked(&format!("docs/{name}")));
        }
    }
    by_hand.sort();
    let known = [
        "README.md: ./scripts/test.sh",
        "docs/capacity.md: cargo run --release -p ironfeet-tests --bin ironfeet-bench -- city --city small --storm 20",
        "docs/operator.md: cargo build --release --locked --package ironfeet-server",
        "docs/operator.md: podman build -f deploy/Containerfile -t ironfeet .",
    ];
    assert_eq!(by_hand, known);
}

/// The first lines of blocks that are not run; and no other mark for commands is in use.
fn marked(name: &str) -> Vec<String> {
    let all = blocks(&page(name));
    for (mark, text) in &all {
        assert!(!["bash", "shell", "console"].contains(&mark.as_str()), "{name}: {mark}\n{text}");
    }
    let by_hand = all.iter().filter(|(mark, _)| mark.starts_with("sh "));
    by_hand
        .map(|(mark, text)| {
            assert_eq!(mark, "sh by-hand", "{name}");
            let first = text.lines().next().unwrap();
            format!("{name}: {}", first.split(" #").next().unwrap().trim_end())
        })
        .collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = vec!["README.md".to_owned(), "README.zh.md".to_owned()];
    pages.extend(["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned));
    for dir in ["docs", "docs/benchmarks"] {
        for entry in std::fs::read_dir(root().join(dir)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            pages.extend(name.ends_with(".md").then(|| format!("{dir}/{name}")));
        }
    }
    for name in pages {
        let text = page(&name);
        let at = root().join(&name);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(at.parent().unwrap().join(file).exists(), "{name} links to {link}");
        }
    }
}

#[test]
fn alerts_name_metrics_that_the_server_writes() {
    let rules = page("deploy/ironfeet.rules.yml");
    let metrics = Metrics::new();
    // Families with labels are silent until the first of them is counted.
    metrics.answered("/v1/sync", 200, 0.1);
    metrics.upload("whole");
    let status = PushStatus::Rejected("scope".to_owned(), String::new());
    metrics.pushed(&[Receipt { doc: DocId([0; 16]), hash: ChangeHash([0; 32]), status }]);
    let written = metrics.text(&Standing::default()).unwrap();
    let typed: Vec<&str> = written.lines().filter_map(|l| l.strip_prefix("# TYPE ")).collect();
    // A family as it is scraped: counters end with `_total`, histograms are three series.
    let series = |line: &str| match line.split_once(' ').unwrap() {
        (name, "counter") => vec![format!("{name}_total")],
        (name, "histogram") => ["_bucket", "_count", "_sum"].map(|s| format!("{name}{s}")).to_vec(),
        (name, _) => vec![name.to_owned()],
    };
    let all: Vec<String> = typed.into_iter().flat_map(series).collect();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = rules.split(|c| !word(c)).filter(|w| w.starts_with("ironfeet_"));
    let mut seen = 0;
    for name in names {
        assert!(all.iter().any(|one| one == name), "{name} is none of {all:?}");
        seen += 1;
    }
    assert!(seen > 5);
}

/// Every test that the page on security names is there: a promise without a test is not made.
#[test]
fn every_test_that_the_page_on_security_names_exists() {
    fn rust(dir: &Path, names: &mut Vec<String>, all: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rust(&path, names, all);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                names.push(path.file_stem().unwrap().to_string_lossy().into_owned());
                all.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let (mut files, mut code) = (Vec::new(), String::new());
    for room in ["core/src", "core/tests", "sync-server/src", "sync-server/tests", "tests/tests"] {
        rust(&root().join(room), &mut files, &mut code);
    }
    let page = page("docs/security.md");
    let table = page.split("## Attacks tried").nth(1).unwrap();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests = last.split('`').skip(1).step_by(2);
        assert!(last.contains("the same") || last.contains('`'), "no test: {row}");
        for test in tests {
            let name = test.rsplit("::").next().unwrap();
            let there = match name {
                _ if test.contains('/') => root().join(test).exists(),
                "tests" => code.contains("mod tests"),
                name if test.contains("::") => code.contains(&format!("fn {name}(")),
                name => files.iter().any(|file| file == name) || root().join(name).is_dir(),
            };
            assert!(there, "{test} does not exist");
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}
