//! `kvw man`

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::Man;

use crate::atomic_file::{AtomicFile, Links};
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Print the manual page, or write all pages to a folder
///
/// Without DIR, prints the page of kvw itself. With DIR, writes one page per command; a link in the
/// place of a page is refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw man | man -l -
  kvw man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Existing folder to write the pages to
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// The mode of a new page, less the umask.
const MODE: u32 = 0o644;

/// Runs the verb. The whole command tree is a parameter because a verb does not know the others.
pub fn run(ctx: &Context, args: ManArgs, mut command: Command) -> anyhow::Result<Exit> {
    let Some(dir) = args.dir else {
        (&ctx.ui).write_all(&render(&command)?)?;
        return Ok(Exit::Yes);
    };
    command.build();
    let is_page = |verb: &&Command| verb.get_name() != "help";
    let verbs = command.get_subcommands().filter(is_page);
    let verbs = verbs.flat_map(|verb| {
        let inner = verb.get_subcommands().filter(is_page);
        std::iter::once(verb).chain(inner)
    });
    // All pages are written before the first one replaces anything.
    let mut pages = Vec::new();
    for command in std::iter::once(&command).chain(verbs) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = dir.join(format!("{name}.1"));
        // The user did not name the page: what a link there leads to is not meant.
        let page = AtomicFile::create(&path, MODE, Links::Refuse);
        let mut page =
            page.map_err(|error| Failure::new(Exit::of_file(&error), error.to_string()))?;
        page.write_all(&render(command)?)?;
        page.flush()?;
        pages.push(page);
    }
    for page in pages {
        page.persist()?;
    }
    Ok(Exit::Yes)
}

fn render(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    // Without date and host, so that the same source gives the same page.
    Man::new(command.clone())
        .render(&mut page)
        .context("writing a manual page")?;
    Ok(page)
}
