//! What the two programs of this package share: the traffic.

pub mod scenario;
