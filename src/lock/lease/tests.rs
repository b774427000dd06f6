//! The rules of a lease, one sentence each. Times count from the acquisition.

use proptest::prelude::*;

use super::*;

const TIMES: LeaseTimes = LeaseTimes {
    ttl: Some(Duration::from_secs(15)),
    lock_delay: Some(Duration::from_secs(15)),
    stop_timeout: Duration::from_secs(5),
    interval: Duration::from_secs(3),
};

fn at(millis: u64) -> BootTime {
    BootTime(Duration::from_millis(1_000_000 + millis))
}

fn lease() -> Lease {
    Lease::new(TIMES, at(0), at(0))
}

fn tick(lease: &mut Lease, millis: u64) -> Vec<LeaseAction> {
    lease.step(LeaseInput::Tick(at(millis)))
}

/// Lets Consul answer a renewal and a read that were sent at this time.
fn answer(lease: &mut Lease, millis: u64) {
    assert_eq!(lease.step(LeaseInput::SeenHeld(at(millis))), []);
    assert_eq!(lease.step(LeaseInput::RenewOk(at(millis))), []);
}

#[test]
fn a_lease_is_renewed_and_read_every_fifth_of_its_ttl() {
    let mut lease = lease();
    assert_eq!(lease.due(), Some(at(3_000)));
    assert_eq!(tick(&mut lease, 2_999), []);
    assert_eq!(
        tick(&mut lease, 3_000),
        [LeaseAction::Renew, LeaseAction::Read]
    );
    // Not again while the answer is out.
    assert_eq!(tick(&mut lease, 3_100), []);
    answer(&mut lease, 3_000);
    assert_eq!(lease.due(), Some(at(6_000)));
    assert_eq!(lease.deadline(), Some(at(17_000)));
}

#[test]
fn the_deadline_counts_from_the_older_of_renewal_and_read() {
    let mut lease = lease();
    tick(&mut lease, 3_000);
    lease.step(LeaseInput::RenewOk(at(3_000)));
    // A leader that is cut off renews and answers no consistent read.
    assert_eq!(lease.deadline(), Some(at(14_000)));
    lease.step(LeaseInput::SeenHeld(at(2_500)));
    assert_eq!(lease.deadline(), Some(at(16_500)));
    // A slot of a semaphore has no lock delay: only the renewal counts.
    let times = LeaseTimes {
        lock_delay: None,
        ..TIMES
    };
    let mut lease = Lease::new(times, at(0), at(0));
    lease.step(LeaseInput::RenewOk(at(3_000)));
    assert_eq!(lease.deadline(), Some(at(17_000)));
}

#[test]
fn what_was_answered_late_counts_from_when_it_was_sent() {
    let mut lease = lease();
    tick(&mut lease, 3_000);
    tick(&mut lease, 4_400);
    lease.step(LeaseInput::SeenHeld(at(3_000)));
    lease.step(LeaseInput::RenewOk(at(3_000)));
    assert_eq!(lease.deadline(), Some(at(17_000)));
    // An older answer that comes after a newer one takes nothing back.
    lease.step(LeaseInput::RenewOk(at(1_000)));
    lease.step(LeaseInput::SeenHeld(at(1_000)));
    assert_eq!(lease.deadline(), Some(at(17_000)));
}

#[test]
fn an_outage_warns_stops_and_kills_in_time_and_errors_change_nothing() {
    let mut lease = lease();
    for millis in [3_000, 3_500, 4_000] {
        assert_eq!(
            tick(&mut lease, millis),
            [LeaseAction::Renew, LeaseAction::Read],
            "{millis}"
        );
        assert_eq!(lease.step(LeaseInput::Error), []);
    }
    assert_eq!(
        tick(&mut lease, 4_500)[0],
        LeaseAction::Warn(Duration::from_millis(4_500), Duration::from_millis(4_500))
    );
    assert_eq!(lease.due(), Some(at(9_000)));
    assert_eq!(
        tick(&mut lease, 9_000),
        [
            LeaseAction::Lost(LostReason::Outage(Duration::from_secs(9))),
            LeaseAction::Stop
        ]
    );
    assert_eq!(lease.due(), Some(at(14_000)));
    assert_eq!(tick(&mut lease, 13_999), []);
    assert_eq!(tick(&mut lease, 14_000), [LeaseAction::Kill]);
    assert_eq!(tick(&mut lease, 20_000), []);
    assert_eq!(lease.step(LeaseInput::ChildEnded), [LeaseAction::Release]);
    assert_eq!(lease.step(LeaseInput::ChildEnded), []);
}

#[test]
fn an_outage_that_ends_in_time_ends_no_command() {
    let mut lease = lease();
    tick(&mut lease, 3_000);
    lease.step(LeaseInput::Error);
    assert!(matches!(
        tick(&mut lease, 4_500)[..],
        [LeaseAction::Warn(..), ..]
    ));
    tick(&mut lease, 8_900);
    assert_eq!(lease.step(LeaseInput::SeenHeld(at(8_900))), []);
    assert_eq!(
        lease.step(LeaseInput::RenewOk(at(8_900))),
        [LeaseAction::Recovered]
    );
    assert_eq!(tick(&mut lease, 9_000), []);
    // The next outage is warned of again.
    assert!(matches!(
        tick(&mut lease, 13_400)[..],
        [LeaseAction::Warn(..), ..]
    ));
}

#[test]
fn a_lease_that_is_over_when_the_machine_wakes_is_killed_at_once() {
    let mut lease = lease();
    assert_eq!(
        tick(&mut lease, 3_600_000),
        [
            LeaseAction::Lost(LostReason::Overslept(Duration::from_secs(3600))),
            LeaseAction::Kill
        ]
    );
}

#[test]
fn proof_of_the_loss_stops_at_once_and_kills_before_the_right_ends() {
    for (input, reason) in [
        (LeaseInput::RenewGone, LostReason::SessionEnded),
        (LeaseInput::SeenOther(at(3_000)), LostReason::TakenAway),
    ] {
        let mut lease = lease();
        tick(&mut lease, 3_000);
        assert_eq!(
            lease.step(input),
            [LeaseAction::Lost(reason), LeaseAction::Stop]
        );
        assert_eq!(lease.due(), Some(at(8_000)));
        assert_eq!(lease.step(input), []);
        assert_eq!(tick(&mut lease, 8_000), [LeaseAction::Kill]);
    }
    // Less is left than the stop time-out.
    let mut lease = lease();
    tick(&mut lease, 8_900);
    lease.step(LeaseInput::SeenOther(at(8_900)));
    assert_eq!(lease.due(), Some(at(13_900)));
    let times = LeaseTimes {
        stop_timeout: Duration::from_secs(20),
        ..TIMES
    };
    let mut lease = Lease::new(times, at(0), at(0));
    lease.step(LeaseInput::RenewGone);
    assert_eq!(lease.due(), Some(at(14_000)));
}

#[test]
fn an_answer_older_than_one_that_showed_the_own_session_proves_nothing() {
    let mut lease = lease();
    lease.step(LeaseInput::SeenHeld(at(3_000)));
    assert_eq!(lease.step(LeaseInput::SeenOther(at(2_999))), []);
}

#[test]
fn a_hint_asks_at_once_and_is_no_proof() {
    let mut lease = lease();
    tick(&mut lease, 1_000);
    assert_eq!(lease.step(LeaseInput::Hint), []);
    assert_eq!(
        tick(&mut lease, 1_000),
        [LeaseAction::Renew, LeaseAction::Read]
    );
}

#[test]
fn the_lease_of_a_foreign_session_is_only_read_and_has_no_deadline() {
    let times = LeaseTimes { ttl: None, ..TIMES };
    let mut lease = Lease::new(times, at(0), at(0));
    assert_eq!(lease.deadline(), None);
    assert_eq!(tick(&mut lease, 3_000), [LeaseAction::Read]);
    lease.step(LeaseInput::SeenHeld(at(3_000)));
    assert_eq!(lease.due(), Some(at(6_000)));
    assert_eq!(tick(&mut lease, 3_600_000), [LeaseAction::Read]);
    assert_eq!(
        lease.step(LeaseInput::SeenOther(at(3_600_000))),
        [LeaseAction::Lost(LostReason::TakenAway), LeaseAction::Stop]
    );
}

#[test]
fn there_must_be_room_for_an_outage() {
    assert_eq!(TIMES.room(), Some(Duration::from_secs(6)));
    let room = |stop_timeout, ttl| {
        let ttl = Duration::from_secs(ttl);
        LeaseTimes {
            ttl: Some(ttl),
            stop_timeout: Duration::from_secs(stop_timeout),
            interval: LeaseTimes::interval(ttl),
            ..TIMES
        }
        .room()
    };
    assert_eq!(room(9, 10), None);
    assert_eq!(room(7, 10), None);
    assert_eq!(room(6, 10), Some(Duration::from_secs(1)));
}

/// What becomes of the requests of one heartbeat.
#[derive(Debug, Clone, Copy)]
enum HeartbeatFate {
    Answered(u64),
    OnlyRenewed(u64),
    OnlySeen(u64),
    Failed(u64),
    Unanswered,
}

fn fate() -> impl Strategy<Value = HeartbeatFate> {
    let delay = 0..4_000_u64;
    prop_oneof![
        4 => delay.clone().prop_map(HeartbeatFate::Answered),
        2 => delay.clone().prop_map(HeartbeatFate::OnlyRenewed),
        1 => delay.clone().prop_map(HeartbeatFate::OnlySeen),
        3 => delay.prop_map(HeartbeatFate::Failed),
        1 => Just(HeartbeatFate::Unanswered),
    ]
}

proptest! {
    /// Whatever is answered and whatever fails, a command is asked to end one stop time-out before the
    /// deadline and killed at the deadline, never later, and never earlier without proof.
    #[test]
    fn a_command_never_outlives_its_right_and_never_ends_without_a_reason(
        fates in prop::collection::vec(fate(), 1..40),
        late in 0..20_u64,
    ) {
        let mut lease = lease();
        let (mut renewed, mut seen) = (0_u64, 0_u64);
        let mut answers: Vec<(u64, LeaseInput)> = Vec::new();
        let mut fates = fates.into_iter();
        let mut now = 0_u64;
        let mut stopped = None;
        loop {
            let due = lease.due().map(|due| {
                u64::try_from(due.since(at(0)).as_millis()).unwrap()
            });
            answers.sort_by_key(|(time, _)| *time);
            let next = answers.first().map(|(time, _)| *time);
            let Some(time) = due.into_iter().chain(next).min() else { break };
            now = now.max(time) + late;
            let mut inputs = Vec::new();
            while answers.first().is_some_and(|(time, _)| *time <= now) {
                inputs.push(answers.remove(0).1);
            }
            for input in &inputs {
                match input {
                    LeaseInput::RenewOk(sent) => {
                        let sent = u64::try_from(sent.since(at(0)).as_millis()).unwrap();
                        renewed = renewed.max(sent);
                    }
                    LeaseInput::SeenHeld(sent) => {
                        let sent = u64::try_from(sent.since(at(0)).as_millis()).unwrap();
                        seen = seen.max(sent);
                    }
                    _ => {}
                }
            }
            inputs.push(LeaseInput::Tick(at(now)));
            let right = renewed.min(seen) + 15_000;
            for action in inputs.into_iter().flat_map(|input| lease.step(input)) {
                match action {
                    LeaseAction::Renew => match fates.next() {
                        Some(HeartbeatFate::Answered(delay)) => {
                            answers.push((now + delay, LeaseInput::SeenHeld(at(now))));
                            answers.push((now + delay, LeaseInput::RenewOk(at(now))));
                        }
                        Some(HeartbeatFate::OnlyRenewed(delay)) => {
                            answers.push((now + delay, LeaseInput::RenewOk(at(now))));
                        }
                        Some(HeartbeatFate::OnlySeen(delay)) => {
                            answers.push((now + delay, LeaseInput::SeenHeld(at(now))));
                            answers.push((now + delay, LeaseInput::Error));
                        }
                        Some(HeartbeatFate::Failed(delay)) => {
                            answers.push((now + delay, LeaseInput::Error));
                        }
                        Some(HeartbeatFate::Unanswered) | None => {}
                    },
                    LeaseAction::Lost(LostReason::Outage(silent)) => {
                        prop_assert!(silent >= Duration::from_secs(9), "{silent:?}");
                    }
                    LeaseAction::Lost(other) => prop_assert!(false, "{other:?} without proof"),
                    LeaseAction::Stop => {
                        prop_assert!(now >= right - 6_000);
                        stopped = Some(now);
                    }
                    LeaseAction::Kill => {
                        prop_assert!(now <= right - 1_000 + late, "{now} {right}");
                        prop_assert!(stopped.is_some());
                        return Ok(());
                    }
                    _ => {}
                }
            }
        }
        prop_assert!(false, "nothing is due, and nothing was killed");
    }
}
