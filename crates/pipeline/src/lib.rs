//! The way of a request without sockets: exchange, sections, scopes, outcomes, LastError, trace, ports
