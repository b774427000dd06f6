//! A manual page: what clap knows of a verb, and the sections that a reader of manuals expects.

use std::io;

use clap::{Arg, Command};
use clap_mangen::Man;
use roff::{Inline, Roff, bold, italic, roman};

use crate::args::topics::topic;

/// The day of the pages, so that the same source gives the same pages.
const DATE: &str = "2026-11-27";
const SOURCE: &str = concat!("kvw ", env!("CARGO_PKG_VERSION"));
const MANUAL: &str = "kvw manual";

/// Files of a verb: its name, and what they are.
const FILES: [(&str, &str, &str); 4] = [
    (
        "watch",
        "--state FILE",
        "What was handled. Mode 0600, replaced as a whole, of this watch alone.",
    ),
    (
        "watch",
        "--status-file FILE",
        "The status of the watch as JSON. Mode 0644 less the umask, replaced as a whole.",
    ),
    (
        "export",
        "--output-file FILE",
        "The document. A new one has mode 0600; it is replaced only when complete.",
    ),
    (
        "dev",
        "--load FILE",
        "A document of kvw export or consul kv export, read at the start.",
    ),
];

/// Returns the page of a command: the root, or a verb.
///
/// # Errors
/// None but those of writing into memory.
pub fn page(command: &Command, verbs: &[&str]) -> io::Result<Vec<u8>> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let is_root = !name.contains('-');
    // clap_mangen leaves out the help of a flag that -h hides, unless it is a long one.
    let shown = command.clone().mut_args(|arg| {
        let help = arg.get_long_help().or(arg.get_help()).cloned();
        arg.long_help(help.unwrap_or_default())
    });
    let connects = shown.get_arguments().any(is_of_connection);
    let man = Man::new(shown.clone());
    let mut generated = Vec::new();
    man.render_description_section(&mut generated)?;
    man.render_options_section(&mut generated)?;
    let has_verbs = command.has_subcommands();
    if has_verbs {
        man.render_subcommands_section(&mut generated)?;
    }

    let mut head = Roff::new();
    head.control("TH", [name, "1", DATE, SOURCE, MANUAL]);
    head.control("SH", ["NAME"]);
    let about = command.get_about().map(ToString::to_string);
    head.text([roman(format!("{name} - {}", about.unwrap_or_default()))]);
    head.control("SH", ["SYNOPSIS"]);
    head.text(synopsis(&shown, name, has_verbs));

    let mut tail = Roff::new();
    let after = command
        .get_after_long_help()
        .or_else(|| command.get_after_help());
    if let Some(text) = after {
        sections(&mut tail, &text.to_string());
    }
    tail.control("SH", ["EXIT STATUS"]);
    body(&mut tail, section_of("exit-codes", "Exit codes"));
    if is_root || connects {
        tail.control("SH", ["ENVIRONMENT"]);
        body(&mut tail, section_of("environment", "Connection"));
        body(&mut tail, section_of("environment", "Proxies"));
    }
    if is_root {
        body(&mut tail, section_of("environment", "Terminal"));
    }
    let verb = name.strip_prefix("kvw-").unwrap_or_default();
    let files: Vec<_> = FILES.iter().filter(|(of, ..)| *of == verb).collect();
    if !files.is_empty() {
        tail.control("SH", ["FILES"]);
        for (_, file, what) in files {
            tail.control("TP", []);
            tail.text([bold(*file)]);
            tail.text([roman(*what)]);
        }
    }
    tail.control("SH", ["SEE ALSO"]);
    tail.text(see_also(verb, verbs));

    let mut page = head.render();
    page.push_str(&tidy(&String::from_utf8_lossy(&generated)));
    page.push_str(&tail.to_roff());
    Ok(page.into_bytes())
}

/// Returns the page about handlers, in section 7.
pub fn handlers_page() -> Vec<u8> {
    let mut page = Roff::new();
    page.control("TH", ["kvw-handlers", "7", DATE, SOURCE, MANUAL]);
    page.control("SH", ["NAME"]);
    page.text([roman(
        "kvw-handlers - what a handler of kvw watch gets, and what it can rely on",
    )]);
    sections(&mut page, topic("handlers").unwrap_or_default());
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("kvw-watch"), roman("(1)")]);
    page.render().into_bytes()
}

fn see_also(verb: &str, verbs: &[&str]) -> Vec<Inline> {
    let mut pages = match verb {
        "" => verbs
            .iter()
            .map(|verb| (format!("kvw-{verb}"), 1))
            .collect(),
        _ => vec![("kvw".to_owned(), 1)],
    };
    if matches!(verb, "" | "watch") {
        pages.push(("kvw-handlers".to_owned(), 7));
    }
    let mut line = Vec::new();
    for (number, (page, section)) in pages.into_iter().enumerate() {
        line.push(roman(if number == 0 { "" } else { ", " }));
        line.push(bold(page));
        line.push(roman(format!("({section})")));
    }
    line
}

fn is_of_connection(arg: &Arg) -> bool {
    arg.get_help_heading() == Some("Connection")
}

/// The usage, with the values of flags; those of the connection are one word.
fn synopsis(command: &Command, name: &str, has_verbs: bool) -> Vec<Inline> {
    let mut line = vec![bold(name.replace('-', " "))];
    let mut connects = false;
    let (flags, operands): (Vec<_>, Vec<_>) = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .partition(|arg| !arg.is_positional());
    for arg in flags {
        if is_of_connection(arg) {
            connects = true;
            continue;
        }
        line.push(roman(" ["));
        let short = arg.get_short().map(|short| format!("-{short}"));
        let long = arg.get_long().map(|long| format!("--{long}"));
        let names: Vec<_> = [short, long].into_iter().flatten().collect();
        line.push(bold(names.join("|")));
        if arg.get_action().takes_values() {
            let is_optional = arg
                .get_num_args()
                .is_some_and(|range| range.min_values() == 0);
            line.push(roman(if is_optional { "[=" } else { " " }));
            line.push(italic(value_name(arg)));
            line.push(roman(if is_optional { "]" } else { "" }));
        }
        line.push(roman("]"));
    }
    if connects {
        line.push(roman(" ["));
        line.push(italic("connection flags"));
        line.push(roman("]"));
    }
    for arg in operands {
        let dashes = if arg.is_last_set() { "-- " } else { "" };
        let many = arg
            .get_num_args()
            .is_some_and(|range| range.max_values() > 1);
        let (open, close) = if arg.is_required_set() {
            ("", "")
        } else {
            ("[", "]")
        };
        line.push(roman(format!(" {open}{dashes}")));
        line.push(italic(value_name(arg)));
        line.push(roman(format!("{}{close}", if many { "..." } else { "" })));
    }
    if has_verbs {
        line.push(roman(" "));
        line.push(italic("VERB"));
        line.push(roman(" ..."));
    }
    line
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names
        .first()
        .map_or_else(|| arg.get_id().to_string(), ToString::to_string)
}

/// Writes help text as sections: a line that ends in a colon is a heading.
fn sections(page: &mut Roff, text: &str) {
    for section in text.split("\n\n") {
        let (heading, lines) = section.split_once('\n').unwrap_or((section, ""));
        match heading.strip_suffix(':') {
            Some(heading) => {
                page.control("SH", [heading.to_uppercase().as_str()]);
                body(page, lines);
            }
            None => body(page, section),
        }
    }
}

/// Writes lines: those that are indented as they stand, others as paragraphs.
fn body(page: &mut Roff, text: &str) {
    let mut literal = false;
    for (number, line) in text.lines().enumerate() {
        let is_literal = line.starts_with(' ');
        if is_literal != literal {
            page.control(if is_literal { "EX" } else { "EE" }, []);
            literal = is_literal;
        }
        if !is_literal && number > 0 {
            page.control("PP", []);
        }
        page.text([roman(line)]);
    }
    if literal {
        page.control("EE", []);
    }
}

/// The lines below a heading of a topic of help.
fn section_of(name: &str, heading: &str) -> &'static str {
    let text = topic(name).unwrap_or_default();
    let section = text.split("\n\n").find(|section| {
        section
            .lines()
            .next()
            .is_some_and(|line| line.trim_end_matches(':') == heading)
    });
    section
        .and_then(|section| section.split_once('\n'))
        .map_or("", |(_, lines)| lines)
}

/// Takes out what clap_mangen writes and formatters warn of: breaks beside empty lines, blanks at ends.
fn tidy(page: &str) -> String {
    let lines: Vec<&str> = page.lines().map(str::trim_end).collect();
    let is_empty = |at: Option<usize>| {
        at.and_then(|at| lines.get(at))
            .is_none_or(|line| line.is_empty())
    };
    let mut tidy = String::new();
    for (at, line) in lines.iter().enumerate() {
        let is_break = *line == ".br" && (is_empty(at.checked_sub(1)) || is_empty(Some(at + 1)));
        let starts_over = line.starts_with(".ie ") || line.starts_with(".el ");
        if !is_break && !starts_over {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}
