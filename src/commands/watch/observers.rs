//! The observers of a watch, and their flags.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use clap::{Args, ValueEnum};

use crate::args::handler::Handlers;
use crate::args::output::formats;
use crate::exit::Failure;
use crate::model::{Glob, Target, TargetId};
use crate::observers::{
    Explain, JsonObserver, Runs, Start, StatusFile, Systemd, TextObserver, Warnings,
};
use crate::output::changes::ChangeStyle;
use crate::output::{Format, TimeForm, TimeFormat};
use crate::term::Ui;
use crate::watch::Observer;

/// The output of a watch.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct ObserverArgs {
    /// Print changes as text or jsonl
    ///
    /// Default: text without a handler. With -o and a handler, the handler's stdout goes to stderr.
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Jsonl]),
        hide_possible_values = true
    )]
    output: Option<Format>,

    /// Show all of long and binary values on a terminal, which are cut otherwise
    #[arg(long, conflicts_with = "no_values", hide_short_help = true)]
    full: bool,

    /// Show which keys changed, without their values
    #[arg(long, hide_short_help = true)]
    no_values: bool,

    /// Times in text [default: local on a terminal, else utc]
    #[arg(long = "time", value_name = "FORM", hide_short_help = true)]
    times: Option<TimeForm>,

    /// Show keys and changes on the whole terminal
    ///
    /// The view has the keys, a log of their changes, and the handlers; ? there lists its keys.
    /// What handlers print is not shown then, unless stderr leads to a file: there it goes.
    #[cfg(feature = "live")]
    #[arg(
        long,
        conflicts_with_all = ["output", "events", "full", "no_values"]
    )]
    live: bool,

    /// Events to print with -o jsonl [default: changes]
    #[arg(long, value_name = "EVENTS", hide_short_help = true)]
    events: Option<Events>,

    /// Explain each wake-up on stderr
    #[arg(long, hide_short_help = true)]
    explain: bool,

    /// Keep the status of the watch in FILE, as JSON
    ///
    /// It contains the last contact, index, outages, last runs and the lag of handlers. FILE is
    /// replaced if it is empty or holds a status, and refused like that of --state otherwise.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    status_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Events {
    /// Changes of keys
    Changes,
    /// Also first reads, outages, lost permissions, held back deletes and runs of handlers
    All,
}

impl ObserverArgs {
    /// Whether changes are printed also with a handler.
    pub fn prints(&self) -> bool {
        self.output.is_some()
    }

    /// Whether the view takes the whole terminal.
    pub fn is_live(&self) -> bool {
        #[cfg(feature = "live")]
        return self.live;
        #[cfg(not(feature = "live"))]
        false
    }

    /// Refuses a live view without a terminal to draw it on.
    ///
    /// # Errors
    /// Exit 2.
    pub fn check_terminal(&self, ui: &Ui) -> Result<(), Failure> {
        if !self.is_live() {
            return Ok(());
        }
        if !ui.is_interactive() {
            let refused = Failure::usage("--live needs a terminal as stdin and stdout");
            return Err(refused.hint("without --live, each change is a line"));
        }
        if self.explain && ui.err_is_terminal() {
            let refused = Failure::usage("--explain would write over the live view");
            return Err(refused.hint("2>FILE keeps its lines"));
        }
        Ok(())
    }

    /// The status file, if there is one.
    pub fn status_file(&self) -> Option<&Path> {
        self.status_file.as_deref()
    }

    /// Checks the flags, and that the status file may be replaced.
    ///
    /// # Errors
    /// Exit 2 for contradicting flags and for another file in the place of the status file.
    pub fn check(&self, has_handler: bool) -> Result<(), Failure> {
        let takes_events = match self.output {
            Some(Format::Jsonl) => true,
            None | Some(Format::Text | Format::Json | Format::Raw | Format::Consul) => false,
        };
        if self.events.is_some() && !takes_events {
            return Err(Failure::usage("--events requires -o jsonl"));
        }
        for (given, flag) in [(self.full, "--full"), (self.no_values, "--no-values")] {
            if given && self.output.is_some_and(|format| format != Format::Text) {
                return Err(Failure::usage(format!(
                    "{flag} is for text, not for -o jsonl"
                )));
            }
            if given && has_handler && !self.prints() {
                let refused =
                    Failure::usage(format!("{flag}: with a handler no changes are printed"));
                return Err(refused.hint("-o text prints them too"));
            }
        }
        self.status_file().map_or(Ok(()), StatusFile::check)
    }

    /// How times are written.
    pub fn time_format(&self, terminal: bool) -> TimeFormat {
        let default = match terminal {
            true => TimeForm::Local,
            false => TimeForm::Utc,
        };
        TimeFormat::new(self.times.unwrap_or(default), SystemTime::now())
    }

    /// Creates the observers, those that write to stdout last: a change counts as handled when they
    /// have written it.
    ///
    /// # Errors
    /// If the status file cannot be written.
    pub fn observers<'a>(
        &self,
        ui: &'a Ui,
        targets: &[Target],
        handlers: &Handlers,
        addresses: &[String],
    ) -> Result<Vec<Box<dyn Observer + 'a>>, Failure> {
        let now = Instant::now();
        let names = || {
            targets
                .iter()
                .map(|target| target.name().to_owned())
                .collect()
        };
        let routes = handlers.routes.iter();
        let globs: Vec<Option<String>> = routes
            .map(|route| Some(route.glob.as_ref()?.as_str().to_owned()))
            .collect();
        let route_names = route_names(targets, handlers);
        let mut all: Vec<Box<dyn Observer + 'a>> = Vec::new();
        // What would be written over the live view is part of it.
        let speaks = !self.is_live() || !ui.err_is_terminal();
        if speaks {
            all.push(Box::new(Warnings::new(ui, targets.to_vec())));
            all.push(Box::new(Start::new(
                ui,
                targets.to_vec(),
                addresses.to_vec(),
            )));
        }
        if !globs.is_empty() && speaks {
            let time = self.time_format(ui.err_is_terminal());
            let timeouts = handlers
                .routes
                .iter()
                .map(|route| route.handler.policies.stop_timeout);
            let stop_timeout = timeouts.max().unwrap_or_default();
            all.push(Box::new(Runs::new(
                ui,
                route_names.clone(),
                time,
                stop_timeout,
            )));
        }
        if self.explain {
            all.push(Box::new(Explain::new(ui, targets.to_vec(), route_names)));
        }
        if let Some(path) = &self.status_file {
            let file = StatusFile::open(ui, path, addresses.to_vec(), names(), globs.clone(), now)?;
            all.push(Box::new(file));
        }
        if let Some(systemd) = Systemd::from_environment(targets.len(), now) {
            all.push(Box::new(systemd));
        }
        match (self.output, self.events) {
            (Some(Format::Jsonl), Some(Events::All)) => {
                all.push(Box::new(JsonObserver::all(ui, names(), globs)));
            }
            (Some(Format::Jsonl), _) => all.push(Box::new(JsonObserver::changes(ui, names()))),
            (None, _) if !globs.is_empty() || self.is_live() => {}
            (None | Some(Format::Text | Format::Json | Format::Raw | Format::Consul), _) => {
                let style = ui.style();
                let style = ChangeStyle {
                    style,
                    values: !self.no_values,
                    full: self.full,
                    time: self.time_format(style.terminal),
                };
                all.push(Box::new(TextObserver::new(ui, style)));
            }
        }
        Ok(all)
    }
}

/// The names of the routes, for people.
pub fn route_names(targets: &[Target], handlers: &Handlers) -> Vec<String> {
    let target_name = |id: TargetId| targets[usize::from(id.0)].name();
    let names = handlers.routes.iter().map(|route| {
        let glob = route.glob.as_ref().map(Glob::as_str);
        match (glob, route.target.map(target_name)) {
            (Some(glob), Some(target)) if targets.len() > 1 => format!("{glob}, {target}"),
            (Some(glob), _) => glob.to_owned(),
            (None, Some(target)) => target.to_owned(),
            (None, None) => "rest".to_owned(),
        }
    });
    names.collect()
}
