//! `kvw completions`

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::context::Context;
use crate::exit::Exit;

/// Print the completion script for a shell
///
/// There are two kinds. Scripts that ask kvw itself offer key names too: KVW_COMPLETE=SHELL kvw prints
/// them. The scripts that this command prints are self-contained, and offer verbs, flags and files.
#[derive(Debug, Args)]
#[command(after_help = "\
With key names, for each new shell:
  bash    echo 'source <(KVW_COMPLETE=bash kvw)' >> ~/.bashrc
  zsh     echo 'source <(KVW_COMPLETE=zsh kvw)' >> ~/.zshrc    # after compinit
  fish    echo 'KVW_COMPLETE=fish kvw | source' >> ~/.config/fish/config.fish

Self-contained, without key names:
  kvw completions bash > ~/.local/share/bash-completion/completions/kvw
  kvw completions zsh > ~/.zfunc/_kvw
  kvw completions fish > ~/.config/fish/completions/kvw.fish")]
pub struct CompletionsArgs {
    /// Shell that runs the script
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs the verb. The whole command tree is a parameter because a verb does not know the others.
pub fn run(ctx: &Context, args: CompletionsArgs, mut command: Command) -> anyhow::Result<Exit> {
    // Into memory first: the generator panics if stdout is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "kvw", &mut script);
    (&ctx.ui).write_all(&script)?;
    Ok(Exit::Yes)
}
