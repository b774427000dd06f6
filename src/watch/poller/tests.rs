use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};

use super::*;
use crate::consul::Meta;
use crate::model::{Entry, Fields, Key, OpError, OpErrorKind, Prefix, TargetId};
use crate::watch::proof::{GetAnswer, Prover, TxnAnswer};

/// What Consul shows next: its index and its keys with their values.
type Shown = (u64, &'static [(&'static str, &'static str)]);

/// Answers from a list, and notes what was asked.
struct ScriptedFetch {
    answers: VecDeque<Shown>,
    asked: SyncSender<Option<Index>>,
}

impl Fetch for ScriptedFetch {
    fn fetch(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        _wait: Duration,
    ) -> Result<Fetched, Error> {
        self.asked.send(since).unwrap();
        let Some((index, entries)) = self.answers.pop_front() else {
            // The end of the script: the query is held for ever.
            thread::sleep(Duration::from_secs(3600));
            unreachable!("no test takes that long");
        };
        let entries = entries.iter().map(|(key, value)| entry(key, value));
        *seen = Snapshot::new(Index(index), entries.collect());
        let meta = Meta {
            index: Some(Index(index)),
            ..Meta::default()
        };
        let non_utf8 = false;
        Ok(Fetched {
            meta,
            non_utf8,
            at_once: false,
        })
    }
}

/// Knows which keys are hidden, and whether the token may read at all.
#[derive(Default)]
struct Knowing {
    hidden: &'static [&'static str],
    /// Exists again, made at this index.
    back: Option<(&'static str, u64)>,
    forbidden: bool,
    folder: bool,
}

impl Prover for Knowing {
    type Error = Error;

    fn together(&mut self, keys: &[Key]) -> Result<TxnAnswer, Error> {
        let missing = keys.iter().enumerate();
        let back = |key: &Key| self.back.filter(|(back, _)| *back == key.as_str());
        let missing =
            missing.filter(|(_, key)| !self.hidden.contains(&key.as_str()) && back(key).is_none());
        let errors: Vec<OpError> = missing
            .map(|(op, key)| OpError {
                op,
                kind: OpErrorKind::Missing,
                what: format!("key \"{key}\" doesn't exist"),
            })
            .collect();
        Ok(if errors.is_empty() {
            let found = keys.iter().filter_map(back);
            let found = found.map(|(key, created)| {
                Entry::pack(&Fields {
                    key,
                    created,
                    modified: created,
                    ..Fields::default()
                })
            });
            TxnAnswer::Found(found.collect())
        } else {
            TxnAnswer::RolledBack(errors)
        })
    }

    fn alone(&mut self, _key: &Key) -> Result<GetAnswer, Error> {
        Ok(if self.forbidden {
            GetAnswer::Denied
        } else {
            GetAnswer::Missing(Index(1))
        })
    }
}

impl TargetProber for Knowing {
    fn is_folder(&mut self, _key: &Key) -> bool {
        self.folder
    }
}

fn entry(key: &str, value: &str) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value.as_bytes()),
        ..Fields::default()
    })
}

/// A poller at work: what it told and what it asked.
struct PollerBench {
    polls: Receiver<Message>,
    asked: Receiver<Option<Index>>,
}

impl PollerBench {
    fn of(what: What, known: Snapshot, probe: Knowing, answers: &[Shown]) -> Self {
        let (asked, was_asked) = sync_channel(64);
        let (wakes, polls) = sync_channel(64);
        let look = ScriptedFetch {
            answers: answers.iter().copied().collect(),
            asked,
        };
        let poller = PollerConfig {
            target: Target {
                id: TargetId(0),
                what,
            },
            look: Box::new(look),
            probe: Box::new(probe),
            wait: Duration::from_secs(60),
            known,
        };
        poller.start(wakes).unwrap();
        PollerBench {
            polls,
            asked: was_asked,
        }
    }

    fn prefix(answers: &[Shown]) -> Self {
        let what = What::Prefix(Prefix::new("a/"));
        PollerBench::of(what, Snapshot::default(), Knowing::default(), answers)
    }

    fn next(&self) -> PollEvent {
        match self.polls.recv_timeout(Duration::from_secs(10)).unwrap() {
            Message::Polled(_, poll) => poll,
            Message::Signal => panic!("pollers send no signals"),
        }
    }

    fn answered(&self) -> TargetAnswer {
        match self.next() {
            PollEvent::Answered(answered) => *answered,
            other => panic!("an answer was expected, not {other:?}"),
        }
    }

    fn asked(&self) -> Option<u64> {
        let since = self.asked.recv_timeout(Duration::from_secs(10)).unwrap();
        since.map(|since| since.0)
    }
}

fn keys(answered: &TargetAnswer) -> Vec<&str> {
    let entries = answered.snapshot.entries().iter();
    entries.map(Entry::key).collect()
}

#[test]
fn every_answer_is_told_and_the_next_query_waits_on_its_index() {
    let watched = PollerBench::prefix(&[(5, &[("a/x", "1")]), (7, &[("a/x", "2")])]);
    assert_eq!(keys(&watched.answered()), ["a/x"]);
    let second = watched.answered();
    assert_eq!(second.since, Some(Index(5)));
    assert_eq!(second.snapshot.index(), Index(7));
    assert_eq!([watched.asked(), watched.asked()], [None, Some(5)]);
}

#[test]
fn a_lower_index_is_looked_at_again_before_it_is_told() {
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
    assert_eq!(asked, [None, Some(9), None]);
}

#[test]
fn a_vanished_key_is_proven_deleted_or_named_as_hidden_at_every_answer() {
    let what = What::Prefix(Prefix::new("a/"));
    let probe = Knowing {
        hidden: &["a/hidden"],
        ..Knowing::default()
    };
    let watched = PollerBench::of(
        what,
        Snapshot::default(),
        probe,
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
fn a_key_that_was_made_again_after_the_answer_is_a_delete_in_it() {
    let answers: &[Shown] = &[(5, &[("a/x", "1")]), (6, &[]), (8, &[("a/x", "2")])];
    for (created, shown) in [(7, &[][..]), (4, &["a/x"][..])] {
        let probe = Knowing {
            back: Some(("a/x", created)),
            ..Knowing::default()
        };
        let what = What::Prefix(Prefix::new("a/"));
        let watched = PollerBench::of(what, Snapshot::default(), probe, answers);
        watched.answered();
        let answered = watched.answered();
        assert_eq!(keys(&answered), shown, "made at {created}");
        assert_eq!(answered.proven, usize::from(shown.is_empty()));
    }
}

#[test]
fn what_was_handled_before_is_proven_too() {
    let known = Snapshot::new(Index(3), vec![entry("a/gone", "1"), entry("a/x", "1")]);
    let what = What::Prefix(Prefix::new("a/"));
    let watched = PollerBench::of(what, known, Knowing::default(), &[(5, &[("a/x", "1")])]);
    let answered = watched.answered();
    assert_eq!((answered.proven, answered.since), (1, None));
}

#[test]
fn an_empty_first_look_without_rights_is_an_outage_of_rights() {
    let probe = Knowing {
        forbidden: true,
        ..Knowing::default()
    };
    let what = What::Prefix(Prefix::new("a/"));
    let watched = PollerBench::of(what, Snapshot::default(), probe, &[(5, &[])]);
    match watched.next() {
        PollEvent::Outage(trouble) => assert_eq!(trouble.kind(), OutageKind::Rights),
        other => panic!("an outage was expected, not {other:?}"),
    }
}

#[test]
fn a_key_that_is_a_folder_is_said_once() {
    let probe = Knowing {
        folder: true,
        ..Knowing::default()
    };
    let key = Key::new("a").unwrap();
    let what = What::Key(key.clone());
    let watched = PollerBench::of(what, Snapshot::default(), probe, &[(5, &[]), (6, &[])]);
    match watched.next() {
        PollEvent::Advice(note) => assert_eq!(note, Advice::Folder(key)),
        other => panic!("a note was expected, not {other:?}"),
    }
    watched.answered();
    watched.answered();
}
