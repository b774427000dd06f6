//! The one integration binary: every module of the suite is declared here.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that fails should panic and say so"
)]

mod harness;

mod addresses;
mod apply;
mod attack;
mod command_line;
mod complete;
mod conformance;
mod connect;
mod copying;
mod delete;
mod dev;
mod diff;
mod edit;
mod elect;
mod env;
mod export;
mod export_dir;
mod fallback;
mod faults;
mod files;
mod fire;
mod foreign_text;
mod generated;
mod get;
mod house;
mod import;
mod json_contract;
mod json_schemas;
mod language;
mod limits;
mod lock;
mod lock_handover;
mod ls;
mod official;
mod put;
mod readme;
mod rights;
mod run;
mod secrets;
mod session;
mod soak;
mod status;
mod tls;
mod txn;
mod undo;
mod unix_socket;
mod wait;
mod watch_exec;
mod watch_handlers;
mod watch_json;
#[cfg(feature = "live")]
mod watch_live;
mod watch_observers;
mod watch_outages;
mod watch_rights;
mod watch_services;
mod watch_state;
mod watch_text;
mod watch_walk;
