//! `kvw watch --live` on a terminal of its own, with its screen read back.

use crate::harness::{Agent, Kvw, Scope, Terminal, is_alive, send_signal, wait_for, wait_for_exit};

const ROWS: u16 = 24;
const COLUMNS: u16 = 110;

/// Starts lines of `sh` in which `$LIVE` is the live view of the scope's keys.
fn start(scope: &Scope, script: &str) -> (Terminal, Kvw) {
    let binary = env!("CARGO_BIN_EXE_kvw");
    let kvw = scope
        .kvw([])
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .env("LIVE", format!("{binary} watch {} --live", scope.prefix()));
    let terminal = kvw.terminal(&format!("stty rows {ROWS} cols {COLUMNS}; {script}"));
    // Its folder stays while the program runs.
    (terminal, kvw)
}

/// The screen, once all of these are on it.
#[track_caller]
fn shows(terminal: &Terminal, texts: &[&str]) -> String {
    let all = |screen: &str| texts.iter().all(|text| screen.contains(text));
    terminal.seen(ROWS, COLUMNS, &format!("{texts:?}"), all)
}

/// The screen, once this is no longer on it.
#[track_caller]
fn hides(terminal: &Terminal, text: &str) -> String {
    let what = format!("anything but {text:?}");
    terminal.seen(ROWS, COLUMNS, &what, |screen| !screen.contains(text))
}

/// The process that the script has named on the screen, before the view took it.
fn pid(terminal: &Terminal) -> u32 {
    let drawn = String::from_utf8_lossy(&terminal.drawn()).into_owned();
    let pid = drawn.split("pid=").nth(1).unwrap();
    pid.split('.').next().unwrap().parse().unwrap()
}

#[test]
fn keys_changes_and_the_connection_are_seen_and_q_quits() {
    let scope = Agent::shared();
    scope.put("a", "one");
    scope.put("d/x", "two");
    let (mut terminal, _home) = start(&scope, "$LIVE; echo ended with $?");
    let address = scope.address();
    shows(
        &terminal,
        &[
            "2 keys",
            &address,
            "connected since",
            "a = one",
            "▾ d/",
            "x = two",
        ],
    );
    scope.put("a", "changed");
    shows(&terminal, &["~ a = changed", ": one → changed", "1/s"]);
    scope.delete("d/x");
    shows(&terminal, &["-   x", "1 key"]);
    terminal.press("q");
    // The shell's own screen is back, with nothing of the view on it.
    let screen = shows(&terminal, &["ended with 0"]);
    assert!(!screen.contains("connected since"), "{screen}");
}

#[test]
fn keys_fold_filter_show_values_pause_and_copy() {
    let scope = Agent::shared();
    scope.put("a", "one");
    scope.put("d/json", r#"{"port":80}"#);
    let (mut terminal, _home) = start(&scope, "$LIVE");
    shows(&terminal, &["▾ d/", "json = "]);
    terminal.press("jh");
    shows(&terminal, &["▸ d/"]);
    terminal.press("\x1b[C");
    shows(&terminal, &["▾ d/"]);
    terminal.press("j\r");
    shows(&terminal, &["\"port\": 80", "11 B"]);
    terminal.press("\x1b");
    hides(&terminal, "\"port\": 80");
    terminal.press("y");
    let key = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        scope.key("d/json"),
    );
    let copied = format!("\x1b]52;c;{key}\x07");
    wait_for("the copied key", || {
        let drawn = terminal.drawn();
        String::from_utf8_lossy(&drawn)
            .contains(&copied)
            .then_some(())
    });
    terminal.press("/js");
    hides(&terminal, "a = one");
    terminal.press("\x1b");
    shows(&terminal, &["a = one"]);
    terminal.press(" ");
    shows(&terminal, &["paused, 0 changes since"]);
    scope.put("a", "two");
    shows(&terminal, &["paused, 1 change since", "a = one"]);
    terminal.press(" ");
    shows(&terminal, &["a = two"]);
    terminal.press("?");
    shows(&terminal, &["Keys of the live view"]);
}

#[test]
fn handlers_work_beside_the_view_and_do_not_write_over_it() {
    let scope = Agent::shared();
    scope.put("a", "one");
    let script = "$LIVE --initial skip --exec 'echo NOISE; echo NOISE >&2; echo $KVW_REASON >> ran; exit 3'; \
                  echo ended; cat ran";
    let (mut terminal, _home) = start(&scope, script);
    shows(&terminal, &["handler: has not run yet", "a = one"]);
    terminal.press("r");
    shows(&terminal, &["handler: exited with 3", "1 change pending"]);
    scope.put("a", "two");
    shows(&terminal, &["a = two"]);
    terminal.press("q");
    let screen = shows(&terminal, &["ended", "manual"]);
    assert!(!screen.contains("NOISE"), "{screen}");
    let drawn = terminal.drawn();
    assert!(!String::from_utf8_lossy(&drawn).contains("NOISE"));
}

#[test]
fn the_terminal_is_given_back_whatever_ends_the_view() {
    let scope = Agent::shared();
    scope.put("a", "one");
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let script = "stty -a > before; sh -c 'echo pid=$$.; exec $LIVE'; echo status $?; \
                      stty -a > after; cmp before after && echo the same";
        let (terminal, _home) = start(&scope, script);
        shows(&terminal, &["a = one"]);
        let pid = pid(&terminal);
        send_signal(signal, pid);
        shows(&terminal, &[&format!("status {status}"), "the same"]);
    }
}

#[test]
fn a_view_that_is_stopped_gives_the_terminal_back_and_takes_it_again() {
    let scope = Agent::shared();
    scope.put("a", "one");
    let script = "set -m; $LIVE; echo stopped; read line; fg >/dev/null; echo ended with $?";
    let (mut terminal, _home) = start(&scope, script);
    shows(&terminal, &["a = one"]);
    terminal.press("\x1a");
    let screen = shows(&terminal, &["stopped"]);
    assert!(!screen.contains("a = one"), "{screen}");
    scope.put("a", "two");
    terminal.press("\n");
    shows(&terminal, &["a = two", "connected since"]);
    terminal.press("q");
    shows(&terminal, &["ended with 0"]);
}

#[test]
fn a_view_whose_terminal_goes_away_ends() {
    let scope = Agent::shared();
    scope.put("a", "one");
    // Also where HUP is ignored, as under nohup.
    for trap in ["", "trap '' HUP; "] {
        let (terminal, _home) = start(&scope, &format!("{trap}sh -c 'echo pid=$$.; exec $LIVE'"));
        shows(&terminal, &["a = one"]);
        let pid = pid(&terminal);
        assert!(is_alive(pid));
        terminal.hang_up();
        wait_for_exit(pid);
    }
}

#[test]
fn without_a_terminal_the_live_view_is_refused() {
    let scope = Agent::shared();
    let output = scope.kvw(["watch", scope.prefix(), "--live"]).run();
    output.expect(2).one_line().says(&["needs a terminal"]);
    let dumb = scope
        .kvw(["watch", scope.prefix(), "--live"])
        .env("TERM", "dumb");
    dumb.on_terminal().run().expect(2);
    let both = scope.kvw(["watch", scope.prefix(), "--live", "-o", "jsonl"]);
    both.run().expect(2).says(&["cannot be used with"]);
}

#[test]
fn colours_are_plain_and_none_where_they_are_not_wanted() {
    let scope = Agent::shared();
    scope.put("d/x", "one");
    for (flags, colours) in [("", true), ("--color never", false)] {
        let (terminal, _home) = start(&scope, &format!("$LIVE {flags}"));
        shows(&terminal, &["x = "]);
        scope.put("d/x", if colours { "two" } else { "three" });
        shows(&terminal, &[if colours { "x = two" } else { "x = three" }]);
        let drawn = String::from_utf8_lossy(&terminal.drawn()).into_owned();
        let sequences = drawn.split("\x1b[").skip(1);
        let styles = sequences.filter_map(|text| {
            text.split_once(|c: char| c.is_ascii_alphabetic())
                .and_then(|(numbers, _)| {
                    let end = text.as_bytes()[numbers.len()];
                    (end == b'm').then(|| numbers.to_owned())
                })
        });
        let numbers: Vec<String> = styles
            .flat_map(|text| text.split(';').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let known = ["0", "1", "2", "7", "31", "32", "33", "36", ""];
        assert!(
            numbers.iter().all(|number| known.contains(&&**number)),
            "{numbers:?}"
        );
        assert_eq!(
            numbers.iter().any(|number| number.starts_with('3')),
            colours
        );
    }
}
