//! Distributes the entries of a document to the workers of an import.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::compare::chunks;
use super::import_run::ImportRun;
use super::source::ImportDocument;
use super::worker::Worker;
use crate::args::key_mapping::ImportEntry;
use crate::consul::Client;
use crate::process::thread_error;

/// Distributes the entries to workers, each with a connection of its own.
pub fn import_entries(
    client: &Client,
    source: &ImportDocument,
    shared: &ImportRun<'_>,
    workers: usize,
) -> anyhow::Result<()> {
    if workers == 1 {
        let mut worker = Worker::new(client, shared);
        for_each_chunk(source, shared, |entries| worker.import(entries))?;
        worker.finish();
        return Ok(());
    }
    let (send, receive) = sync_channel::<Vec<ImportEntry>>(workers);
    let receive = Mutex::new(receive);
    thread::scope(|scope| {
        for number in 0..workers {
            let worker = thread::Builder::new().spawn_scoped(scope, || {
                let mut worker = Worker::new(client, shared);
                while let Some(entries) = next(&receive) {
                    // After a failure the queue is drained, so that the sender does not block.
                    if !shared.stopped() {
                        worker.import(entries);
                    }
                }
                worker.finish();
            });
            match worker {
                Ok(_) => {}
                Err(error) if number == 0 => {
                    return Err(thread_error("that imports", &error).into());
                }
                // Where the system refuses a thread, the others do the work.
                Err(_) => break,
            }
        }
        let result = for_each_chunk(source, shared, |entries| drop(send.send(entries)));
        drop(send);
        result
    })
}

fn next(receive: &Mutex<Receiver<Vec<ImportEntry>>>) -> Option<Vec<ImportEntry>> {
    let receive = receive.lock().ok()?;
    receive.recv().ok()
}

/// Calls `import` with chunks of entries, until the end of the document or the first failure.
fn for_each_chunk(
    source: &ImportDocument,
    shared: &ImportRun<'_>,
    mut import: impl FnMut(Vec<ImportEntry>),
) -> anyhow::Result<()> {
    for entries in chunks(source)? {
        let entries = entries?;
        if shared.stopped() {
            break;
        }
        import(entries);
    }
    Ok(())
}
