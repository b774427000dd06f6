use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use super::*;
use crate::consul::Lookup;
use crate::consul::Meta;
use crate::model::{Entry, Fields, Key, Prefix, TargetId};
use crate::watch::withheld::WithheldReason;

/// An answer of Consul: its index, and the keys with their values.
type Shown = (u64, &'static [(&'static str, &'static str)]);

/// Answers from a list, and records the queries.
struct ScriptedFetch {
    answers: Arc<Mutex<VecDeque<Shown>>>,
    asked: SyncSender<Asked>,
    consistent: bool,
}

/// A query: an ordinary one with the index that it waited on, or a consistent one.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Waiting(Option<u64>),
    Consistent,
}

impl Fetch for ScriptedFetch {
    fn fetch(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        _wait: Duration,
    ) -> Result<Fetched, Error> {
        let asked = match self.consistent {
            true => Asked::Consistent,
            false => Asked::Waiting(since.map(|since| since.0)),
        };
        self.asked.send(asked).unwrap();
        let next = self.answers.lock().unwrap().pop_front();
        let Some((index, entries)) = next else {
            // The end of the script: the query is held for ever.
            thread::sleep(Duration::from_secs(3600));
            unreachable!("no test takes that long");
        };
        let entries = entries.iter().map(|(key, value)| Entry::sample(key, value));
        *seen = Snapshot::new(Index(index), entries.collect());
        let meta = Meta {
            index: Some(Index(index)),
            ..Meta::default()
        };
        let non_utf8 = false;
        Ok(Fetched { meta, non_utf8 })
    }
}

/// Knows which keys are hidden, and whether the token may read at all.
#[derive(Default)]
struct FakeProber {
    hidden: &'static [&'static str],
    /// A key that exists again, and the index of its creation.
    back: Option<(&'static str, u64)>,
    forbidden: bool,
    folder: bool,
}

impl TargetProber for FakeProber {
    fn prove(&mut self, keys: &[Key]) -> Result<Vec<Option<Lookup>>, Error> {
        let lookups = keys.iter().map(|key| match self.back {
            Some((name, created)) if name == key.as_str() => Lookup::Found(Entry::pack(&Fields {
                key: name,
                created,
                modified: created,
                ..Fields::default()
            })),
            _ if self.hidden.contains(&key.as_str()) => Lookup::Denied,
            _ => Lookup::Missing,
        });
        Ok(lookups.map(Some).collect())
    }

    fn check_empty(&mut self, _prefix: &Prefix) -> Result<Option<Index>, Error> {
        if self.forbidden {
            return Err(Error::with_cause(Cause::Denied));
        }
        Ok(Some(Index(1)))
    }

    fn is_folder(&mut self, _key: &Key) -> bool {
        self.folder
    }
}

/// A running poller: the messages that it sent, and the indexes that it waited on.
struct PollerBench {
    messages: Receiver<Message>,
    asked: Receiver<Asked>,
}

impl PollerBench {
    fn new(scope: TargetScope, known: Snapshot, prober: FakeProber, answers: &[Shown]) -> Self {
        let (asked, was_asked) = sync_channel(64);
        let (sender, messages) = sync_channel(64);
        let answers: VecDeque<Shown> = answers.iter().copied().collect();
        let answers = Arc::new(Mutex::new(answers));
        let fetch = |consistent| {
            Box::new(ScriptedFetch {
                answers: answers.clone(),
                asked: asked.clone(),
                consistent,
            })
        };
        let config = PollerConfig {
            target: Target {
                id: TargetId(0),
                scope,
            },
            fetch: fetch(false),
            consistent_fetch: fetch(true),
            prober: Box::new(prober),
            wait: SharedWait::new(Duration::from_secs(60), None),
            known,
        };
        config.start(sender).unwrap();
        PollerBench {
            messages,
            asked: was_asked,
        }
    }

    fn prefix(answers: &[Shown]) -> Self {
        let scope = TargetScope::Prefix(Prefix::new("a/"));
        PollerBench::new(scope, Snapshot::default(), FakeProber::default(), answers)
    }

    fn next(&self) -> PollEvent {
        match self.messages.recv_timeout(Duration::from_secs(10)).unwrap() {
            Message::Polled(_, poll) => poll,
            Message::Signal | Message::Wake => panic!("pollers send no signals"),
        }
    }

    fn answered(&self) -> TargetAnswer {
        match self.next() {
            PollEvent::Answered(answered) => *answered,
            other => panic!("an answer was expected, not {other:?}"),
        }
    }

    fn asked(&self) -> Asked {
        self.asked.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn keys(answered: &TargetAnswer) -> Vec<&str> {
    let entries = answered.snapshot.entries().iter();
    entries.map(Entry::key).collect()
}

#[test]
fn every_answer_is_sent_and_the_next_query_waits_on_its_index() {
    let watched = PollerBench::prefix(&[(5, &[("a/x", "1")]), (7, &[("a/x", "2")])]);
    assert_eq!(keys(&watched.answered()), ["a/x"]);
    let second = watched.answered();
    assert_eq!(second.since, Some(Index(5)));
    assert_eq!(second.snapshot.index(), Index(7));
    let asked = [watched.asked(), watched.asked()];
    assert_eq!(asked, [Asked::Waiting(None), Asked::Waiting(Some(5))]);
}

#[test]
fn after_a_lower_index_the_target_is_fetched_again_first() {
    let watched = PollerBench::prefix(&[
        (9, &[("a/x", "1")]),
        (4, &[("a/old", "0")]),
        (4, &[("a/x", "2")]),
    ]);
    assert_eq!(watched.answered().continuity, Continuity::Kept);
    assert!(matches!(
        watched.next(),
        PollEvent::WentBack(Index(9), Index(4))
    ));
    let second = watched.answered();
    assert_eq!(keys(&second), ["a/x"]);
    assert_eq!(second.continuity, Continuity::Broken);
    let asked = [watched.asked(), watched.asked(), watched.asked()];
    assert_eq!(
        asked,
        [
            Asked::Waiting(None),
            Asked::Waiting(Some(9)),
            Asked::Consistent
        ]
    );
}

#[test]
fn what_a_server_that_lags_shows_is_no_change() {
    let known = Snapshot::new(Index(9), vec![Entry::sample("a/x", "2")]);
    let scope = TargetScope::Prefix(Prefix::new("a/"));
    let answers: &[Shown] = &[
        (4, &[("a/old", "0"), ("a/x", "1")]),
        (9, &[("a/x", "2")]),
        (5, &[("a/x", "1")]),
        (10, &[("a/x", "3")]),
    ];
    let watched = PollerBench::new(scope, known, FakeProber::default(), answers);
    for (from, to, index) in [(9, 4, 9), (9, 5, 10)] {
        match watched.next() {
            PollEvent::WentBack(taken, lower) => assert_eq!((taken.0, lower.0), (from, to)),
            other => panic!("an index that went back was expected, not {other:?}"),
        }
        let answered = watched.answered();
        assert_eq!(keys(&answered), ["a/x"]);
        assert_eq!(answered.snapshot.index(), Index(index));
        assert_eq!(answered.continuity, Continuity::Kept);
    }
}

#[test]
fn a_vanished_key_is_proven_deleted_or_reported_as_hidden_at_every_answer() {
    let scope = TargetScope::Prefix(Prefix::new("a/"));
    let prober = FakeProber {
        hidden: &["a/hidden"],
        ..FakeProber::default()
    };
    let watched = PollerBench::new(
        scope,
        Snapshot::default(),
        prober,
        &[
            (5, &[("a/gone", "1"), ("a/hidden", "1"), ("a/x", "1")]),
            (6, &[("a/x", "1")]),
            (7, &[("a/x", "2")]),
        ],
    );
    watched.answered();
    for proven in [1, 0] {
        let answered = watched.answered();
        assert_eq!(answered.proven, proven);
        assert_eq!(
            answered.unproven,
            [("a/hidden".to_owned(), WithheldReason::Hidden)]
        );
    }
}

#[test]
fn a_key_that_was_recreated_after_the_answer_is_a_delete_in_it() {
    let answers: &[Shown] = &[(5, &[("a/x", "1")]), (6, &[]), (8, &[("a/x", "2")])];
    for (created, shown) in [(7, &[][..]), (4, &["a/x"][..])] {
        let prober = FakeProber {
            back: Some(("a/x", created)),
            ..FakeProber::default()
        };
        let scope = TargetScope::Prefix(Prefix::new("a/"));
        let watched = PollerBench::new(scope, Snapshot::default(), prober, answers);
        watched.answered();
        let answered = watched.answered();
        assert_eq!(keys(&answered), shown, "made at {created}");
        assert_eq!(answered.proven, usize::from(shown.is_empty()));
    }
}

#[test]
fn entries_that_were_handled_before_are_proven_too() {
    let known = Snapshot::new(
        Index(3),
        vec![Entry::sample("a/gone", "1"), Entry::sample("a/x", "1")],
    );
    let scope = TargetScope::Prefix(Prefix::new("a/"));
    let watched = PollerBench::new(scope, known, FakeProber::default(), &[(5, &[("a/x", "1")])]);
    let answered = watched.answered();
    assert_eq!((answered.proven, answered.since), (1, None));
}

#[test]
fn an_empty_first_answer_without_permission_is_an_outage_of_rights() {
    let prober = FakeProber {
        forbidden: true,
        ..FakeProber::default()
    };
    let scope = TargetScope::Prefix(Prefix::new("a/"));
    let watched = PollerBench::new(scope, Snapshot::default(), prober, &[(5, &[])]);
    match watched.next() {
        PollEvent::Outage(cause, _) => assert_eq!(cause.kind(), OutageKind::Rights),
        other => panic!("an outage was expected, not {other:?}"),
    }
}

#[test]
fn a_target_that_looks_like_a_glob_and_does_not_exist_is_reported_once() {
    for scope in [
        TargetScope::Key(Key::new("a/*").unwrap()),
        TargetScope::Prefix(Prefix::new("a/*/")),
    ] {
        let prober = FakeProber::default();
        let watched = PollerBench::new(scope, Snapshot::default(), prober, &[(5, &[]), (6, &[])]);
        match watched.next() {
            PollEvent::Advice(advice) => assert_eq!(advice, Advice::Glob),
            other => panic!("advice was expected, not {other:?}"),
        }
        watched.answered();
        watched.answered();
    }
    // A key may have such a name.
    let scope = TargetScope::Key(Key::new("a/*").unwrap());
    let prober = FakeProber::default();
    let watched = PollerBench::new(scope, Snapshot::default(), prober, &[(5, &[("a/*", "1")])]);
    watched.answered();
}

#[test]
fn a_key_that_is_a_folder_is_reported_once() {
    let prober = FakeProber {
        folder: true,
        ..FakeProber::default()
    };
    let key = Key::new("a").unwrap();
    let scope = TargetScope::Key(key.clone());
    let watched = PollerBench::new(scope, Snapshot::default(), prober, &[(5, &[]), (6, &[])]);
    match watched.next() {
        PollEvent::Advice(advice) => assert_eq!(advice, Advice::Folder(key)),
        other => panic!("advice was expected, not {other:?}"),
    }
    watched.answered();
    watched.answered();
}
