//! The flags that every verb has.

use clap::{Args, Command};

use crate::term::When;

/// What is said on stderr, and in which colours.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Print no status messages; warnings and errors remain
    #[arg(short, long, display_order = 900)]
    pub quiet: bool,

    /// Show each request on stderr, without the token
    #[arg(short, long, display_order = 900, hide_short_help = true)]
    pub verbose: bool,

    /// When to use colour
    #[arg(
        long,
        display_order = 900,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_short_help = true
    )]
    pub color: When,
}

impl GlobalArgs {
    /// Adds the flags to a verb whose own arguments `augment` adds.
    ///
    /// They are no global flags of the whole tree: clap would build them for each of the verbs, a tenth of
    /// the instructions of `kvw get`. Flags before the verb are moved behind it (`leading.rs`).
    pub fn augment_verb(verb: Command, augment: impl FnOnce(Command) -> Command) -> Command {
        let verb = augment(GlobalArgs::augment_args(verb));
        match verb.has_subcommands() {
            true => ["quiet", "verbose", "color"]
                .into_iter()
                .fold(verb, |verb, id| verb.mut_arg(id, |flag| flag.global(true))),
            false => verb,
        }
    }
}
