//! Entries as YAML and as Java properties: what `diff` and `apply` read as the same entries.

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::Entry;
use crate::term::is_dangerous;

/// Why an entry cannot stand in a document.
pub type Unwritable = &'static str;

/// Checks that a YAML document can say an entry that is named so.
///
/// # Errors
/// The reason why not.
pub fn check_yaml(name: &str, entry: &Entry) -> Result<(), Unwritable> {
    check_name(name, entry)
}

/// Checks that a `.properties` document can say an entry that is named so.
///
/// # Errors
/// The reason why not.
pub fn check_properties(name: &str, entry: &Entry) -> Result<(), Unwritable> {
    check_name(name, entry)?;
    match std::str::from_utf8(entry.value()) {
        Ok(_) => Ok(()),
        Err(_) => Err("the value is not UTF-8"),
    }
}

fn check_name(name: &str, entry: &Entry) -> Result<(), Unwritable> {
    if name.is_empty() {
        Err("nothing is left of its name")
    } else if name.starts_with('/') {
        Err("its name starts with /")
    } else if name.ends_with('/') {
        Err("its name ends with /")
    } else if entry.flags() != 0 {
        Err("it has flags")
    } else {
        Ok(())
    }
}

/// Writes entries, sorted by name, as a YAML document of nested names. A name that is also a folder
/// stands beside it with its `/`.
pub fn write_yaml(out: &mut impl Write, entries: &[(&str, &Entry)]) -> io::Result<()> {
    let mut root = Folder::default();
    let values: BTreeMap<&str, &Entry> = entries.iter().copied().collect();
    for (name, entry) in entries {
        root.insert(name, entry, &values);
    }
    match root.0.is_empty() {
        true => out.write_all(b"{}\n"),
        false => root.write(out, 0),
    }
}

/// Whether a name in YAML can be that of a key.
pub fn is_yaml_name(name: &str) -> bool {
    !(name.is_empty() || name.starts_with('/') || name.ends_with('/'))
}

/// Writes entries as a YAML document of one level, their names with `/`. Without entries it is empty.
pub fn write_flat_yaml(out: &mut impl Write, entries: &[(&str, &Entry)]) -> io::Result<()> {
    for (name, entry) in entries {
        write!(out, "{}: ", yaml_name(name))?;
        write_yaml_value(out, entry.value(), 2)?;
    }
    Ok(())
}

/// Writes entries as properties, their names with `/`.
pub fn write_properties(out: &mut impl Write, entries: &[(&str, &Entry)]) -> io::Result<()> {
    for (name, entry) in entries {
        let value = std::str::from_utf8(entry.value()).unwrap_or_default();
        let (name, value) = (property(name, true), property(value, false));
        writeln!(out, "{name}={value}")?;
    }
    Ok(())
}

/// The deepest nesting of a document; deeper names keep their `/`.
const MAX_DEPTH: usize = 100;

/// The names of one level. A folder and a value may not have one name: YAML has each name once.
#[derive(Default)]
struct Folder<'a>(BTreeMap<&'a str, YamlNode<'a>>);

enum YamlNode<'a> {
    Value(&'a Entry),
    Folder(Folder<'a>),
}

impl<'a> Folder<'a> {
    fn insert(&mut self, name: &'a str, entry: &'a Entry, values: &BTreeMap<&str, &Entry>) {
        let mut folder = self;
        let mut start = 0;
        let mut from = 0;
        let mut depth = 0;
        while let Some(slash) = name[from..].find('/').map(|at| from + at) {
            from = slash + 1;
            let (part, rest) = (&name[start..slash], &name[slash + 1..]);
            // A folder that is a key too has no level of its own, nor has an empty name.
            let is_level = !part.is_empty()
                && !part.ends_with('/')
                && !rest.starts_with('/')
                && depth < MAX_DEPTH
                && !values.contains_key(&name[..slash]);
            if is_level {
                let node = folder.0.entry(part);
                let node = node.or_insert_with(|| YamlNode::Folder(Folder::default()));
                let YamlNode::Folder(next) = node else {
                    unreachable!("a key of this name has no level")
                };
                folder = next;
                start = slash + 1;
                depth += 1;
            }
        }
        folder.0.insert(&name[start..], YamlNode::Value(entry));
    }

    fn write(&self, out: &mut impl Write, indent: usize) -> io::Result<()> {
        for (name, node) in &self.0 {
            write!(out, "{:indent$}{}:", "", yaml_name(name))?;
            match node {
                YamlNode::Folder(folder) => {
                    out.write_all(b"\n")?;
                    folder.write(out, indent + 2)?;
                }
                YamlNode::Value(entry) => {
                    out.write_all(b" ")?;
                    write_yaml_value(out, entry.value(), indent + 2)?;
                }
            }
        }
        Ok(())
    }
}

fn write_yaml_value(out: &mut impl Write, value: &[u8], indent: usize) -> io::Result<()> {
    let Ok(text) = std::str::from_utf8(value) else {
        return writeln!(out, "!!binary {}", STANDARD.encode(value));
    };
    if !is_block(text) {
        return writeln!(out, "{}", yaml_scalar(text));
    }
    let (body, mark) = match text.strip_suffix('\n') {
        Some(body) => (body, "|"),
        None => (text, "|-"),
    };
    writeln!(out, "{mark}")?;
    for line in body.split('\n') {
        match line.is_empty() {
            true => out.write_all(b"\n")?,
            false => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}

/// Whether a text of several lines can be a block, which every reader takes for the same: not one whose
/// first line starts or whose last line ends with white space, nor one with characters that YAML escapes.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_printed = |c: char| c == '\n' || !(c.is_control() || is_special(c));
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with(['\n', ' '])
        && body.split('\n').all(|line| line.trim_end() == line)
        && body.chars().all(is_printed)
}

/// Characters that end lines in YAML 1.1, that a reader may take away, or that control a terminal.
fn is_special(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        || (c as u32) & 0xfffe == 0xfffe
        || is_dangerous(c)
}

/// A name that every YAML reader takes for this text.
fn yaml_name(text: &str) -> String {
    match is_word(text) {
        true => text.to_owned(),
        false => yaml_quoted(text),
    }
}

/// A value that every YAML reader takes for this text. Small whole numbers and `true` and `false` are
/// bare too, because each reader prints them as they are.
fn yaml_scalar(text: &str) -> String {
    let is_number = matches!(text.len(), 1..=15)
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    match is_word(text) || is_number || matches!(text, "true" | "false") {
        true => text.to_owned(),
        false => yaml_quoted(text),
    }
}

fn yaml_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || is_special(c) => match c as u32 {
                code @ ..=0xffff => quoted.push_str(&format!("\\u{code:04x}")),
                code => quoted.push_str(&format!("\\U{code:08x}")),
            },
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text needs no quotes, because no reader takes it for anything else.
fn is_word(text: &str) -> bool {
    const TAKEN: [&str; 10] = [
        "null", "yes", "no", "on", "off", "y", "n", "true", "false", "nan",
    ];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_plain)
        && !TAKEN.contains(&&*text.to_ascii_lowercase())
}

/// The text of a name or value as Java reads it back.
fn property(text: &str, is_name: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\x0c' => escaped.push_str("\\f"),
            ' ' if is_name || at == 0 => escaped.push_str("\\ "),
            '=' | ':' if is_name => escaped.extend(['\\', c]),
            '#' | '!' if is_name && at == 0 => escaped.extend(['\\', c]),
            // Java reads these files as Latin-1 or as UTF-8; escapes it reads alike.
            c if c.is_control() || !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
