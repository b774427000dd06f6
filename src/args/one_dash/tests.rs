use super::*;

/// A command with flags of every kind.
fn root() -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let value = |name: &'static str| Arg::new(name).long(name);
    let connection = ["http-addr", "token", "token-file"].map(value);
    let get = Command::new("get")
        .arg(Arg::new("key").num_args(0..))
        .args(["recurse", "keys", "detailed", "stale"].map(switch))
        .args(["separator", "default"].map(value))
        .arg(value("output").short('o').value_parser(["json", "text"]))
        .args(connection.clone());
    let put = Command::new("put")
        .arg(Arg::new("key"))
        .arg(Arg::new("value").allow_negative_numbers(true))
        .args(["cas", "create"].map(switch))
        .args(["flags", "modify-index"].map(value))
        .arg(value("output").short('o'))
        .args(connection);
    let watch = Command::new("watch")
        .arg(Arg::new("target").num_args(0..))
        .arg(Arg::new("command").last(true).num_args(0..))
        .arg(value("prefix"));
    let wait = Command::new("wait")
        .arg(Arg::new("key").num_args(0..))
        .arg(value("equals").value_name("KEY=VALUE"))
        .arg(value("timeout"))
        .arg(value("token"))
        .arg(value("output").short('o'));
    let global = |name: &'static str, short| switch(name).short(short).global(true);
    let mut root = Command::new("kvw")
        .version("1")
        .args([global("quiet", 'q'), global("verbose", 'v')])
        .subcommands([get, put, watch, wait]);
    root.build();
    root
}

fn run(line: &str) -> Result<String, Failure> {
    let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let words = normalize(&root(), args)?;
    let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
    Ok(words.join(" "))
}

fn hint(line: &str) -> String {
    let failure = run(line).expect_err(line);
    assert_eq!(failure.exit.code(), 2);
    failure.hint.unwrap()
}

#[test]
fn flags_of_consul_get_their_second_dash() {
    for (line, expected) in [
        ("kvw get -recurse a", "kvw get --recurse a"),
        ("kvw get a -recurse", "kvw get a --recurse"),
        ("kvw get -http-addr=h:1 a", "kvw get --http-addr=h:1 a"),
        ("kvw get -http-addr h:1 a", "kvw get --http-addr h:1 a"),
        ("kvw get a -token-file f", "kvw get a --token-file f"),
        ("kvw get -separator - -keys", "kvw get --separator - --keys"),
        ("kvw get -recurse=true a", "kvw get --recurse a"),
        ("kvw get -recurse=F a", "kvw get a"),
        ("kvw get -recurse=x a", "kvw get --recurse=x a"),
        (
            "kvw put -cas -modify-index=7 a v",
            "kvw put --cas --modify-index=7 a v",
        ),
        ("kvw put a v -flags 7", "kvw put a v --flags 7"),
        ("kvw watch -prefix a/", "kvw watch --prefix a/"),
    ] {
        assert_eq!(run(line).unwrap(), expected, "{line}");
    }
}

#[test]
fn what_clap_reads_right_is_left_alone() {
    for line in [
        "kvw",
        "kvw -h",
        "kvw get -h",
        "kvw get -q -v a",
        "kvw get -qv a",
        "kvw -qv get a",
        "kvw get -o json a",
        "kvw get -ojson a",
        "kvw get -o=json a",
        "kvw get -qo json a",
        "kvw get -qojson a",
        "kvw get --default x a",
        "kvw get - a",
        "kvw get --nonsense a",
        "kvw nonsense -nonsense",
        "kvw watch a/ -- h.sh -http-addr -xyz --equals a --b",
        "kvw put -- a -Xmx2g",
    ] {
        assert_eq!(run(line).unwrap(), line);
    }
}

#[test]
fn a_word_that_is_not_utf8_is_left_alone() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = OsString::from_vec(b"a\xff".to_vec());
    let args = vec!["kvw".into(), "get".into(), bytes];
    assert_eq!(normalize(&root(), args.clone()).unwrap(), args);
}

#[test]
fn another_word_of_one_dash_is_refused_with_a_hint() {
    for (line, expected) in [
        ("kvw get -output=json a", "did you mean --output?"),
        ("kvw get -recruse a", "did you mean --recurse?"),
        ("kvw get -qops a", "two dashes"),
        ("kvw get -help", "did you mean --help?"),
        ("kvw -version", "did you mean --version?"),
        ("kvw get -cas a", "--cas is a flag of put"),
        ("kvw get -hq a", "-h alone prints the help"),
        ("kvw get -qh a", "-h alone prints the help"),
        ("kvw get a -http.proxyHost=x", "-h alone prints the help"),
        ("kvw put a -Xmx2g", "kvw put -- KEY -Xmx2g"),
        (
            "kvw put a -http.proxyHost=x",
            "kvw put -- KEY '-http.proxyHost=x'",
        ),
        ("kvw put a -q -Xmx2g", "kvw put -- KEY -Xmx2g"),
        ("kvw put a -create", "did you mean --create?"),
        ("kvw put a -x", "kvw put -- KEY -x"),
        ("kvw put a b -Xmx2g", "kvw put -- KEY -Xmx2g"),
        ("kvw put a --add-opens=x", "kvw put -- KEY '--add-opens=x'"),
        (
            "kvw -http-addr=h:1 get a",
            "the flags of a verb go after it",
        ),
        ("kvw get -55", "kvw get -- -55"),
        ("kvw put -55 v", "kvw put -- -55"),
    ] {
        let hint = hint(line);
        assert!(hint.contains(expected), "{line}: {hint}");
    }
}

#[test]
fn a_switch_takes_no_value() {
    for line in ["kvw get -q=no a", "kvw watch -v=2 a/"] {
        let failure = run(line).unwrap_err();
        let message = failure.message;
        assert!(message.ends_with("takes no value"), "{message}");
    }
    // What stands there may be the value of put.
    assert!(hint("kvw put a -q=x").contains("kvw put -- KEY '-q=x'"));
}

#[test]
fn a_secret_is_not_repeated() {
    for line in ["kvw get -tokne=secret a", "kvw put a -tokn=secret"] {
        let failure = run(line).unwrap_err();
        assert!(!format!("{failure:?}").contains("secret"), "{failure:?}");
    }
}

#[test]
fn a_negative_number_is_a_value_after_the_key_and_after_a_flag() {
    for (line, expected) in [
        ("kvw put a -5", "kvw put a -- -5"),
        ("kvw put a -1abc --flags 1", "kvw put a --flags 1 -- -1abc"),
        ("kvw put a -.5 -o json", "kvw put a -o json -- -.5"),
        ("kvw put a -inf", "kvw put a -- -inf"),
        ("kvw put a -Infinity", "kvw put a -- -Infinity"),
        ("kvw put a -1e9 b", "kvw put a -- -1e9 b"),
        ("kvw put a -5 -- b", "kvw put a -- -5 b"),
        ("kvw get a --default -1abc", "kvw get a --default=-1abc"),
        ("kvw put a v --flags -5", "kvw put a v --flags=-5"),
    ] {
        assert_eq!(run(line).unwrap(), expected, "{line}");
    }
    for word in [
        "-5", "-0.25", "-1e9", "-1abc", "-.5", "-inf", "-NaN", "-1-2",
    ] {
        assert!(is_number(word), "{word}");
    }
    for word in ["5", "-", "-.", "-.x", "-info", "-x1", "--5", ""] {
        assert!(!is_number(word), "{word}");
    }
}

#[test]
fn key_and_value_of_a_condition_become_one_word() {
    for (line, expected) in [
        ("kvw wait --equals a b", "kvw wait --equals=a=b"),
        ("kvw wait --equals a=b c", "kvw wait --equals=a=b c"),
        (
            "kvw wait a --equals b=--timeout --timeout 1s",
            "kvw wait a --equals=b=--timeout --timeout 1s",
        ),
        ("kvw wait --equals a b=c", "kvw wait --equals=a=b=c"),
        ("kvw wait --equals a -5", "kvw wait --equals=a=-5"),
        ("kvw wait --equals a=-xyz", "kvw wait --equals=a=-xyz"),
        ("kvw wait --equals a -", "kvw wait --equals=a=-"),
        ("kvw wait --equals=a=b", "kvw wait --equals=a=b"),
        ("kvw wait --equals a", "kvw wait --equals=a"),
        (
            "kvw wait --equals --timeout 1s",
            "kvw wait --equals --timeout 1s",
        ),
        ("kvw wait -- --equals a b", "kvw wait -- --equals a b"),
    ] {
        assert_eq!(run(line).unwrap(), expected, "{line}");
    }
}

#[test]
fn a_value_of_a_condition_that_looks_like_a_flag_is_refused() {
    for word in [
        "--timeout",
        "--",
        "--nonsense",
        "-o",
        "-qv",
        "-h",
        "-token",
        "-timeout",
        "-Xmx2g",
        "-x",
    ] {
        let hint = hint(&format!("kvw wait a --equals b {word} 1s"));
        let form = format!("--equals KEY=VALUE takes any VALUE: --equals b={word}");
        assert_eq!(hint, form);
    }
}

#[test]
fn a_plain_line_is_not_looked_at() {
    let needs = |line: &str| {
        let args: Vec<_> = line.split(' ').map(OsString::from).collect();
        needs_normalizing(&args)
    };
    assert!(!needs("kvw get --recurse -q a - -- -xyz wait"));
    for line in ["kvw get -xy", "kvw put a -5", "kvw -q wait a"] {
        assert!(needs(line), "{line}");
    }
}
