//! `kvw env`: names, refusals, and every form read back by what it is for.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::harness::{AclAgent, Agent, Kvw, Scope, not_tried, prefix_rules};

/// Values that have broken other tools: what a shell, a file or a terminal could take for its own.
const HOSTILE: [&str; 16] = [
    "plain",
    "",
    " both ends ",
    "it's \"quoted\"",
    "$(touch pwned) `touch pwned` $HOME ${HOME}",
    "a;touch pwned;#",
    "back\\slash\\n\\",
    "line\nbreak\n",
    "\n",
    "tab\tend\t",
    "*",
    "~",
    "!!",
    "a=b # c",
    "näme 🚀",
    "'\\''",
];

fn shell(name: &str) -> Option<&str> {
    let found = Command::new(name).args(["-c", ":"]).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(name);
    }
    not_tried(&format!("{name} is not installed"));
    None
}

fn put_hostile(scope: &Scope) -> BTreeMap<String, String> {
    let all = HOSTILE.iter().enumerate().map(|(number, value)| {
        scope.put(&format!("v/{number:02}"), value);
        (format!("V_{number:02}"), (*value).to_owned())
    });
    all.collect()
}

/// `NAME=VALUE`, each ended by a NUL.
fn by_nul(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let lines = text.split_terminator('\0');
    let parted = lines.map(|line| line.split_once('=').unwrap());
    parted
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn a_shell_takes_hostile_values_for_what_they_are() {
    let scope = Agent::shared();
    let expected = put_hostile(&scope);
    for shell in ["sh", "bash", "dash", "zsh", "busybox sh"] {
        let Some(program) = self::shell(shell.split(' ').next().unwrap()) else {
            continue;
        };
        let kvw = assert_cmd::cargo::cargo_bin!("kvw");
        let line = format!(
            "eval \"$('{}' env {})\" && exec env -0",
            kvw.display(),
            scope.prefix()
        );
        let more = shell.split(' ').skip(1);
        let output = Kvw::program(Path::new(program))
            .env("CONSUL_HTTP_ADDR", scope.address())
            .args(more)
            .args(["-c", &line])
            .spawn();
        let home = output.home().to_owned();
        let output = output.wait(crate::harness::PATIENCE);
        output.expect(0);
        let mut all = by_nul(&output.stdout);
        all.retain(|name, _| name.starts_with("V_"));
        assert_eq!(all, expected, "{shell}");
        assert!(!home.join("pwned").exists());
    }
}

#[test]
fn every_variable_of_a_shell_is_exported_as_it_is_stored_or_refused() {
    for shell in ["bash", "dash"] {
        let Some(program) = self::shell(shell) else {
            continue;
        };
        let scope = Agent::shared();
        let list = match shell {
            "bash" => "compgen -v | sort -u; echo SRANDOM; echo BASH_COMMAND",
            _ => "set | sed -n 's/=.*//p'; echo LINENO; echo OPTIND; echo PPID",
        };
        let names = Kvw::program(Path::new(program)).args(["-c", list]).ok();
        let is_upper = |name: &&str| {
            name.chars()
                .all(|c| c.is_ascii_uppercase() || "_".contains(c))
        };
        let mut kept = Vec::new();
        for name in names.lines().filter(is_upper) {
            // The rest is how the test itself runs, or a shell's count of itself.
            if ["PATH", "SHLVL", "PWD"].contains(&name) {
                continue;
            }
            scope.put(&format!("all/{name}"), "a b");
            let args = ["env", &scope.key("all/"), "--allow-env", name];
            let output = scope.kvw(args).run();
            match output.code {
                0 => kept.push(name),
                _ => assert!(output.stderr.contains("a shell keeps "), "{output}"),
            }
            scope.delete(&format!("all/{name}"));
        }
        assert!(kept.len() > 1, "{kept:?}");
        let line: String = kept
            .iter()
            .map(|name| format!("export {name}='a b'\n"))
            .collect();
        let path = std::env::var("PATH").unwrap();
        let line = format!("{line}PATH='{path}' exec env -0");
        let output = Kvw::program(Path::new(program)).args(["-c", &line]).run();
        let all = by_nul(&output.expect(0).stdout);
        for name in kept {
            assert_eq!(
                all.get(name).map(String::as_str),
                Some("a b"),
                "{shell} {name}"
            );
        }
    }
}

#[test]
fn json_and_null_are_the_values_themselves() {
    let scope = Agent::shared();
    let expected = put_hostile(&scope);
    let json = scope.kvw(["env", scope.prefix(), "-o", "json"]).ok();
    let parsed: BTreeMap<String, String> = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed, expected);
    scope.put("v/raw", b"\xff\xfe");
    let output = scope.kvw(["env", scope.prefix(), "-o", "null"]).run();
    output.expect(0);
    assert!(output.stdout.ends_with(b"V_RAW=\xff\xfe\0"), "{output}");
    // As xargs reads it.
    let kvw = assert_cmd::cargo::cargo_bin!("kvw");
    let line = format!(
        "'{}' env {}v/ --exclude '**/raw' -o null | xargs -0 sh -c 'exec env -i \"$@\" env -0' sh",
        kvw.display(),
        scope.prefix()
    );
    let output = Kvw::program(Path::new("/bin/sh"))
        .env("CONSUL_HTTP_ADDR", scope.address())
        .args(["-c", &line])
        .run();
    output.expect(0);
    let read: Vec<String> = by_nul(&output.stdout).into_values().collect();
    let wanted: Vec<String> = expected.into_values().collect();
    assert_eq!(read, wanted);
}

/// The grammar of environment files is read back in the unit tests; here by a shell, which reads the
/// same where no escapes are used.
#[test]
fn an_env_file_quotes_only_what_needs_it() {
    let scope = Agent::shared();
    for (name, value) in [
        ("a", "1.5"),
        ("b", "two words"),
        ("c", "$X it's\n"),
        ("d", ""),
        ("e", "$X # \"y\""),
    ] {
        scope.put(name, value);
    }
    assert_eq!(
        scope.kvw(["env", scope.prefix(), "-o", "env"]).ok(),
        "A=1.5\nB='two words'\nC=\"\\$X it's\\n\"\nD=\nE='$X # \"y\"'\n"
    );
    assert_eq!(
        scope
            .kvw([
                "env",
                scope.prefix(),
                "-o",
                "systemd",
                "--include",
                "**/[ce]"
            ])
            .ok(),
        "C=\"\\$X it's\n\"\nE=\"\\$X # \\\"y\\\"\"\n"
    );
}

#[test]
fn what_a_form_cannot_hold_is_refused_with_the_key_and_nothing_is_printed() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("lines", "a\nb");
    scope.put("zero", b"a\0b");
    let refused = |args: &[&str]| {
        let output = scope.kvw(["env", scope.prefix()]).args(args).run();
        output.expect(2).one_line();
        assert_eq!(output.text(), "");
        output.stderr
    };
    assert!(refused(&[]).contains("zero' has a NUL"));
    let docker = refused(&["-o", "docker", "--exclude", "**/zero"]);
    assert!(docker.contains("lines'") && docker.contains("line break"));
    scope.put("zero", b"\xff");
    for format in ["shell", "env", "docker", "json", "systemd"] {
        let args = ["-o", format, "--exclude", "**/lines"];
        assert!(refused(&args).contains("zero': the value is not UTF-8"));
    }
    scope.put("zero", "x".repeat(200_000));
    assert!(refused(&[]).contains("200000 bytes"));
    scope.put("zero", "0");
    // Of some, bash takes the assignment and drops it without a word.
    for name in ["uid", "groups", "seconds", "random", "funcname", "-"] {
        scope.put(name, "0");
        let kept = refused(&[]);
        assert!(
            kept.contains("a shell keeps ") && kept.contains("--rename"),
            "{kept}"
        );
        scope.kvw(["env", scope.prefix(), "-o", "env"]).ok();
        scope.delete(name);
    }
    scope.put("uid", "0");
    let renamed = format!("{}=USER_ID", scope.key("uid"));
    let shown = scope
        .kvw(["env", scope.prefix(), "--rename", &renamed])
        .ok();
    assert!(shown.contains("export USER_ID='0'"), "{shown}");
}

#[test]
fn colliding_and_dangerous_names_are_refused() {
    let scope = Agent::shared();
    scope.put("web/db-host", "a");
    scope.put("web/db/host", "b");
    let web = scope.key("web/");
    let output = scope.kvw(["env", &web]).run();
    output.expect(2).one_line();
    output.says(&[
        &format!("'{web}db-host' and '{web}db/host' both give DB_HOST"),
        &format!("hint: --rename {web}db/host=DB_HOST_OLD, or --exclude"),
    ]);
    let renamed = format!("{web}db/host=DB_HOST_OLD");
    let shown = scope.kvw(["env", &web, "--rename", &renamed]).ok();
    assert_eq!(shown, "export DB_HOST='a'\nexport DB_HOST_OLD='b'\n");
    for name in [
        "path",
        "ld-preload",
        "bash_env",
        "kvw/keys",
        "consul_http_token",
    ] {
        scope.put(&format!("evil/{name}"), "x");
        let evil = scope.key("evil/");
        let output = scope.kvw(["env", &evil]).run();
        output.expect(2).one_line();
        let upper = name.to_uppercase().replace(['-', '/'], "_");
        output.says(&["could make a program run other code", &upper]);
        let allowed = scope.kvw(["env", &evil, "--allow-env", &upper]).ok();
        assert_eq!(allowed, format!("export {upper}='x'\n"));
        scope.delete(&format!("evil/{name}"));
    }
}

#[test]
fn a_later_prefix_wins_and_single_keys_come_last() {
    let scope = Agent::shared();
    scope.put("common/host", "common");
    scope.put("common/port", "1");
    scope.put("web/host", "web");
    scope.put("web/", "");
    scope.put("web", "not below the folder");
    scope.put("other/name", "other");
    let (common, web) = (scope.key("common/"), scope.key("web"));
    let shown = |args: &[&str]| scope.kvw(["env"]).args(args).ok();
    assert_eq!(
        shown(&[&common, &web]),
        "export HOST='web'\nexport PORT='1'\n"
    );
    assert_eq!(
        shown(&[&web, &common]),
        "export HOST='common'\nexport PORT='1'\n"
    );
    let mapped = format!("HOST={}", scope.key("other/name"));
    let single = scope.key("other/name");
    assert_eq!(
        shown(&[&web, "--env", &mapped, "--key", &single]),
        "export HOST='other'\nexport NAME='other'\n"
    );
    assert_eq!(shown(&[&web, "--names", "keep"]), "export host='web'\n");
}

#[test]
fn what_is_missing_is_named_with_exit_1() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let none = scope.key("none");
    let output = scope
        .kvw(["env", scope.prefix(), "--env", &format!("X={none}")])
        .run();
    output
        .expect(1)
        .one_line()
        .says(&[&format!("key {none} does not exist")]);
    assert_eq!(output.text(), "");
    let output = scope.kvw(["env", &none]).run();
    output.expect(1).one_line();
    output.says(&[&format!("no key starts with {none}/"), "--allow-empty"]);
    assert_eq!(scope.kvw(["env", &none, "--allow-empty"]).ok(), "");
    // Many keys, more than a transaction holds.
    let many: Vec<String> = (0..150)
        .map(|n| format!("X{n}={}", scope.key("a")))
        .collect();
    let args = many.iter().flat_map(|mapped| ["--env", mapped]);
    let shown = scope.kvw(["env"]).args(args).ok();
    assert_eq!(shown.lines().count(), 150);
}

#[test]
fn unused_flags_are_said() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let output = scope
        .kvw(["env", scope.prefix(), "--rename", "x/y=Z", "--exclude", "a"])
        .run();
    output.expect(0).says(&[
        "warning: --rename: key x/y does not exist here",
        "warning: --exclude 'a' matches no key",
    ]);
    for args in [
        &["env"][..],
        &["env", "--env", "=x"],
        &["env", "--env", "A=x", "--env", "A=y"],
        &["env", "a/", "--rename", "k=A=B=", "--names", "keep"],
        &["env", "a//b/"],
    ] {
        scope.kvw([]).args(args).run().expect(2);
    }
}

#[test]
fn a_terminal_is_not_driven_by_a_value() {
    let scope = Agent::shared();
    scope.put("a", "\x1b[2J");
    let shown = scope.kvw(["env", scope.prefix()]).on_terminal().ok();
    assert!(shown.contains(r"export A='\x1b[2J'"), "{shown}");
    assert_eq!(
        scope.kvw(["env", scope.prefix()]).run().stdout,
        b"export A='\x1b[2J'\n"
    );
}

#[test]
fn get_of_a_prefix_points_to_env_for_its_forms() {
    for format in ["env", "shell", "docker", "systemd", "null"] {
        let output = Kvw::bare()
            .args(["get", "--recurse", "app/", "-o", format])
            .run();
        output.expect(2).says(&["hint: kvw env app/ -o", format]);
    }
}

#[test]
fn a_token_that_may_not_read_is_exit_4() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    agent.put("app/a", "1");
    agent.put("secret/a", "1");
    let policy = agent.create_policy(&prefix_rules("read", &["app/"]));
    let token = agent.create_token(&policy);
    let run = |args: &[&str]| {
        let kvw = agent.kvw(["env"]).args(args);
        kvw.env("CONSUL_HTTP_TOKEN", &token.secret).run()
    };
    run(&["app/"]).expect(0);
    for args in [
        &["secret/"][..],
        &["app/", "secret/"],
        &["--env", "A=secret/a"],
        &["--env", "A=secret/a", "--env", "B=app/a"],
        &["--env", "A=secret/none", "--env", "B=app/a"],
    ] {
        let output = run(args);
        output.expect(4).one_line();
        assert_eq!(output.text(), "");
    }
}

#[test]
fn without_a_server_nothing_is_printed() {
    let output = Kvw::at("127.0.0.1:1").args(["env", "app/"]).run();
    output.expect(3).one_line();
    assert_eq!(output.text(), "");
}
