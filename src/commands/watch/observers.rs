//! Who looks on: what is printed and said, and who else is kept informed.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::args::handler::Handlers;
use crate::args::output::formats;
use crate::exit::Failure;
use crate::model::Target;
use crate::observers::{Explain, JsonObserver, Runs, StatusFile, Systemd, TextObserver, Warnings};
use crate::output::Format;
use crate::term::Ui;
use crate::watch::Observer;

/// What is told to whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Looking on")]
pub struct ObserverArgs {
    /// Print changes as text or jsonl, also with a handler, whose stdout then goes to stderr
    /// [default: text without a handler]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Jsonl]),
        hide_possible_values = true
    )]
    output: Option<Format>,

    /// With -o jsonl: print changes, or all events: first looks, outages, lost rights, deletes held
    /// back, runs of handlers too [default: changes]
    #[arg(long, value_name = "WHICH", hide_possible_values = true)]
    events: Option<Events>,

    /// Say on stderr what becomes of each wake-up, a line each
    #[arg(long)]
    explain: bool,

    /// Keep in FILE, as JSON, how the watch stands: last contact, index, outages, last runs, lag
    #[arg(long, value_name = "FILE")]
    status_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Events {
    Changes,
    All,
}

impl ObserverArgs {
    /// Whether stdout is for changes although there is a handler.
    pub fn prints(&self) -> bool {
        self.output.is_some()
    }

    /// All who look on, those who write to stdout last: what is handled is what they have written.
    ///
    /// # Errors
    /// For flags that contradict each other, and a status file that cannot be written.
    pub fn observers<'a, 'u>(
        &self,
        ui: &'a RefCell<&'u mut Ui>,
        targets: &[Target],
        handlers: &Handlers,
    ) -> Result<Vec<Box<dyn Observer + 'a>>, Failure> {
        let now = Instant::now();
        let names = || {
            targets
                .iter()
                .map(|target| target.name().to_owned())
                .collect()
        };
        let globs: Vec<Option<String>> = handlers
            .routes
            .iter()
            .map(|(glob, _)| glob.clone())
            .collect();
        let called = globs.iter().cloned();
        let called: Vec<String> = called
            .map(|glob| glob.unwrap_or_else(|| "rest".to_owned()))
            .collect();
        let mut all: Vec<Box<dyn Observer + 'a>> =
            vec![Box::new(Warnings::new(ui, targets.to_vec()))];
        if !globs.is_empty() {
            all.push(Box::new(Runs::new(ui, called.clone())));
        }
        if self.explain {
            all.push(Box::new(Explain::new(ui, targets.to_vec(), called)));
        }
        if let Some(path) = &self.status_file {
            let file = StatusFile::open(ui, path, names(), globs.clone(), now);
            all.push(Box::new(file.map_err(|error| {
                let path = path.display();
                Failure::usage(format!("the status file {path} cannot be written: {error}"))
            })?));
        }
        if let Some(systemd) = Systemd::asked(targets.len(), now) {
            all.push(Box::new(systemd));
        }
        match (self.output, self.events) {
            (Some(Format::Jsonl), Some(Events::All)) => {
                all.push(Box::new(JsonObserver::all(ui, names(), globs)));
            }
            (Some(Format::Jsonl), _) => all.push(Box::new(JsonObserver::changes(ui, names()))),
            (_, Some(_)) => return Err(Failure::usage("--events is for -o jsonl")),
            (None, None) if !globs.is_empty() => {}
            _ => all.push(Box::new(TextObserver::new(ui))),
        }
        Ok(all)
    }
}
