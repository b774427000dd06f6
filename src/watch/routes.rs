//! The handlers of a watch, and which of them gets a change.

use std::time::Instant;

use crate::handlers::{Handler, HandlerContext, HandlerEvent, QueueInput};
use crate::model::{Batch, Change, Glob, Reason};
use crate::process::Signal;

/// A route's place on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RouteId(pub usize);

/// What happened in handlers, in order.
pub type RouteEvents = Vec<(RouteId, HandlerEvent)>;

/// Changes that wait in a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingChanges {
    /// The route.
    pub route: RouteId,
    /// The number of changes.
    pub changes: usize,
    /// Whether they wait for a run to end, or else for quiet.
    pub busy: bool,
}

/// All handlers, and the keys of each.
#[derive(Default)]
pub struct Routes {
    /// The keys of each handler; `None` takes those that no other takes.
    globs: Vec<Option<Glob>>,
    handlers: Vec<Handler>,
}

impl Routes {
    /// Routes to these handlers; of several whose globs match a key the first takes it.
    pub fn new(routes: Vec<(Option<Glob>, Handler)>) -> Self {
        let (globs, handlers) = routes.into_iter().unzip();
        Routes { globs, handlers }
    }

    /// Whether there is no handler.
    pub fn is_empty(&self) -> bool {
        self.handlers.is_empty()
    }

    /// Dispatches each change to the first route whose glob matches; with `to_all` routes without
    /// changes run too.
    pub fn dispatch(
        &mut self,
        batch: Batch,
        to_all: bool,
        context: &mut HandlerContext<'_>,
    ) -> RouteEvents {
        let reason = batch.reason;
        let mut parts: Vec<Vec<Change>> = self.globs.iter().map(|_| Vec::new()).collect();
        for change in batch.changes {
            match route(&self.globs, change.key()) {
                Some(at) => parts[at].push(change),
                None => log::info!("{}: no route takes it", change.key()),
            }
        }
        let mut parts = parts.into_iter();
        self.each(|handler| {
            let changes = parts.next().unwrap_or_default();
            if changes.is_empty() && !to_all {
                return Vec::new();
            }
            let part = Batch { reason, changes };
            let input = match reason {
                Reason::Manual => QueueInput::Run(part),
                Reason::Initial | Reason::Change | Reason::Retry => QueueInput::Changes(part),
            };
            handler.step(input, context)
        })
    }

    /// Puts the same input into all handlers.
    pub fn step_all(
        &mut self,
        input: &QueueInput,
        context: &mut HandlerContext<'_>,
    ) -> RouteEvents {
        self.each(|handler| handler.step(input.clone(), context))
    }

    /// Looks after children and deadlines.
    pub fn poll(&mut self, context: &mut HandlerContext<'_>) -> RouteEvents {
        self.each(|handler| handler.poll(context))
    }

    /// Passes a signal on to the services.
    pub fn forward(&mut self, signal: Signal) {
        for handler in &mut self.handlers {
            handler.forward(signal);
        }
    }

    /// Whether a handler is a service.
    pub fn has_service(&self) -> bool {
        self.handlers.iter().any(Handler::runs_service)
    }

    /// When to call [`Routes::poll`] at the latest.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let handlers = self.handlers.iter();
        handlers.filter_map(|handler| handler.deadline(now)).min()
    }

    /// The routes in which changes wait.
    pub fn waiting(&self) -> impl Iterator<Item = WaitingChanges> {
        let handlers = self.handlers.iter().enumerate();
        handlers
            .map(|(at, handler)| WaitingChanges {
                route: RouteId(at),
                changes: handler.waiting(),
                busy: handler.is_running(),
            })
            .filter(|waiting| waiting.changes > 0)
    }

    /// Whether all handlers have come to rest.
    pub fn is_idle(&self) -> bool {
        self.handlers.iter().all(Handler::is_idle)
    }

    fn each(&mut self, mut step: impl FnMut(&mut Handler) -> Vec<HandlerEvent>) -> RouteEvents {
        let mut events = RouteEvents::new();
        for (at, handler) in self.handlers.iter_mut().enumerate() {
            events.extend(step(handler).into_iter().map(|event| (RouteId(at), event)));
        }
        events
    }
}

/// Returns the place of the route that takes a key.
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
