use super::*;
use clap::Parser;

use crate::consul::TokenSource;
use crate::exit::Exit;
use crate::model::{Prefix, TargetScope};

#[derive(Debug, Parser)]
struct ParsedHandler {
    target: Vec<String>,
    #[command(flatten)]
    handler: HandlerArgs,
}

fn parse(words: &[&str]) -> Result<HandlerArgs, clap::Error> {
    let words = ["kvw"].iter().chain(words);
    ParsedHandler::try_parse_from(words).map(|line| line.handler)
}

fn targets() -> Vec<Target> {
    let names = ["a/", "b/"].into_iter().zip(0..);
    let target = |(name, id)| Target {
        id: TargetId(id),
        scope: TargetScope::Prefix(Prefix::new(name)),
    };
    names.map(target).collect()
}

fn resolve(words: &[&str]) -> Result<Handlers, Failure> {
    let args = parse(words).unwrap();
    args.handlers(&Config::default(), &targets(), Stdout::Inherit, false)
}

fn failure_message(words: &[&str]) -> String {
    let failure = resolve(words).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    failure.message
}

#[test]
fn nothing_given_is_nothing_to_run() {
    assert!(!parse(&["a/"]).unwrap().is_given());
    assert!(resolve(&["a/"]).unwrap().routes.is_empty());
}

#[test]
fn a_handler_runs_with_or_without_a_shell() {
    let shell = resolve(&["a/", "--exec", "echo $X"]).unwrap().routes;
    assert_eq!(shell[0].handler.program, Program::Shell("echo $X".into()));
    let plain = resolve(&["a/", "--", "run", "--exec", "-x"])
        .unwrap()
        .routes;
    let words = ["run", "--exec", "-x"].map(OsString::from).to_vec();
    assert_eq!(plain[0].handler.program, Program::Argv(words));
    assert!(parse(&["a/", "--exec", "x", "--", "y"]).is_err());
}

#[test]
fn routes_stand_before_what_takes_the_rest() {
    let routes = resolve(&[
        "a/",
        "--exec",
        "rest",
        "--route",
        "a/*=x=1 y",
        "--route",
        "**/b=z",
    ])
    .unwrap()
    .routes;
    let shown: Vec<_> = routes
        .iter()
        .map(|route| {
            (
                route.glob.as_ref().map(Glob::as_str),
                route.handler.program.clone(),
            )
        })
        .collect();
    let shell = |line: &str| Program::Shell(line.into());
    assert_eq!(
        shown,
        [
            (Some("a/*"), shell("x=1 y")),
            (Some("**/b"), shell("z")),
            (None, shell("rest"))
        ]
    );
}

#[test]
fn defaults_are_the_contracts() {
    let routes = resolve(&["a/", "--exec", "x"]).unwrap().routes;
    let policies = &routes[0].handler.policies;
    assert_eq!(policies.debounce, Duration::from_millis(100));
    assert_eq!(policies.max_delay, Duration::from_secs(5));
    assert_eq!(policies.on_busy, OnBusy::Queue);
    assert_eq!(policies.on_fail, OnFail::Continue);
    assert_eq!(policies.stop_timeout, Duration::from_secs(8));
    assert_eq!(policies.timeout, None);
    assert_eq!(policies.on_exit, OnExit::Exit);
    assert_eq!(policies.min_interval, Duration::ZERO);
    assert_eq!(policies.linger, Duration::from_secs(1));
    let routes = resolve(&["a/", "--exec", "x", "--on-busy", "signal"]).unwrap();
    let policies = &routes.routes[0].handler.policies;
    assert_eq!(policies.on_busy, OnBusy::Signal(Signal::HUP));
    assert_eq!(policies.daemons, Daemons::Keep);
    let long = resolve(&["a/", "--exec", "x", "--debounce", "30s"]).unwrap();
    let policies = &long.routes[0].handler.policies;
    assert_eq!(policies.max_delay, Duration::from_secs(30));
}

#[test]
fn daemons_are_kept_unless_the_handler_is_a_service() {
    let daemons = |flags: &[&str]| {
        let routes = resolve(&[&["a/", "--exec", "x"], flags].concat()).unwrap();
        routes.routes[0].handler.policies.daemons
    };
    assert_eq!(daemons(&[]), Daemons::Keep);
    assert_eq!(daemons(&["--daemons", "end"]), Daemons::End);
    assert_eq!(daemons(&["--on-busy", "restart"]), Daemons::End);
    let kept = daemons(&["--on-busy", "restart", "--daemons", "keep"]);
    assert_eq!(kept, Daemons::Keep);
}

#[test]
fn contradictions_are_refused() {
    let with = |more: &[&str]| failure_message(&[&["a/", "--exec", "x"], more].concat());
    assert!(with(&["--on-exit", "wait"]).contains("--on-busy restart"));
    assert!(with(&["--signal", "HUP"]).contains("--on-busy signal"));
    assert!(with(&["--each", "--on-busy", "restart"]).contains("--each"));
    assert!(with(&["--each", "--on-busy", "signal"]).contains("--each"));
    assert!(with(&["--handler-timeout", "0"]).contains("--handler-timeout"));
    assert!(with(&["--debounce", "2s", "--max-delay", "1s"]).contains("--max-delay"));
}

#[test]
fn a_malformed_route_and_a_blank_line_are_refused_while_parsing() {
    let blank = parse(&["a/", "--exec", " "]).unwrap_err().to_string();
    assert!(
        blank.contains("--exec") && blank.contains("the command is empty"),
        "{blank}"
    );
    let route = |text: &str| parse(&["a/", "--route", text]).unwrap_err().to_string();
    for text in ["nothing", "=x", "a= "] {
        assert!(route(text).contains("expected GLOB=CMD"), "{text}");
    }
    assert!(route("[=x").contains("glob '['"));
}

#[test]
fn flags_of_a_handler_need_one() {
    for flags in [
        &["--each"][..],
        &["--on-fail", "retry"],
        &["--debounce", "1s"],
        &["--pass-token"],
    ] {
        assert!(parse(&[&["a/"], flags].concat()).is_err(), "{flags:?}");
    }
    assert!(parse(&["a/", "--each", "--route", "a=b"]).is_ok());
    assert!(parse(&["a/", "--each", "--", "b"]).is_ok());
}

#[test]
fn an_unknown_signal_or_policy_is_refused() {
    for flags in [
        ["--stop-signal", "NOPE"],
        ["--on-busy", "wait"],
        ["--stdin", "xml"],
    ] {
        assert!(parse(&[&["a/", "--exec", "x"], &flags[..]].concat()).is_err());
    }
}

#[test]
fn it_is_known_whether_credentials_are_withheld() {
    let config = Config {
        token: Some(TokenSource::File("t".into())),
        ..Config::default()
    };
    let withheld = |words: &[&str]| {
        let args = parse(words).unwrap();
        let handlers = args.handlers(&config, &targets(), Stdout::Inherit, false);
        handlers.unwrap().withheld
    };
    assert!(withheld(&["a/", "--exec", "x"]));
    assert!(!withheld(&["a/", "--exec", "x", "--pass-token"]));
    assert!(!resolve(&["a/", "--exec", "x"]).unwrap().withheld);
}

#[test]
fn each_target_has_handlers_of_its_own_for_the_stdin_of_consul_watch() {
    let routes = |words: &[&str]| {
        let words = [words, &["--exec", "rest", "--stdin", "consul"]].concat();
        let routes = resolve(&words).unwrap().routes;
        let route = |route: &RouteSpec| {
            let glob = route.glob.as_ref().map_or("-", Glob::as_str);
            format!("{glob} {}", route.target.unwrap().0)
        };
        routes.iter().map(route).collect::<Vec<_>>()
    };
    assert_eq!(routes(&["a/"]), ["- 0", "- 1"]);
    assert_eq!(routes(&["--route", "b/*=x"]), ["b/* 1", "- 0", "- 1"]);
    assert_eq!(routes(&["--route", "**=x"]), ["** 0", "** 1", "- 0", "- 1"]);
    // To be reported.
    assert_eq!(
        routes(&["--route", "c/*=x"]),
        ["c/* 0", "c/* 1", "- 0", "- 1"]
    );
}
