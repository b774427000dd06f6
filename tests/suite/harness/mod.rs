//! What every test stands on: servers, the program, and a server that misbehaves on purpose.

mod acl;
mod agent;
mod certificates;
mod cluster;
pub mod contract;
#[allow(
    dead_code,
    reason = "the unit tests of the client use it too, and all of it"
)]
mod faulty;
mod gate;
mod kvw;
mod parrot;
mod processes;
mod programs;
mod proxy;
mod raw_http;
mod running;
mod signals;
pub mod source;
mod terminal;
mod tls_front;
mod waiting;
mod wordings;

pub use acl::{AclAgent, MASTER, Token, prefix_rules};
pub use agent::{Agent, Scope, not_tried, request, try_request};
pub use certificates::{Authority, Certificate, Valid, pem};
pub use cluster::Cluster;
pub use faulty::{Faulty, On, READ_APP, Script, listing, outage_and_lost_right};
pub use gate::{Gate, Passage};
pub use kvw::{Kvw, Output, WHOLE_STORE_LISTINGS};
pub use parrot::{Ending, Parrot, Transport};
pub use processes::{Process, children, is_alive, processes, programs, send_signal};
pub use programs::{copy_program, write_script};
pub use proxy::{Break, Proxy};
pub use raw_http::{RawHttp, Reply};
pub use running::Running;
pub use terminal::Terminal;
pub use tls_front::{Presents, TlsFront};
pub use waiting::{
    PATIENCE, SECOND_SIGNAL, SHORT_LEASE, SILENCE, wait_for, wait_for_exit, wait_for_file,
    wait_for_stop, wait_for_text,
};
pub use wordings::is_worded;
