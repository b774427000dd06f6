//! Every command of the README is run, and prints what the README says.
//!
//! A ```console block is a session: lines that begin with `$ ` are commands, what follows is what
//! they print (both streams), `# exit N` says how they end when not with 0. The blocks run from
//! top to bottom on one server that holds `examples/config.json`.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Agent, Kvw, not_tried, wait_for_text};

struct ReadmeSession {
    line: usize,
    command: String,
    expected: String,
}

#[test]
fn every_command_of_the_readme_prints_what_it_says() {
    check("README.md");
}

#[test]
fn every_command_of_the_guide_from_envconsul_prints_what_it_says() {
    check("docs/from-envconsul.md");
}

#[test]
fn every_command_of_the_page_on_consul_lock_prints_what_it_says() {
    check("docs/from-consul-lock.md");
}

#[test]
fn every_command_of_the_page_on_configuration_in_git_prints_what_it_says() {
    check("docs/gitops.md");
}

#[test]
fn every_command_of_the_page_on_git2consul_prints_what_it_says() {
    check("docs/from-git2consul.md");
}

#[test]
fn every_command_of_the_page_on_consul_watch_prints_what_it_says() {
    check("docs/from-consul-watch.md");
}

#[test]
fn every_command_of_the_page_on_json_prints_what_it_says() {
    check("docs/json.md");
}

#[test]
fn every_command_of_the_guide_to_handlers_prints_what_it_says() {
    check("docs/handlers.md");
}

/// The lines of its ```sh blocks run for as long as they like: each is run for a moment, with the programs
/// that it names in place.
#[test]
fn the_examples_of_the_guide_to_handlers_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(root.join("docs/handlers.md")).unwrap();
    let agent = Agent::own();
    agent.http("PUT", "/v1/kv/config/a", b"1");
    let examples: Vec<_> = guide
        .split("```sh\n")
        .skip(1)
        .flat_map(|rest| rest.split("```").next().unwrap().lines())
        .collect();
    assert_eq!(examples.len(), 4);
    for example in examples {
        let program = assert_cmd::cargo::cargo_bin!("kvw");
        let mut running = Kvw::program(Path::new("/bin/sh"))
            .script("server", "echo started >>seen; exec sleep 60")
            .script("systemctl", "echo started >>seen")
            .env("CONSUL_HTTP_ADDR", agent.address())
            .args([
                "-c",
                &format!("PATH=.:$PATH; exec {} {}", program.display(), &example[4..]),
            ])
            .spawn();
        wait_for_text(&running.home().join("seen"));
        assert!(!running.has_ended(), "{example}");
        running.stop();
    }
}

/// Runs the sessions of a document on a server of its own.
#[track_caller]
fn check(document: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(document)).unwrap();
    let sessions = sessions(&text);
    assert!(sessions.len() > 5, "{document} shows the commands");
    // Some write a file there.
    std::fs::create_dir_all(root.join("target")).unwrap();
    let agent = Agent::own();
    agent
        .kvw([
            "import",
            "-q",
            root.join("examples/config.json").to_str().unwrap(),
        ])
        .ok();
    let mut wrong = String::new();
    for session in sessions {
        if let Some(missing) = missing_program(&session.command) {
            not_tried(&format!(
                "commands of {document} with {missing}: it is not installed"
            ));
            continue;
        }
        let printed = run(&session.command, &agent.address(), root);
        if normal(&printed) != normal(&session.expected) {
            let ReadmeSession {
                line,
                command,
                expected,
            } = session;
            writeln!(
                wrong,
                "{document}:{line}: $ {command}\n--- says\n{expected}--- prints\n{printed}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The examples of the third shell block, which have no output of their own: each is run for a
/// moment, with the programs it names in place.
#[test]
fn the_watch_examples_of_the_readme_run() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let agent = Agent::own();
    agent.http("PUT", "/v1/kv/app/ready", b"");
    agent.http("PUT", "/v1/kv/app/version", b"2");
    let examples: Vec<_> = readme
        .lines()
        .filter(|line| line.starts_with("kvw w"))
        .collect();
    assert_eq!(examples.len(), 8);
    for example in examples {
        let short = example.replacen(
            "kvw watch",
            "kvw watch --for 300ms",
            usize::from(!example.contains("--for")),
        );
        let program = assert_cmd::cargo::cargo_bin!("kvw");
        let output = Kvw::program(Path::new("/bin/sh"))
            .script("reload.sh", "exit 0")
            .script("db.sh", "exit 0")
            .script("rest.sh", "exit 0")
            .script("old-handler", "exit 0")
            .script("server", "exec sleep 60")
            .script("sync.sh", "exit 0")
            .env("CONSUL_HTTP_ADDR", agent.address())
            .args([
                "-c",
                &format!("kvw() {{ {} \"$@\"; }}; {short}", program.display()),
            ])
            .run();
        output.expect(0);
    }
}

/// What docs/pictures/draw has drawn of a terminal: its rows, without blanks.
fn rows_of_picture(svg: &str) -> Vec<String> {
    let text = regex::Regex::new(r#"<text x="[^"]*" y="([^"]*)"[^>]*>([^<]*)</text>"#).unwrap();
    let mut rows = std::collections::BTreeMap::<u32, String>::new();
    for found in text.captures_iter(svg) {
        *rows.entry(found[1].parse().unwrap()).or_default() += &found[2];
    }
    rows.into_values().map(|row| comparable(&row)).collect()
}

/// A line without blanks, entities, numbers and the offset of a time zone.
fn comparable(line: &str) -> String {
    let line = line.replace("&quot;", "\"").replace("&gt;", ">");
    let line = line.replace("+00:00", "Z").replace(' ', "");
    normal(&line)
}

#[test]
fn the_picture_of_a_watch_shows_what_it_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let svg = std::fs::read_to_string(root.join("docs/pictures/watch.svg")).unwrap();
    let agent = Agent::own();
    let file = |path: &str| root.join(path).to_str().unwrap().to_owned();
    agent
        .kvw(["import", "-q", &file("examples/config.json")])
        .ok();
    let handler = file("examples/reload.sh");
    let args = ["watch", "config/", "-o", "text", "--initial", "skip"];
    let mut running = agent.kvw(args).args(["--exec", &handler]).spawn();
    running.err_line_with("watching");
    let json = "set config/app.json '{\"debug\":false}'";
    for write in [
        &["put", "-q", "config/web/port", "8081"][..],
        &[
            "txn",
            "-q",
            "set config/db/host db2.internal",
            "delete config/db/pool",
            json,
        ],
        &["put", "-q", "config/app.json", "{\"debug\":true}"],
    ] {
        agent.kvw([]).args(write).ok();
        running.err_line_with("handled in");
    }
    let output = running.stop();
    let stdout = output.text();
    let printed = stdout.lines().chain(output.stderr.lines());
    let printed: std::collections::BTreeSet<_> = printed.map(comparable).collect();
    let rows = rows_of_picture(&svg);
    let (command, rows) = rows.split_first().unwrap();
    assert_eq!(
        command,
        &comparable("$ kvw watch config/ -o text --initial skip --exec examples/reload.sh")
    );
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        assert!(printed.contains(row), "{row} is not among {printed:#?}");
    }
}

#[test]
fn the_two_first_commands_of_the_readme_are_those_of_a_newcomer() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks: Vec<_> = readme
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().trim())
        .collect();
    assert_eq!(
        blocks[0],
        "cargo run -- dev --load examples/config.json -- examples/demo.sh"
    );
    assert_eq!(blocks[1], "cargo test");
}

#[test]
fn the_demo_runs_the_handler_for_each_batch() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Kvw::bare()
        .args(["dev", "--load"])
        .args([
            root.join("examples/config.json"),
            "--".into(),
            root.join("examples/demo.sh"),
        ])
        .run();
    output.expect(0);
    let text = output.text();
    let batches: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("reload: "))
        .collect();
    assert_eq!(
        batches,
        [
            "reload: 3 changed (initial)",
            "reload: 1 changed (change)",
            "reload: 2 changed (change)"
        ],
        "{output}"
    );
}

/// The first program of a command that comes with no system, and is not here.
fn missing_program(command: &str) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap();
    let is_here =
        |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).exists());
    let needs = [("jq", "jq "), ("jq", "render.sh"), ("python3", ".py")];
    let missing = needs
        .iter()
        .find(|(name, mark)| command.contains(mark) && !is_here(name));
    missing.map(|(name, _)| *name)
}

fn sessions(readme: &str) -> Vec<ReadmeSession> {
    let mut sessions: Vec<ReadmeSession> = Vec::new();
    let mut inside = false;
    for (number, line) in readme.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            sessions.push(ReadmeSession {
                line: number + 1,
                command: command.to_owned(),
                expected: String::new(),
            });
        } else if inside {
            let session = sessions.last_mut().expect("a block begins with a command");
            session.expected.push_str(line);
            session.expected.push('\n');
        }
    }
    sessions
}

fn run(command: &str, address: &str, root: &Path) -> String {
    let bin = Path::new(assert_cmd::cargo::cargo_bin!("kvw"))
        .parent()
        .unwrap()
        .to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .env_clear()
        .env("PATH", path)
        .env("CONSUL_HTTP_ADDR", address)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut printed = String::from_utf8(output.stdout).unwrap();
    if !printed.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    match output.status.code() {
        Some(0) => {}
        Some(code) => writeln!(printed, "# exit {code}").unwrap(),
        None => writeln!(printed, "# died: {}", output.status).unwrap(),
    }
    printed
}

/// Numbers as `0` and times without their unit, so that indexes, times and addresses compare. The hashes
/// of secrets are new in each run.
fn normal(text: &str) -> String {
    let hashes = regex::Regex::new("#[0-9a-f]{6}\\)").unwrap();
    let text = &hashes.replace_all(text, "#0)");
    let numbers = regex::Regex::new(r"\d+(\.\d+)*(ms|µs|s\b)?").unwrap();
    numbers.replace_all(text, "0").into_owned()
}
