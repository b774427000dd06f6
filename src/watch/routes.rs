//! The handlers of a watch, and which of them gets a change.

use std::time::Instant;

use crate::handlers::{Handler, HandlerContext, HandlerEvent, QueueInput};
use crate::model::{Batch, Change, Glob, Reason, TargetId};
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

/// A handler, and the changes that it takes.
pub struct Route {
    /// The keys it takes; `None` takes those that no other route takes.
    pub glob: Option<Glob>,
    /// The target it takes changes of; `None` takes those of all.
    pub target: Option<TargetId>,
    /// The handler.
    pub handler: Handler,
}

impl Route {
    /// Whether the route is for changes of this target.
    fn is_for(&self, target: TargetId) -> bool {
        self.target.is_none_or(|own| own == target)
    }
}

/// The routes of a watch, in order of precedence.
#[derive(Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Routes in this order: of several that are for a change the first takes it.
    pub fn new(routes: Vec<Route>) -> Self {
        Routes(routes)
    }

    /// Whether there is no handler.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        let mut parts: Vec<Vec<Change>> = self.0.iter().map(|_| Vec::new()).collect();
        for change in batch.changes {
            let routes = self.0.iter().map(|route| {
                let glob = route.glob.as_ref();
                route.is_for(change.target).then_some(glob)
            });
            match choose(routes, change.key()) {
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
                Reason::Initial | Reason::Change | Reason::Retry | Reason::Apply => {
                    QueueInput::Changes(part)
                }
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
        for route in &mut self.0 {
            route.handler.forward(signal);
        }
    }

    /// The globs of the routes.
    pub fn globs(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter().filter_map(|route| route.glob.as_ref())
    }

    /// Whether a handler is a service.
    pub fn has_service(&self) -> bool {
        self.0.iter().any(|route| route.handler.runs_service())
    }

    /// When to call [`Routes::poll`] at the latest.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let routes = self.0.iter();
        routes.filter_map(|route| route.handler.deadline(now)).min()
    }

    /// The routes in which changes wait.
    pub fn waiting(&self) -> impl Iterator<Item = WaitingChanges> {
        let routes = self.0.iter().enumerate();
        routes
            .map(|(at, route)| WaitingChanges {
                route: RouteId(at),
                changes: route.handler.waiting(),
                busy: route.handler.is_running(),
            })
            .filter(|waiting| waiting.changes > 0)
    }

    /// Whether nothing runs in any handler, and nothing will by itself.
    pub fn is_idle(&self) -> bool {
        self.0.iter().all(|route| route.handler.is_idle())
    }

    fn each(&mut self, mut step: impl FnMut(&mut Handler) -> Vec<HandlerEvent>) -> RouteEvents {
        let mut events = RouteEvents::new();
        for (at, route) in self.0.iter_mut().enumerate() {
            let new = step(&mut route.handler).into_iter();
            events.extend(new.map(|event| (RouteId(at), event)));
        }
        events
    }
}

/// Returns the place of the route that takes a key. A route that is not for the change is `None`, one
/// without a glob `Some(None)`.
fn choose<'a>(
    routes: impl Iterator<Item = Option<Option<&'a Glob>>> + Clone,
    key: &str,
) -> Option<usize> {
    let matches =
        |route: Option<Option<&Glob>>| route.flatten().is_some_and(|glob| glob.matches(key));
    let is_rest = |route: Option<Option<&Glob>>| matches!(route, Some(None));
    let mut rest = routes.clone();
    let mut routes = routes;
    routes.position(matches).or_else(|| rest.position(is_rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_to_the_first_route_that_matches_and_the_rest_to_the_one_without_a_glob() {
        let glob = |pattern| Glob::new(pattern).unwrap();
        let (all, db) = (glob("app/**"), glob("app/db/*"));
        let choose = |routes: &[Option<Option<&Glob>>], key| choose(routes.iter().copied(), key);
        let mut routes = vec![Some(None), Some(Some(&all)), Some(Some(&db))];
        assert_eq!(choose(&routes, "app/db/host"), Some(1));
        assert_eq!(choose(&routes, "web/port"), Some(0));
        routes.remove(0);
        assert_eq!(choose(&routes, "app/db/host"), Some(0));
        assert_eq!(choose(&routes, "web/port"), None);
        // A route for another target takes nothing.
        routes[0] = None;
        assert_eq!(choose(&routes, "app/db/host"), Some(1));
    }
}
