//! `kvw man`

mod page;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use clap::{Args, Command};

use self::page::{handlers_page, page};
use crate::args::complete;
use crate::atomic_file::{AtomicFile, Links, create_folder};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::abbreviate;
use crate::term::plural;

/// Show the manual page of kvw, of a verb, or about handlers
///
/// On a terminal the page is shown by man, or as text in $PAGER where there is no man. A pipe or a file
/// gets the page itself. With --dir, writes one page per verb; a link in the place of a page is refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw man watch
  kvw man watch > kvw-watch.1
  kvw man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Verb whose page to show, or handlers [default: the page of kvw]
    #[arg(value_name = "VERB", conflicts_with = "dir", add = complete::pages())]
    verb: Option<String>,

    /// Write all pages to this folder, which is created if it is missing
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

/// The mode of a new page, less the umask.
const MODE: u32 = 0o644;

/// Runs the verb. The whole command tree is a parameter because a verb does not know the others.
pub fn run(ctx: &Context, args: ManArgs, mut command: Command) -> anyhow::Result<Exit> {
    if let Some(dir) = &args.dir {
        return write_all(ctx, dir, command);
    }
    command.build();
    let verbs: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
    let (shown, page) = match args.verb.as_deref() {
        None => (&command, page(&command, &verbs)?),
        Some("handlers") => (verb_of(&command, "watch")?, handlers_page()),
        Some(verb) => {
            let verb = verb_of(&command, verb)?;
            (verb, page(verb, &verbs)?)
        }
    };
    match ctx.ui.out_is_terminal() {
        true => show(ctx, &page, shown.clone())?,
        false => (&ctx.ui).write_all(&page)?,
    }
    Ok(Exit::Yes)
}

fn verb_of<'a>(command: &'a Command, verb: &str) -> Result<&'a Command, Failure> {
    let (outer, inner) = verb.split_once('-').unwrap_or((verb, ""));
    let found = command.find_subcommand(outer);
    let found = match inner {
        "" => found,
        inner => found.and_then(|outer| outer.find_subcommand(inner)),
    };
    found.ok_or_else(|| unknown(verb))
}

fn unknown(verb: &str) -> Failure {
    let failure = Failure::usage(format!("no page for '{}'", abbreviate(verb)));
    match verb.contains(['/', '.', '~']) {
        true => failure.hint("--dir DIR writes all pages to a folder"),
        false => failure.hint("kvw -h lists the verbs"),
    }
}

/// Shows a page on the terminal: by man, else as the text of the help in `$PAGER`, else as that text alone.
fn show(ctx: &Context, page: &[u8], mut command: Command) -> io::Result<()> {
    if pipe_into(Program::new("man").args(["-l", "-"]), page)? {
        return Ok(());
    }
    let help = command.render_long_help();
    let pager = ctx.env.var("PAGER").filter(|pager| !pager.is_empty());
    let pager = pager.map_or("less".as_ref(), OsString::as_os_str);
    // A pager is a line of the shell, as git and man take it.
    let paged = pipe_into(
        Program::new("sh").arg("-c").arg(pager),
        help.to_string().as_bytes(),
    )?;
    match paged {
        true => Ok(()),
        false => ctx.ui.help(&help),
    }
}

/// Runs a program with `input`; whether it did what it should.
fn pipe_into(program: &mut Program, input: &[u8]) -> io::Result<bool> {
    let mut child = match program.stdin(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that is left early reads no more.
        let _ = stdin.write_all(input);
    }
    Ok(child.wait()?.success())
}

fn write_all(ctx: &Context, dir: &Path, mut command: Command) -> anyhow::Result<Exit> {
    let failed = |error: &io::Error| Failure::new(Exit::of_file(error), error.to_string());
    create_folder(dir).map_err(|error| failed(&error))?;
    command.build();
    // All pages are written before the first one replaces anything.
    let mut pages = Vec::new();
    let verbs: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
    let all = command.get_subcommands().flat_map(|verb| {
        // The help of clap's own for an inner verb is no page.
        let inner = verb
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help");
        std::iter::once(verb).chain(inner)
    });
    let mut texts = Vec::new();
    for command in std::iter::once(&command).chain(all) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        texts.push((format!("{name}.1"), page(command, &verbs)?));
    }
    texts.push(("kvw-handlers.7".to_owned(), handlers_page()));
    for (name, text) in texts {
        let path = dir.join(name);
        // The user did not name the page: what a link there leads to is not meant.
        let page = AtomicFile::create(&path, MODE, Links::Refuse);
        let mut page = page.map_err(|error| failed(&error))?;
        page.write_all(&text)?;
        page.flush()?;
        pages.push(page);
    }
    let count = plural(pages.len() as u64, "page");
    for page in pages {
        page.persist()?;
    }
    ctx.ui
        .status(format_args!("wrote {count} to {}", dir.display()));
    Ok(Exit::Yes)
}
