//! The handlers of a watch: news goes to the one whose it is.

use std::time::Instant;

use super::filter::Glob;
use crate::handlers::{Around, Handler, Input, Told};
use crate::model::{Batch, Change, Reason};

/// What handlers did, each with its place.
pub type Deeds = Vec<(usize, Told)>;

/// All handlers, and whose keys are whose.
#[derive(Default)]
pub struct Routes {
    /// A handler's keys; none takes whatever no other took.
    globs: Vec<Option<Glob>>,
    handlers: Vec<Handler>,
}

impl Routes {
    /// These handlers; of several whose globs match a key it is the first one's.
    pub fn new(routes: Vec<(Option<Glob>, Handler)>) -> Self {
        let (globs, handlers) = routes.into_iter().unzip();
        Routes { globs, handlers }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.handlers.is_empty()
    }

    /// Gives each handler its part of a batch; with `to_all` also those for which there is nothing.
    pub fn give(&mut self, batch: Batch, to_all: bool, around: &Around<'_>) -> Deeds {
        let reason = batch.reason;
        let mut parts: Vec<Vec<Change>> = self.globs.iter().map(|_| Vec::new()).collect();
        for change in batch.changes {
            match route(&self.globs, change.key()) {
                Some(at) => parts[at].push(change),
                None => log::info!("{}: no route takes it", change.key()),
            }
        }
        let mut deeds = Deeds::new();
        for (at, (handler, changes)) in self.handlers.iter_mut().zip(parts).enumerate() {
            if changes.is_empty() && !to_all {
                continue;
            }
            let part = Batch { reason, changes };
            let input = match reason {
                Reason::Manual => Input::Run(part),
                Reason::Initial | Reason::Change | Reason::Retry => Input::Changes(part),
            };
            let told = handler.step(input, around);
            deeds.extend(told.into_iter().map(|told| (at, told)));
        }
        deeds
    }

    /// The same for all.
    pub fn all(&mut self, input: &Input, around: &Around<'_>) -> Deeds {
        self.each(|handler| handler.step(input.clone(), around))
    }

    /// Looks after children and deadlines.
    pub fn poll(&mut self, around: &Around<'_>) -> Deeds {
        self.each(|handler| handler.poll(around))
    }

    /// When to look at the latest.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let deadlines = self
            .handlers
            .iter()
            .filter_map(|handler| handler.deadline(now));
        deadlines.min()
    }

    /// Those in which changes wait: place, how many, and whether for a run to end.
    pub fn waiting(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        let handlers = self.handlers.iter().enumerate();
        handlers
            .map(|(at, handler)| (at, handler.waiting(), handler.running()))
            .filter(|(_, changes, _)| *changes > 0)
    }

    /// Whether all have come to rest.
    pub fn idle(&self) -> bool {
        self.handlers.iter().all(Handler::idle)
    }

    fn each(&mut self, mut deed: impl FnMut(&mut Handler) -> Vec<Told>) -> Deeds {
        let handlers = self.handlers.iter_mut().enumerate();
        handlers
            .flat_map(|(at, handler)| deed(handler).into_iter().map(move |told| (at, told)))
            .collect()
    }
}

/// The route of a key, by its place.
fn route(globs: &[Option<Glob>], key: &str) -> Option<usize> {
    let matches = |glob: &Option<Glob>| glob.as_ref().is_some_and(|glob| glob.matches(key));
    let takes = globs.iter().position(matches);
    takes.or_else(|| globs.iter().position(Option::is_none))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_to_the_first_route_that_matches_and_the_rest_to_the_one_without_a_glob() {
        let glob = |pattern| Some(Glob::new(pattern).unwrap());
        let mut globs = vec![None, glob("app/**"), glob("app/db/*")];
        assert_eq!(route(&globs, "app/db/host"), Some(1));
        assert_eq!(route(&globs, "web/port"), Some(0));
        globs.remove(0);
        assert_eq!(route(&globs, "app/db/host"), Some(0));
        assert_eq!(route(&globs, "web/port"), None);
    }
}
