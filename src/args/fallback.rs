//! Answers when Consul is away: `--fallback` and `--max-age`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;

use super::duration::{duration, duration_text};
use crate::consul::{Cause, Client, Config, Error};
use crate::fallback::{AnswerFile, FetchedAnswer, KeyQuestion, fetch};
use crate::term::Ui;

/// The flags of a kept answer.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "When Consul is away")]
pub struct FallbackArgs {
    /// Keep the answer in FILE, and use it if Consul cannot be reached
    ///
    /// FILE is private and replaced as a whole, with each answer that ACLs did not cut down. It is used,
    /// with its age on stderr, after --retry-for; never where permission is denied. A key that did not
    /// exist is kept as missing. A file that is incomplete or answers another question counts as none.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub fallback: Option<PathBuf>,

    /// Use no kept answer that is older than this [default: no limit]
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        requires = "fallback",
        hide_short_help = true
    )]
    max_age: Option<Duration>,
}

impl FallbackArgs {
    /// Returns the file for the answer to a question, if one is wanted.
    pub fn file(&self, question: &KeyQuestion, config: &Config) -> Option<AnswerFile> {
        let path = self.fallback.as_deref()?;
        Some(AnswerFile::new(path, question, config))
    }

    /// Reads the answer from Consul and keeps it, or reads the kept one if Consul cannot be reached.
    ///
    /// # Errors
    /// That of Consul, if there is no kept answer that may be used.
    pub fn fetch(
        &self,
        client: &Client,
        ui: &Ui,
        question: &KeyQuestion,
        file: Option<&AnswerFile>,
    ) -> Result<FetchedAnswer, Error> {
        let error = match (fetch(client, question), file) {
            (Ok(fetched), Some(file)) => {
                if fetched.denied.is_empty() && !fetched.filtered {
                    keep(ui, file, &fetched);
                }
                return Ok(fetched);
            }
            (Err(error), Some(_)) if is_away(&error) => error,
            (other, _) => return other,
        };
        match file.and_then(|file| self.kept(ui, file, &error)) {
            Some(kept) => Ok(kept),
            None => Err(error),
        }
    }

    /// Reads the kept answer, and says which one it is or why there is none.
    fn kept(&self, ui: &Ui, file: &AnswerFile, error: &Error) -> Option<FetchedAnswer> {
        let path = file.path().display();
        let kept = match file.load(SystemTime::now()) {
            Ok(kept) => kept?,
            Err(unusable) => {
                ui.warn(format_args!("not answering from {path}: {unusable}"));
                return None;
            }
        };
        let age = match kept.age {
            Some(age) => {
                let whole = Duration::from_secs(age.as_secs());
                format!("{} old", duration_text(whole))
            }
            None => "of unknown age, because the clock was set back".to_owned(),
        };
        if let Some(most) = self.max_age {
            if kept.age.is_none_or(|age| age >= most) {
                ui.warn(format_args!(
                    "not answering from {path}: it is {age}, and --max-age is {}",
                    duration_text(most)
                ));
                return None;
            }
        }
        ui.warn(format_args!(
            "{error}; answering from {path}, which is {age}"
        ));
        Some(FetchedAnswer {
            answer: kept.answer,
            denied: Vec::new(),
            filtered: false,
        })
    }
}

/// Keeps an answer; that it cannot be kept does not make it worse.
fn keep(ui: &Ui, file: &AnswerFile, fetched: &FetchedAnswer) {
    if let Err(error) = file.keep(&fetched.answer, SystemTime::now()) {
        ui.warn(format_args!("the answer is not kept: {error}"));
    }
}

/// Whether Consul is away. What is misconfigured, denied or no Consul at all is not.
fn is_away(error: &Error) -> bool {
    match error.cause() {
        Cause::Unreachable
        | Cause::ProxyUnreachable
        | Cause::OutOfFiles
        | Cause::Unsent
        | Cause::TimedOut
        | Cause::Lost
        | Cause::Dropped
        | Cause::TooManyConnections
        | Cause::RateLimited
        | Cause::NoLeader
        | Cause::LeaderLost
        | Cause::Server => true,
        Cause::Denied
        | Cause::UnknownToken
        | Cause::UnknownDatacenter
        | Cause::Refused
        | Cause::RolledBack
        | Cause::UnknownSession
        | Cause::Unregistered
        | Cause::TooLarge
        | Cause::Redirected
        | Cause::NotConsul
        | Cause::Tls
        | Cause::Handshake(_)
        | Cause::InvalidAnswer
        | Cause::TooLong
        | Cause::Setup => false,
    }
}
