//! `kvw man`

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::Man;

use crate::context::Context;
use crate::exit::Exit;

/// Print the manual page, or write all pages to a folder
///
/// Without DIR the page of kvw itself goes to stdout (kvw man | man -l -). With DIR one page for
/// each command is written there.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for all pages, which must exist
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages. The whole command tree is handed in: a verb does not know the others.
pub fn run(ctx: &Context, args: ManArgs, mut command: Command) -> anyhow::Result<Exit> {
    let Some(dir) = args.dir else {
        (&ctx.ui).write_all(&page(&command)?)?;
        return Ok(Exit::Yes);
    };
    command.build();
    let verbs = command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help");
    for command in std::iter::once(&command).chain(verbs) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(Exit::Yes)
}

fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    // No date and no machine: the same source gives the same page.
    Man::new(command.clone())
        .render(&mut page)
        .context("writing a manual page")?;
    Ok(page)
}
