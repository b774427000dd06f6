//! What is refused or asked before a plan is carried out.

use std::cmp::Reverse;

use super::report::{exit_of_unwritten, name_keys};
use crate::args::confirm::ask;
use crate::consul::{Cause, Client, Error};
use crate::exit::{Exit, Failure};
use crate::model::{ChangePlan, Key, MaxDelete, TxnLimits, abbreviate};
use crate::plan::PlanOrigin;
use crate::term::{Ui, plural};

/// The most deletes by default: more than this many, and more than half of the keys, are refused.
const FEW_DELETES: u64 = 10;

/// Refuses a file (`plan`, `undo file`) of another store. Another address is only said: it may be another name for the
/// same one.
///
/// # Errors
/// Exit 2, with what differs.
pub fn check_origin(
    ui: &Ui,
    file: &str,
    origin: &PlanOrigin,
    own: &PlanOrigin,
) -> Result<(), Failure> {
    if let Some(conflict) = origin.conflict(own) {
        return Err(Failure::usage(format!("the {file} belongs to {conflict}")));
    }
    if origin.address != own.address {
        let (from, own) = (&origin.address, &own.address);
        ui.warn(format_args!(
            "the {file} was written at {from}, and this is {own}"
        ));
    }
    Ok(())
}

/// Refuses a plan that writes keys which a session holds.
///
/// # Errors
/// Exit 1, naming the keys.
pub fn check_unlocked(plan: &ChangePlan) -> Result<(), Failure> {
    let keys: Vec<_> = plan.blocked().map(|change| change.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let (count, names) = (plural(keys.len() as u64, "key"), name_keys(keys));
    let failure = Failure::new(
        Exit::No,
        format!("nothing written: {count} held by a session: {names}"),
    );
    Err(failure.hint("--overwrite-locked writes them, and resets their lock index"))
}

/// Refuses a plan that deletes more than `bound`; by default more than half of the keys, and more than a
/// few.
///
/// # Errors
/// Exit 1, naming the keys.
pub fn check_deletes(plan: &ChangePlan, bound: Option<MaxDelete>) -> Result<(), Failure> {
    let (deletes, existing) = (plan.deletes(), plan.existing);
    let is_allowed = match bound {
        Some(bound) => bound.allows(
            usize::try_from(deletes).unwrap_or(usize::MAX),
            usize::try_from(existing).unwrap_or(usize::MAX),
        ),
        None => deletes <= FEW_DELETES || deletes * 2 <= existing,
    };
    if is_allowed {
        return Ok(());
    }
    let names = plan.changes.iter().filter(|change| change.after.is_none());
    let names = name_keys(names.map(|change| change.key.as_str()));
    let bound = match bound {
        Some(bound) => format!("more than --max-delete {bound}"),
        None => "more than half".to_owned(),
    };
    let failure = Failure::new(
        Exit::No,
        format!(
            "nothing written: {deletes} of {} would be deleted, {bound}: {names}",
            plural(existing, "key")
        ),
    );
    Err(failure.hint(format!("--max-delete {deletes} allows it")))
}

/// Refuses a plan that does not fit one transaction.
///
/// # Errors
/// Exit 2, with the count.
pub fn check_atomic(client: &Client, plan: &ChangePlan) -> Result<(), Failure> {
    match plan.transactions(TxnLimits::USUAL, client.extra_size()) {
        0 | 1 => Ok(()),
        count => {
            let ops = plan.checks.len() + plan.changes.len();
            Err(Failure::usage(format!(
                "nothing written: {ops} operations need {count} transactions, and --atomic allows one"
            )))
        }
    }
}

/// Refuses a plan of several transactions that the token may not carry out as a whole. One transaction is
/// all or nothing by itself.
///
/// # Errors
/// Exit 4, naming the keys.
pub fn check_rights(client: &Client, plan: &ChangePlan) -> anyhow::Result<()> {
    if plan.transactions(TxnLimits::LOWEST, client.extra_size()) <= 1 {
        return Ok(());
    }
    check_writable(client, plan)
}

/// Refuses a plan that the token may not carry out as a whole.
///
/// # Errors
/// Exit 4, naming the keys.
pub fn check_writable(client: &Client, plan: &ChangePlan) -> anyhow::Result<()> {
    match describe_unwritable(client, plan)? {
        Some(what) => Err(Failure::new(Exit::Denied, format!("nothing written: {what}")).into()),
        None => Ok(()),
    }
}

/// Refuses a plan of several transactions with values that the server does not take. A value that no
/// transaction holds is tried by a write that cannot apply, the largest first: the limit is the server's.
///
/// # Errors
/// Exit 2, naming the keys and their places.
pub fn check_sizes(ui: &Ui, client: &Client, plan: &ChangePlan) -> anyhow::Result<()> {
    if plan.transactions(TxnLimits::LOWEST, client.extra_size()) <= 1 {
        return Ok(());
    }
    let mut large: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| TxnLimits::LOWEST.is_exceeded_by(&change.to_op(), client.extra_size()))
        .filter_map(|change| Some((change, change.after.as_ref()?)))
        .collect();
    large.sort_by_key(|(_, after)| Reverse(after.value.len()));
    let mut refused = 0;
    for (change, after) in large {
        let tried = client.try_put(&change.key, &after.value);
        let error = match tried {
            Ok(()) => break,
            Err(error) if error.cause() == Cause::TooLarge => error,
            // The write could not apply, whatever became of it.
            Err(error) => {
                let exit = exit_of_unwritten(&error);
                return Err(Failure::new(exit, format!("nothing written: {error}")).into());
            }
        };
        let place = change.place.as_ref();
        let place = place.map_or(String::new(), |place| format!(" ({place})"));
        let key = abbreviate(change.key.as_str());
        ui.error(format_args!("key {key}{place}: {}", error.reason()));
        refused += 1;
    }
    let values = match refused {
        0 => return Ok(()),
        1 => "1 value is".to_owned(),
        count => format!("{count} values are"),
    };
    let what = format!("nothing written: {values} too large for the server");
    Err(Failure::usage(what).into())
}

/// Names the keys of a plan that the token may not write; `None` where it may write all. Nothing is written.
///
/// # Errors
/// When Consul does not answer.
pub fn describe_unwritable(client: &Client, plan: &ChangePlan) -> Result<Option<String>, Error> {
    let keys: Vec<_> = plan
        .changes
        .iter()
        .map(|change| change.key.clone())
        .collect();
    let denied = client.unwritable(&keys)?;
    let names = name_keys(denied.iter().map(Key::as_str));
    let count = plural(denied.len() as u64, "key");
    let what = format!("the token may not write {count}: {names}");
    Ok((!denied.is_empty()).then_some(what))
}

/// Whether a plan may be carried out: one with deletes by `--yes`, or by the answer on a terminal. `write` is
/// what it does with the other keys: `write`, `put back`.
///
/// # Errors
/// Exit 2 where nobody can be asked.
pub fn confirm(
    ui: &Ui,
    client: &Client,
    plan: &ChangePlan,
    write: &str,
    yes: bool,
) -> anyhow::Result<bool> {
    let deletes = plan.deletes();
    if yes || deletes == 0 {
        return Ok(true);
    }
    let keys = plural(deletes, "key");
    let what = match plan.writes() {
        0 => format!("delete {keys}"),
        writes => format!("{write} {} and delete {keys}", plural(writes, "key")),
    };
    ask(ui, &what, &client.location(), deletes)
}
