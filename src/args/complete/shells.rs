//! The shells that ask, and how each of them takes candidates.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::CompletionCandidate;
use clap_complete::engine::complete;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::bash::{BashLine, unquoted};
use super::{INDEX, command_after_dashes, keep_typed_flags};
use crate::term;

/// The shells that complete. Their scripts are clap's, except that of bash, which neither quotes
/// candidates nor passes on how the word is quoted.
pub const SHELLS: Shells<'static> = Shells(&[
    &QuotingBash,
    &Filtered {
        shell: &Elvish,
        write: write_values,
    },
    &Filtered {
        shell: &Fish,
        write: write_fish,
    },
    &Filtered {
        shell: &Powershell,
        write: write_powershell,
    },
    &Filtered {
        shell: &Zsh,
        write: write_zsh,
    },
]);

/// Whether the script of the shell sets no variable but its name.
pub fn sets_no_index(shell: &OsStr) -> bool {
    let name = Path::new(shell).file_stem().and_then(OsStr::to_str);
    name.is_some_and(|name| Powershell.is(name))
}

/// Completes the last of the words up to the cursor. Names that would have to be escaped to be seen, and
/// files that would be run as flags, are left out.
fn candidates(
    command: &mut Command,
    words: Vec<OsString>,
    folder: Option<&Path>,
) -> io::Result<Vec<CompletionCandidate>> {
    let at = words.len().saturating_sub(1);
    let is_flag = words
        .last()
        .is_some_and(|typed| typed.to_string_lossy().starts_with('-'));
    keep_typed_flags(&words);
    let path = std::env::var_os("PATH");
    let mut candidates = match command_after_dashes(command, &words, path.as_deref()) {
        Some(candidates) => candidates,
        None => complete(command, words, at, folder)?,
    };
    // Flags are offered where they are begun, or where there is nothing else.
    let begins_flag =
        |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with('-');
    if !is_flag && !candidates.iter().all(begins_flag) {
        candidates.retain(|candidate| !begins_flag(candidate));
    }
    candidates.retain(|candidate| {
        let value = candidate.get_value().to_str();
        value.is_some_and(|value| {
            let is_name = candidate.get_id().is_none();
            term::is_plain_line(value) && !(is_name && !is_flag && value.starts_with('-'))
        })
    });
    Ok(candidates)
}

/// The words up to the one that is completed, which may be missing when it is empty.
fn words_to_cursor(mut words: Vec<OsString>) -> Vec<OsString> {
    let index = std::env::var(INDEX).ok();
    if let Some(index) = index.and_then(|at| at.parse::<usize>().ok()) {
        words.truncate(index.saturating_add(1));
        if words.len() == index {
            words.push(OsString::new());
        }
    }
    words
}

fn value(candidate: &CompletionCandidate) -> &str {
    candidate.get_value().to_str().unwrap_or_default()
}

/// The first line of the help.
fn help(candidate: &CompletionCandidate) -> Option<String> {
    let help = candidate.get_help()?.to_string();
    Some(help.lines().next().unwrap_or_default().to_owned())
}

/// bash, which inserts what it is given as it is.
struct QuotingBash;

impl EnvCompleter for QuotingBash {
    fn name(&self) -> &'static str {
        Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        Bash.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        _name: &str,
        program: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        let completer = shlex::try_quote(completer).map_err(io::Error::other)?;
        // A loop: an assignment of all words to the array would expand the globs in them.
        writeln!(
            script,
            r#"
_clap_complete_kvw() {{
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(
        {INDEX}="$COMP_CWORD" {LINE}="${{COMP_LINE:0:COMP_POINT}}" {WORD}="$2" {variable}=bash \
            {completer} -- "${{COMP_WORDS[@]}}" 2>/dev/null
    )
    if [[ ${{#COMPREPLY[@]}} != 1 || ${{COMPREPLY[0]}} != *[/=:] ]]; then
        compopt +o nospace 2>/dev/null
    fi
    return 0
}}
if [[ ${{BASH_VERSINFO[0]}} -gt 4 || ${{BASH_VERSINFO[0]}} -eq 4 && ${{BASH_VERSINFO[1]}} -ge 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_kvw {program}
else
    complete -o nospace -o bashdefault -F _clap_complete_kvw {program}
fi"#
        )
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let line = match (std::env::var(LINE), std::env::var(WORD)) {
            (Ok(line), Ok(word)) => BashLine::parse(&line, &word),
            _ => BashLine::from_words(&words_to_cursor(words)),
        };
        let Some(line) = line else { return Ok(()) };
        let words = line.words().map(OsString::from).collect();
        let candidates = candidates(command, words, folder)?;
        let names: Vec<_> = candidates.iter().map(value).collect();
        for replacement in line.replacements(&names) {
            writeln!(out, "{replacement}")?;
        }
        Ok(())
    }
}

/// The variables by which the script of bash passes on the line up to the cursor, and the end of it that
/// candidates replace.
const LINE: &str = "_KVW_COMPLETE_LINE";
const WORD: &str = "_KVW_COMPLETE_WORD";

/// A shell that quotes what it inserts, or for which `write` does.
struct Filtered {
    shell: &'static dyn EnvCompleter,
    write: fn(&[CompletionCandidate], &mut dyn Write) -> io::Result<()>,
}

impl EnvCompleter for Filtered {
    fn name(&self) -> &'static str {
        self.shell.name()
    }

    fn is(&self, name: &str) -> bool {
        self.shell.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        // The words of fish end at the cursor. Its script has to say only that it is one.
        let last = format!("{INDEX}=last {variable}");
        let variable = match Fish.is(self.name()) {
            true => &last,
            false => variable,
        };
        self.shell
            .write_registration(variable, name, program, completer, script)
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // They pass words as they are typed, with their quotes.
        let words = words_to_cursor(words).into_iter().map(unquoted).collect();
        (self.write)(&candidates(command, words, folder)?, out)
    }
}

fn write_values(candidates: &[CompletionCandidate], out: &mut dyn Write) -> io::Result<()> {
    candidates
        .iter()
        .try_for_each(|candidate| writeln!(out, "{}", value(candidate)))
}

fn write_fish(candidates: &[CompletionCandidate], out: &mut dyn Write) -> io::Result<()> {
    candidates.iter().try_for_each(|candidate| {
        let help = help(candidate).map(|help| format!("\t{help}"));
        writeln!(out, "{}{}", value(candidate), help.unwrap_or_default())
    })
}

/// PowerShell inserts text as it is. In single quotes nothing is expanded, and any of its single quotes
/// is doubled.
fn write_powershell(candidates: &[CompletionCandidate], out: &mut dyn Write) -> io::Result<()> {
    candidates.iter().try_for_each(|candidate| {
        let mut value = value(candidate).to_owned();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_-.=:".contains(c);
        if !value.chars().all(is_plain) {
            let mut quoted = String::from("'");
            for c in value.chars() {
                quoted.push(c);
                if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
                    quoted.push(c);
                }
            }
            value = quoted + "'";
        }
        let help = help(candidate).map(|help| format!("\t{help}"));
        writeln!(out, "{value}{}", help.unwrap_or_default())
    })
}

fn write_zsh(candidates: &[CompletionCandidate], out: &mut dyn Write) -> io::Result<()> {
    candidates.iter().try_for_each(|candidate| {
        let value = value(candidate).replace('\\', "\\\\").replace(':', "\\:");
        let help = help(candidate).map(|help| format!(":{}", help.replace('\\', "\\\\")));
        writeln!(out, "{value}{}", help.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powershell_gets_names_in_quotes_that_end_where_the_name_does() {
        for (name, inserted) in [
            ("config/web", "config/web\n"),
            ("a b", "'a b'\n"),
            ("$(reboot)", "'$(reboot)'\n"),
            ("a';b\u{2019}c", "'a'';b\u{2019}\u{2019}c'\n"),
        ] {
            let mut out = Vec::new();
            write_powershell(&[CompletionCandidate::new(name)], &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), inserted);
        }
    }

    #[test]
    fn zsh_gets_names_in_which_a_colon_begins_no_description() {
        let mut out = Vec::new();
        write_zsh(&[CompletionCandidate::new("a:b\\c")], &mut out).unwrap();
        assert_eq!(out, b"a\\:b\\\\c\n");
    }
}
