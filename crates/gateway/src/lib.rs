//! The data plane: what answers clients.
//!
//! A checked `model::Service` goes in and is [`Compiled`]; a [`Gateway`] serves it. [`server`] speaks HTTP to clients,
//! [`route`] finds API, operation and subscription, [`enter`] tells a request what it was matched to, `handler` runs the program, [`upstream`] speaks HTTP to backends.
//! This crate plugs real sockets, clock and randomness into the pipeline; it knows no particular policy.

#![forbid(unsafe_code)]

mod admin;
mod backends;
mod clock;
mod compiled;
mod connector;
mod entry;
mod gateway;
mod handler;
mod metrics;
mod response;
pub mod route;
pub mod server;
pub mod upstream;

pub use clock::{SystemClock, SystemRandom};
pub use compiled::{Compiled, Found};
pub use connector::{Connector, TlsProfiles};
pub use entry::{Way, admit, enter};
pub use gateway::{Gateway, StartError};
