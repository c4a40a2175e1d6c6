//! The way of a request, without sockets.
//!
//! An [`Exchange`] enters with the request, walks through the sections of a [`Program`] (inbound, backend, outbound,
//! and on-error after a failure) and leaves with the response. Policies are [`Policy`] objects inside [`Step`]s; they
//! reach the world only through [`Ports`], so the very same code serves traffic, local policy tests and replays.
//!
//! This crate knows no particular policy, opens no socket and reads no clock.

#![forbid(unsafe_code)]

mod backend;
mod body;
mod coding;
mod error;
mod exchange;
mod host;
mod parameters;
mod ports;
mod program;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod trace;
mod url;

pub use backend::{
    Backend, BackendKind, Backends, Credentials, CurrentBackend, PoolMember, Proxy,
    SessionAffinity, SingleBackend, Target, TargetError, TlsOptions,
};
pub use body::{Body, BodyError, BodyStream, StreamError};
pub use coding::decoded;
pub use error::{Failure, PolicyError, Position};
pub use exchange::{
    ActiveAttempt, Declared, DeclaredResponse, Exchange, KeyLocation, Limits, Matched,
    Representation, Request, Response, Runtime, Variables,
};
pub use parameters::{MatchedParameters, Parameters, UrlParameters};
pub use ports::{
    Clock, HttpVersion, Ports, Random, TransportError, TransportErrorKind, Upstream,
    UpstreamRequest, UpstreamResponse, ticks,
};
pub use program::{
    LocalBoxFuture, Mode, Outcome, Policy, Preflight, Program, Scope, Section, Sections, Step,
    StepInfo, Steps, run, run_now, run_steps,
};
pub use trace::{Trace, TraceEntry, TraceEvent};
pub use url::{RequestUrl, is_absolute_url, without_dot_segments};
