//! `kvw help`

use std::fmt::Write as _;

use clap::builder::{PossibleValue, PossibleValuesParser, StyledStr};
use clap::{Args, Command};

use crate::args::topics::{TOPICS, Topic, topic};
use crate::context::Context;
use crate::exit::Exit;

/// Print the help of a verb, or about a topic
#[derive(Debug, Args)]
#[command(after_help = topics_and_examples())]
pub struct HelpArgs {
    /// Verb or topic
    #[arg(value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    name: Option<String>,
}

/// The verbs, for completion and for what is said of a wrong name.
const VERBS: [&str; 26] = [
    "get",
    "put",
    "edit",
    "delete",
    "txn",
    "watch",
    "wait",
    "ls",
    "tree",
    "export",
    "import",
    "diff",
    "apply",
    "undo",
    "cp",
    "mv",
    "env",
    "run",
    "lock",
    "elect",
    "session",
    "status",
    "dev",
    "completions",
    "man",
    "help",
];

fn names() -> PossibleValuesParser {
    let topics = TOPICS
        .iter()
        .map(|topic| PossibleValue::new(topic.name).help(topic.about));
    let verbs = VERBS.iter().map(|verb| PossibleValue::new(*verb));
    PossibleValuesParser::new(verbs.chain(topics))
}

fn topics_and_examples() -> String {
    let mut text = "Topics:\n".to_owned();
    for Topic { name, about, .. } in &TOPICS {
        let _ = writeln!(text, "  {name:<12} {about}");
    }
    text.push_str("\nExamples:\n  kvw help watch\n  kvw help exit-codes");
    text
}

/// Runs the verb. The whole command tree is a parameter because a verb does not know the others.
pub fn run(ctx: &Context, args: &HelpArgs, mut command: Command) -> anyhow::Result<Exit> {
    let text = match &args.name {
        None => command.render_long_help(),
        Some(name) => match topic(name) {
            Some(text) => render(text),
            None => help_of(&mut command, name),
        },
    };
    ctx.ui.help(&text)?;
    Ok(Exit::Yes)
}

fn help_of(command: &mut Command, verb: &str) -> StyledStr {
    command.build();
    let verb = command.find_subcommand_mut(verb);
    verb.expect("the names that are accepted are those of verbs")
        .render_long_help()
}

/// Wraps a text to the width of help: each of its lines that is not indented is a paragraph.
fn render(text: &str) -> StyledStr {
    let page = Command::new("kvw")
        .max_term_width(100)
        .help_template("{after-help}")
        .after_help(text.trim_end().to_owned())
        .render_help();
    format!("{}\n", page.to_string().trim()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_fits_a_page_and_its_lines_do_too() {
        for Topic { name, text, .. } in &TOPICS {
            assert!(text.lines().count() <= 60, "{name}");
            let mut tables = text.lines().filter(|line| line.starts_with(' '));
            assert!(tables.all(|line| line.len() <= 80), "{name}");
            assert!(render(text).to_string().lines().count() > 10, "{name}");
        }
    }
}
