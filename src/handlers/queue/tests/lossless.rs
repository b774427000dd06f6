//! That no change is lost, as a property test: a store of three keys, a child that does as the
//! test case says, a log of what was handled as the state file keeps it, and the handler's own knowledge of each key.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{MS, change, policies};
use crate::handlers::queue::*;
use crate::handlers::{OnBusy, OnExit};
use crate::process::{ChildStatus, Signal};

#[derive(Debug, Clone)]
enum QueueEvent {
    Put(usize, u8),
    Delete(usize),
    Succeed,
    Fail,
    Unstartable,
    Unreachable,
    Wait(u64),
    Jump,
    Manual,
}

fn events() -> impl Strategy<Value = Vec<QueueEvent>> {
    let event = prop_oneof![
        6 => (0..3usize, 0..3u8).prop_map(|(key, value)| QueueEvent::Put(key, value)),
        2 => (0..3usize).prop_map(QueueEvent::Delete),
        4 => Just(QueueEvent::Succeed),
        3 => Just(QueueEvent::Fail),
        1 => Just(QueueEvent::Unstartable),
        1 => Just(QueueEvent::Unreachable),
        3 => (0..300u64).prop_map(QueueEvent::Wait),
        5 => Just(QueueEvent::Jump),
        1 => Just(QueueEvent::Manual),
    ];
    prop::collection::vec(event, 1..60)
}

fn any_policies() -> impl Strategy<Value = Policies> {
    let busy = prop_oneof![
        Just(OnBusy::Queue),
        Just(OnBusy::Restart),
        Just(OnBusy::Signal(Signal::HUP)),
    ];
    let fail = prop_oneof![Just(OnFail::Continue), Just(OnFail::Retry)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (busy, fail, flags).prop_map(|(on_busy, on_fail, (each, timeout, interval))| Policies {
        each: each && on_busy == OnBusy::Queue,
        timeout: timeout.then_some(MS(400)),
        min_interval: MS(if interval { 700 } else { 0 }),
        // With `exit` kvw would end, and with `restart` a service has no rest.
        on_exit: OnExit::Wait,
        ..policies(on_busy, on_fail)
    })
}

type State = BTreeMap<String, String>;

struct World {
    queue: Queue,
    now: Instant,
    store: State,
    /// What was acknowledged.
    handled: State,
    /// What the handler was last given, run by run, or saw when it was signalled.
    known: State,
    unstartable: bool,
    unreachable: bool,
}

impl World {
    fn new(policies: Policies) -> Self {
        World {
            queue: Queue::new(policies),
            now: Instant::now(),
            store: State::new(),
            handled: State::new(),
            known: State::new(),
            unstartable: false,
            unreachable: false,
        }
    }

    fn set(&mut self, key: usize, value: Option<u8>) {
        let key = ["a", "b", "c"][key].to_owned();
        let value = value.map(|value| value.to_string());
        let before = match &value {
            Some(value) => self.store.insert(key.clone(), value.clone()),
            None => self.store.remove(&key),
        };
        if before != value {
            self.step(QueueInput::Changes(Batch {
                reason: Reason::Change,
                changes: vec![change(&key, before.as_deref(), value.as_deref())],
            }));
        }
    }

    fn run_manually(&mut self) {
        let entries = self.store.iter();
        let changes = entries
            .map(|(key, value)| change(key, None, Some(value)))
            .collect();
        self.step(QueueInput::Run(Batch {
            reason: Reason::Manual,
            changes,
        }));
    }

    fn step(&mut self, input: QueueInput) {
        for action in self.queue.step(input, self.now, 0.3) {
            match action {
                QueueAction::Start(_) if std::mem::take(&mut self.unstartable) => {
                    self.step(QueueInput::Unstarted {
                        status: ChildStatus::Unstarted(126),
                        passing: false,
                    });
                }
                QueueAction::Start(batch) => {
                    apply(&mut self.known, &batch);
                    self.step(QueueInput::Started);
                }
                QueueAction::Signal(_) => {
                    let heard = !std::mem::take(&mut self.unreachable);
                    if heard {
                        self.known = self.store.clone();
                    }
                    self.step(QueueInput::Signalled(heard));
                }
                QueueAction::Acknowledge(batch) => apply(&mut self.handled, &batch),
                QueueAction::Stop(_)
                | QueueAction::Kill
                | QueueAction::Report { .. }
                | QueueAction::Drop(_)
                | QueueAction::Leave(_) => {}
            }
        }
    }

    fn end(&mut self, status: ChildStatus) {
        if !matches!(self.queue.phase, QueuePhase::Idle) {
            self.step(QueueInput::Ended(status));
        }
    }

    fn jump_to_deadline(&mut self) {
        if let Some(deadline) = self.queue.deadline() {
            self.now = self.now.max(deadline);
            self.step(QueueInput::Due);
        }
    }

    fn due(&self) -> bool {
        self.queue.deadline().is_some_and(|due| due <= self.now)
    }

    fn happens(&mut self, event: &QueueEvent) {
        match event {
            QueueEvent::Put(key, value) => self.set(*key, Some(*value)),
            QueueEvent::Delete(key) => self.set(*key, None),
            QueueEvent::Succeed => self.end(ChildStatus::Exited(0)),
            QueueEvent::Fail => self.end(ChildStatus::Killed(11)),
            QueueEvent::Unstartable => self.unstartable = true,
            QueueEvent::Unreachable => self.unreachable = true,
            QueueEvent::Wait(time) => {
                self.now += MS(*time);
                if self.due() {
                    self.step(QueueInput::Due);
                }
            }
            QueueEvent::Jump => self.jump_to_deadline(),
            QueueEvent::Manual => self.run_manually(),
        }
    }
}

fn apply(state: &mut State, batch: &Batch) {
    for change in &batch.changes {
        match &change.after {
            Some(entry) => {
                let value = String::from_utf8(entry.value().to_vec()).unwrap();
                state.insert(change.key().to_owned(), value);
            }
            None => _ = state.remove(change.key()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_is_lost_whatever_changes_and_fails(policies in any_policies(), events in events()) {
        let mut world = World::new(policies);
        for event in &events {
            world.happens(event);
        }
        // From here on all goes well, and one more change comes.
        (world.unstartable, world.unreachable) = (false, false);
        world.set(0, Some(9));
        for _ in 0..100 {
            // Each run ends in its time.
            match world.queue.phase {
                QueuePhase::Idle => world.jump_to_deadline(),
                _ => world.end(ChildStatus::Exited(0)),
            }
        }
        prop_assert!(world.queue.is_idle());
        prop_assert_eq!(world.queue.waiting(), 0);
        prop_assert_eq!(&world.handled, &world.store, "what was acknowledged");
        prop_assert_eq!(&world.known, &world.store, "what the handler was shown");
    }

    #[test]
    fn an_engine_that_obeys_deadlines_does_not_spin(
        policies in any_policies(), events in events()
    ) {
        let mut world = World::new(policies);
        for event in &events {
            world.happens(event);
            for _ in 0..4 {
                if world.due() {
                    world.step(QueueInput::Due);
                }
            }
            prop_assert!(!world.due());
        }
    }
}
