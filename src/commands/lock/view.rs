//! Who holds a lock, and how it is taken away.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use super::{LockArgs, describe_foreign};
use crate::args::confirm::ask;
use crate::consul::Client;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::lock::{ExclusiveLock, LimitedLock, LockHolder, LockView};
use crate::model::{Key, SEMAPHORE_FLAGS, abbreviate};
use crate::output::{Format, json, line_name};

/// Prints who holds the lock; exit 0 if somebody does, 1 if it is free.
pub(super) fn show(ctx: &Context, args: &LockArgs, name: &Key, key: Key) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let Holders {
        holders,
        limit,
        waiting,
    } = read(&client, args, name, &key)?;
    match args.output {
        Format::Json => {
            let state = json::LockState {
                key: name.as_str(),
                lock_key: key.as_str(),
                held: !holders.is_empty(),
                holders: holders.iter().map(shown).collect(),
                limit,
                waiting,
            };
            json::write_line(&ctx.ui, &state)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            let name = line_name(name.as_str(), ctx.ui.style());
            let mut out = &ctx.ui;
            for holder in &holders {
                let holder = holder.to_string();
                writeln!(
                    out,
                    "{name} is held by {}",
                    line_name(&holder, ctx.ui.style())
                )?;
            }
            if holders.is_empty() {
                writeln!(out, "{name} is free")?;
            }
            if let Some(waiting) = waiting {
                let held = holders.len();
                writeln!(out, "{held} of {limit} slots are taken, {waiting} waiting")?;
            }
        }
    }
    Ok(match holders.is_empty() {
        true => Exit::No,
        false => Exit::Yes,
    })
}

fn shown(holder: &LockHolder) -> json::LockHolder<'_> {
    let info = holder.info.as_ref();
    json::LockHolder {
        session: &holder.session,
        name: info.map(|info| &*info.name),
        node: info.map(|info| &*info.node),
        value: String::from_utf8_lossy(&holder.value).into_owned(),
        since_index: holder.since.0,
    }
}

/// Takes the lock away from its holder. The key is never deleted: that would free it at once, while the
/// holder is still at work.
pub(super) fn break_lock(
    ctx: &Context,
    args: &LockArgs,
    name: &Key,
    key: Key,
) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let holders = read(&client, args, name, &key)?.holders;
    let holder = match &holders[..] {
        [] => {
            ctx.ui.error(format_args!("{name} is not held"));
            return Ok(Exit::No);
        }
        [holder] => holder,
        holders => {
            let message = format!("breaking {name}: it has {} holders", holders.len());
            let hint = "kvw session destroy ID ends one; --show -o json has the ids";
            return Err(Failure::usage(message).hint(hint).into());
        }
    };
    if !args.yes {
        let holder = holder.to_string();
        let what = format!("break {name}, held by {},", abbreviate(&holder));
        if !ask(&ctx.ui, &what, &client.location(), 1)? {
            return Ok(Exit::No);
        }
    }
    client.destroy_session(&holder.session)?;
    ctx.ui.status(format_args!(
        "broke {name}: destroyed session {}; its lock delay follows",
        holder.session
    ));
    Ok(Exit::Yes)
}

/// Who holds a lock of either kind.
struct Holders {
    holders: Vec<LockHolder>,
    limit: u64,
    /// The number of contenders that wait; unknown where there is one holder: they leave no trace.
    waiting: Option<usize>,
}

/// Reads who holds a lock of either kind.
///
/// # Errors
/// Exit 2 for a key that is no lock, which nobody could take: it is neither held nor free.
fn read(client: &Client, args: &LockArgs, name: &Key, key: &Key) -> anyhow::Result<Holders> {
    let mutex = ExclusiveLock {
        key: key.clone(),
        value: Vec::new(),
        any_flags: args.exact_key,
        keep_key: true,
    };
    let one = |holder: Option<LockHolder>| Holders {
        holders: holder.into_iter().collect(),
        limit: 1,
        waiting: None,
    };
    match mutex.read(client)? {
        LockView::Free => return Ok(one(None)),
        LockView::Held(holder) => return Ok(one(Some(holder))),
        LockView::Foreign(SEMAPHORE_FLAGS) => {}
        LockView::Foreign(flags) => {
            let (what, hint) = describe_foreign(flags, args.exact_key);
            let failure = Failure::usage(format!("reading lock {name}: {what}"));
            return Err(failure.hint(hint).into());
        }
    }
    let semaphore = LimitedLock {
        key: key.clone(),
        value: Vec::new(),
        limit: 0,
        sets_limit: false,
        lock_delay: Duration::ZERO,
        vanished: HashMap::new(),
    };
    let Some((limit, holders, waiting)) = semaphore.read(client)?.describe(client) else {
        let what = format!("reading lock {name}: the value of its key is no semaphore's");
        return Err(Failure::usage(what).into());
    };
    Ok(Holders {
        holders,
        limit,
        waiting: Some(waiting),
    })
}
