//! What a real Consul does and `kvw dev` imitates, as raw HTTP on a server of its own. When this
//! fails on one of the two only, the dev agent lies.

mod blocking;
mod router;
mod sequence;
mod sessions;
mod transactions;
