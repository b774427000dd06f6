//! Who holds a lock, and how it is taken away.

use std::io::Write as _;

use super::LockArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::lock::{LockHolder, Mutex};
use crate::model::{Key, abbreviate};
use crate::output::{Format, json};

/// Prints who holds the lock; exit 0 if somebody does, 1 if it is free.
pub(super) fn show(ctx: &Context, args: &LockArgs, name: &Key, key: Key) -> anyhow::Result<Exit> {
    let client = ctx.client(&args.connect)?;
    let found = mutex(key.clone()).read(&client)?;
    let holder = found.and_then(|(_, holder)| holder);
    let exit = if holder.is_some() {
        Exit::Yes
    } else {
        Exit::No
    };
    match args.output {
        Format::Json => {
            let holders: Vec<_> = holder.iter().map(shown).collect();
            let state = json::LockState {
                key: name.as_str(),
                lock_key: key.as_str(),
                held: !holders.is_empty(),
                holders,
            };
            json::write_line(&ctx.ui, &state)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            let name = ctx.ui.shown_key(name.as_str());
            let mut out = &ctx.ui;
            match &holder {
                Some(holder) => {
                    let holder = holder.to_string();
                    writeln!(out, "{name} is held by {}", ctx.ui.shown_key(&holder))?;
                }
                None => writeln!(out, "{name} is free")?,
            }
        }
    }
    Ok(exit)
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
    let found = mutex(key).read(&client)?;
    let Some(holder) = found.and_then(|(_, holder)| holder) else {
        ctx.ui.error(format_args!("{name} is not held"));
        return Ok(Exit::No);
    };
    if !args.yes {
        if !ctx.ui.can_ask() {
            let message =
                format!("refusing to break {name}, held by {holder}, without confirmation");
            return Err(Failure::usage(message).hint("--yes confirms").into());
        }
        let question = format!("take {name} away from {holder}?");
        if !ctx.ui.confirm(&abbreviate(&question))? {
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

fn mutex(key: Key) -> Mutex {
    Mutex {
        key,
        value: Vec::new(),
        any_flags: true,
        keep_key: true,
    }
}
