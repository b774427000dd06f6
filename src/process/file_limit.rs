//! The limit of the size of files (`ulimit -f`, RLIMIT_FSIZE).

use std::sync::Arc;

use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;

/// Makes a write beyond the limit an error, where it would be the death of the process. Programs that
/// are started have the signal's default again, as of every signal that is caught.
pub fn survive_file_limit() {
    // Without a handler a write beyond the limit is fatal, as it was.
    let _ = flag::register(SIGXFSZ, Arc::default());
}
