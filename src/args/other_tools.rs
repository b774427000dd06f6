//! What users of other tools type: the verbs of `consul kv`, etcdctl and the shell, and lines of
//! `consul watch`. None of it is taken; each gets a hint at kvw's form.

use std::ffi::OsString;

use super::misplaced_handler::misplaced_handler;
use super::quote::quote;
use crate::exit::Failure;
use crate::model::abbreviate;

/// Verbs of other tools, and the verb of kvw.
const VERBS: [(&str, &str); 50] = [
    ("set", "put"),
    ("write", "put"),
    ("update", "put"),
    ("create", "put"),
    ("add", "put"),
    ("store", "put"),
    ("mk", "put"),
    ("cat", "get"),
    ("read", "get"),
    ("show", "get"),
    ("print", "get"),
    ("fetch", "get"),
    ("view", "get"),
    ("exists", "get --exists"),
    ("has", "get --exists"),
    ("rm", "delete"),
    ("del", "delete"),
    ("remove", "delete"),
    ("unset", "delete"),
    ("erase", "delete"),
    ("rmr", "delete --recurse"),
    ("rmdir", "delete --recurse"),
    ("list", "ls"),
    ("keys", "ls"),
    ("dir", "ls"),
    ("find", "get --keys --recurse"),
    ("search", "get --keys --recurse"),
    ("dump", "export"),
    ("backup", "export"),
    ("save", "export"),
    ("restore", "import"),
    ("load", "import"),
    ("transaction", "txn"),
    ("multi", "txn"),
    ("monitor", "watch"),
    ("follow", "watch"),
    ("tail", "watch"),
    ("subscribe", "watch"),
    ("await", "wait"),
    ("until", "wait"),
    ("exec", "run"),
    ("environment", "env"),
    ("printenv", "env"),
    ("ping", "status"),
    ("health", "status"),
    ("info", "status"),
    ("leader", "status"),
    ("agent", "dev"),
    ("server", "dev"),
    ("completion", "completions"),
];

/// The verbs of `consul kv` that are also kvw's.
const CONSUL_VERBS: [&str; 5] = ["get", "put", "delete", "export", "import"];

/// Explains the name of a file in the place of a format: `-o FILE` of other tools.
pub fn explain_format(value: &str, exports: bool) -> Option<Failure> {
    if !value.contains(['.', '/']) {
        return None;
    }
    let refused = Failure::usage(format!(
        "-o takes a format, and '{}' is none",
        abbreviate(value)
    ));
    let file = quote(value);
    Some(match exports {
        true => refused.hint(format!("--output-file {file}")),
        false => refused.hint(format!("kvw writes to stdout: > {file}")),
    })
}

/// Explains a command line that was refused, if it is one of another tool.
pub fn explain(args: &[OsString]) -> Option<Failure> {
    let words = args.iter().skip(1).map(|word| word.to_string_lossy());
    let words: Vec<_> = words.collect();
    let is_verb = |word: &&str| !word.starts_with('-');
    let before_dashes = words.split(|word| word == "--").next()?;
    let at = before_dashes.iter().position(|word| is_verb(&&**word))?;
    let (verb, all) = (&*words[at], &words[at + 1..]);
    let all: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
    let rest = &all[..before_dashes.len() - at - 1];
    let hint = match verb {
        "kv" => {
            let at = rest.iter().position(is_verb).unwrap_or(rest.len());
            let (verb, rest) = (rest.get(at).copied().unwrap_or_default(), &rest[at..]);
            match own_verb(verb).or_else(|| kvw_verb(verb)) {
                Some(verb) => line(verb, &rest[1..]),
                None => "the verbs stand alone: kvw get KEY".to_owned(),
            }
        }
        "version" => "kvw --version".to_owned(),
        "help" => format!("kvw help {}", kvw_verb(rest.first()?)?),
        "get" => return get_as_variables(rest),
        "watch" => return consul_watch(&all).or_else(|| handler_without_dashes(rest)),
        verb => {
            let lower = verb.to_lowercase();
            let own = own_verb(&lower).filter(|_| lower != verb);
            line(own.or_else(|| kvw_verb(&lower))?, rest)
        }
    };
    let verb = match verb {
        "help" => rest.first()?,
        verb => verb,
    };
    Some(Failure::usage(format!("unknown verb '{verb}'")).hint(hint))
}

fn own_verb(verb: &str) -> Option<&'static str> {
    CONSUL_VERBS.into_iter().find(|own| *own == verb)
}

fn kvw_verb(verb: &str) -> Option<&'static str> {
    let row = VERBS.into_iter().find(|(other, _)| *other == verb);
    row.map(|(_, kvw)| kvw)
}

/// Returns the command line with kvw's verb. Of the words after it, only the first is shown, if it is
/// no flag: others may be values or a token.
fn line(verb: &str, rest: &[&str]) -> String {
    match rest {
        [] => format!("kvw {verb}"),
        [first, ..] if first.starts_with('-') => format!("kvw {verb} …"),
        [only] => format!("kvw {verb} {}", quote(only)),
        [first, ..] => format!("kvw {verb} {} …", quote(first)),
    }
}

/// Explains a line of `consul watch`: `-type=keyprefix -prefix=P HANDLER…`.
fn consul_watch(words: &[&str]) -> Option<Failure> {
    let mut words = words.iter().copied();
    let (mut kind, mut target) = (None, None);
    let mut handler = Vec::new();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').filter(|flag| *flag != "-") else {
            handler.extend(Some(word).filter(|word| *word != "--"));
            handler.extend(words);
            break;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        let is_separate = !flag.contains('=');
        let mut value = || {
            if is_separate {
                words.next()
            } else {
                Some(value)
            }
        };
        match name {
            "type" => kind = value(),
            "prefix" | "key" => target = value().map(|value| format!("--{name} {}", quote(value))),
            "http-addr" | "token" | "token-file" | "datacenter" | "namespace" | "partition"
            | "ca-file" | "ca-path" | "client-cert" | "client-key" | "tls-server-name" => {
                value();
            }
            _ => {}
        }
    }
    let kind = kind?;
    let refused = Failure::usage(format!("watch has no flag -type ({kind})"));
    if !["key", "keyprefix"].contains(&kind) {
        return Some(refused.hint("kvw watches keys and prefixes: kvw watch --prefix PREFIX"));
    }
    let target = target.unwrap_or_else(|| match kind {
        "key" => "--key KEY".to_owned(),
        _ => "--prefix PREFIX".to_owned(),
    });
    let handler: Vec<_> = handler.into_iter().map(quote).collect();
    Some(refused.hint(match &handler[..] {
        [] => format!("kvw watch {target}"),
        words => format!("kvw watch {target} -- {}", words.join(" ")),
    }))
}

/// Explains a `get` in a form of variables, which `env` prints.
fn get_as_variables(words: &[&str]) -> Option<Failure> {
    const FORMS: [&str; 5] = ["shell", "env", "docker", "systemd", "null"];
    let mut prefix = None;
    let mut form = None;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word.strip_prefix("--output=").or(word.strip_prefix("-o")) {
            Some("") => form = words.next(),
            Some(value) => form = Some(value.trim_start_matches('=')),
            None if word == "--output" => form = words.next(),
            None if word.starts_with('-') => {}
            None => prefix = prefix.or(Some(word)),
        }
    }
    let form = form.filter(|form| FORMS.contains(form))?;
    let prefix = prefix.map_or_else(|| "PREFIX".into(), quote);
    let refused = Failure::usage(format!("get has no output format '{form}'"));
    Some(refused.hint(format!("kvw env {prefix} -o {form}")))
}

/// Explains a handler with flags of its own that follows the first target.
fn handler_without_dashes(words: &[&str]) -> Option<Failure> {
    let (target, handler) = match words {
        ["--prefix" | "--key", target, handler @ ..] => (*target, handler),
        [first, handler @ ..] => {
            let flags = ["--prefix=", "--key="];
            let target = flags.iter().find_map(|flag| first.strip_prefix(flag));
            (target.unwrap_or(first), handler)
        }
        [] => return None,
    };
    misplaced_handler(&[target], handler).filter(|_| !target.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(line: &str) -> Option<String> {
        let args: Vec<_> = line.split(' ').map(OsString::from).collect();
        explain(&args).and_then(|failure| failure.hint)
    }

    #[test]
    fn a_verb_of_another_tool_is_explained() {
        for (line, kvw) in [
            ("kvw kv get a", "kvw get a"),
            ("kvw kv put a secret", "kvw put a …"),
            ("kvw kv get -token=secret a", "kvw get …"),
            ("kvw kv list a", "kvw ls a"),
            ("kvw kv", "the verbs stand alone: kvw get KEY"),
            ("kvw kv --help", "the verbs stand alone: kvw get KEY"),
            ("kvw kv nonsense a", "the verbs stand alone: kvw get KEY"),
            ("kvw kv -http-addr=X get a", "kvw get a"),
            ("kvw GET a", "kvw get a"),
            ("kvw Del a", "kvw delete a"),
            ("kvw -q set a 1", "kvw put a …"),
            ("kvw rm a", "kvw delete a"),
            ("kvw del a", "kvw delete a"),
            ("kvw list", "kvw ls"),
            ("kvw keys a/", "kvw ls a/"),
            ("kvw cat a", "kvw get a"),
            ("kvw read a", "kvw get a"),
            ("kvw version", "kvw --version"),
            ("kvw help rm", "kvw help delete"),
            ("kvw find a/", "kvw get --keys --recurse a/"),
            ("kvw exists a", "kvw get --exists a"),
        ] {
            assert_eq!(hint(line).as_deref(), Some(kvw), "{line}");
        }
        for line in [
            "kvw get --recurse a/ -o env",
            "kvw get --output=env a/",
            "kvw get -oenv a/",
        ] {
            assert_eq!(hint(line).as_deref(), Some("kvw env a/ -o env"), "{line}");
        }
        assert_eq!(hint("kvw get a -o yaml"), None);
        assert_eq!(hint("kvw nonsense a"), None);
        assert_eq!(hint("kvw -- rm"), None);
    }

    #[test]
    fn a_line_of_consul_watch_is_explained() {
        for (line, kvw) in [
            (
                "kvw watch -type=keyprefix -prefix=x h.sh",
                "kvw watch --prefix x -- h.sh",
            ),
            (
                "kvw watch --type keyprefix -token T -prefix x/ h.sh -type -x",
                "kvw watch --prefix x/ -- h.sh -type -x",
            ),
            ("kvw watch -type=key -key=a", "kvw watch --key a"),
            (
                "kvw watch -type=key -key=a -- h.sh -x",
                "kvw watch --key a -- h.sh -x",
            ),
            ("kvw watch -type=keyprefix", "kvw watch --prefix PREFIX"),
            (
                "kvw watch -type=service -service=web",
                "kvw watches keys and prefixes: kvw watch --prefix PREFIX",
            ),
        ] {
            assert_eq!(hint(line).as_deref(), Some(kvw), "{line}");
        }
        assert_eq!(hint("kvw watch a/ --nonsense"), None);
    }
}
