//! child processes, signals and orphans
