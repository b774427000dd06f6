//! `kvw import --dry-run`

use super::ImportArgs;
use super::compare::compare;
use super::rejections::{Rejection, check_writable};
use super::results::{describe, report, worst_exit};
use super::source::ImportDocument;
use crate::consul::{Client, ErrorClass};
use crate::exit::Exit;
use crate::model::{Key, TxnLimits, abbreviate};
use crate::output::{Format, ListWriter, entry};
use crate::term::Ui;

/// The keys whose rights are checked at once, beside the check that prevents the write.
const RIGHTS_CHECKED: usize = TxnLimits::LOWEST.ops - 1;

/// Lists the keys that would be written, and names those that would be refused.
pub fn dry_run(
    ui: &Ui,
    client: &Client,
    source: &ImportDocument,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut list = ListWriter::new(Format::Text);
    let mut refused = Vec::new();
    let mut check = |keys: &mut Vec<Key>| -> anyhow::Result<()> {
        let rejections = check_writable(client, keys)?;
        for key in keys.drain(..) {
            match rejections.iter().find(|found| found.key == key.as_str()) {
                Some(Rejection { class, reason, .. }) => {
                    let key = abbreviate(key.as_str());
                    let verb = match class {
                        ErrorClass::Denied => "denied",
                        _ => "refused",
                    };
                    ui.error(format!("key {key} would be {verb}: {reason}"));
                    refused.push(*class);
                }
                None => match args.output {
                    Format::Text => {
                        list.item(ui, |ui| {
                            entry::write_name(ui, key.as_str(), Format::Text, false)
                        })?;
                    }
                    Format::Json | Format::Jsonl | Format::Raw | Format::Consul => {}
                },
            }
        }
        Ok(())
    };
    let mut keys = Vec::new();
    let mut counts = compare(client, source, args.create_only, |op| {
        keys.extend(Key::new(op.name()));
        match keys.len() {
            RIGHTS_CHECKED => check(&mut keys),
            _ => Ok(()),
        }
    })?;
    check(&mut keys)?;
    counts.refused = refused.len() as u64;
    counts.written -= counts.refused;
    report(ui, args.output, counts)?;
    let mut text = describe(&counts, "would be written");
    if counts.refused > 0 {
        text.push_str(&format!(", {} would be refused", counts.refused));
    }
    ui.status(text);
    Ok(worst_exit(refused.into_iter()))
}
