//! What the shell's TAB is offered.

use crate::harness::{Agent, Kvw, Scope, wait_for};

/// What bash's script asks for `kvw get TYPED<TAB>`.
fn offered(kvw: Kvw, typed: &str) -> Vec<String> {
    offered_after(kvw, &["get"], typed)
}

/// What bash's script asks for `kvw WORDS TYPED<TAB>`.
fn offered_after(kvw: Kvw, words: &[&str], typed: &str) -> Vec<String> {
    let output = kvw
        .env("KVW_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", (words.len() + 1).to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "false")
        .env("_CLAP_IFS", "\n")
        .args(["--", "kvw"])
        .args(words)
        .args([typed])
        .run();
    output.expect(0);
    assert_eq!(output.stderr, "", "{output}");
    output.text().lines().map(str::to_owned).collect()
}

/// Expects these offers. A machine that is busy for longer than the shell waits is asked again.
#[track_caller]
fn offers(kvw: impl Fn() -> Kvw, words: &[&str], typed: &str, expected: &[String]) {
    wait_for(&format!("{expected:?} after {words:?}"), || {
        let found = offered_after(kvw(), words, typed);
        if !found.is_empty() {
            assert_eq!(found, expected, "{words:?}");
        }
        (!found.is_empty()).then_some(())
    });
}

#[test]
fn live_keys_are_offered_one_level_at_a_time() {
    let scope = Agent::shared();
    scope.put("web/port", "1");
    scope.put("web/host", "1");
    scope.put("db", "1");
    let at = || Kvw::at(&scope.address());
    assert_eq!(
        offered(at(), scope.prefix()),
        [scope.key("db"), scope.key("web/")]
    );
    assert_eq!(offered(at(), &scope.key("web/p")), [scope.key("web/port")]);
}

#[test]
fn nothing_is_offered_or_said_when_consul_does_not_answer() {
    assert!(offered(Kvw::at("127.0.0.1:1"), "web").is_empty());
}

#[test]
fn keys_are_offered_wherever_a_key_goes() {
    let scope = Agent::shared();
    scope.put("web/port", "1");
    let typed = scope.key("we");
    for words in [
        &["get"][..],
        &["put"],
        &["delete", "--recurse"],
        &["watch"],
        &["watch", "--prefix"],
        &["watch", "a/", "--key"],
        &["wait"],
        &["wait", "--absent"],
        &["ls"],
        &["tree"],
        &["export"],
        &["env"],
        &["run"],
        &["run", "--key"],
        &["lock"],
        &["elect"],
        &["status", "--access"],
        &["import", "--prefix"],
    ] {
        offers(|| scope.kvw([]), words, &typed, &[scope.key("web/")]);
    }
    // A condition goes on after the key.
    let condition = [scope.key("web/port\\=")];
    let typed = scope.key("web/p");
    offers(|| scope.kvw([]), &["wait", "--equals"], &typed, &condition);
}

#[test]
fn flags_on_the_line_win_over_the_environment() {
    let scope = Agent::shared();
    scope.put("web", "1");
    let address = scope.address();
    let typed = scope.key("w");
    for words in [
        &["get", "--http-addr", &*address][..],
        &["--http-addr", &address, "get"],
        &["get", &*format!("--http-addr={address}")],
    ] {
        let elsewhere = || Kvw::at("127.0.0.1:1");
        offers(elsewhere, words, &typed, &[scope.key("web")]);
    }
    let elsewhere = offered_after(
        scope.kvw([]),
        &["get", "--http-addr", "127.0.0.1:1"],
        &typed,
    );
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn no_flags_stand_among_keys_and_those_that_are_begun_are_offered() {
    let agent = Agent::own();
    agent.kvw(["put", "key", "v"]).ok();
    offers(|| agent.kvw([]), &["get"], "", &["key".to_owned()]);
    let flags = offered(agent.kvw([]), "--rec");
    assert_eq!(flags, ["--recurse"]);
}

#[test]
fn files_are_offered_where_a_file_goes() {
    let scope = Agent::shared();
    for words in [
        &["import"][..],
        &["dev", "--load"],
        &["watch", "a/", "--state"],
        &["watch", "a/", "--status-file"],
        &["export", "--output-file"],
        &["txn", "--file"],
        &["get", "--token-file"],
        &["diff"],
        &["apply", "--plan"],
        &["undo"],
        &["put", "a", "b", "--undo"],
    ] {
        let kvw = scope.kvw([]).file("data.json", "[]");
        assert_eq!(offered_after(kvw, words, "da"), ["data.json"], "{words:?}");
    }
    let kvw = scope.kvw([]).file("data.json", "[]");
    assert_eq!(offered_after(kvw, &["put", "a"], "@da"), ["\\@data.json"]);
}

#[test]
fn words_are_offered_where_only_some_are_meant() {
    let scope = Agent::shared();
    for (words, typed, expected) in [
        (&["man"][..], "wat", "watch"),
        (&["man"], "hand", "handlers"),
        (&["watch", "a/", "--stop-signal"], "US", "USR1 USR2"),
        (&["run", "a/", "--signal"], "H", "HUP"),
        (&["apply", "x", "--list"], "j", "json join\\="),
    ] {
        let found = offered_after(scope.kvw([]), words, typed);
        let expected: Vec<_> = expected.split(' ').collect();
        assert_eq!(found, expected, "{words:?}");
    }
    // Programs of this machine stand beside it.
    let found = offered_after(scope.kvw([]), &["edit", "a", "--check"], "tom");
    assert_eq!(found[0], "toml");
    scope.put("key", "v");
    let key = scope.key("key");
    let typed = format!("NAME={}", scope.key("k"));
    let found = offered_after(scope.kvw([]), &["env", "--env"], &typed);
    assert_eq!(found, [format!(r"NAME\={key}")]);
    for words in [&["diff", "x", "--prefix"][..], &["apply", "x", "--scope"]] {
        let prefix = scope.prefix();
        let found = offered_after(scope.kvw([]), words, &prefix[..prefix.len() - 1]);
        assert_eq!(found, [prefix], "{words:?}");
    }
}

#[test]
fn commands_are_offered_after_two_dashes() {
    let scope = Agent::shared();
    for words in [
        &["watch", "a/", "--"][..],
        &["lock", "a", "--"],
        &["elect", "a", "--"],
        &["run", "a/", "--"],
        &["dev", "--"],
    ] {
        let found = offered_after(scope.kvw([]), words, "env");
        assert!(found.contains(&"env".to_owned()), "{words:?}: {found:?}");
    }
    // And where a line for sh begins.
    for words in [
        &["watch", "a/", "--exec"][..],
        &["lock", "a", "--exec"],
        &["elect", "a", "--exec"],
        &["run", "a/", "--change-exec"],
        &["apply", "x", "--then"],
    ] {
        let found = offered_after(scope.kvw([]), words, "env");
        assert!(found.contains(&"env".to_owned()), "{words:?}: {found:?}");
        let kvw = scope.kvw([]).script("reload.sh", "");
        assert_eq!(offered_after(kvw, words, "./re"), ["./reload.sh"]);
    }
    let kvw = scope.kvw([]).script("reload.sh", "");
    let routes = offered_after(kvw, &["watch", "a/", "--route"], "**/a=./re");
    assert_eq!(routes, [r"\*\*/a\=./reload.sh"]);
    // After the command come its files.
    let kvw = scope.kvw([]).file("data.json", "[]");
    let files = offered_after(kvw, &["watch", "a/", "--", "cat"], "da");
    assert_eq!(files, ["data.json"]);
    // Of other verbs the dashes only end the flags.
    scope.put("key", "v");
    let typed = scope.key("k");
    offers(
        || scope.kvw([]),
        &["get", "--"],
        &typed,
        &[scope.key("key")],
    );
}

#[test]
fn a_complete_variable_set_by_chance_changes_nothing() {
    Kvw::bare().env("COMPLETE", "bash").args(["--version"]).ok();
}

#[test]
fn a_variable_that_is_left_in_the_environment_makes_no_completer_of_a_command() {
    let scope = Agent::shared();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "nonsense"] {
        let key = scope.key(shell);
        let kvw = |args: &[&str]| scope.kvw([]).args(args).env("KVW_COMPLETE", shell);
        kvw(&["put", &key, "v"]).ok();
        assert_eq!(kvw(&["get", &key]).ok(), "v", "{shell}");
        kvw(&["get", "--", &key]).ok();
        kvw(&["--version"]).ok();
    }
}

#[test]
fn a_shell_that_is_unknown_is_named_with_those_that_are_known() {
    let output = Kvw::bare().env("KVW_COMPLETE", "csh").run();
    output.expect(2).says(&["csh", "bash", "zsh", "fish"]);
    assert_eq!(output.stdout, b"", "{output}");
}

/// What strangers may call a key: each of these would do something in some shell. `X` is a file that
/// must not come to be.
const NAMES: [&str; 43] = [
    "$(touch X)",
    "`touch X`",
    ";touch X",
    "; touch X #",
    "|touch X",
    "| touch X",
    "&touch X",
    "& touch X",
    "&&touch X",
    "||touch X",
    ">X",
    ">>X",
    ">|X",
    "> X",
    "<>X",
    "<(touch X)",
    "(touch X)",
    "'$(touch X)",
    "'$(touch X)'",
    "\"$(touch X)",
    "\";touch X;\"",
    "';touch X;'",
    "\\$(touch X)",
    "\\;touch X",
    "\\",
    "${X:=$(touch X)}",
    "{a,$(touch X)}",
    "*",
    "[a-z]?",
    "~",
    "!!",
    "!touch",
    "^a^b",
    "#c",
    " a  b ",
    "a:b=c@d",
    "ä🚀",
    "%1+2,3",
    "a\\'b",
    "a'b\"c`d",
    "\\x1b",
    "❤\u{fe0f}",
    "a b/$(touch X)/c'd",
];

/// Names that no shell is offered: they end a line, or cannot be seen as what they are.
const NEVER_OFFERED: [&str; 6] = [
    "\ntouch X\n",
    "\ttouch X",
    "\u{1b}]0;X\u{7}",
    "\r",
    "\u{9b}31m",
    "\u{202e}x",
];

/// Writes a key of any characters.
fn put(scope: &Scope, key: &str, value: &str) {
    scope.kvw(["put", "--exact-key", key, value]).ok();
}

/// Types `kvw get`, each name up to its number, TAB and Enter, and expects the value and nothing else.
fn nothing_is_executed(shell: &str, start: &str, rc: (&str, &str), quotes: &[&str]) {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .any(|folder| folder.join(shell).is_file());
    if !found {
        eprintln!("skipped: {shell} is not installed");
        return;
    }
    let scope = Agent::shared();
    let names = NAMES.iter().chain(&NEVER_OFFERED).enumerate();
    for (at, name) in names.clone() {
        put(
            &scope,
            &scope.key(&format!("{at:02}{name}")),
            &format!("value <{at}>"),
        );
    }
    let program = std::path::Path::new(assert_cmd::cargo::cargo_bin!("kvw"));
    let folders = [program.parent().unwrap().to_owned()];
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
    let kvw = Kvw::at(&scope.address())
        .env("PATH", path.unwrap())
        .env("LC_ALL", "C.UTF-8")
        .file(rc.0, rc.1);
    let mut terminal = kvw.terminal(start);
    terminal.screen_up_to("[ready]");
    for (at, name) in names {
        for quote in quotes {
            let typed = scope.key(&format!("{at:02}"));
            // The shell itself closes the quotes of a whole name.
            let (close, expected) = match at < NAMES.len() {
                true => ("", format!("value <{at}>")),
                false => (*quote, format!("{typed} does not exist")),
            };
            // One level at a time.
            let tabs = "\t".repeat(1 + name.matches('/').count());
            terminal.press(&format!("kvw get {quote}{typed}{tabs}{close}\r"));
            let screen = terminal.screen_up_to("[ready]");
            assert!(screen.contains(&expected), "{quote}{name:?}: {screen}");
            let files = std::fs::read_dir(kvw.home()).unwrap();
            let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            assert!(!files.iter().any(|file| file == "X"), "{name:?}: {screen}");
        }
    }
}

#[test]
fn bash_runs_nothing_that_a_key_is_called() {
    let rc = "PS1= PS2= PROMPT_COMMAND='echo; echo [ready]'; shopt -s checkwinsize
        bind 'set enable-bracketed-paste off'; bind 'set bell-style none'
        source <(KVW_COMPLETE=bash kvw)";
    let start = "exec bash --noprofile --rcfile rc -i";
    nothing_is_executed("bash", start, ("rc", rc), &["", "'", "\""]);
}

#[test]
fn zsh_runs_nothing_that_a_key_is_called() {
    let rc = "PS1= PS2= RPS1=; precmd() { echo; echo '[ready]' }; unsetopt beep
        autoload -Uz compinit; compinit -u -D
        source <(KVW_COMPLETE=zsh kvw)";
    let start = "exec env ZDOTDIR=. zsh -d -i";
    nothing_is_executed("zsh", start, (".zshrc", rc), &["", "'", "\""]);
}

#[test]
fn fish_runs_nothing_that_a_key_is_called() {
    let rc = "function fish_prompt; end; function fish_greeting; end
        function after --on-event fish_postexec; echo; echo '[ready]'; end
        set -g fish_autosuggestion_enabled 0
        KVW_COMPLETE=fish kvw | source; echo '[ready]'";
    let start = "exec fish --no-config --init-command 'source rc'";
    nothing_is_executed("fish", start, ("rc", rc), &["", "'", "\""]);
}

#[test]
fn a_key_that_begins_with_a_dash_is_not_offered() {
    let agent = Agent::own();
    for key in ["--exec=reboot", "-x", "plain"] {
        agent.kvw(["put", "--", key, "v"]).ok();
    }
    for typed in ["", "-", "--", "--exec"] {
        let names = offered(Kvw::at(&agent.address()), typed);
        let strange = |name: &String| name.contains("reboot") || name == "-x";
        assert!(!names.iter().any(strange), "{names:?}");
        assert_eq!(names.contains(&"plain".to_owned()), typed.is_empty());
    }
}

#[test]
fn bash_completes_what_it_has_completed_before() {
    let scope = Agent::shared();
    put(&scope, &scope.key("a b/$c/d:e"), "1");
    let next = |typed: &str, replaced: &str| -> String {
        let line = format!("kvw get {typed}");
        let output = Kvw::at(&scope.address())
            .env("KVW_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", "2")
            .env("_KVW_COMPLETE_LINE", line)
            .env("_KVW_COMPLETE_WORD", replaced)
            .args(["--", "kvw", "get", typed]);
        output.ok()
    };
    let a = scope.key("a");
    assert_eq!(next(&a, &a), format!("{a}\\ b/\n"));
    let b = format!("{a}\\ b/");
    assert_eq!(next(&b, &b), format!("{b}\\$c/\n"));
    let quoted = format!("\"{a} b/\\$c/d:");
    assert_eq!(next(&quoted, ""), "e\n");
}
