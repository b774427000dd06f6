//! The names of variables. Pure.

use clap::ValueEnum;

/// How the part of a key below its prefix becomes a name. The comments are the help of `--names`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NameStyle {
    /// Upper case, with _ for every character that is no ASCII letter or digit: db/host is DB_HOST
    #[default]
    Upper,
    /// As it stands
    Keep,
}

impl NameStyle {
    /// Returns the name for the part of a key below its prefix, which is not empty.
    pub fn name(self, below: &str) -> String {
        match self {
            NameStyle::Keep => below.to_owned(),
            NameStyle::Upper => {
                let first = below.chars().next();
                let digit = first.is_some_and(|c| c.is_ascii_digit());
                let chars = below.chars().map(|c| match c {
                    c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
                    _ => '_',
                });
                // A shell takes no name that begins with a digit.
                digit.then_some('_').into_iter().chain(chars).collect()
            }
        }
    }
}

/// Names that change which code a program runs, or whom kvw and Consul's tools speak to. One that ends
/// in `*` stands for all that begin so.
const DANGEROUS: [&str; 37] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "BASH_FUNC_*",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "ZDOTDIR",
    "FPATH",
    "LD_*",
    "DYLD_*",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PERLLIB",
    "PERL5LIB",
    "PERL5OPT",
    "PERL5DB",
    "RUBYLIB",
    "RUBYOPT",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_EXTERNAL_DIFF",
    "GIT_CONFIG_*",
    "GIT_EXEC_PATH",
    "GIT_PROXY_COMMAND",
    "KVW_*",
    "CONSUL_*",
];

/// Whether a stored value under this name could make a program run other code.
pub fn is_dangerous_name(name: &str) -> bool {
    DANGEROUS
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
}

/// Checks that an environment can hold a variable of this name.
///
/// # Errors
/// A phrase that says why it cannot.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("the name is empty"),
        name if name.contains('=') => Err("the name has a '='"),
        name if name.contains('\0') => Err("the name has a NUL"),
        _ => Ok(()),
    }
}

/// Whether a shell takes the name: ASCII letters, digits and `_`, and no digit in front.
pub fn is_identifier(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_becomes_an_upper_case_name_with_underscores() {
        for (below, name) in [
            ("db/host", "DB_HOST"),
            ("db-host", "DB_HOST"),
            ("db.host", "DB_HOST"),
            ("A_B", "A_B"),
            ("1a", "_1A"),
            ("9/b", "_9_B"),
            ("_1", "_1"),
            ("grün", "GR_N"),
            ("a//b", "A__B"),
            ("a b\n=\0", "A_B___"),
            ("/", "_"),
        ] {
            assert_eq!(NameStyle::Upper.name(below), name, "{below:?}");
            assert_eq!(NameStyle::Keep.name(below), below);
        }
    }

    #[test]
    fn names_that_choose_code_are_dangerous_and_others_are_not() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "LD_",
            "BASH_FUNC_x%%",
            "KVW_KEYS",
            "CONSUL_HTTP_TOKEN",
            "DYLD_INSERT_LIBRARIES",
            "_JAVA_OPTIONS",
        ] {
            assert!(is_dangerous_name(name), "{name}");
        }
        for name in [
            "DB_PATH",
            "PATHS",
            "LD",
            "OLD_X",
            "ENVIRONMENT",
            "CONSUL",
            "path",
            "_PATH",
        ] {
            assert!(!is_dangerous_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_upper_case_name_is_one_that_a_shell_takes(below in "(?s).{1,12}") {
            let name = NameStyle::Upper.name(&below);
            prop_assert!(is_identifier(&name), "{name}");
            prop_assert!(check_name(&name).is_ok());
        }
    }
}
